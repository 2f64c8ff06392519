"""Parameters with gradients of single rows, and the error messages for those that cannot have them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from adamas._inputs import trees
from adamas._inputs.values import shown
from adamas._numerics.formats import RowMode
from adamas._types import Array
from adamas.rules import Formula

_MODES = {mode.value: mode for mode in RowMode}
#: That rows can count.
_MOST_STEPS = 2**32 - 1


def check_sparse(sparse: Any, leaves: Sequence[trees.Named]) -> dict[int, RowMode]:
    """Return the mode of each parameter, by its number, that takes gradients of single rows.

    Raises:
        TypeError: Not a mapping.
        ValueError: No such parameter, no such mode, or a parameter that cannot take them.
    """
    if sparse is None:
        return {}
    if not isinstance(sparse, Mapping):
        raise TypeError(f"sparse: expected a mapping of names to 'lazy' or 'exact', got {shown(sparse)}")
    numbers = {leaf.name: i for i, leaf in enumerate(leaves)}
    modes = {}
    for name, mode in sparse.items():
        if name not in numbers:
            raise ValueError(f"sparse: no parameter {name!r}; there are {trees.some(list(numbers))}")
        if not isinstance(mode, str) or mode not in _MODES:
            raise ValueError(f"sparse[{name!r}]: expected 'lazy' or 'exact', got {shown(mode)}")
        array = leaves[numbers[name]].array
        wanted = ("float32",) if mode == "exact" else ("float32", "float64")
        if array.ndim != 2 or array.shape[1] == 0 or array.dtype.name not in wanted:
            raise ValueError(
                f"sparse[{name!r}]: {mode!r} is for {' and '.join(wanted)} parameters of two dimensions, "
                f"got {array.dtype} of shape {array.shape}"
            )
        modes[numbers[name]] = _MODES[mode]
    return modes


def check_sparse_hyperparameters(name: str, group: Mapping[str, Any], path: str) -> None:
    """Refuse hyperparameters under which missed steps have no closed form.

    Raises:
        ValueError: Naming one.
    """
    if group["weight_decay"] and not group["decoupled_weight_decay"]:
        raise ValueError(f"{path}['weight_decay']: for the 'exact' rows of {name!r} it must be 0 or decoupled")
    if group["lr"] * group["weight_decay"] >= 1.0:
        raise ValueError(f"{path}['weight_decay']: for the 'exact' rows of {name!r}, lr * weight_decay must be < 1")


def check_sparse_rule(name: str, mode: RowMode, formula: Formula, cls: str, *, keeps_more: bool) -> None:
    """Refuse a rule that cannot work on single rows.

    Raises:
        ValueError: Naming it.
    """
    if not formula.works_on_rows:
        raise ValueError(f"sparse[{name!r}]: {cls} keeps numbers for the whole parameter, not for each row")
    if keeps_more:
        raise ValueError(f"sparse[{name!r}]: not for parameters with an average, a copy or low-precision states")
    if mode is RowMode.EXACT and not formula.has_closed_form:
        raise ValueError(f"sparse[{name!r}]: 'exact' is for Adam and AdamW without amsgrad; use 'lazy'")


def check_row_steps(count: int, row_counts: Array | None, path: str) -> None:
    """Refuse a step that rows could not count."""
    assert row_counts is not None
    if max(count, int(row_counts.max(initial=0))) >= _MOST_STEPS:
        raise ValueError(
            f"{path}: its rows have taken {_MOST_STEPS} steps, and cannot count more; make a new optimizer"
        )


def check_caught_up(state_dict: Mapping[str, Any], exact: list[str]) -> None:
    """Refuse a state dict in which rows lag behind, in the mode that cannot go on from there.

    Raises:
        ValueError: Naming the parameter.
    """
    for name in exact:
        entry = state_dict["state"][name]
        if np.any(entry["row_step"] != entry["step"]):
            raise ValueError(f"state_dict['state'][{name!r}]['row_step']: expected all to be {entry['step']}, the step")
