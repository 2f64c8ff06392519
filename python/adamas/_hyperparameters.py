"""What hyperparameters must be, and the messages for those that are not.

The compiled core asks the same questions faster (``cpp/bindings/hyperparameters.cpp``) and comes here when an answer
is no.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from numbers import Real
from typing import Any

import numpy as np

from adamas._structure import type_name

#: As in ``cpp/include/adamas/threads.hpp``.
MAX_THREADS = 1024

_NON_NEGATIVE = ("lr", "eps", "weight_decay")
_FLAGS = ("maximize", "bias_correction", "eps_hat", "decoupled_weight_decay", "amsgrad")


def shown(value: Any) -> str:
    """Show a value in a message, briefly; some values cannot even be shown (10**5000)."""
    try:
        text = repr(value)
    except Exception:
        return f"a value of type {type_name(value)}"
    return text if len(text) <= 80 else f"{text[:76]} ..."


def number(value: Any, path: str, expected: str, least: float, below: float) -> float:
    """Return ``value`` as a float if it is a real number in [least, below)."""
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(f"{path}: expected {expected}, got {shown(value)}")
    try:
        converted = float.__float__(value) if isinstance(value, float) else float(value)
    except (OverflowError, ValueError):
        converted = math.nan
    if not least <= converted < below:
        raise ValueError(f"{path}: expected {expected}, got {shown(value)}")
    return converted


def check_threads(count: int | None) -> int:
    """Return a limit of threads as the core takes it: 0 for None."""
    if count is None:
        return 0
    expected = f"None or a whole number from 1 to {MAX_THREADS}"
    number(count, "num_threads", expected, 1, MAX_THREADS + 1)
    if not isinstance(count, int | np.integer):
        raise TypeError(f"num_threads: expected {expected}, got {shown(count)}")
    return int(count)


def _pair(value: Any, path: str) -> tuple[float, float]:
    if not isinstance(value, list | tuple) or len(value) != 2:
        raise TypeError(f"{path}: expected two numbers (beta1, beta2), got {shown(value)}")
    first, second = (number(beta, f"{path}[{i}]", "a number in [0, 1)", 0.0, 1.0) for i, beta in enumerate(value))
    return first, second


def check_group(
    group: Mapping[str, Any],
    path: str,
    known: Mapping[str, Any],
    completed: int | None,
    scheduled: tuple[Any] | None = None,
) -> dict[str, Any]:
    """Return the hyperparameters of a group as plain floats and bools.

    Args:
        group: A dict of ``param_groups``, or keyword arguments.
        path: How messages name the group; a ``{}`` in it stands for the name of the hyperparameter.
        known: The rule's hyperparameters; all of them must be there.
        completed: Steps taken so far, with which a callable ``lr`` is called; None to leave it uncalled.
        scheduled: What a callable ``lr`` has returned for this step already, if it has been called.

    Raises:
        TypeError: A value of the wrong type.
        ValueError: A value missing, out of range, infinite or not a number.
    """
    checked: dict[str, Any] = {}
    for name in known:
        where = path.format(name)
        if name not in group:
            raise ValueError(f"{where}: missing; each group must keep all hyperparameters of its rule")
        value = group[name]
        if name == "lr" and callable(value):
            if completed is None:
                checked[name] = value
                continue
            value = value(completed) if scheduled is None else scheduled[0]
            where = f"{where} (called with step {completed})"
        if name in _NON_NEGATIVE:
            expected = "a finite number >= 0" + (", or a callable step -> number" if name == "lr" else "")
            checked[name] = number(value, where, expected, 0.0, math.inf)
        elif name == "betas":
            checked[name] = _pair(value, where)
        elif name in _FLAGS:
            if not isinstance(value, bool):
                raise TypeError(f"{where}: expected True or False, got {shown(value)}")
            checked[name] = value
        else:
            raise AssertionError(f"no check for the hyperparameter {name!r}")
    return checked
