"""Means of squares along the rows and columns of matrices, as ``cpp/src/kernel/axis_loop.hpp`` takes them."""

from __future__ import annotations

import numpy as np

from adamas._types import Array

_SEGMENT = 2048
_LANES = 16
_TILE = 1 << 16
_TILE_ROWS = 128

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
    """Return the mean square of each row of matrices, in float64, of shape ``(..., rows, 1)``."""
    columns = g.shape[-1]
    total = np.zeros(g.shape[:-1])
    for begin in range(0, columns, _SEGMENT):
        part = g[..., begin : begin + _SEGMENT].astype(np.float64)
        groups = -(-part.shape[-1] // _LANES)
        squares = np.zeros((*g.shape[:-1], groups * _LANES))
        squares[..., : part.shape[-1]] = part * part
        by_lane = squares.reshape(*g.shape[:-1], groups, _LANES)
        lanes = np.zeros((*g.shape[:-1], _LANES))
        for group in range(groups):
            lanes += by_lane[..., group, :]
        segment = np.zeros(g.shape[:-1])
        for lane in range(_LANES):
            segment += lanes[..., lane]
        total += segment
    means: Array = (total / columns)[..., np.newaxis]
    return means


def column_means(g: Array) -> Array:
    """Return the mean square of each column of matrices, in float64, of shape ``(..., 1, columns)``."""
    rows, columns = g.shape[-2:]
    tile = max(_TILE // columns, _TILE_ROWS)
    total = np.zeros((*g.shape[:-2], columns))
    for begin in range(0, rows, tile):
        part = np.zeros_like(total)
        for row in range(begin, min(begin + tile, rows)):
            values = g[..., row, :].astype(np.float64)
            part += values * values
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
