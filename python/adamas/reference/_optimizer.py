"""Optimizers with the engine in NumPy."""

from __future__ import annotations

from typing import ClassVar

from adamas._optimizer.base import Optimizer
from adamas._optimizer.engine import Engine
from adamas._optimizer.step_scope import StepScope
from adamas._system.interrupts import uninterrupted
from adamas.reference._engine import NumpyEngine


class ReferenceScope(StepScope):
    """A step under way."""

    def __exit__(self, *exception: object) -> None:
        uninterrupted(self._leave)

    def _leave(self) -> None:
        if self._model.scope is not self:
            raise RuntimeError("step_scope: this scope is not open")
        self._model.scope = None
        self._conclude(self._begun.close())


class ReferenceOptimizer(Optimizer):
    """An optimizer that steps in plain NumPy, with the bits of the compiled one."""

    _scope_class: ClassVar[type[StepScope]] = ReferenceScope

    def _new_engine(self) -> Engine:
        return NumpyEngine(self._diagnosis, self._model.formats.seed)
