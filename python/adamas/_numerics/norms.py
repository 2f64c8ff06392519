"""Norms, computed as ``cpp/src/kernel/square_sum.hpp`` and ``cpp/src/engine/gradient_norm.cpp`` do, bit for bit."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from adamas._types import Array

GRANULE = 512  # elements
_LANES = 16
_TINY = 2.0**-600


def sum_of_squares(*pieces: Array) -> float:
    """Return the sum of squares of all elements, in float64, in the order of `sum_of_products`."""
    return sum_of_products(*((x, x) for x in pieces))


def sum_of_products(*pieces: tuple[Array, Array]) -> float:
    """Return the sum of products of all elements of pairs of arrays, in float64.

    In each granule of 512 elements, element i is added to virtual lane i mod 16; the lanes are added in order, then the
    granules. Each piece has granules of its own.
    """
    total = 0.0
    for a, b in pieces:
        lanes = _lanes(a, b)
        granules = np.zeros(len(lanes))
        for lane in range(_LANES):
            granules += lanes[:, lane]
        for granule in granules.tolist():
            total += granule
    return total


def rough_sum_of_products(factors: tuple[Array, Array]) -> float:
    """Return the sum of products of all elements of two arrays: `halved_sums` in their type, added in float64."""
    a, b = factors
    total = 0.0
    for granule in halved_sums(a, b, a.dtype.type).tolist():
        total += granule
    return total


def halved_sums(a: Array, b: Array, number: type[np.floating[Any]]) -> Array:
    """Return the sum of products of each granule, in the order of `sum_of_products`.

    But the lanes are added by halves: lanes 8 to 15 to lanes 0 to 7, and so on.

    Args:
        a: Factors.
        b: Factors.
        number: The type that is computed with. The result is in float64 in any case.
    """
    lanes = _lanes(a, b, number)
    while lanes.shape[1] > 1:
        half = lanes.shape[1] // 2
        lanes = lanes[:, :half] + lanes[:, half:]
    return lanes[:, 0].astype(np.float64)


def _lanes(a: Array, b: Array, number: type[np.floating[Any]] = np.float64) -> Array:
    """Return the products of elements, added to the virtual lanes of each granule."""
    flat = a.reshape(-1).astype(number)
    products = np.zeros(-(-flat.size // GRANULE) * GRANULE, number)
    np.multiply(flat, b.reshape(-1).astype(number), out=products[: flat.size])
    rows = products.reshape(-1, GRANULE // _LANES, _LANES)
    lanes = np.zeros((rows.shape[0], _LANES), number)
    for row in range(rows.shape[1]):
        lanes += rows[:, row]
    return lanes


def gradient_norm(
    gradients: Sequence[tuple[int, list[Array]]], *, largest: bool = False
) -> tuple[float, int | None, list[float]]:
    """Return the norm of all gradients, the number of the first one that is not finite, and the norm of each.

    The norm is the L2 norm, or with ``largest`` the largest magnitude. A gradient comes in pieces, its rows or one.
    """
    with np.errstate(all="ignore"):
        finite = [all(bool(np.isfinite(piece).all()) for piece in pieces) for _, pieces in gradients]
        nonfinite = next((number for (number, _), fine in zip(gradients, finite, strict=True) if not fine), None)
        if largest:
            each = [[float(np.abs(piece).max(initial=0)) for piece in pieces] for _, pieces in gradients]
            norms = [_largest(values) for values in each]
            return _largest(norms), nonfinite, norms
        squares = [sum_of_squares(*pieces) for _, pieces in gradients]
        total = 0.0
        for square in squares:
            total += square
        # Squares of float64 may be too large, though the numbers are not.
        norms = [
            _tiny_norm([pieces]) if fine and math.isinf(square) else math.sqrt(square)
            for (_, pieces), square, fine in zip(gradients, squares, finite, strict=True)
        ]
        if nonfinite is not None or math.isfinite(total):
            return math.sqrt(total), nonfinite, norms
        return _tiny_norm([pieces for _, pieces in gradients]), None, norms


def _largest(values: Sequence[float]) -> float:
    return math.nan if any(map(math.isnan, values)) else max(values, default=0.0)


def _tiny_norm(gradients: Sequence[list[Array]]) -> float:
    tiny = 0.0
    for pieces in gradients:
        if pieces and pieces[0].dtype == np.float64:
            tiny += sum_of_squares(*(piece * _TINY for piece in pieces))
    return math.sqrt(tiny) / _TINY
