"""The loop around an optimizer that autograd's functions are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import adamas
from adamas.adapters import Array, Lent, evaluated
from adamas.adapters.checks import shown, whole_number
from adamas.autograd._trees import tree_of


def train(
    make: Callable[[list[Array]], adamas.Optimizer],
    grad: Callable[[Any, int], Any],
    x0: Any,
    callback: Callable[[Any, int, Any], object] | None,
    num_iters: int,
    dtype: Any,
) -> Any:
    """Take steps from ``x0``, and return the parameters after them.

    Args:
        make: Makes the optimizer of a list of arrays.
        grad: Returns the gradient at ``x`` in iteration ``i``, counted from 0.
        x0: The parameters at first, nested.
        callback: Called as ``callback(x, i, g)`` before each step, or None.
        num_iters: The number of steps.
        dtype: In which dtype to compute: float32 or float64.

    Raises:
        TypeError: An argument or gradient of the wrong type; the message names it.
        ValueError: A gradient that does not fit ``x0``, or a number out of range; the message names it.
    """
    for name, function in (("grad", grad), ("callback", callback)):
        if not callable(function) and (name == "grad" or function is not None):
            raise TypeError(f"{name}: expected a function, got {shown(function)}")
    steps = whole_number(num_iters, "num_iters", 0)
    starts: list[Array] = []
    tree_of(x0, "x0").collect(x0, starts)
    if not starts:
        raise ValueError("x0: expected at least one array or number, got none")
    params = [np.array(start, _checked(dtype)) for start in starts]
    optimizer = make(params)
    form, lent = tree_of(x0, "grad(x, i)"), [Lent(param) for param in params]
    for i in range(steps):
        x = form.build(copy.fresh() for copy in lent)
        g = grad(x, i)
        if callback is not None:
            callback(x, i, g)
        del x  # the next copies go into the same memory, unless somebody has kept these
        grads: list[Array] = []
        form.collect(g, grads)
        optimizer.step(grads)
    with evaluated(optimizer):
        return form.build(param.copy() for param in params)


def _checked(dtype: Any) -> np.dtype[Any]:
    chosen = np.dtype(np.float64 if dtype is None else dtype)
    if chosen not in (np.float32, np.float64):
        raise ValueError(f"dtype: expected float32 or float64, got {shown(dtype)}")
    return chosen


def start_at_one_step(optimizer: adamas.Optimizer, names: Sequence[str], value: float) -> None:
    """Begin with states of this value, as if one step had been taken: rules begin anew at their first step."""
    saved = optimizer.state_dict()
    saved["step"] = 1
    for state in saved["state"].values():
        state["step"] = 1
        for name in names:
            state[name][...] = value
    optimizer.load_state_dict(saved)
