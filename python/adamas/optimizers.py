"""The optimizers: the interface of `adamas.reference`, stepped by the compiled core."""

from __future__ import annotations

import functools

from adamas import _core, reference
from adamas._engine import Plan
from adamas._formats import STATE_FORMATS
from adamas._optimizer import Optimizer
from adamas._report import StepReport
from adamas._sparse import MODES

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


#: What the core calls the numbers of `adamas._formats` and `adamas._sparse`, and averages of so many bytes an element.
_STATE_FORMATS = {number: getattr(_core.StateFormat, name) for name, number in STATE_FORMATS.items()}
_RESIDUES = {int(residue): residue for residue in _core.Residue.__members__.values()}
_AVERAGES = {0: None, 2: _core.DType.bfloat16, 4: _core.DType.float32, 8: _core.DType.float64}
_ROW_MODES = {-1: None, **{number: getattr(_core.RowMode, name) for name, number in MODES.items()}}


class CompiledOptimizer(Optimizer):
    """An optimizer whose engine is the compiled core."""

    def _new_plan(self) -> Plan:
        plan = _core.Plan(self._description, StepReport, int(self._formats.seed))
        plan.foreign_groups = self._foreign_groups
        return plan

    def _add(self, index: int, rule: str, average_bytes: int, row_mode: int) -> None:
        state_format, residue = self._formats_of(index)
        self._plan.add(
            self._leaves[index].array,
            rule=rule,
            state_format=_STATE_FORMATS[state_format],
            residue=_RESIDUES[residue],
            average=_AVERAGES[average_bytes],
            copy=self._copies[index],
            row_mode=_ROW_MODES[row_mode],
        )


@functools.cache
def for_adapters(optimizer: type[Optimizer]) -> type[Optimizer]:
    """Return the optimizer as the engine of another library's.

    Its groups are those that the other library keeps, with entries of its own, and what people are told of is for that
    library's optimizer to say.
    """
    return type(optimizer.__name__, (optimizer,), {"_foreign_groups": True, "__module__": optimizer.__module__})


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
