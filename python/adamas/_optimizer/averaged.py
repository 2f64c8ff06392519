"""Averages in the place of parameters, for evaluation."""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from adamas._optimizer.diagnosis import StepChecks
from adamas._system.interrupts import uninterrupted
from adamas._types import Array

#: Bytes that are swapped at a time.
_CHUNK = 1 << 22


@contextmanager
def averaged(opt: StepChecks) -> Iterator[None]:
    """Put the averages of an optimizer into its parameters, and the parameters back at the end."""
    if opt._average is None:
        raise ValueError("averaged: this optimizer keeps no averages; make it with average=adamas.EMA()")
    if opt._plan.completed < opt._average.start:
        raise ValueError(f"averaged: nothing has been averaged before step {opt._average.start}")
    swapped: list[tuple[Array, Array]] = []
    kept: list[tuple[Array, Array, Array]] = []
    live: list[weakref.ref[Array]] = []
    inside: list[Array] = []

    def put_in() -> None:
        with opt._plan:
            if opt._refusal is not None:
                raise RuntimeError(opt._refusal)
            opt._settle_copies()
            for i, leaf in enumerate(opt._leaves):
                opt._check_gradient(i, "", None, zero_grads=False)
                if opt._plan.average_count(i) == 0:
                    continue  # the average of a parameter that has not been averaged yet is the parameter
                # Views, which stay writeable and flat whatever becomes of the arrays. NumPy resizes no array that
                # somebody has a weak reference to.
                live.append(weakref.ref(leaf.array))
                param, average = leaf.array.reshape(-1), opt._plan.average(i).reshape(-1)
                if average.dtype == param.dtype:
                    swapped.append((param.view(np.uint8), average.view(np.uint8)))
                else:
                    kept.append((param, average, param.copy()))
            # All memory that it takes is there before the first parameter changes.
            inside.append(np.empty(min(_CHUNK, max((param.size for param, _ in swapped), default=0)), np.uint8))
            opt._refusal = "the parameters hold averages inside averaged(); leave that block before stepping"
            for param, average, _ in kept:
                np.copyto(param, average, casting="unsafe")
            for param, average in swapped:
                _swap(param, average, inside[0])
            opt._renew_copies()

    def put_back() -> None:
        with opt._plan:
            for param, average in swapped:
                _swap(param, average, inside[0])
            for param, _, before in kept:
                np.copyto(param, before)
            opt._renew_copies()
            opt._refusal = None

    try:
        uninterrupted(put_in)
        yield
    finally:
        if inside:
            uninterrupted(put_back)


def _swap(a: Array, b: Array, held: Array) -> None:
    for i in range(0, a.size, _CHUNK):
        part = slice(i, i + _CHUNK)
        first, second = a[part], b[part]
        copy = held[: first.size]
        np.copyto(copy, first)
        np.copyto(first, second)
        np.copyto(second, copy)
