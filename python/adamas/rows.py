"""Gradients of single rows of a matrix, as embeddings have them."""

from __future__ import annotations

from typing import Any

import numpy as np

from adamas._inputs.arrays import check_array
from adamas._inputs.values import type_name
from adamas._types import Array


class RowGrad:
    """The gradient of a two-dimensional parameter in which only some rows have one.

    For an optimizer made with ``sparse={"name": "lazy"}`` or ``"exact"``, in the place of an array:
    ``opt.step({"name": RowGrad(rows, values)})``. The cost of a step grows with the rows it names, not with the
    parameter.

    Args:
        rows: The numbers of the rows: an array of int64 or int32 of shape (n,). A row may appear more than once; its
            gradients are added in order.
        values: The gradients of these rows: an array of shape (n, columns), of any dtype that gradients can have. It is
            not copied.

    Raises:
        TypeError: An argument is not an array, or has another dtype.
        ValueError: An array has another shape, or is not contiguous.

    Examples:
        >>> table = np.zeros((1000, 2), np.float32)
        >>> opt = adamas.Adam({"table": table}, lr=0.1, sparse={"table": "lazy"})
        >>> rows = np.array([7, 1, 7])
        >>> opt.step({"table": adamas.RowGrad(rows, np.ones((3, 2), np.float32))}).updated
        1
        >>> table[7]
        array([-0.1, -0.1], dtype=float32)
    """

    __slots__ = ("_rows", "_values")

    def __init__(self, rows: Array, values: Array) -> None:
        _check_pair(rows, values)
        self._rows = rows
        self._values = values

    def __init_subclass__(cls) -> None:
        raise TypeError("RowGrad cannot be subclassed")

    @property
    def rows(self) -> Array:
        """Numbers of the rows."""
        return self._rows

    @property
    def values(self) -> Array:
        """Their gradients."""
        return self._values

    def __repr__(self) -> str:
        return f"RowGrad({len(self._rows)} rows, {self._values.dtype}, {self._values.shape[1]} columns)"


def check_row_numbers(rows: Any, path: str) -> Array:
    """Return ``rows`` if it is an array of row numbers.

    Raises:
        TypeError: Not an array, or of another dtype.
        ValueError: Of other than one dimension, or not contiguous.
    """
    if type(rows) not in (np.ndarray, np.memmap):
        raise TypeError(f"{path}: expected a numpy.ndarray, got {type_name(rows)}")
    if rows.dtype not in (np.dtype(np.int64), np.dtype(np.int32)) or not rows.dtype.isnative:
        raise TypeError(f"{path}: expected dtype int64 or int32, got {rows.dtype}")
    if rows.ndim != 1 or not rows.flags.c_contiguous or not rows.flags.aligned:
        raise ValueError(f"{path}: expected a contiguous array of one dimension, got one of shape {rows.shape}")
    return rows  # type: ignore[no-any-return]


def _check_pair(rows: Any, values: Any, prefix: str = "", *, writable: bool = False) -> None:
    check_row_numbers(rows, f"{prefix}rows")
    check_array(values, f"{prefix}values", writable=writable)
    if values.ndim != 2 or len(values) != len(rows):
        expected = f"({len(rows)}, columns), as there are rows"
        raise ValueError(f"{prefix}values: expected shape {expected}, got {values.shape}")


def check_row_grad(grad: Any, path: str, param: Array, param_path: str, *, writable: bool) -> None:
    """Refuse a gradient of single rows that does not fit the parameter.

    Raises:
        ValueError: Another number of columns, or a row that the parameter does not have.
    """
    _check_pair(grad.rows, grad.values, f"{path}.", writable=writable)  # they may have changed
    if grad.values.shape[1] != param.shape[1]:
        raise ValueError(
            f"{path}.values: expected {param.shape[1]} columns, as {param_path} has, got {grad.values.shape[1]}"
        )
    check_rows(grad.rows, f"{path}.rows", param, param_path)


def check_rows(rows: Array, path: str, param: Array, param_path: str) -> None:
    """Refuse rows that the parameter does not have."""
    wrong = rows[(rows < 0) | (rows >= len(param))]
    if wrong.size:
        raise ValueError(f"{path}: {param_path} has rows 0 to {len(param) - 1}, got {wrong[0]}")


def arrays_of(grad: Any, path: str) -> list[tuple[str, Array]]:
    """Return path and array of all memory of a gradient."""
    if type(grad) is RowGrad:
        return [(f"{path}.values", grad.values)]  # rows are only read, and of other dtypes
    return [(path, grad)]
