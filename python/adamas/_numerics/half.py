"""16-bit floating-point formats by arithmetic on float32 and its bits, as in ``cpp/src/formats/half.hpp``."""

from __future__ import annotations

from typing import Any

import numpy as np

from adamas._numerics.formats import is_bfloat16
from adamas._types import Array

_MAGNITUDE = np.uint32(0x7FFFFFFF)
_INFINITY = np.uint32(0x7F800000)


def bits_of(values: Array) -> Array:
    """Return the bits of float32 numbers."""
    return values.view(np.uint32)


def float_of(bits: Array) -> Array:
    """Return the float32 numbers of these bits."""
    return bits.view(np.float32)


def widen_bfloat16(words: Array) -> Array:
    """Return the float32 numbers of these 16-bit words."""
    return float_of(words.astype(np.uint32) << 16)


def _unless_nan(bits: Array, rounded: Array) -> Array:
    nan = (bits & _MAGNITUDE) > _INFINITY
    return np.where(nan, (bits >> 16) | np.uint32(0x40), rounded).astype(np.uint16)


def narrow_bfloat16(values: Array) -> Array:
    """Round to the nearest, ties to even; NaN stays NaN. Returns 16-bit words."""
    bits = bits_of(values)
    return _unless_nan(bits, (bits + np.uint32(0x7FFF) + ((bits >> 16) & np.uint32(1))) >> 16)


def narrow_bfloat16_at_random(values: Array, random: Array) -> Array:
    """Round up or down as ``random``, 16 bits each, says."""
    bits = bits_of(values)
    return _unless_nan(bits, (bits + random) >> 16)


def round_to_24(values: Array) -> Array:
    """Return the bits of float32 numbers, rounded to 24 bits; the lowest 8 are zero."""
    bits = bits_of(values)
    rounded = bits + np.uint32(0x7F) + ((bits >> 8) & np.uint32(1))
    kept = np.where((bits & _MAGNITUDE) > _INFINITY, bits | np.uint32(0x400000), rounded)
    cut: Array = kept & np.uint32(0xFFFFFF00)
    return cut


def widen(array: Array) -> Array:
    """Return a bfloat16 or float16 array as float32, exactly."""
    wide: Array = widen_bfloat16(array.view(np.uint16)) if is_bfloat16(array.dtype) else array.astype(np.float32)
    return wide


def narrow(values: Array, dtype: np.dtype[Any]) -> Array:
    """Return float32 numbers rounded to bfloat16 or float16, to nearest."""
    if is_bfloat16(dtype):
        halves = narrow_bfloat16(values).view(dtype)
    else:
        with np.errstate(all="ignore"):
            halves = values.astype(np.float16)
    return halves
