"""The angle of a point, computed as in ``cpp/src/rules/arctangent.hpp``, which describes the method."""

from __future__ import annotations

import numpy as np

from adamas._types import Array
from adamas.rules.formula import magnitude, with_sign

_SERIES32 = (-0.333333154973, 0.199984889085, -0.142438380327, 0.105959173402, -0.0608322798164)
_SERIES64 = (
    -0.33333333333330215622,
    0.19999999999103948933,
    -0.14285714196460816464,
    0.11111106700711525067,
    -0.090907834603135130197,
    0.076900823741280875122,
    -0.06641237627520684987,
    0.056931193360813632217,
    -0.043606932889116455128,
    0.021278517276887736457,
)


def arctangent(y: Array, x: Array) -> Array:
    """Return ``atan2(y, x)`` for ``x >= 0``, float32 or float64; 0 at the origin."""
    number = y.dtype.type
    a = magnitude(y)
    mirrored = a > x
    small, large = np.where(mirrored, x, a), np.where(mirrored, a, x)
    turned = small > large * number(0.41421356237309503)
    numerator = np.where(turned, small - large, small)
    denominator = np.where(turned, small + large, large)
    q = numerator / np.where(np.finfo(y.dtype).tiny > denominator, number(1), denominator)
    z = q * q
    last, *others = reversed(_SERIES32 if y.dtype == np.float32 else _SERIES64)
    series = np.full_like(z, number(last))
    for coefficient in others:
        series = series * z + number(coefficient)
    angle = np.where(turned, number(0.78539816339744828), number(0)) + (q + q * z * series)
    return with_sign(np.where(mirrored, number(1.5707963267948966) - angle, angle), y)
