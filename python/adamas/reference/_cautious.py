"""Cautious updates: elements whose change would go along the gradient wait."""

from __future__ import annotations

from typing import Any

import numpy as np

from adamas._types import Array
from adamas.rules.formula import Coefficients, Formula

#: The least share of elements that others are divided by.
_LEAST_SHARE = 1e-3


def cautious_update(rule: Formula, p: Array, g: Array, states: dict[str, Array], c: Coefficients) -> Array:
    """Return the new parameter, as `Formula.update` does, by a rule that is `Formula.cautious`.

    Such a rule makes a parameter of zeros its change. Elements whose change goes against the gradient move; their share
    is that of the whole parameter. A change that is no number stays one, whether it is masked or not.
    """
    number: Any = p.dtype.type
    change = rule.update(np.zeros_like(p), g, states, c)
    along = np.where(g > 0, change, np.where(g < 0, number(0) - change, number(0)))
    moves = along < 0
    share = np.count_nonzero(moves) / p.size if p.size else 1.0
    scale = 1.0 / (share if share > _LEAST_SHARE else _LEAST_SHARE)
    new: Array = p + change * np.where(moves, number(scale), number(0))
    return new
