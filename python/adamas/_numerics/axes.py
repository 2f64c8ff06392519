"""Means of squares along the rows and columns of matrices, as ``cpp/src/kernel/axis_loop.hpp`` takes them."""

from __future__ import annotations

import numpy as np

from adamas._numerics.norms import GRANULE, halved_sums
from adamas._types import Array

_TILE = 1 << 16
_TILE_ROWS = 128
_ROWS_AT_ONCE = 8

#: Kinds of states that have an element for each row or column of a matrix, instead of each element of a parameter.
AXES = ("row", "column")


def axis_shape(kind: str, matrix: tuple[int, ...]) -> tuple[int, ...]:
    """Return the shape of a state by ``"row"`` or ``"column"``.

    Args:
        kind: Which of them.
        matrix: The shape of the matrices: rows and columns are the last two dimensions.
    """
    return (*matrix[:-1], 1) if kind == "row" else (*matrix[:-2], 1, matrix[-1])


def row_means(g: Array) -> Array:
    """Return the mean square of each row of matrices, in float64, of shape ``(..., rows, 1)``.

    Over a granule of a row, squares are added in the type of `g`, as by `halved_sums`.
    """
    columns = g.shape[-1]
    total = np.zeros(g.shape[:-1])
    for begin in range(0, columns, GRANULE):
        part = np.zeros((*g.shape[:-1], GRANULE), g.dtype)
        part[..., : columns - begin] = g[..., begin : begin + GRANULE]
        total += halved_sums(part, part, g.dtype.type).reshape(total.shape)
    means: Array = (total / columns)[..., np.newaxis]
    return means


def column_means(g: Array) -> Array:
    """Return the mean square of each column of matrices, in float64, of shape ``(..., 1, columns)``.

    The squares of a few rows are added in the type of `g`.
    """
    rows, columns = g.shape[-2:]
    tile = max(_TILE // columns, _TILE_ROWS)
    total = np.zeros((*g.shape[:-2], columns))
    for begin in range(0, rows, tile):
        part = np.zeros_like(total)
        last = min(begin + tile, rows)
        for group in range(begin, last, _ROWS_AT_ONCE):
            squares = g[..., group, :] * g[..., group, :]
            for row in range(group + 1, min(group + _ROWS_AT_ONCE, last)):
                squares += g[..., row, :] * g[..., row, :]
            part += squares.astype(np.float64)
        total += part
    means: Array = (total / rows)[..., np.newaxis, :]
    return means


def mean_of_rows(values: Array) -> Array:
    """Return the mean of one value for each row of matrices, ``(..., rows, 1)``, in float64, as ``(..., 1, 1)``."""
    total = np.zeros((*values.shape[:-2], 1))
    for row in range(values.shape[-2]):
        total += values[..., row, :].astype(np.float64)
    mean: Array = (total / values.shape[-2])[..., np.newaxis]
    return mean
