"""Swapping averages into the parameters, for evaluation."""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from adamas._optimizer.model import Model
from adamas._system.interrupts import uninterrupted
from adamas._types import Array

#: Bytes that are swapped at a time.
_CHUNK = 1 << 22


@contextmanager
def averaged(model: Model) -> Iterator[None]:
    """Put the averages of an optimizer into its parameters, and the parameters back at the end."""
    if model.average is None:
        raise ValueError("averaged: this optimizer keeps no averages; make it with average=adamas.EMA()")
    if model.engine.completed < model.average.start:
        raise ValueError(f"averaged: nothing has been averaged before step {model.average.start}")
    swapped: list[tuple[Array, Array]] = []
    kept: list[tuple[Array, Array, Array]] = []
    live: list[weakref.ref[Array]] = []
    inside: list[Array] = []

    def put_in() -> None:
        with model.engine:
            if model.refusal is not None:
                raise RuntimeError(model.refusal)
            model.settle_copies()
            for parameter in model.parameters:
                parameter.check_bound()
                if model.engine.average_count(parameter.index) == 0:
                    continue  # the average of a parameter that has not been averaged yet is the parameter
                # Views of what this process steps stay writeable and flat whatever becomes of the arrays. NumPy resizes
                # no array that somebody has a weak reference to.
                live.append(weakref.ref(parameter.array))
                param, average = (
                    model.own_part(parameter).reshape(-1),
                    model.states_of(parameter)["average"].reshape(-1),
                )
                if average.dtype == param.dtype:
                    swapped.append((param.view(np.uint8), average.view(np.uint8)))
                else:
                    kept.append((param, average, param.copy()))
            # All memory that it takes is there before the first parameter changes.
            inside.append(np.empty(min(_CHUNK, max((param.size for param, _ in swapped), default=0)), np.uint8))
            model.before_change("averaged")
            model.refusal = "the parameters hold averages inside averaged(); leave that block before stepping"
            for param, average, _ in kept:
                np.copyto(param, average, casting="unsafe")
            for param, average in swapped:
                _swap(param, average, inside[0])
            model.after_change()
            model.renew_copies()

    def put_back() -> None:
        with model.engine:
            model.before_change("the end of averaged")
            for param, average in swapped:
                _swap(param, average, inside[0])
            for param, _, before in kept:
                np.copyto(param, before)
            model.after_change()
            model.renew_copies()
            model.refusal = None

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
