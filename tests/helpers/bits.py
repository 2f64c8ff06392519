"""Comparing arrays bit by bit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]


@dataclass
class Counts:
    """What was compared in this session."""

    arrays: int = 0
    elements: int = 0
    mismatches: int = 0


COUNTS = Counts()


def assert_same_bits(actual: Array, expected: Array, what: str) -> None:
    """Fail unless the two arrays are equal bit for bit; NaN equals NaN, whatever its sign and payload."""
    assert actual.dtype == expected.dtype, what
    assert actual.shape == expected.shape, what
    unsigned = np.dtype(f"u{actual.itemsize}")
    same = actual.view(unsigned) == expected.view(unsigned)
    if actual.dtype.kind not in "iu":
        same |= np.isnan(actual) & np.isnan(expected)
    COUNTS.arrays += 1
    COUNTS.elements += actual.size
    if not same.all():
        COUNTS.mismatches += 1
        where = int(np.argmin(same.reshape(-1)))
        raise AssertionError(
            f"{what}: {np.count_nonzero(~same)} of {actual.size} elements differ; first at {where}: "
            f"{actual.reshape(-1)[where]!r} instead of {expected.reshape(-1)[where]!r}"
        )


def snapshot(arrays: list[Array]) -> list[bytes]:
    """Return the bytes of all arrays, to prove later that nothing has changed."""
    return [array.tobytes() for array in arrays]


def ones(*shape: int) -> Any:
    """Make a float32 array of ones."""
    return np.ones(shape, np.float32)
