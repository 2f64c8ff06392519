"""Loading and storing parameters in every format, as in ``cpp/src/formats/params.hpp``.

The parameter is the truth: what is kept beside it counts only where it rounds to the parameter.
"""

from __future__ import annotations

import numpy as np

from adamas._checks import Array
from adamas._formats import RESIDUES
from adamas.reference._dither import random_words
from adamas.reference._half import (
    bits_of,
    float_of,
    narrow,
    narrow_bfloat16_at_random,
    round_to_24,
    widen,
)

_KAHAN = RESIDUES[False, "kahan"]
_STOCHASTIC = RESIDUES[False, "stochastic"]
_MASTER = RESIDUES[True, "nearest"]
_SPLIT32 = RESIDUES["split32", "nearest"]
_SPLIT24 = RESIDUES["split24", "nearest"]

_HALF_UNIT = np.uint32(0x8000)
_MAGNITUDE = np.uint32(0x7FFFFFFF)
_INFINITY = np.uint32(0x7F800000)
#: What was cut off has been rounded itself; a number that is a little smaller tells whether it fits.
_LITTLE_LESS = np.float32(1.0 - 2.0**-7)


def load_param(param: Array, residue: int, kept: Array | None) -> Array:
    """Return the parameter in its compute type, with what is kept beside it."""
    if param.dtype.itemsize > 2:
        return param
    if kept is None:
        return widen(param)
    with np.errstate(all="ignore"):
        if residue == _MASTER:
            return _unless_stale(param, kept, kept)
        if residue == _KAHAN:
            p, rest = widen(param), widen(kept)
            return _unless_stale(param, p + rest * _LITTLE_LESS, p + rest)
    low = kept.astype(np.uint32)
    return _joined(param.view(np.uint16), low << np.uint32(8) if residue == _SPLIT24 else low)


def _unless_stale(param: Array, rounded_from: Array, values: Array) -> Array:
    """Return the values where ``rounded_from`` rounds to the parameter, and the parameter elsewhere."""
    fits = narrow(rounded_from, param.dtype).view(np.uint16) == param.view(np.uint16)
    chosen: Array = np.where(fits, values, widen(param))
    return chosen


def _high_half(values: Array) -> Array:
    """Return the upper 16 bits, rounded to the nearest, ties away from zero; NaN stays NaN."""
    bits = bits_of(values)
    nan = (bits & _MAGNITUDE) > _INFINITY
    high: Array = np.where(nan, bits, bits + _HALF_UNIT) >> np.uint32(16)
    return high


def _joined(words: Array, low: Array) -> Array:
    """Return the float32 numbers whose rounded upper half is ``words``; that alone, where ``low`` cannot go with it."""
    high = words.astype(np.uint32) << np.uint32(16)
    whole = (high | (low ^ _HALF_UNIT)) - _HALF_UNIT
    return float_of(np.where((whole & _MAGNITUDE) > _INFINITY, high, whole))


def store_param(
    param: Array, residue: int, kept: Array | None, values: Array, seed: int, step: int, parameter: int
) -> None:
    """Put new values into the parameter, and what rounding cuts off into what is kept beside it."""
    if param.dtype.itemsize > 2:
        param[...] = values
    elif residue == _STOCHASTIC:
        random = random_words(param.size, seed, step, parameter).reshape(param.shape) >> 16
        param.view(np.uint16)[...] = narrow_bfloat16_at_random(values, random)
    elif kept is None:
        param[...] = narrow(values, param.dtype)
    elif residue == _MASTER:
        kept[...] = values
        param[...] = narrow(values, param.dtype)
    elif residue == _KAHAN:
        param[...] = narrow(values, param.dtype)
        kept[...] = narrow(values - widen(param), param.dtype)
    else:
        bits = bits_of(values) if residue == _SPLIT32 else round_to_24(values)
        param.view(np.uint16)[...] = _high_half(float_of(bits))
        kept[...] = (bits if residue == _SPLIT32 else bits >> 8) & np.uint32(0xFFFF if residue == _SPLIT32 else 0xFF)
