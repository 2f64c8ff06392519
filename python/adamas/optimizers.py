"""The optimizers: the interface of `adamas.reference`, stepped by the compiled core."""

from __future__ import annotations

from typing import ClassVar

from adamas import _core, reference
from adamas._optimizer.base import Optimizer
from adamas._optimizer.engine import Engine
from adamas._optimizer.parameters import Parameter
from adamas._optimizer.report import StepReport
from adamas._optimizer.step_scope import StepScope

__all__ = [
    "ADOPT",
    "LAMB",
    "SGD",
    "AdEMAMix",
    "AdaBelief",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "Adan",
    "Lion",
    "NAdam",
    "RAdam",
    "RMSprop",
    "ScheduleFreeAdamW",
    "Yogi",
]


class CompiledEngine(_core.Plan):
    """The engine in C++."""

    def add_parameter(self, parameter: Parameter, formula: str) -> None:
        """Add a parameter to the last group."""
        formats, copy = parameter.formats, parameter.copy
        average, mode = formats.average_dtype, parameter.row_mode
        self.add(
            parameter.array,
            rule=formula,
            state_format=getattr(_core.StateFormat, formats.states.value),
            residue=getattr(_core.Residue, formats.residue.value),
            average=None if average is None else getattr(_core.DType, average.name),
            copy=None if copy is None else copy.array,
            row_mode=None if mode is None else getattr(_core.RowMode, mode.value),
        )


class CompiledScope(StepScope, _core.Scope):
    """A step under way, whose end is compiled, so that no interrupt comes in between."""

    __exit__ = _core.Scope.__exit__


class CompiledOptimizer(Optimizer):
    """An optimizer whose engine is the compiled core."""

    _scope_class: ClassVar[type[StepScope]] = CompiledScope

    def _new_engine(self) -> Engine:
        model = self._model
        engine = CompiledEngine(model.parameters.description, StepReport, model.formats.seed)
        engine.foreign_groups = model.kind.foreign
        return engine


# Each has the docstring of its reference.
# ruff: noqa: D101


class Adam(CompiledOptimizer, reference.Adam):
    __doc__ = reference.Adam.__doc__


class AdamW(CompiledOptimizer, reference.AdamW):
    __doc__ = reference.AdamW.__doc__


class NAdam(CompiledOptimizer, reference.NAdam):
    __doc__ = reference.NAdam.__doc__


class RAdam(CompiledOptimizer, reference.RAdam):
    __doc__ = reference.RAdam.__doc__


class Adamax(CompiledOptimizer, reference.Adamax):
    __doc__ = reference.Adamax.__doc__


class AdaBelief(CompiledOptimizer, reference.AdaBelief):
    __doc__ = reference.AdaBelief.__doc__


class Yogi(CompiledOptimizer, reference.Yogi):
    __doc__ = reference.Yogi.__doc__


class Adagrad(CompiledOptimizer, reference.Adagrad):
    __doc__ = reference.Adagrad.__doc__


class RMSprop(CompiledOptimizer, reference.RMSprop):
    __doc__ = reference.RMSprop.__doc__


class Lion(CompiledOptimizer, reference.Lion):
    __doc__ = reference.Lion.__doc__


class LAMB(CompiledOptimizer, reference.LAMB):
    __doc__ = reference.LAMB.__doc__


class Adan(CompiledOptimizer, reference.Adan):
    __doc__ = reference.Adan.__doc__


class ADOPT(CompiledOptimizer, reference.ADOPT):
    __doc__ = reference.ADOPT.__doc__


class AdEMAMix(CompiledOptimizer, reference.AdEMAMix):
    __doc__ = reference.AdEMAMix.__doc__


class ScheduleFreeAdamW(CompiledOptimizer, reference.ScheduleFreeAdamW):
    __doc__ = reference.ScheduleFreeAdamW.__doc__


class SGD(CompiledOptimizer, reference.SGD):
    __doc__ = reference.SGD.__doc__
