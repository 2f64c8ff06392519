"""Bytes that an optimizer keeps for each element of a parameter, counted in the states of a real optimizer."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

import adamas

#: Formats of states, as `state_dtype` names them.
STATE_DTYPES = ("float32", "bfloat16", "int8", "int4")
#: A matrix, so that states by row or by column are counted, too.
SHAPE = (1024, 1024)


def state_bytes(
    optimizer: str, state_dtype: str | None = None, *, param_dtype: Any = np.float32, **arguments: Any
) -> float:
    """Return how many bytes are kept for each element of a matrix, beside the matrix itself.

    Args:
        optimizer: Name of the class in `adamas`.
        state_dtype: Format of the states.
        param_dtype: Dtype of the matrix.
        **arguments: Further arguments of the class.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", adamas.PrecisionWarning)  # of bfloat16 that is rounded to the nearest
        opt = getattr(adamas, optimizer)(np.zeros(SHAPE, param_dtype), state_dtype=state_dtype, **arguments)
    arrays = [array for array in opt.state[0].values() if isinstance(array, np.ndarray)]
    return sum(array.nbytes for array in arrays) / float(np.prod(SHAPE))


def shown(count: float) -> str:
    """Return a number of bytes with at most two decimals: 8, 2.06, 0.01."""
    return f"{count:.2f}".rstrip("0").rstrip(".") if count >= 0.005 or count == 0 else "< 0.01"
