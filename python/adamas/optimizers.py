"""The optimizers: the interface of `adamas.reference`, stepped by the compiled core."""

from __future__ import annotations

from adamas import _core, reference
from adamas._optimizer.base import Optimizer
from adamas._optimizer.engine import Plan
from adamas._optimizer.report import StepReport

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


class CompiledOptimizer(Optimizer):
    """An optimizer whose engine is the compiled core."""

    def _new_plan(self) -> Plan:
        plan = _core.Plan(self._description, StepReport, int(self._formats.seed))
        plan.foreign_groups = self._foreign_groups
        return plan


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
