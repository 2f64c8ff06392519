"""Definitions of the strategies of `adamas.flower`, one for each rule; Flower is not imported."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adamas.rules.class_docstring import class_docstring
from adamas.rules.docstring import CALLABLE, described, with_default, wrapped
from adamas.rules.hyperparameter import Range
from adamas.rules.spec import RuleSpec

#: What Flower calls hyperparameters that have another name here. (The betas are one argument here, and one each there.)
FLOWER_NAMES = {"lr": "eta", "eps": "tau"}

#: Arguments of every strategy of adamas that Flower lacks, and their defaults.
SERVER_ARGUMENTS = {"averaged": None, "state_dtype": None, "num_threads": None}

#: Texts on arguments that are no hyperparameters of a rule.
_TEXTS = {
    "eta": f"Learning rate of the server. A finite number >= 0, or {CALLABLE}.",
    "eta_l": "Learning rate of the clients. The server only shows it; Flower's strategies do the same.",
    "tau": "Added to the denominator of the update. A finite number >= 0.",
    "mode": "How moments start, and how they are corrected for that. 'flower': as Flower's own strategy computes it; v "
    "starts at zero. 'paper': as Reddi et al. define it; moments are not corrected, and v starts at tau**2, the least "
    "value that the paper allows. 'adam': as the rule in `adamas` defines it; v starts at zero, and both moments are "
    "corrected by the number of steps. Fixed at construction.",
    "averaged": "Patterns (`fnmatch`) for the names of arrays that are averaged instead of stepped. Arrays of whole "
    "numbers are always averaged. None: the running statistics of the normalization layers of PyTorch and Keras.",
    "state_dtype": "How states are kept: 'float32', 'bfloat16', 'int8' or 'int4'. None: float32, or float64 for "
    "float64 arrays. Fixed at construction.",
    "num_threads": "The most threads that a round may use, a whole number >= 1. None: the limit of the library "
    "(`adamas.get_num_threads`).",
}

_PAPER = (
    "S. J. Reddi, Z. Charles, M. Zaheer, Z. Garrett, K. Rush, J. Konečný, S. Kumar, H. B. McMahan: Adaptive Federated "
    "Optimization. ICLR 2021, arXiv:2003.00295."
)


def in_flower(spec: RuleSpec) -> bool:
    """Tell whether there is a strategy: not for a rule that is evaluated at another point than it trains at."""
    return spec.evaluation is None


def flower_name(spec: RuleSpec) -> str:
    """Return the name of the strategy."""
    return f"Fed{spec.name}"


def _is_tau(name: str, spec: RuleSpec) -> bool:
    return name == "eps" and spec.by_name[name].range is Range.NON_NEGATIVE


def argument_of(spec: RuleSpec, name: str) -> tuple[str, ...]:
    """Return what a hyperparameter is called in Flower: one name, or one for each of the betas."""
    if name == "betas":
        return tuple(f"beta_{k}" for k, _ in enumerate(spec.by_name[name].default, 1))
    if name == "eps" and not _is_tau(name, spec):
        return (name,)
    return (FLOWER_NAMES.get(name, name),)


def stepped_by(spec: RuleSpec) -> list[str]:
    """Return the hyperparameters, by our names, that a strategy has arguments for."""
    absent = {"maximize", *spec.flower.decided}
    names = [each.name for each in spec.arguments if each.name not in absent]
    first = [name for name in ("lr", "betas", "eps") if name in names and (name != "eps" or _is_tau(name, spec))]
    return [*first, *(name for name in names if name not in first)]


def flower_arguments(spec: RuleSpec, *, older: bool = False) -> dict[str, Any]:
    """Return the arguments of a strategy that ``FedAvg`` of Flower lacks, and their defaults.

    Args:
        spec: The rule.
        older: Of the strategy in `adamas.flower.older`.
    """
    words = spec.flower
    arguments: dict[str, Any] = {}
    for name in stepped_by(spec):
        default = spec.by_name[name].default
        values = default if name == "betas" else (default,)
        arguments |= dict(zip(argument_of(spec, name), values, strict=True))
        if name == "lr" and "eta_l" in words.defaults:
            arguments["eta_l"] = None
    arguments |= {**words.defaults, **(words.older_defaults if older else {})}
    return arguments | ({"mode": words.modes[0]} if words.modes else {}) | SERVER_ARGUMENTS


def flower_docstring(spec: RuleSpec, flwr: Mapping[str, str], *, older: bool = False) -> str | None:
    """Return the docstring of a strategy; None where Python has dropped docstrings (``-OO``).

    Args:
        spec: The rule.
        flwr: Texts on the arguments of Flower's ``FedAvg``.
        older: Of the strategy in `adamas.flower.older`.
    """
    if not spec.__doc__:
        return None
    arguments = flower_arguments(spec, older=older)
    by_word = {word: (name, i) for name in stepped_by(spec) for i, word in enumerate(argument_of(spec, name))}
    names = {name: words[0] for name in stepped_by(spec) if len(words := argument_of(spec, name)) == 1}
    texts = dict(flwr)
    for word, default in arguments.items():
        if word in _TEXTS:
            texts[word] = with_default(_TEXTS[word], default)
        else:
            name, place = by_word[word]
            part = place if name == "betas" else None
            callables = CALLABLE if name == "weight_decay" else ""
            texts[word] = described(spec.by_name[name], default, part=part, names=names, callables=callables)
    interface = "flwr.server.strategy" if older else "flwr.serverapp.strategy"
    summary = f"A strategy of ``{interface}`` whose server steps by `adamas.{spec.name}`."
    about = (
        "The gradient g of the rule is the model minus the weighted mean of the replies (-delta in the papers), so a "
        "step moves the model towards the mean. Every argument is given by its name."
    )
    given = "initial_parameters=ndarrays_to_parameters([np.zeros(2)])" if older else "eta=0.01"
    imports = [">>> import numpy as np", ">>> from flwr.common import ndarrays_to_parameters"] if older else []
    module = "adamas.flower.older" if older else "adamas.flower"
    example = "\n".join(
        [
            *imports,
            f">>> from {module} import {flower_name(spec)}",
            f">>> strategy = {flower_name(spec)}({given})",
            ">>> strategy.completed_rounds",
            "0",
        ]
    )
    raises = {
        "TypeError": "An argument is unknown or has the wrong type.",
        "ValueError": "An argument is out of range, or two arguments do not go together.",
    }
    return class_docstring(
        spec,
        texts,
        head=f"{summary}\n\n{wrapped(about)}\n\n{spec.documentation['']}",
        raises=raises,
        example=example,
        references=f"{wrapped(_PAPER)}\n\n{spec.documentation['References']}",
    )
