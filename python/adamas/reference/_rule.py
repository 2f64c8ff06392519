"""What an update rule is to the reference: its states, its coefficients and its formula."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol, TypeAlias

import numpy as np

from adamas._checks import Array

Coefficients: TypeAlias = Mapping[str, Any]


class Rule(Protocol):
    """One update rule. Its twin in C++ (``cpp/src/rules``) does the same operations in the same order."""

    #: Names of the states, in order.
    states: tuple[str, ...]

    def coefficients(self, group: Mapping[str, Any], step: int) -> dict[str, float]:
        """Numbers that depend on hyperparameters and step count alone, in float64."""

    def update(self, p: Array, g: Array, state: dict[str, Array], c: Coefficients) -> Array:
        """Return the new parameter; put the new states into ``state``. All of ``c`` has the dtype of ``p``."""


#: Every rule by name, as ``adamas._core.rules()`` lists them. The module of a rule adds it.
RULES: dict[str, Rule] = {}


def decay_coefficients(group: Mapping[str, Any]) -> tuple[bool, float]:
    """Return whether decay is coupled, and the number that `apply_decay` needs."""
    if group["weight_decay"] == 0.0:
        return False, 1.0
    if group["decoupled_weight_decay"]:
        return False, 1.0 - group["lr"] * group["weight_decay"]
    return True, group["weight_decay"]


def apply_decay(p: Array, g: Array, coupled: bool, decay: Any) -> tuple[Array, Array]:
    """Weight decay, coupled as ``g + wd*p`` or decoupled as ``p * (1 - lr*wd)``; returns the new p and g."""
    return (p, g + decay * p) if coupled else (p * decay, g)


def larger(a: Array, b: Array) -> Array:
    """``a > b ? a : b`` for each element, NaN and zeros included (`numpy.maximum` treats NaN otherwise)."""
    return np.where(a > b, a, b)
