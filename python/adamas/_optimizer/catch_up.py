"""Rows of sparse parameters that have missed steps."""

from __future__ import annotations

from adamas._optimizer.model import Model
from adamas._optimizer.parameters import Parameter
from adamas._types import Array
from adamas.rows import check_row_numbers, check_rows


def catch_up(model: Model, parameter: Parameter | None = None, rows: Array | None = None) -> None:
    """Bring rows to the last step; see `Optimizer.catch_up`.

    Args:
        model: The optimizer's.
        parameter: Whose rows. None: those of all parameters that take gradients of single rows.
        rows: Their numbers. None: all.
    """
    for p in list(model.parameters.by_row()) if parameter is None else [parameter]:
        p.check_bound()
        if rows is not None:
            check_rows(check_row_numbers(rows, "rows"), "rows", p.array, p.path)
        if not model.engine.catch_up(p.index, rows):
            raise RuntimeError("an input changed while it was being checked; nothing was updated")
