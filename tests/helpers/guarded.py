"""Memory between pages that may not be touched: an access out of bounds, by one byte even, ends the process."""

from __future__ import annotations

import ctypes
import mmap
import os
from typing import Any

import numpy as np
from bits import Array

_PAGE = mmap.PAGESIZE
_NO_ACCESS = 0


class Guarded:
    """Places for arrays, each in memory of its own with a guard page before and after it.

    Args:
        capacity: Bytes that the largest array takes.
    """

    def __init__(self, capacity: int) -> None:
        self._capacity = -(-capacity // _PAGE) * _PAGE
        self._places: list[tuple[mmap.mmap, int]] = []
        self._used = 0

    def reset(self) -> None:
        """Give all places to others; arrays that are still in use share them then."""
        self._used = 0

    def take(self, nbytes: int, *, at_end: bool) -> Any:
        """Return so many bytes, zeros, which end where the guard begins, or begin where the other one ends."""
        if self._used == len(self._places):
            self._places.append(self._new())
        memory, first = self._places[self._used]
        self._used += 1
        assert nbytes <= self._capacity
        offset = first + (self._capacity - nbytes if at_end else 0)
        taken = np.frombuffer(memory, np.uint8, nbytes, offset)
        taken[...] = 0
        return taken

    def array(self, values: Array, *, at_end: bool) -> Any:
        """Return a copy of an array in a place of its own."""
        copy = self.take(values.nbytes, at_end=at_end).view(values.dtype).reshape(values.shape)
        copy[...] = values
        return copy

    def _new(self) -> tuple[mmap.mmap, int]:
        memory = mmap.mmap(-1, self._capacity + 2 * _PAGE)
        address = np.frombuffer(memory, np.uint8).ctypes.data
        libc = ctypes.CDLL(None, use_errno=True)
        for guard in (address, address + _PAGE + self._capacity):
            if libc.mprotect(ctypes.c_void_p(guard), ctypes.c_size_t(_PAGE), _NO_ACCESS) != 0:
                raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
        return memory, _PAGE
