"""What the strategy of a rule in `adamas.flower` is made of; Flower itself is not needed."""

from __future__ import annotations

import inspect
from typing import Any

from adamas.rules.spec import Range, RuleSpec

#: What Flower calls hyperparameters that have another name here. (The betas are one argument here, and one each there.)
FLOWER_NAMES = {"lr": "eta", "eps": "tau"}

#: Arguments of every strategy of adamas that Flower lacks, and their defaults.
SERVER_ARGUMENTS = {"averaged": None, "state_dtype": None, "num_threads": None}

_MODE = """\
mode: "flower": the numbers of Flower's own strategy; v starts at zero. "paper": those of Reddi et al.; moments
        are not corrected for their start, and v starts at tau**2, the least that the paper allows. "adam": those of
        the rule in `adamas`, which corrects both moments by the number of steps; v starts at zero.
        Decided at construction."""

_SERVER = """\
averaged: Patterns (`fnmatch`) for names of arrays that are averaged, and not stepped. Arrays of whole numbers
        always are. None for the running statistics of PyTorch's and Keras's normalization layers.
    state_dtype: How states are kept, as in `adamas.Options`.
    num_threads: The most threads that a round may use; None for the library's limit.
    **fedavg: Arguments of Flower's ``FedAvg``, which mean what they mean there."""


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


def flower_docstring(spec: RuleSpec, *, older: bool = False) -> str:
    """Return the docstring of a strategy; none where Python has dropped docstrings (``-OO``)."""
    if not spec.__doc__:
        return ""
    described = {flower: spec.descriptions[name] for name in stepped_by(spec) for flower in argument_of(spec, name)}
    described["eta"] = "Learning rate of the server, >= 0, or a callable that gives it for the steps taken so far."
    described["eta_l"] = "Learning rate of the clients, which the server only shows, as Flower's does."
    if "tau" in described:
        described["tau"] = "Added to the denominator, >= 0."
    lines = [f"    {name}: {described[name]}" for name in flower_arguments(spec, older=older) if name in described]
    lines += [f"    {text}" for text in ((_MODE, _SERVER) if spec.flower.modes else (_SERVER,))]
    head = inspect.cleandoc(spec.__doc__).split("\nArgs:\n", 1)[0].strip()
    flwr = "flwr.server.strategy" if older else "flwr.serverapp.strategy"
    return (
        f"A strategy of ``{flwr}`` whose server steps by `adamas.{spec.name}`.\n\n"
        "The gradient g is the model minus the weighted mean of the replies (-delta in the papers): a step goes to the "
        f"mean.\n\n{head}\n\nThe strategy has these arguments, each by its name alone:\n\nArgs:\n"
        + "\n".join(lines)
        + "\n\nReferences:\n"
        "    S. J. Reddi, Z. Charles, M. Zaheer, Z. Garrett, K. Rush, J. Konečný, S. Kumar, H. B. McMahan: Adaptive\n"
        f"    Federated Optimization. ICLR 2021, arXiv:2003.00295.\n\n{spec.references}"
    )
