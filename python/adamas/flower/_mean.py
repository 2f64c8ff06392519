"""The weighted mean of replies, as its difference from the model: what a server takes for its gradient.

For each element x of the model, of replies r_k with weights w_k::

    delta = sum(w_k / w_max * (r_k - x)) * w_max / sum(w_k)

The differences come first: a reply that left an element as it was adds exactly zero, and a small difference of large
numbers keeps all its digits. Replies are summed up in groups of 16, in the dtype of the model (float32 for float16),
and several groups in float64, so the error does not grow with the number of clients. They come in an order that
depends on weights and contents alone: the same replies give the same bits, whoever sent them, and in whatever order
they arrived.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from adamas.adapters import Array
from adamas.flower._threads import in_threads

#: Elements that one thread takes at a time: few enough to stay in its cache, and enough to hide what a call costs.
CHUNK = 262_144
#: Replies that are summed up before they are added to the total.
_GROUP = 16


class Weights(NamedTuple):
    """Weights of replies.

    Attributes:
        factors: Each divided by the largest.
        scale: The largest, divided by their sum.
    """

    factors: list[float]
    scale: float

    @classmethod
    def of(cls, weights: Sequence[float]) -> Weights:
        """Return those that are meant by weights >= 0, of which one at least is not 0."""
        largest = max(weights)
        factors = [weight / largest for weight in weights]
        return cls(factors, 1.0 / math.fsum(factors))


class Sum(NamedTuple):
    """An array whose mean is taken.

    Attributes:
        model: The model, flat.
        replies: Those of the clients, flat.
        delta: Takes the mean's difference from the model.
        kept: Takes a copy of the model.
    """

    model: Array
    replies: list[Array]
    delta: Array
    kept: Array


def take(sums: Sequence[Sum], weights: Weights, num_threads: int | None) -> bool:
    """Take the means of several arrays of floats; return whether all came out finite.

    Args:
        sums: The arrays.
        weights: Of their replies, in order.
        num_threads: The most threads to use; None for the library's limit. Results do not depend on it.
    """
    chunks = [(each, start) for each in sums for start in range(0, len(each.model), CHUNK)]
    size = sum(each.model.nbytes for each in sums) * len(weights.factors)
    longest = min(CHUNK, max(len(each.model) for each in sums))
    return all(in_threads(functools.partial(_take_chunks, weights, longest), chunks, size, num_threads))


def _take_chunks(weights: Weights, longest: int, chunks: Iterator[tuple[Sum, int]]) -> bool:
    scratch: dict[str, _Scratch] = {}
    finite = True
    with np.errstate(all="ignore"):  # the delta tells
        for each, start in chunks:
            dtype = np.dtype(np.float64 if each.model.dtype == np.float64 else np.float32)
            if dtype.name not in scratch:
                scratch[dtype.name] = _Scratch(dtype, weights, longest)
            finite &= scratch[dtype.name].take(each, slice(start, min(start + CHUNK, len(each.model))))
    return finite


class _Scratch:
    """Memory of one thread, for one dtype."""

    def __init__(self, dtype: np.dtype[np.generic], weights: Weights, size: int) -> None:
        self._dtype = dtype
        self._factors = [None if factor == 1.0 else dtype.type(factor) for factor in weights.factors]
        self._scale = weights.scale
        self._total, self._wide = (np.empty(size, np.float64) for _ in range(2))
        self._group, self._one = (np.empty(size, dtype) for _ in range(2))
        self._finite = np.empty(size, np.bool_)

    def take(self, each: Sum, where: slice) -> bool:
        """Take the mean of some elements; return whether it is finite."""
        count = where.stop - where.start
        model, delta = each.model[where], each.delta[where]
        groups = self._groups(each, where, model, count)
        if len(each.replies) <= _GROUP:
            np.multiply(next(groups), self._dtype.type(self._scale), out=delta)
        else:
            total, wide = self._total[:count], self._wide[:count]
            np.copyto(total, next(groups))
            for group in groups:
                np.copyto(wide, group)
                np.add(total, wide, out=total)
            np.multiply(total, self._scale, out=total)
            np.copyto(delta, total, casting="same_kind")
        np.copyto(each.kept[where], model)
        return bool(np.isfinite(delta, out=self._finite[:count]).all())

    def _groups(self, each: Sum, where: slice, model: Array, count: int) -> Iterator[Array]:
        """Yield the sum of each group of replies, in the same memory."""
        group, one = self._group[:count], self._one[:count]
        for begin in range(0, len(each.replies), _GROUP):
            for k in range(begin, min(begin + _GROUP, len(each.replies))):
                difference = group if k == begin else one
                np.subtract(each.replies[k][where], model, out=difference, dtype=self._dtype)
                if (factor := self._factors[k]) is not None:
                    np.multiply(difference, factor, out=difference)
                if k != begin:
                    np.add(group, one, out=group)
            yield group


def mean_of(model: Array, replies: Sequence[Array], weights: Weights) -> Array:
    """Return the weighted mean of replies for an array that is not stepped, in its dtype.

    It is taken in float64, from the differences; whole numbers are rounded to the nearest, halves to the even one.
    Differences of whole numbers are exact up to 2**53.
    """
    whole = model.dtype.kind != "f"
    total = np.zeros(model.shape, np.float64)
    with np.errstate(all="ignore"):  # the caller looks at the result
        wide = model.astype(np.int64 if whole else np.float64)  # of uint64, modulo 2**64, as the differences
        for factor, reply in zip(weights.factors, replies, strict=True):
            total += (reply.astype(wide.dtype) - wide).astype(np.float64) * factor
        total *= weights.scale
        change = np.rint(total).astype(np.int64) if whole else total
        return (wide + change).astype(model.dtype)
