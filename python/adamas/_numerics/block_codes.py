"""Codes of quantised states, computed with the same operations as ``cpp/src/formats/code.hpp``.

All take blocks in rows: values of shape (blocks, 128), and one ``largest`` magnitude for each row.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np

from adamas._numerics.half import bits_of, float_of
from adamas._types import Array

_ONE = 0x3F800000
_f = np.float32


def _encode_scale(top: np.float32, largest: Array) -> Array:
    safe = np.where(largest > 0, largest, _f(1))
    scale: Array = np.where(largest > 0, top / safe, _f(0))[:, None]
    return scale


class Code(ABC):
    """Codes of one kind."""

    @abstractmethod
    def encode(self, values: Array, largest: Array, dither: Array) -> Array:
        """Return the codes, as uint32."""

    @abstractmethod
    def decode(self, codes: Array, largest: Array) -> Array:
        """Return float32 numbers."""


class LogCode(Code):
    """Magnitudes: the bits of ``t = scale*x/largest + shift``, cut short."""

    def __init__(self, bits: int, lowest: int = 0) -> None:
        self._cut = 18 if bits > 4 else 21
        self._shift = _f(0.8125) if bits == 4 else _f(1)
        self._top = {8: _f(252), 7: _f(15.75), 4: _f(14), 3: _f(3.5)}[bits] - self._shift
        self._lowest = np.uint32(lowest)
        self._encode_top = self._top - {8: _f(252), 7: _f(15.75), 4: _f(14), 3: _f(3.5)}[bits] * _f(2.0**-21)

    def encode(self, values: Array, largest: Array, dither: Array) -> Array:
        t = values * _encode_scale(self._encode_top, largest) + self._shift
        t = np.where(t > _f(1), t, _f(1))
        threshold = (dither >> np.uint32(32 - self._cut)) - np.uint32(_ONE)
        codes = (bits_of(t) + threshold) >> np.uint32(self._cut)
        limited: Array = np.maximum(codes, self._lowest)
        return limited

    def decode(self, codes: Array, largest: Array) -> Array:
        t = float_of((codes.astype(np.uint32) << np.uint32(self._cut)) + np.uint32(_ONE))
        scaled: Array = (t - self._shift) * (largest * (_f(1) / self._top))[:, None]
        return scaled


class SignedLogCode(Code):
    """A sign bit above a `LogCode`."""

    def __init__(self, bits: int) -> None:
        self._magnitude = LogCode(bits - 1)
        self._sign = np.uint32(1 << (bits - 1))
        self._up = np.uint32(32 - bits)

    def encode(self, values: Array, largest: Array, dither: Array) -> Array:
        bits = bits_of(values)
        magnitude = self._magnitude.encode(float_of(bits & np.uint32(0x7FFFFFFF)), largest, dither)
        codes: Array = ((bits >> self._up) & self._sign) | magnitude
        return codes

    def decode(self, codes: Array, largest: Array) -> Array:
        codes = codes.astype(np.uint32)
        magnitude = self._magnitude.decode(codes & (self._sign - np.uint32(1)), largest)
        return float_of(bits_of(magnitude) | ((codes & self._sign) << self._up))


class LinearCode(Code):
    """-127 to 127 in two's complement, rounded to the nearest."""

    def encode(self, values: Array, largest: Array, dither: Array) -> Array:
        shifted = values * _encode_scale(_f(127), largest) + _f(12582912)
        codes: Array = bits_of(shifted) & np.uint32(0xFF)
        return codes

    def decode(self, codes: Array, largest: Array) -> Array:
        scaled: Array = codes.astype(np.int8).astype(np.float32) * (largest * (_f(1) / _f(127)))[:, None]
        return scaled
