"""Copies of arrays that are passed to user functions, which may keep them."""

from __future__ import annotations

import sys

import numpy as np

from adamas._types import Array


class Lent:
    """A copy of an array that changes, for somebody who may keep it or write into it.

    The memory of the last copy is used again, unless somebody still has it, or a view of it.

    Args:
        source: The array.
    """

    def __init__(self, source: Array) -> None:
        self._source = source
        self._copy = np.empty(source.shape, source.dtype)
        self._references = sys.getrefcount(self._copy)

    def fresh(self) -> Array:
        """Return a copy of the array as it is now."""
        if sys.getrefcount(self._copy) > self._references:
            self._copy = np.empty_like(self._copy)
        np.copyto(self._copy, self._source)
        return self._copy
