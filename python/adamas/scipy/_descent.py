"""The iterations of a minimization."""

from __future__ import annotations

import math
from collections.abc import Iterator
from enum import Enum
from typing import Any

import numpy as np

import adamas
from adamas.adapters import Array, Lent, evaluated
from adamas.scipy._bounds import Box
from adamas.scipy._objective import Objective
from adamas.scipy._report import Report


class End(Enum):
    """Reasons for the end of a minimization; the value is the ``status`` of the result."""

    CONVERGED = 0
    ALL_ITERATIONS = 1
    NOT_FINITE = 2
    NO_MORE_BATCHES = 3
    STOPPED = 99

    @property
    def message(self) -> str:
        """The message of the result."""
        return _MESSAGES[self]

    def is_success(self, *, tested: bool) -> bool:
        """Tell whether it ended as it should.

        Args:
            tested: The gradient was to become small; otherwise it is enough that all iterations were done.
        """
        return self is End.CONVERGED or (not tested and self in (End.ALL_ITERATIONS, End.NO_MORE_BATCHES))


_MESSAGES = {
    End.CONVERGED: "No element of the gradient is larger than gtol.",
    End.ALL_ITERATIONS: "The maximum number of iterations has been reached.",
    End.NOT_FINITE: "The gradient is not finite.",
    End.NO_MORE_BATCHES: "There are no more batches.",
    End.STOPPED: "`callback` raised `StopIteration`.",
}


class Descent:
    """A minimization under way.

    Attributes:
        nit: How many iterations were done.
    """

    def __init__(
        self,
        x: Array,
        objective: Objective,
        *,
        box: Box | None,
        batches: Iterator[tuple[Any, ...]],
        report: Report,
        optimizer: adamas.Optimizer,
    ) -> None:
        self._x = x
        self._objective = objective
        self._box = box
        self._batches = batches
        self._report = report
        self._optimizer = optimizer
        self._magnitudes = np.empty_like(x)
        self.nit = 0

    def run(self, most: int, enough: float | None) -> End:
        """Take steps, and return what has ended them.

        Args:
            most: The most steps.
            enough: The largest element of a gradient that is small enough; None for no such test.

        Raises:
            ValueError: There is no batch.
        """
        lent, objective, box = Lent(self._x), self._objective, self._box
        if box is not None:
            box.project(self._x)
        with self._report as report:
            for batch in self._batches:
                objective.at(lent.fresh(), batch)
                if self.nit and report.after(self.nit, self._x, objective):
                    return End.STOPPED
                if self.nit == most and enough is None:
                    return End.ALL_ITERATIONS
                gradient = objective.gradient()
                end = self._judge(gradient, enough)
                if end is None and self.nit == most:
                    end = End.ALL_ITERATIONS
                if end is not None:
                    return end
                self._optimizer.step(gradient)
                if box is not None:
                    box.project(self._x)
                self.nit += 1
        if objective.x is None:
            raise ValueError("batch: expected at least one batch, got none")
        return End.NO_MORE_BATCHES

    def _judge(self, gradient: Array, enough: float | None) -> End | None:
        """Return what a gradient ends, or None."""
        followed = gradient if self._box is None else self._box.projected(self._x, gradient)
        largest = np.maximum.reduce(np.abs(followed, out=self._magnitudes), initial=0.0)
        if not largest < math.inf:
            return End.NOT_FINITE
        return End.CONVERGED if enough is not None and largest <= enough else None

    def found(self) -> Array:
        """Return the result, at which the objective is now."""
        with evaluated(self._optimizer):
            found: Array = self._x.copy()
        if self._box is not None:
            self._box.project(found)  # an average is in it except for rounding
        self._objective.move(found.copy())
        return found
