"""Norms, with the very operations of ``cpp/src/kernel/square_sum.hpp`` and ``cpp/src/engine/gradient_norm.cpp``."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from adamas._checks import Array

_GRANULE = 512
_LANES = 16
_TINY = 2.0**-600


def sum_of_squares(x: Array) -> float:
    """Return the sum of squares of all elements, in float64.

    In each granule of 512 elements, element i is added to virtual lane i mod 16; the lanes are added in order, then the
    granules.
    """
    flat = x.reshape(-1).astype(np.float64)
    squares = np.zeros(-(-flat.size // _GRANULE) * _GRANULE)
    np.multiply(flat, flat, out=squares[: flat.size])
    rows = squares.reshape(-1, _GRANULE // _LANES, _LANES)
    lanes = np.zeros((rows.shape[0], _LANES))
    for row in range(rows.shape[1]):
        lanes += rows[:, row]
    granules = np.zeros(rows.shape[0])
    for lane in range(_LANES):
        granules += lanes[:, lane]
    total = 0.0
    for granule in granules.tolist():
        total += granule
    return total


def gradient_norm(gradients: Sequence[tuple[int, Array]]) -> tuple[float, int | None]:
    """Return the L2 norm of all gradients, and the number of the first one that is not finite."""
    with np.errstate(all="ignore"):
        total, nonfinite = 0.0, None
        for number, grad in gradients:
            total += sum_of_squares(grad)
            if nonfinite is None and not np.isfinite(grad).all():
                nonfinite = number
        if nonfinite is not None or math.isfinite(total):
            return math.sqrt(total), nonfinite
        # Squares of float64 may be too large, though the numbers are not.
        tiny = 0.0
        for _, grad in gradients:
            if grad.dtype == np.float64:
                tiny += sum_of_squares(grad * _TINY)
        return math.sqrt(tiny) / _TINY, None
