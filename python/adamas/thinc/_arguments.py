"""Arguments of an optimizer under thinc's names: the names, the checks, and the names in adamas."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import thinc.optimizers

from adamas.adapters import OptimizerInfo
from adamas.adapters.checks import check_flag, check_threads, likely, no_argument, number, plain, read_step_defaults
from adamas.rules.thinc_classes import OF_THINC, OPTIONS, ThincWords

__all__ = [
    "HAS_SCHEDULES",
    "Hyperparameters",
    "adamas_group",
    "attribute_of",
    "check_argument",
    "check_options",
    "is_schedulable",
    "now",
    "refuse_unknown",
]

#: For each argument its name in adamas, its place there if it is one of several, and its default.
Hyperparameters = Mapping[str, tuple[str, int | None, Any]]

#: In thinc 9 hyperparameters are Schedules, which are called; in 8.3 they are numbers, which `step_schedules` changes.
HAS_SCHEDULES = hasattr(thinc.optimizers.Optimizer, "last_score")

_CLIP = "a finite number >= 0, or 0 for no clipping"


def attribute_of(argument: str) -> str:
    """Return the name of the attribute that has an argument's value: thinc's ``b1`` is ``beta1``."""
    return f"b{argument[4:]}" if argument.startswith("beta") and argument[4:].isdigit() else argument


def is_schedulable(argument: str, hyperparameters: Hyperparameters) -> bool:
    """Tell whether an argument may be a schedule, as thinc's are: numbers that it has too, and further betas."""
    if argument == "grad_clip":
        return True
    if argument not in hyperparameters:
        return False
    ours, place, default = hyperparameters[argument]
    return ours in ("lr", "weight_decay") or place is not None or (ours == "eps" and not isinstance(default, tuple))


def refuse_unknown(given: Mapping[str, Any], owner: str, hyperparameters: Hyperparameters) -> None:
    """Refuse arguments that an optimizer does not have.

    Raises:
        TypeError: Naming one, and all that there are.
    """
    ours = [*hyperparameters, *OF_THINC]
    for name in given:
        if name not in ours and name not in OPTIONS:
            raise TypeError(no_argument(name, owner, ours, list(OPTIONS)))


def check_options(options: Mapping[str, Any]) -> None:
    """Refuse options that are not what adamas takes."""
    ours = {name: options[name] for name in ("num_threads", "on_nonfinite", "state_dtype")}
    read_step_defaults(ours, "the optimizer", ())
    check_threads(options["num_threads"])
    if options["resume_by"] not in ("weights", "order"):
        raise ValueError(f"resume_by: expected 'weights' or 'order', got {options['resume_by']!r}")


def check_argument(info: OptimizerInfo, name: str, value: Any, hyperparameters: Hyperparameters) -> Any:
    """Return an argument as a plain number, flag or tuple.

    Args:
        info: Of the optimizer of adamas.
        name: thinc's name of the argument.
        value: What it is now; no schedule.
        hyperparameters: All that there are.

    Raises:
        TypeError: Of the wrong type.
        ValueError: Out of range, infinite or not a number.
    """
    if name == "grad_clip":
        return number(value, name, _CLIP, 0.0, math.inf)
    ours, place, default = hyperparameters[name]
    if place is not None:
        return number(value, name, "a number in [0, 1)", 0.0, 1.0)
    if ours in ("lr", "weight_decay"):
        return number(value, name, "a finite number >= 0", 0.0, math.inf)
    if ours in info.fixed:
        if check_flag(value, name) is not True:
            raise ValueError(f"{name}: this rule decays the weights themselves; expected True, got False")
        return True
    if isinstance(default, tuple) and isinstance(value, list):
        value = tuple(value)  # as configs have it
    return info.check_hyperparameter(ours, value, name)


def now(value: Any, step: int, key: Any, last_score: Any) -> Any:
    """Return what a hyperparameter of thinc 9 is for a tensor at a step.

    A constant's number is read, which takes a tenth of the time of asking for it.
    """
    if type(value) is thinc.schedules.Schedule and value.name == "constant":
        return value.attrs["rate"]
    if callable(value):
        return plain(value(step, key=key, last_score=last_score))
    return plain(value)


def adamas_group(
    info: OptimizerInfo,
    values: Mapping[str, Any],
    scale: float,
    hyperparameters: Hyperparameters,
    words: ThincWords | None,
) -> dict[str, Any]:
    """Return hyperparameters under the names that the optimizer of adamas has for them.

    thinc multiplies the weights by 1 - c after the update u, with c = learn_rate * L2, and adamas before it. Since
    ``(1 - c) * (p - u) = (1 - c) * p - (1 - c) * u``, adamas does the same with a learning rate that is smaller by
    1 - c, and a decay that is larger by as much.

    Args:
        info: Of the optimizer of adamas.
        values: By thinc's names, each checked.
        scale: What the learning rate is multiplied by.
        hyperparameters: All that there are.
        words: Of a rule that thinc has.

    Raises:
        ValueError: ``learn_rate * L2`` is 1 or more, which no weights survive.
    """
    group: dict[str, Any] = {each.name: each.default for each in info.spec.hyperparameters}
    group |= {} if words is None else words.fixed
    betas = tuple(values[name] for name, (_, place, _) in hyperparameters.items() if place is not None)
    group |= {ours: values[name] if place is None else betas for name, (ours, place, _) in hyperparameters.items()}
    rate = group["lr"] = group["lr"] * scale
    decay = group.get("weight_decay", 0.0)
    if words is None or decay == 0.0:
        return group
    if group["decoupled_weight_decay"]:
        shrinking = rate * decay
        if shrinking >= 1.0:
            raise ValueError(f"L2: expected learn_rate * L2 below 1, got {rate!r} * {decay!r}: no weights survive that")
        group.update(lr=rate * (1.0 - shrinking), weight_decay=decay / (1.0 - shrinking))
    elif values["grad_clip"] != 0.0:
        group["weight_decay"] = 0.0  # it is in the gradient before that is clipped
    return group


def refuse_attribute(name: str, owner: str, attributes: list[str]) -> None:
    """Refuse to set an attribute that nobody reads.

    Raises:
        AttributeError: With the name that may have been meant.
    """
    found = likely(name, attributes)
    hint = f"; write optimizer.{found} = ..." if found is not None else f"; there are {', '.join(attributes)}"
    raise AttributeError(f"{name}: {owner} has no such hyperparameter{hint}")
