"""A function to minimize, its gradient, and how often each was evaluated."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from adamas.adapters import Array
from adamas.adapters.checks import shown, type_name


class Objective:
    """A function and its gradient, both evaluated at most once for each point.

    Args:
        fun: The function, or with ``jac=True`` one that returns value and gradient.
        jac: The gradient; True; or None (False, "2-point") for forward differences.
        args: What both get after ``x``.

    Attributes:
        nfev: How often the function was evaluated.
        njev: How often the gradient was evaluated.
        x: The point; None before the first.
    """

    def __init__(self, fun: Any, jac: Any, args: tuple[Any, ...]) -> None:
        owner = getattr(jac, "__self__", None)
        if owner is not None and owner is fun and hasattr(owner, "fun"):
            # What SciPy makes of jac=True. It remembers values by x alone, and would not see that a batch is another.
            fun, jac = owner.fun, True
        if not callable(fun):
            raise TypeError(f"fun: expected a function, got {shown(fun)}")
        if not (callable(jac) or jac is None or isinstance(jac, bool | np.bool_) or jac == "2-point"):
            raise ValueError(f"jac: expected a function, True, None or '2-point', got {shown(jac)}")
        self._fun = fun
        self._both = not callable(jac) and jac is not None and jac != "2-point" and bool(jac)
        self._jac = jac if callable(jac) else None
        self._args = args
        self.nfev = self.njev = 0
        self.x: Array | None = None

    def at(self, x: Array, batch: tuple[Any, ...] = ()) -> None:
        """Set the point, and the batch of data, that the next calls are about."""
        self.x = x
        self._extra = (*batch, *self._args) if batch else self._args
        self._value: float | None = None
        self._gradient: Array | None = None

    def move(self, x: Array) -> None:
        """Set another point, and keep the batch. What was evaluated at an equal point is kept, too."""
        if self.x is None or not np.array_equal(self.x, x):
            self.x, self._value, self._gradient = x, None, None

    def value(self) -> float:
        """Return the value of the function."""
        if self._value is None:
            if self._both:
                self._evaluate_both()
            else:
                self._value = self._number(self._fun(self.x, *self._extra))
                self.nfev += 1
        assert self._value is not None
        return self._value

    def gradient(self) -> Array:
        """Return the gradient, of the shape of the point."""
        if self._gradient is None:
            if self._both:
                self._evaluate_both()
            elif self._jac is not None:
                self._gradient = self._array(self._jac(self.x, *self._extra))
                self.njev += 1
            else:
                self._gradient = self._forward_differences()
                self.njev += 1
        assert self._gradient is not None
        return self._gradient

    def _evaluate_both(self) -> None:
        found = self._fun(self.x, *self._extra)
        if not isinstance(found, tuple | list) or len(found) != 2:
            raise TypeError(f"fun: with jac=True, expected a value and a gradient, got {type_name(found)}")
        self._value, self._gradient = self._number(found[0]), self._array(found[1])
        self.nfev += 1
        self.njev += 1

    def _forward_differences(self) -> Array:
        from scipy.optimize import approx_fprime  # noqa: PLC0415

        def function(x: Array) -> float:
            self.nfev += 1
            return self._number(self._fun(x, *self._extra))

        return self._array(approx_fprime(self.x, function))

    @staticmethod
    def _number(value: Any) -> float:
        if type(value) is float:
            return value
        array = np.asarray(value)
        if array.size != 1 or array.dtype.kind not in "fiub":
            raise TypeError(f"fun: expected a real number, got {shown(value)}")
        return float(array.item())

    def _array(self, value: Any) -> Array:
        gradient = np.asarray(value)
        if gradient.dtype.kind != "f":
            if gradient.dtype.kind not in "iub":
                raise TypeError(f"jac: expected an array of real numbers, got {shown(value)}")
            gradient = gradient.astype(np.float64)
        assert self.x is not None
        if gradient.shape != self.x.shape:
            if gradient.size != self.x.size:
                raise ValueError(f"jac: expected a gradient of shape {self.x.shape}, got shape {gradient.shape}")
            gradient = gradient.reshape(self.x.shape)
        return gradient


def batches_of(batch: Any) -> Iterator[tuple[Any, ...]]:
    """Yield what functions get after ``x`` in each iteration: nothing, or one batch.

    Args:
        batch: None; a function of the number of the iteration; or an iterable, which begins anew after its end unless
            it is an iterator.

    Raises:
        TypeError: It is none of these.
    """
    if batch is None:
        return _forever(lambda k: ())
    if callable(batch):
        return _forever(lambda k: (batch(k),))
    if not isinstance(batch, Iterable):
        raise TypeError(f"batch: expected None, a function or an iterable, got {type_name(batch)}")
    return _again_and_again(batch)


def _forever(of: Callable[[int], tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
    k = 0
    while True:
        yield of(k)
        k += 1


def _again_and_again(batches: Iterable[Any]) -> Iterator[tuple[Any, ...]]:
    while True:
        found = False
        for each in batches:
            found = True
            yield (each,)
        if not found or iter(batches) is batches:
            return
