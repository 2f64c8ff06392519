"""Low-precision copies of parameters, in arrays that the user owns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from adamas._inputs import trees
from adamas._inputs.arrays import check_array
from adamas._numerics.formats import is_bfloat16
from adamas._types import Array


def check_copies(copies: Any, description: trees.Description, leaves: Sequence[trees.Named]) -> list[Array | None]:
    """Return the array that takes each parameter's copy, or None.

    Raises:
        TypeError: Not an array, or dtypes that do not go together.
        ValueError: An array that does not fit, or containers that do not nest as the parameters do.
    """
    if copies is None:
        return [None] * len(leaves)
    items = trees.leaves_like(description, copies, "copy_out")
    return [
        None if copy is None else _check(copy, path, leaf) for leaf, (path, copy) in zip(leaves, items, strict=True)
    ]


def _check(copy: Any, path: str, leaf: trees.Named) -> Array:
    checked = check_array(copy, path, writable=True)
    if leaf.array.dtype != np.float32:
        raise TypeError(f"{path}: copies are of float32 parameters; {leaf.path} is {leaf.array.dtype}")
    if not is_bfloat16(checked.dtype) and checked.dtype != np.float16:
        raise TypeError(f"{path}: expected dtype bfloat16 or float16, got {checked.dtype}")
    if checked.shape != leaf.array.shape:
        raise ValueError(f"{path}: expected shape {leaf.array.shape}, that of {leaf.path}, got {checked.shape}")
    return checked
