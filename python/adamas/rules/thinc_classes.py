"""Definitions of the classes of `adamas.thinc`, one for each rule; thinc is not imported."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from adamas.rules.class_docstring import class_docstring
from adamas.rules.docstring import described, with_default
from adamas.rules.spec import RuleSpec

#: What thinc calls arguments that have another name here. (The betas are one argument here, and one each in thinc.)
THINC_NAMES = {"lr": "learn_rate", "weight_decay": "L2", "decoupled_weight_decay": "L2_is_weight_decay"}

#: Arguments of every optimizer of thinc that are no hyperparameters of a rule.
OF_THINC: Mapping[str, Any] = {"grad_clip": 1.0, "use_averages": True}

#: Options of adamas that are offered, and where states come from that a training goes on with.
OPTIONS: Mapping[str, Any] = {
    "state_dtype": None,
    "num_threads": None,
    "on_nonfinite": "propagate",
    "resume_from": None,
    "resume_by": "weights",
}

#: Default of an argument that must be given.
REQUIRED = inspect.Parameter.empty


@dataclass(frozen=True)
class ThincWords:
    """A rule that thinc has too: where thinc's conventions differ from ours.

    Under thinc's name, weight decay comes after the update, L2 regularisation before clipping.

    Attributes:
        summary: First line of the docstring.
        settings: Arguments of ``thinc.optimizers.Optimizer`` that make it this rule, where it takes over.
        fixed: Hyperparameters, no arguments, that make the rule what thinc has.
        left_out: Hyperparameters for which thinc has a convention of its own.
        defaults: Of thinc's arguments, where they are not ours.
        steps_ahead: How many steps thinc's coefficients are ahead of the number of updates.
    """

    summary: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    fixed: Mapping[str, Any] = field(default_factory=dict)
    left_out: tuple[str, ...] = ("decay", "max_lr")
    defaults: Mapping[str, Any] = field(default_factory=dict)
    steps_ahead: int = 0


_DEFAULTS = {"weight_decay": 0.0, "decoupled_weight_decay": True}

#: The rules that thinc has, by our names.
OF_THINC_TOO: Mapping[str, ThincWords] = {
    "Adam": ThincWords(
        "Adam, as ``thinc.optimizers.Adam``: eps is added before the bias correction, weight decay comes after it.",
        fixed={"eps_hat": True, "bias_correction": True},
        left_out=("eps_hat", "bias_correction", "decay", "max_lr"),
        defaults=_DEFAULTS,
    ),
    "RAdam": ThincWords(
        "RAdam, as ``thinc.optimizers.RAdam``: its corrections are those of the step after.",
        settings={"use_radam": True},
        defaults=_DEFAULTS,
        steps_ahead=1,
    ),
    "SGD": ThincWords(
        "Gradient descent, as ``thinc.optimizers.SGD``, with momentum if that is asked for.",
        settings={"beta1": 0.0, "beta2": 0.0},
        defaults={**_DEFAULTS, "lr": REQUIRED},
    ),
}


def thinc_rules(specs: Mapping[str, RuleSpec]) -> list[RuleSpec]:
    """Return the rules that can be used tensor by tensor, and whose parameters are those to evaluate."""
    return [spec for spec in specs.values() if not spec.shared_scalars and spec.evaluation is None]


def thinc_words(spec: RuleSpec) -> ThincWords | None:
    """Return what differs in thinc; None for a rule that thinc lacks."""
    return OF_THINC_TOO.get(spec.name)


def thinc_hyperparameters(spec: RuleSpec) -> dict[str, tuple[str, int | None, Any]]:
    """Return the hyperparameters that are arguments in thinc's words.

    Returns:
        For each its name in adamas, its place if it is one of several there (of the betas), and its default.
    """
    words = thinc_words(spec)
    left_out = () if words is None else words.left_out
    defaults = {} if words is None else words.defaults
    found: dict[str, tuple[str, int | None, Any]] = {}
    for each in spec.arguments:
        if each.name in left_out:
            continue
        default = defaults.get(each.name, each.default)
        if each.name == "betas":
            found |= {f"beta{k}": ("betas", k - 1, beta) for k, beta in enumerate(default, 1)}
        else:
            found[THINC_NAMES.get(each.name, each.name)] = (each.name, None, default)
    if "decoupled_weight_decay" in spec.fixed:
        found["L2_is_weight_decay"] = ("decoupled_weight_decay", None, True)
    return found


def thinc_signature(spec: RuleSpec) -> inspect.Signature:
    """Return the signature of the class: the learning rate, and by name alone all other arguments."""
    kinds = inspect.Parameter
    arguments = {name: default for name, (_, _, default) in thinc_hyperparameters(spec).items()}
    rate = kinds("learn_rate", kinds.POSITIONAL_OR_KEYWORD, default=arguments.pop("learn_rate"), annotation="Any")
    named = {**arguments, **OF_THINC, **OPTIONS}
    others = [kinds(name, kinds.KEYWORD_ONLY, default=value, annotation="Any") for name, value in named.items()]
    return inspect.Signature([rate, *others], return_annotation="None")


def thinc_docstring(spec: RuleSpec, shared: Mapping[str, str]) -> str | None:
    """Return the docstring of the class; None where Python has dropped docstrings (``-OO``).

    Args:
        spec: The rule.
        shared: Texts on arguments that all classes have.
    """
    if not spec.__doc__:
        return None
    words, hyperparameters = thinc_words(spec), thinc_hyperparameters(spec)
    head = spec.documentation[""]
    if words is not None:
        head = f"{words.summary}\n\nThe rule without these conventions of thinc:\n\n{head}"
    names = {ours: name for name, (ours, place, _) in hyperparameters.items() if place is None}
    texts = {}
    for name, parameter in thinc_signature(spec).parameters.items():
        if name in hyperparameters and name not in shared:
            ours, place, _ = hyperparameters[name]
            callables = "a schedule of thinc" if place is not None or ours == "eps" else ""
            each = spec.by_name[ours]._replace(schedulable=bool(callables) and not isinstance(parameter.default, tuple))
            texts[name] = described(each, parameter.default, part=place, names=names, callables=callables)
        elif name == "L2_is_weight_decay" and "decoupled_weight_decay" in spec.fixed:
            texts[name] = with_default(
                "Must be True: this rule always decays the weights themselves.", parameter.default
            )
        else:
            texts[name] = with_default(shared[name], parameter.default)
    example = f"""\
>>> import numpy as np
>>> import adamas.thinc
>>> w = np.array([1.0, -2.0], dtype=np.float32)
>>> optimizer = adamas.thinc.{spec.name}(0.01)
>>> for _ in range(10):
...     _ = optimizer((1, "w"), w, 2 * w)
>>> bool((np.abs(w) < [1.0, 2.0]).all())
True"""
    raises = {
        "TypeError": "An argument is unknown or has the wrong type.",
        "ValueError": "An argument is out of range.",
    }
    return class_docstring(spec, texts, head=head, raises=raises, example=example)
