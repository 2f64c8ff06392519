"""Cautious updates: elements whose change would go along the gradient wait."""

from __future__ import annotations

from typing import Any

import numpy as np

from adamas._types import Array
from adamas.rules.formula import Coefficients, Formula

#: The least share of elements that others are divided by.
_LEAST_SHARE = 1e-3


def cautious_update(rule: Formula, coded: bool, p: Array, g: Array, states: dict[str, Array], c: Coefficients) -> Array:
    """Return the new parameter, as `Formula.update` does, by a rule that is `Formula.cautious`.

    Such a rule makes a parameter of zeros its change. Elements whose change goes against the gradient move; their share
    is that of the whole parameter. A change that is no number stays one, whether it is masked or not.

    Args:
        rule: The rule.
        coded: States are codes: then the change itself is counted by, even if the rule follows its average.
        p: As of `Formula.update`, as are the others.
        g: ...
        states: ...
        c: ...
    """
    number: Any = p.dtype.type
    change = rule.update(np.zeros_like(p), g, states, c)
    by_average = rule.follows_average and not coded
    counted = _goes_against(number(0) - states[next(iter(rule.states))] if by_average else change, g)
    share = np.count_nonzero(counted) / p.size if p.size else 1.0
    scale = 1.0 / (share if share > _LEAST_SHARE else _LEAST_SHARE)
    new: Array = p + change * np.where(_goes_against(change, g), number(scale), number(0))
    return new


def _goes_against(change: Array, g: Array) -> Array:
    """Compare signs, since the product of two small numbers would be zero."""
    zero = g.dtype.type(0)
    against: Array = np.where(g > 0, change, np.where(g < 0, zero - change, zero)) < 0
    return against
