"""Loading and storing parameters in every format, as in ``cpp/src/formats/params.hpp``."""

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


def load_param(param: Array, residue: int, kept: Array | None) -> Array:
    """Return the parameter in its compute type, with what is kept beside it."""
    if param.dtype.itemsize > 2:
        return param
    if kept is None:
        return widen(param)
    if residue == _MASTER:
        return kept
    if residue == _KAHAN:
        total: Array = widen(param) + widen(kept)
        return total
    high = param.view(np.uint16).astype(np.uint32) << 16
    low = kept.astype(np.uint32)
    return float_of(high | (low << 8 if residue == _SPLIT24 else low))


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
        param.view(np.uint16)[...] = bits >> 16
        kept[...] = (bits if residue == _SPLIT32 else bits >> 8) & np.uint32(0xFFFF if residue == _SPLIT32 else 0xFF)
