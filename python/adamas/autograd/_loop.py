"""The training loop that autograd's optimizer functions run."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import adamas
from adamas.adapters import Array, Lent, evaluated
from adamas.adapters.checks import shown, whole_number
from adamas.autograd._trees import Leaf, Tree, tree_of

#: Makes the optimizer of a list of arrays.
Maker = Callable[[list[Array]], adamas.Optimizer]


def train(
    make: Maker,
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
    run = _Run(make, tree_of(x0, "grad(x, i)"), [np.array(start, _checked(dtype)) for start in starts])
    for i in range(steps):
        run.step(grad, callback, i)
    return run.result()


class _Run:
    """Parameters in training, and what functions of users see of them.

    A single array is shown as it is, as autograd shows it: what is written into it counts. If somebody keeps it, or a
    view of it, it stays theirs with the values that it has; the training goes on in other memory, and shows copies from
    then on. Nested parameters are shown as copies.
    """

    def __init__(self, make: Maker, form: Tree, params: list[Array]) -> None:
        self._make = make
        self._form = form
        self._params = params
        self._optimizer = make(params)
        self._copies = None if isinstance(form, Leaf) else [Lent(param) for param in params]
        self._references = sys.getrefcount(params[0])

    def step(self, grad: Callable[[Any, int], Any], callback: Callable[[Any, int, Any], object] | None, i: int) -> None:
        """Take a step."""
        x = self._form.build(iter(self._params) if self._copies is None else (copy.fresh() for copy in self._copies))
        g = grad(x, i)
        if callback is not None:
            callback(x, i, g)
        del x
        if self._copies is None and sys.getrefcount(self._params[0]) > self._references:
            self._move()
        grads: list[Array] = []
        self._form.collect(g, grads)
        self._optimizer.step(grads)

    def _move(self) -> None:
        """Go on in other memory."""
        saved = self._optimizer.state_dict()
        self._params = [param.copy() for param in self._params]
        self._optimizer = self._make(self._params)
        self._optimizer.load_state_dict(saved)
        self._copies = [Lent(param) for param in self._params]

    def result(self) -> Any:
        """Return the parameters, in new arrays."""
        with evaluated(self._optimizer):
            return self._form.build(param.copy() for param in self._params)


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
