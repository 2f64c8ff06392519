"""Exponential, logarithm and power, computed with the same operations as ``cpp/src/math/elementary.cpp``.

Those of C libraries differ from one another in the last bit.
"""

import math

_LOG2_E = 1.4426950408889634
_LN2_HIGH = float.fromhex("0x1.62e42feep-1")
_LN2_LOW = float.fromhex("0x1.a39ef35793c76p-33")
_SQRT_HALF = 0.70710678118654757


def exponential(x: float) -> float:
    """Return ``e**x`` to a few ulp; 0 far below, infinity above 709."""
    if x > 709.0:
        return math.inf
    if x < -745.0:
        return 0.0
    n = float(math.floor(x * _LOG2_E + 0.5))
    r = (x - n * _LN2_HIGH) - n * _LN2_LOW
    total = 1.0
    for k in range(14, 0, -1):
        total = 1.0 + r * total / k
    return math.ldexp(total, int(n))


def logarithm(x: float) -> float:
    """Return the natural logarithm of a positive number, to a few ulp."""
    mantissa, exponent = math.frexp(x)
    if mantissa < _SQRT_HALF:
        mantissa = mantissa * 2.0
        exponent -= 1
    s = (mantissa - 1.0) / (mantissa + 1.0)
    square = s * s
    total = 1.0 / 25.0
    for k in range(23, 0, -2):
        total = 1.0 / k + square * total
    return exponent * _LN2_HIGH + (2.0 * s * total + exponent * _LN2_LOW)


def real_power(x: float, y: float) -> float:
    """Return ``x**y`` for ``x >= 0``; ``0**0`` is 1."""
    if y == 0.0:
        return 1.0
    if y == 1.0:
        return x
    if y == 2.0:
        return x * x
    if x == 0.0:
        return 0.0 if y > 0.0 else math.inf
    return exponential(y * logarithm(x))
