"""Sums of squares, with the very operations of ``cpp/src/kernel/square_sum.hpp``."""

from __future__ import annotations

import numpy as np

from adamas._checks import Array

_GRANULE = 512
_LANES = 16


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
