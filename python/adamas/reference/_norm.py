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


def gradient_norm(
    gradients: Sequence[tuple[int, Array]], *, largest: bool = False
) -> tuple[float, int | None, list[float]]:
    """Return the norm of all gradients, the number of the first one that is not finite, and the norm of each.

    The norm is the L2 norm, or with ``largest`` the largest magnitude.
    """
    with np.errstate(all="ignore"):
        finite = [bool(np.isfinite(grad).all()) for _, grad in gradients]
        nonfinite = next((number for (number, _), fine in zip(gradients, finite, strict=True) if not fine), None)
        if largest:
            norms = [float(np.abs(grad).max(initial=0)) for _, grad in gradients]
            return (math.nan if any(map(math.isnan, norms)) else max(norms, default=0.0)), nonfinite, norms
        squares = [sum_of_squares(grad) for _, grad in gradients]
        total = 0.0
        for square in squares:
            total += square
        # Squares of float64 may be too large, though the numbers are not.
        norms = [
            _tiny_norm([grad]) if fine and math.isinf(square) else math.sqrt(square)
            for (_, grad), square, fine in zip(gradients, squares, finite, strict=True)
        ]
        if nonfinite is not None or math.isfinite(total):
            return math.sqrt(total), nonfinite, norms
        return _tiny_norm([grad for _, grad in gradients]), None, norms


def _tiny_norm(gradients: Sequence[Array]) -> float:
    tiny = 0.0
    for grad in gradients:
        if grad.dtype == np.float64:
            tiny += sum_of_squares(grad * _TINY)
    return math.sqrt(tiny) / _TINY
