"""Step scopes of several processes: gradients are given one by one, and sent meanwhile."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Any

from adamas._inputs import trees
from adamas._inputs.arrays import address
from adamas._optimizer.diagnosis import Diagnosis
from adamas._optimizer.model import Model
from adamas._optimizer.report import StepReport
from adamas._optimizer.state_view import States
from adamas.sharded._traffic import EarlyGradients

__all__ = ["ShardedScope"]


class ShardedScope:
    """A step whose gradients are given one after the other. Made by ``opt.step_scope``, for a ``with`` statement.

    Args:
        model: The model of the optimizer.
        diagnosis: The checks of its gradients.
        begin: Begins to receive large gradients; None if nothing is to travel early.
        step: Takes the step with all gradients, and those that have travelled.
        fail: Tells the other processes that this one cannot go on.
    """

    def __init__(
        self,
        model: Model,
        diagnosis: Diagnosis,
        begin: Callable[[], EarlyGradients | None],
        step: Callable[[Any, EarlyGradients | None], StepReport],
        fail: Callable[[BaseException, EarlyGradients | None], None],
    ) -> None:
        self._model = model
        self._diagnosis = diagnosis
        self._begin = begin
        self._step = step
        self._fail = fail
        self._states = States(model)
        self._grads: list[Any] = [None] * len(model.parameters)
        self._early: EarlyGradients | None = None
        self._report: StepReport | None = None
        self._was_entered = False

    @property
    def report(self) -> StepReport:
        """The report of the step, after the block.

        Raises:
            RuntimeError: The block is not over.
        """
        if self._report is None:
            raise RuntimeError("report: the step is not over; ask after the block of its scope")
        return self._report

    def __enter__(self) -> ShardedScope:
        if self._model.refusal is not None:
            raise RuntimeError(self._model.refusal)
        if self._was_entered:
            raise RuntimeError("step_scope: a scope is one step; make a new one for the next")
        if self._model.scope is not None:
            raise RuntimeError("step_scope: another scope is open")
        self._was_entered = True
        self._early = self._begin()
        self._model.scope = self
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._model.scope = None
        early, self._early = self._early, None
        if error is not None:
            self._fail(error, early)
            return
        leaves = iter(self._grads)
        self._report = self._step(trees.filled(self._model.parameters.description, leaves), early)

    def has(self, index: int) -> bool:
        """Tell whether a parameter has been given a gradient."""
        return self._grads[index] is not None

    @contextlib.contextmanager
    def closing(self) -> Iterator[None]:
        """Be in the block once more, and leave it: for one that was entered by `__enter__`."""
        try:
            yield
        except BaseException as error:
            self.__exit__(type(error), error, error.__traceback__)
            raise
        self.__exit__(None, None, None)

    def step_param(self, name: str | int, grad: Any) -> None:
        """Take the gradient of one parameter, which must stay as it is until the end of the block."""
        if self._model.scope is not self:
            raise RuntimeError("step_param: only inside the block of its scope")
        index = self._states.number(name)
        parameter = self._model.parameters[index]
        if self._grads[index] is not None:
            raise ValueError(f"step_param: {parameter.name!r} has a gradient in this scope already")
        checked = self._diagnosis.check_one(index, grad)
        self._grads[index] = checked
        if self._early is not None and checked.dtype == parameter.dtype:
            self._early.send(index, address(checked))
