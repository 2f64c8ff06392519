"""Storage of states in every format, as in ``cpp/src/formats/states.hpp`` and ``block_states.hpp``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from adamas._numerics.axes import AXES, axis_shape
from adamas._numerics.block_codes import Code, LinearCode, LogCode, SignedLogCode
from adamas._numerics.dither import dither
from adamas._numerics.formats import BLOCK, StateFormat
from adamas._numerics.half import narrow_bfloat16_at_random, widen
from adamas._types import Array

_LEAST_DIVISOR = np.float32(1e-20)
_LEAST_SCALE = np.float32(2.0**-100)
#: What is infinite has the highest code, and other elements of its block have it never: their scale is so much larger.
_BELOW_HIGHEST = {
    8: np.float32(251) / np.float32(247) * np.float32(1 + 2.0**-18),
    4: np.float32(13.1875) / np.float32(11.1875) * np.float32(1 + 2.0**-18),
}


def _blocks(size: int) -> int:
    return -(-size // BLOCK)


def _kind(kind: str) -> tuple[str, str | None]:
    """Split ``"signed / exp_avg_sq"``."""
    kind, _, divisor = kind.partition(" / ")
    return kind, divisor or None


def _format_of(kind: str, state_format: StateFormat) -> StateFormat:
    """Return the format of one state: those that must not be rounded are in the compute type, whatever others are."""
    exact = kind in ("exact", *AXES) and state_format is not StateFormat.FLOAT64
    return StateFormat.FLOAT32 if exact else state_format


def new_states(
    kinds: Mapping[str, str], state_format: StateFormat, param: Array, matrix: tuple[int, ...] | None
) -> dict[str, Array]:
    """Make the arrays of all states, zeros: for each its values and, if it is quantised, its scales.

    Args:
        kinds: Of the states, by name.
        state_format: Of those that may be rounded.
        param: The parameter.
        matrix: The shape of the matrices that states by row or column are of; None if there are none such.
    """
    arrays: dict[str, Array] = {}
    for name, kind in kinds.items():
        own = _format_of(kind, state_format)
        if kind in AXES:
            assert matrix is not None
            arrays[name] = np.zeros(axis_shape(kind, matrix), np.float64 if param.dtype == np.float64 else np.float32)
        elif own.bits is None:
            arrays[name] = np.zeros(param.shape, own.dtype())
        else:
            arrays[name] = np.zeros((_blocks(param.size), BLOCK * own.bits // 8), own.dtype())
            arrays[f"{name}_scale"] = np.zeros(_blocks(param.size), np.float32)
    return arrays


def load_states(
    kinds: Mapping[str, str], state_format: StateFormat, arrays: Mapping[str, Array], param: Array
) -> dict[str, Any]:
    """Return the states in the compute type, in the parameter's shape, but those by row or column in their own."""
    states: dict[str, Array] = {}
    roots: dict[str, Array] = {}
    for name, kind in kinds.items():
        bits = _format_of(kind, state_format).bits
        if bits is None:
            array = arrays[name]
            states[name] = array if array.dtype in (np.float32, np.float64) else widen(array)
            continue
        scales = arrays[f"{name}_scale"]
        values = _decode(arrays[name], np.abs(scales), kind, bits)
        if _kind(kind)[0] != "signed":
            roots[name] = values
        if kind == "square":
            infinite = np.signbit(scales)[:, None] & (_unpacked(arrays[name], bits) == 2**bits - 1)
            values = np.where(infinite, np.float32(np.inf), values * values)
        states[name] = values
    for name, kind in kinds.items():
        divisor = _kind(kind)[1]
        if divisor is not None and state_format.bits is not None:
            states[name] = states[name] * roots[divisor]
    return {
        name: values
        if values.shape == param.shape or kinds[name] in AXES
        else values.reshape(-1)[: param.size].reshape(param.shape)
        for name, values in states.items()
    }


def store_states(
    kinds: Mapping[str, str],
    state_format: StateFormat,
    arrays: Mapping[str, Array],
    states: Mapping[str, Any],
    step: int,
) -> None:
    """Put new states into the arrays."""
    roots = {
        name: np.sqrt(states[name]) if kind == "square" else states[name]
        for name, kind in kinds.items()
        if state_format.bits is not None and kind in ("square", "magnitude")
    }
    for name, kind in kinds.items():
        sort, divisor = _kind(kind)
        array, values = arrays[name], states[name]
        own = _format_of(kind, state_format)
        if own.bits is not None:
            values = roots.get(name, values)
            if divisor is not None:
                values = values / (roots[divisor] + _LEAST_DIVISOR)
            _encode(array, arrays[f"{name}_scale"], values, kind, own.bits, step)
        elif own is StateFormat.BFLOAT16:
            flat = values.reshape(array.shape)
            random = np.resize(dither(step, sort != "signed"), array.shape) >> np.uint32(16)
            array.view(np.uint16)[...] = narrow_bfloat16_at_random(flat, random)
        else:
            array[...] = values.reshape(array.shape)


def lowest_squares(scales: Array, bits: int, states: Array) -> Array:
    """Return, for each element of a quantised state of squares, what the lowest code of its block stands for."""
    codes = np.full((scales.size, 1), _lowest(bits), np.uint32)
    roots = np.repeat(LogCode(bits, lowest=_lowest(bits)).decode(codes, np.abs(scales)), BLOCK)
    squares: Array = (roots * roots)[: states.size].reshape(states.shape)
    return squares


def _lowest(bits: int) -> int:
    return 1 if bits == 8 else 0


def _code(kind: str, bits: int) -> Code:
    sort, divisor = _kind(kind)
    if sort != "signed":
        return LogCode(bits, lowest=_lowest(bits))
    return LinearCode() if bits == 8 and divisor is not None else SignedLogCode(bits)


def _decode(codes: Array, scales: Array, kind: str, bits: int) -> Array:
    return _code(kind, bits).decode(_unpacked(codes, bits), scales)


def _unpacked(codes: Array, bits: int) -> Array:
    """Return a code for each element of a block."""
    return codes if bits == 8 else np.concatenate([codes & np.uint8(15), codes >> np.uint8(4)], axis=1)


def _encode(codes: Array, scales: Array, values: Array, kind: str, bits: int, step: int) -> None:
    padded = np.zeros(codes.shape[0] * BLOCK, np.float32)
    padded[: values.size] = values.reshape(-1)
    rows = padded.reshape(-1, BLOCK)
    # A square may overflow where its gradient is finite; with anything else that is not finite, the block is lost.
    overflown = np.isposinf(rows) & (kind == "square")
    bad = ~(np.isfinite(rows) | overflown).all(axis=1)
    rows[bad] = 0
    overflown[bad] = False
    rows[overflown] = 0
    largest = np.abs(rows).max(axis=1, initial=np.float32(0))
    largest[largest < _LEAST_SCALE] = 0
    marked = overflown.any(axis=1)
    largest[marked] *= _BELOW_HIGHEST[bits]
    words = dither(step, _kind(kind)[0] != "signed")
    new = _code(kind, bits).encode(rows, largest, words)
    new[overflown] = 2**bits - 1
    largest[marked] *= -1
    largest[bad] = np.nan
    scales[...] = largest
    codes[...] = new if bits == 8 else new[:, : BLOCK // 2] | (new[:, BLOCK // 2 :] << np.uint32(4))
