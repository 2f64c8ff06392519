"""Optimizers with the compiled core as their engine."""

from __future__ import annotations

import functools
from typing import ClassVar

from adamas import _core
from adamas._inputs.trees import Description
from adamas._optimizer.base import Optimizer
from adamas._optimizer.engine import Engine
from adamas._optimizer.parameters import Formats, Parameter
from adamas._optimizer.report import StepReport
from adamas._optimizer.step_scope import StepScope


class CompiledEngine(_core.Plan):
    """The engine in C++."""

    __slots__ = ()  # without a __dict__, its methods are found sooner

    def add_parameter(self, parameter: Parameter, shard: tuple[int, int] | None = None) -> None:
        """Add a parameter to the last group; ``shard``: the elements that are stepped here, if others step the rest."""
        copy, mode = parameter.copy, parameter.row_mode
        state_format, residue, average = _in_core(parameter.formats)
        self.add(
            parameter.array,
            rule=parameter.formula.name,
            state_format=state_format,
            residue=residue,
            average=average,
            copy=None if copy is None else copy.array,
            row_mode=None if mode is None else getattr(_core.RowMode, mode.value),
            matrix=parameter.matrix or (),
            shard=shard,
        )


@functools.cache
def _in_core(formats: Formats) -> tuple[_core.StateFormat, _core.Residue, _core.DType | None]:
    """Return what the core calls these formats."""
    average = formats.average_dtype
    return (
        getattr(_core.StateFormat, formats.states.value),
        getattr(_core.Residue, formats.residue.value),
        None if average is None else getattr(_core.DType, average.name),
    )


class CompiledScope(StepScope, _core.Scope):
    """A step under way, whose end is compiled, so that no interrupt comes in between."""

    __exit__ = _core.Scope.__exit__


class CompiledOptimizer(Optimizer):
    """An optimizer whose engine is the compiled core."""

    _scope_class: ClassVar[type[StepScope]] = CompiledScope

    def _new_engine(self) -> Engine:
        model = self._model
        engine = self._make_engine(model.parameters.description, model.formats.seed)
        engine.foreign_groups = model.kind.foreign
        return engine

    def _make_engine(self, description: Description, seed: int) -> CompiledEngine:
        return CompiledEngine(description, StepReport, seed)
