"""Checksums of arrays."""

from __future__ import annotations

import contextlib
import os
import zlib
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from adamas._system.address_space import has_room_for_thread
from adamas._types import Array

__all__ = ["bytes_of", "checksums"]


def checksums(arrays: Mapping[str, Array]) -> dict[str, int]:
    """Return the CRC-32 of each, on as many threads as there are processors; zlib lets go of the GIL."""
    if has_room_for_thread():
        with contextlib.suppress(RuntimeError), ThreadPoolExecutor(os.cpu_count()) as threads:
            return dict(zip(arrays, threads.map(_checksum, arrays.values()), strict=True))
    return {name: _checksum(array) for name, array in arrays.items()}  # there are no more threads to be had


def bytes_of(array: Array) -> Array:
    """Return the memory of a contiguous array."""
    return array.reshape(-1).view(np.uint8) if array.size else np.empty(0, np.uint8)


def _checksum(array: Array) -> int:
    return zlib.crc32(bytes_of(array).data)
