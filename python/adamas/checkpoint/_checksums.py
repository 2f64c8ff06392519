"""Checksums of arrays."""

from __future__ import annotations

import functools
import os
import zlib
from collections.abc import Mapping

import numpy as np

from adamas._system.worker_thread import background_threads
from adamas._types import Array

__all__ = ["bytes_of", "checksums"]


def checksums(arrays: Mapping[str, Array]) -> dict[str, int]:
    """Return the CRC-32 of each, on as many threads as there are processors; zlib lets go of the GIL."""
    with background_threads(min(len(arrays), os.cpu_count() or 1)) as threads:
        tasks = {name: threads.submit(functools.partial(_checksum, array)) for name, array in arrays.items()}
        return {name: task.result() for name, task in tasks.items()}


def bytes_of(array: Array) -> Array:
    """Return the memory of a contiguous array."""
    return array.reshape(-1).view(np.uint8) if array.size else np.empty(0, np.uint8)


def _checksum(array: Array) -> int:
    return zlib.crc32(bytes_of(array).data)
