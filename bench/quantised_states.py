"""Quantised states of adamas and of its peers: each code stores two moments and gives back what it kept of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from adamas._numerics.formats import StateFormat
from adamas._numerics.state_formats import load_states, new_states, store_states
from adamas.demo.mlp import Array
from adamas.rules import FORMULAS

#: The moments that a code gives back, and the bytes that it stores.
Kept = tuple[Array, Array, int]


@dataclass(frozen=True)
class Code:
    """A way of storing both moments; adamas' own ways depend on the step, by their dither."""

    name: str
    bits: int
    ours: bool
    keep: Callable[[Array, Array, int], Kept]


def adamas_code(state_dtype: str) -> Code:
    """Return the code of adamas' own states."""
    kinds, state_format = FORMULAS["adam"].states, StateFormat(state_dtype)

    def keep(exp_avg: Array, exp_avg_sq: Array, step: int) -> Kept:
        arrays = new_states(kinds, state_format, exp_avg, None)
        store_states(kinds, state_format, arrays, {"exp_avg": exp_avg, "exp_avg_sq": exp_avg_sq}, step)
        states = load_states(kinds, state_format, arrays, exp_avg)
        return states["exp_avg"], states["exp_avg_sq"], sum(array.nbytes for array in arrays.values())

    return Code(f"adamas {state_dtype}", int(state_dtype[3:]), True, keep)


def bitsandbytes_code() -> Code:
    """Return the code of bitsandbytes' 8-bit Adam: its two dynamic maps, blocks of 256.

    Its optimizers run on GPUs alone. There each number gets the nearest code, and a first moment below zero never gets
    that of zero; this does the same with NumPy.

    Raises:
        ImportError: It is not installed.
    """
    from bitsandbytes import functional

    def keep_one(values: Array, signed: bool) -> tuple[Array, int]:
        table = functional.create_dynamic_map(signed=signed).numpy()
        rows = _padded(values, 256).reshape(-1, 256)
        scales = np.abs(rows).max(axis=1, keepdims=True)
        scaled = np.divide(rows, scales, out=np.zeros_like(rows), where=scales > 0)
        codes = np.searchsorted((table[1:] + table[:-1]) * np.float32(0.5), scaled)
        codes -= (scaled < 0) & (table[codes] == 0)
        return _unpadded((table[codes] * scales).reshape(-1), values), values.size + scales.nbytes

    return Code("bitsandbytes 8-bit", 8, False, _both(keep_one))


def bitsandbytes_cpu_code() -> Code:
    """Return the code of bitsandbytes' functions for tensors on the CPU, with the maps and blocks of its 8-bit Adam.

    They are not what its Adam does: they find codes in a table of 65,536 even steps, so the smallest numbers and zero
    itself become 1.6e-5 of their block's largest. That spares them second moments of zero.

    Raises:
        ImportError: It is not installed.
    """
    import torch
    from bitsandbytes import functional

    def keep_one(values: Array, signed: bool) -> tuple[Array, int]:
        table = functional.create_dynamic_map(signed=signed)
        flat = torch.from_numpy(values.reshape(-1))
        codes, kept = functional.quantize_blockwise(flat, code=table, blocksize=256)
        decoded = functional.dequantize_blockwise(codes, kept).numpy()
        return decoded.reshape(values.shape), codes.numel() + 4 * kept.absmax.numel()

    return Code("bitsandbytes on the CPU", 8, False, _both(keep_one))


def torchao_code(bits: int) -> Code:
    """Return the code of torchao's optimizers, with their own block sizes.

    Raises:
        ImportError: It is not installed.
    """
    import torch
    from torchao.optim.subclass_4bit import OptimState4bit
    from torchao.optim.subclass_8bit import OptimState8bit

    kind: Any = {8: OptimState8bit, 4: OptimState4bit}[bits]
    block = {8: 256, 4: 128}[bits]

    def keep_one(values: Array, signed: bool) -> tuple[Array, int]:
        padded = torch.from_numpy(_padded(values, block))
        state = kind.zeros(padded.shape, signed, block)
        state.copy_(padded)
        return _unpadded(state.dequantize().numpy(), values), values.size * bits // 8 + 4 * state.scale.numel()

    return Code(f"torchao {bits}-bit", bits, False, _both(keep_one))


def all_codes() -> tuple[list[Code], list[str]]:
    """Return the codes, adamas' first, and what is not installed."""
    codes, missing = [adamas_code("int8"), adamas_code("int4")], []
    peers: dict[str, list[Callable[[], Code]]] = {
        "bitsandbytes": [bitsandbytes_code, bitsandbytes_cpu_code],
        "torchao": [lambda: torchao_code(8), lambda: torchao_code(4)],
    }
    for package, makers in peers.items():
        try:
            codes += [make() for make in makers]
        except ImportError as error:
            missing.append(f"{package} ({error})")
    return codes, missing


def _both(keep_one: Callable[[Array, bool], tuple[Array, int]]) -> Callable[[Array, Array, int], Kept]:
    """Keep the first moment with signs and the second without, each by itself."""

    def keep(exp_avg: Array, exp_avg_sq: Array, step: int) -> Kept:
        (first, first_bytes), (second, second_bytes) = keep_one(exp_avg, True), keep_one(exp_avg_sq, False)
        return first, second, first_bytes + second_bytes

    return keep


def _padded(values: Array, block: int) -> Array:
    """Return the values in a row, with zeros up to whole blocks, in which torchao alone can be asked to store them."""
    padded = np.zeros(-(-values.size // block) * block, np.float32)
    padded[: values.size] = values.reshape(-1)
    return padded


def _unpadded(padded: Array, like: Array) -> Array:
    values: Array = padded[: like.size].reshape(like.shape)
    return values
