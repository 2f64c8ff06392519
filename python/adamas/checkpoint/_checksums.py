"""Checksums of arrays."""

from __future__ import annotations

import functools
import os
import zlib
from collections.abc import Iterable, Mapping

import numpy as np

from adamas._system.worker_thread import background_threads
from adamas._types import Array

__all__ = ["bytes_of", "checksums", "joined"]

_POLYNOMIAL = 0xEDB88320


def checksums(arrays: Mapping[str, Array]) -> dict[str, int]:
    """Return the CRC-32 of each, on as many threads as there are processors; zlib releases the GIL."""
    with background_threads(min(len(arrays), os.cpu_count() or 1)) as threads:
        tasks = {name: threads.submit(functools.partial(_checksum, array)) for name, array in arrays.items()}
        return {name: task.result() for name, task in tasks.items()}


def bytes_of(array: Array) -> Array:
    """Return the memory of a contiguous array."""
    return array.reshape(-1).view(np.uint8) if array.size else np.empty(0, np.uint8)


def _checksum(array: Array) -> int:
    return zlib.crc32(bytes_of(array).data)


def joined(parts: Iterable[tuple[int, int]]) -> int:
    """Return the CRC-32 of bytes that come in parts, of each of which there are CRC-32 and length.

    To append n zero bytes is a linear map of the 32 bits of a CRC, the n-th power of that for one.
    """
    total = 0
    for crc, nbytes in parts:
        operator, left = _after_one_byte(), nbytes
        while left:
            if left & 1:
                total = _applied(operator, total)
            left >>= 1
            operator = [_applied(operator, column) for column in operator]
        total ^= crc
    return total


def _after_one_byte() -> list[int]:
    """Return what a zero byte makes of each bit."""
    columns = []
    for bit in range(32):
        value = 1 << bit
        for _ in range(8):
            value = value >> 1 ^ (_POLYNOMIAL if value & 1 else 0)
        columns.append(value)
    return columns


def _applied(operator: list[int], vector: int) -> int:
    total = 0
    for column in operator:
        if vector & 1:
            total ^= column
        vector >>= 1
    return total
