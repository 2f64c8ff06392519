"""Loading and storing parameters in every format, as in ``cpp/src/formats/params.hpp``.

The parameter is the truth: what is kept beside it counts only where it rounds to the parameter.
"""

from __future__ import annotations

import numpy as np

from adamas._numerics.dither import random_halves
from adamas._numerics.formats import Residue
from adamas._numerics.half import (
    bits_of,
    float_of,
    narrow,
    narrow_bfloat16_at_random,
    round_to_24,
    widen,
)
from adamas._types import Array

_HALF_UNIT = np.uint32(0x8000)
_MAGNITUDE = np.uint32(0x7FFFFFFF)
_INFINITY = np.uint32(0x7F800000)
#: What was cut off has been rounded itself; a number that is a little smaller tells whether it fits.
_LITTLE_LESS = np.float32(1.0 - 2.0**-7)


def load_param(param: Array, residue: Residue, kept: Array | None) -> Array:
    """Return the parameter in its compute type, with what is kept beside it, as far as that fits."""
    if param.dtype.itemsize > 2:
        return param
    if kept is None:
        return widen(param)
    stale = _is_stale(param, residue, kept)
    with np.errstate(all="ignore"):
        if residue is Residue.KAHAN:
            total: Array = widen(param) + np.where(stale, np.float32(0), widen(kept))
            return total
        whole = kept if residue is Residue.MASTER else _joined(param, residue, kept)
        chosen: Array = np.where(stale, widen(param), whole)
    return chosen


def settle_param(param: Array, residue: Residue, kept: Array | None) -> None:
    """Make what is kept beside a parameter that was written to what the parameter says."""
    if kept is None or param.dtype.itemsize > 2:
        return
    stale = _is_stale(param, residue, kept)
    kept[stale] = widen(param)[stale] if residue is Residue.MASTER else 0


def settle_by_copy(param: Array, copy: Array) -> None:
    """Make a float32 parameter what its 16-bit copy is, where the copy is not what it rounds to."""
    whole, half = param.reshape(-1), copy.reshape(-1)
    with np.errstate(all="ignore"):
        written = narrow(whole, half.dtype).view(np.uint16) != half.view(np.uint16)
    whole[written] = widen(half)[written]


def _is_stale(param: Array, residue: Residue, kept: Array) -> Array:
    """Tell where what is kept does not round to the parameter."""
    with np.errstate(all="ignore"):
        if residue not in (Residue.MASTER, Residue.KAHAN):  # all halves fit but those that make no number
            return np.isnan(_joined(param, residue, kept))
        judged = kept if residue is Residue.MASTER else widen(param) + widen(kept) * _LITTLE_LESS
        stale: Array = narrow(judged, param.dtype).view(np.uint16) != param.view(np.uint16)
    return stale


def _joined(param: Array, residue: Residue, kept: Array) -> Array:
    """Return the float32 numbers whose rounded upper half is the parameter."""
    high = param.view(np.uint16).astype(np.uint32) << np.uint32(16)
    low = kept.astype(np.uint32) << np.uint32(8 if residue is Residue.SPLIT24 else 0)
    return float_of((high | (low ^ _HALF_UNIT)) - _HALF_UNIT)


def _high_half(values: Array) -> Array:
    """Return the upper 16 bits, rounded to the nearest, ties away from zero; NaN stays NaN."""
    bits = bits_of(values)
    nan = (bits & _MAGNITUDE) > _INFINITY
    high: Array = np.where(nan, bits, bits + _HALF_UNIT) >> np.uint32(16)
    return high


def store_param(
    param: Array, residue: Residue, kept: Array | None, values: Array, seed: int, step: int, parameter: int
) -> None:
    """Put new values into the parameter, and what rounding cuts off into what is kept beside it."""
    if param.dtype.itemsize > 2:
        param[...] = values
    elif residue is Residue.STOCHASTIC:
        random = random_halves(param.size, seed, step, parameter).reshape(param.shape)
        param.view(np.uint16)[...] = narrow_bfloat16_at_random(values, random)
    elif kept is None:
        param[...] = narrow(values, param.dtype)
    elif residue is Residue.MASTER:
        kept[...] = values
        param[...] = narrow(values, param.dtype)
    elif residue is Residue.KAHAN:
        param[...] = narrow(values, param.dtype)
        kept[...] = narrow(values - widen(param), param.dtype)
    else:
        bits = bits_of(values) if residue is Residue.SPLIT32 else round_to_24(values)
        param.view(np.uint16)[...] = _high_half(float_of(bits))
        kept[...] = (bits if residue is Residue.SPLIT32 else bits >> 8) & np.uint32(
            0xFFFF if residue is Residue.SPLIT32 else 0xFF
        )
