"""Dither and random bits for rounding, as in ``cpp/src/formats/dither.hpp`` and ``random.hpp``."""

from __future__ import annotations

import numpy as np

from adamas._numerics.formats import BLOCK
from adamas._types import Array

_ELEMENT = {True: np.uint32(0x85EBCA6B), False: np.uint32(0xC2B2AE35)}
_STEP = {True: 0x9E3779B9, False: 0x91E10DA7}
_MASK = 0xFFFFFFFF
_MASK64 = (1 << 64) - 1


def dither(step: int, first: bool) -> Array:
    """Return 32 bits for each element of a block: Weyl sequences in element and step.

    There is one for squares and magnitudes (``first``), and one for signed states.
    """
    elements = np.arange(BLOCK, dtype=np.uint32)
    words: Array = elements * _ELEMENT[first] + np.uint32(step * _STEP[first] & _MASK)
    return words


def _mix(x: int) -> int:
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & _MASK64
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & _MASK64
    return x ^ (x >> 31)


def random_halves(size: int, seed: int, step: int, parameter: int, first: int = 0) -> Array:
    """Return 16 random bits for each element, as uint32, from element ``first`` on.

    Two elements, an even one and the next, share a word of 32 bits: a hash of half the even one's index, under a key of
    seed, step and parameter. The even one has the low half.
    """
    key = _mix((_mix((_mix((seed + 0x9E3779B97F4A7C15) & _MASK64) + step) & _MASK64) + parameter) & _MASK64)
    elements = np.arange(first, first + size, dtype=np.uint64)
    index = elements >> np.uint64(1)
    high = (index >> np.uint64(32)).astype(np.uint32)
    x = index.astype(np.uint32) ^ (np.uint32(key & _MASK) + high * np.uint32(0x9E3779B9))
    x = (x ^ (x >> 16)) * np.uint32(0x7FEB352D)
    x = x ^ np.uint32(key >> 32)
    x = (x ^ (x >> 15)) * np.uint32(0x846CA68B)
    words = x ^ (x >> 16)
    halves: Array = np.where(elements % 2 == 0, words & np.uint32(0xFFFF), words >> np.uint32(16))
    return halves
