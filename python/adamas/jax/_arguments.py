"""Arguments of the optimizers of `adamas.jax`: hyperparameters, options, and their checks."""

from __future__ import annotations

import inspect
from typing import Any

from adamas import adapters
from adamas.adapters.checks import shown
from adamas.jax._programs import with_placeholders
from adamas.jax._trees import any_dynamic
from adamas.rules import Range

#: Options of adamas that need memory or gradients of the user's own.
ELSEWHERE = {
    "copy_out": "cast the parameters where they are used",
    "sparse": "gradients are dense under JAX",
    "state_memory": "JAX holds the states",
    "zero_grads": "gradients are values under JAX",
    "accumulation": "sum up gradients with jax.tree.map, or by optax.MultiSteps",
}


#: Options of adamas that there are.
OPTIONS = (
    "state_dtype",
    "master_weights",
    "rounding",
    "seed",
    "num_threads",
    "max_norm",
    "max_value",
    "norm_type",
    "clip_each",
    "on_nonfinite",
    "average",
    "observe",
)

#: Ranges of numbers that the core reads afresh in each step.
_CHANGEABLE = frozenset(
    {
        *(Range.LEARNING_RATE, Range.NON_NEGATIVE, Range.FRACTION, Range.FINITE, Range.COUNT, Range.BETAS, Range.PAIR),
        *(Range.EPSILONS, Range.NON_POSITIVE, Range.AT_LEAST_ONE, Range.POSITIVE),
    }
)


def checked(info: adapters.OptimizerInfo, name: str, value: Any) -> Any:
    """Return a hyperparameter as plain numbers, schedules and arrays.

    Raises:
        TypeError: Of the wrong type, or one that cannot change from step to step.
        ValueError: Out of range, as far as it is known.
    """
    known = info.spec.by_name[name]
    if not any_dynamic(value):
        return info.check_hyperparameter(name, value, name)
    if not can_change(info, name):
        raise TypeError(f"{name}: cannot change from step to step; give a plain value")
    if not isinstance(known.default, tuple):
        return value
    parts = tuple(value) if isinstance(value, tuple | list) else ()
    if len(parts) != len(known.default):
        raise TypeError(
            f"{name}: expected {len(known.default)} numbers, each of which may be a schedule or an array of one, got "
            f"{shown(value)}"
        )
    info.check_hyperparameter(name, with_placeholders(info.spec, {name: parts})[name], name)
    return parts


def can_change(info: adapters.OptimizerInfo, name: str) -> bool:
    """Tell whether a hyperparameter may have another value in each step."""
    known = info.spec.by_name[name]
    return not known.frozen and known.range in _CHANGEABLE


def signature_of(engine_class: type[adapters.Optimizer]) -> inspect.Signature:
    """Return the signature of a class of `adamas.jax`."""
    signature = inspect.signature(engine_class)
    _, *hyperparameters, options = signature.parameters.values()
    mask = inspect.Parameter("mask", inspect.Parameter.KEYWORD_ONLY, default=None)
    return signature.replace(parameters=[*hyperparameters, mask, options])
