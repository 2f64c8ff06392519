"""Averages in the place of parameters, for evaluation."""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from adamas._checks import Array
from adamas._step_checks import StepChecks

#: Elements that are swapped at a time.
_CHUNK = 1 << 20


@contextmanager
def averaged(opt: StepChecks) -> Iterator[None]:
    """Put the averages of an optimizer into its parameters, and the parameters back at the end."""
    if opt._average is None:
        raise ValueError("averaged: this optimizer keeps no averages; make it with average=adamas.EMA()")
    if opt._plan.completed < opt._average.start:
        raise ValueError(f"averaged: nothing has been averaged before step {opt._average.start}")
    swapped: list[tuple[Array, Array]] = []
    kept: list[tuple[Array, Array]] = []
    held: list[weakref.ref[Array]] = []
    with opt._plan:
        if opt._refusal is not None:
            raise RuntimeError(opt._refusal)
        for i, leaf in enumerate(opt._leaves):
            opt._check_gradient(i, "", None, zero_grads=False)
            # Views, which stay writeable and flat whatever becomes of the arrays. NumPy resizes no array that somebody
            # has a weak reference to.
            held.append(weakref.ref(leaf.array))
            param, average = leaf.array.reshape(-1), opt._plan.average(i).reshape(-1)
            if average.dtype == param.dtype:
                swapped.append((param, average))
            else:
                kept.append((param, param.copy()))
        opt._refusal = "the parameters hold averages inside averaged(); leave that block before stepping"
        for i, leaf in enumerate(opt._leaves):
            average = opt._plan.average(i)
            if average.dtype != leaf.array.dtype:
                np.copyto(leaf.array, average, casting="unsafe")
        for param, average in swapped:
            _swap(param, average)
    try:
        yield
    finally:
        with opt._plan:
            for param, average in swapped:
                _swap(param, average)
            for param, before in kept:
                np.copyto(param, before)
            opt._refusal = None


def _swap(a: Array, b: Array) -> None:
    for i in range(0, a.size, _CHUNK):
        part = slice(i, i + _CHUNK)
        held = a[part].copy()
        a[part] = b[part]
        b[part] = held
