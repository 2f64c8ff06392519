"""The byte limit: the time to move the arrays through memory, with almost no arithmetic.

``p += g; m += g; v += g`` over float32 arrays, with the threads and the vectors of a step. No step that
reads and writes as many bytes is faster, except by noise.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

import adamas
from adamas import _core
from adamas.bench.timing import Side, rounds_within, time_alternately

__all__ = ["limit_like", "limit_of_bytes", "measure_bandwidth"]

Array = np.ndarray[Any, np.dtype[Any]]

#: That loop reads and writes so many bytes for an element.
_BYTES_PER_ELEMENT = 28


def limit_of_bytes(total: float, threads: int) -> Side:
    """Return a side that moves about ``total`` bytes, in the four streams of AdamW, in arrays of an arena."""
    size = max(1, round(total / _BYTES_PER_ELEMENT))
    arena = adamas.Arena([(size,)], optimizer=adamas.AdamW)
    param, grad = arena.params[0], arena.grads[0]
    states = tuple(value for value in arena.optimizer.state["0"].values() if isinstance(value, np.ndarray))
    rng = np.random.default_rng(1)
    rng.standard_normal(out=grad, dtype=np.float32)
    for array in (param, *states):
        array[...] = grad
    grad *= np.float32(1e-6)  # sums do not run away
    return Side(lambda: _core.probes.byte_limit(param, grad, states, threads))


def limit_like(
    param: Array,
    grad: Array,
    states: Sequence[Array],
    threads: int,
    read_first: Sequence[Array] | None = None,
    *,
    reads_gradient: bool = False,
) -> Side:
    """Return a side that moves these arrays, and restores their values after each of its turns.

    Args:
        param: The parameter, in float32.
        grad: The gradient, in float32.
        states: The states, in float32, each as large as the parameter.
        threads: The number of threads of the step.
        read_first: For rules with sums: the states that an earlier pass reads, with parameter and gradient.
        reads_gradient: Whether an even earlier pass reads the gradient.
    """
    half = param.size // 2
    streams = tuple(states)
    first = None if read_first is None else tuple(read_first)
    arrays = [param, *streams]
    kept = [array.copy() for array in arrays]

    def restore() -> None:
        for array, values in zip(arrays, kept, strict=True):
            array[...] = values

    def step() -> None:
        if reads_gradient:
            _core.probes.byte_limit(grad[:half], grad[half : 2 * half], (), threads, read_only=True)
        if first is not None:
            _core.probes.byte_limit(param, grad, first, threads, read_only=True)
        _core.probes.byte_limit(param, grad, streams, threads)

    return Side(step, after_turn=restore)


def measure_bandwidth(total: float, counts: list[int], seconds: float) -> dict[int, float]:
    """Return the GB/s of the byte limit's loop, by number of threads."""
    sides = {str(count): limit_of_bytes(total, count) for count in counts}
    timings = time_alternately(sides, rounds_within(sides, 0.0, seconds), 0.0)
    return {int(name): total / timing.median / 1e9 for name, timing in timings.items()}
