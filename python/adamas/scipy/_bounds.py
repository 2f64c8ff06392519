"""Bounds of variables, in the forms that SciPy accepts."""

from __future__ import annotations

from typing import Any

import numpy as np

from adamas.adapters import Array
from adamas.adapters.checks import shown


class Box:
    """The points between lower and upper bounds.

    Args:
        bounds: A ``scipy.optimize.Bounds``, or for each variable a pair (least, largest), with None for no bound.
        x: The variables.

    Raises:
        ValueError: Bounds that do not fit the variables, or a lower one above an upper one.
    """

    def __init__(self, bounds: Any, x: Array) -> None:
        if hasattr(bounds, "lb") and hasattr(bounds, "ub"):
            lower, upper = bounds.lb, bounds.ub
        else:
            pairs = list(bounds)
            if len(pairs) != x.size or any(len(pair) != 2 for pair in pairs):
                raise ValueError(f"bounds: expected {x.size} pairs, one for each variable, got {shown(bounds)}")
            lower = [-np.inf if low is None else low for low, _ in pairs]
            upper = [np.inf if high is None else high for _, high in pairs]
        try:
            self._lower = np.broadcast_to(np.asarray(lower, x.dtype), x.shape)
            self._upper = np.broadcast_to(np.asarray(upper, x.dtype), x.shape)
        except ValueError as error:
            raise ValueError(f"bounds: expected a number for each of {x.size} variables: {error}") from error
        if not (self._lower <= self._upper).all():
            i = int(np.argmin(self._lower <= self._upper))
            raise ValueError(f"bounds: of variable {i}, the lower bound is above the upper one, or one is NaN")

    def project(self, x: Array) -> None:
        """Replace a point by the nearest one in the box."""
        np.clip(x, self._lower, self._upper, out=x)

    def projected(self, x: Array, gradient: Array) -> Array:
        """Return the part of a gradient that a small step into the box can follow: it is 0 at a minimum."""
        found: Array = x - np.clip(x - gradient, self._lower, self._upper)
        return found
