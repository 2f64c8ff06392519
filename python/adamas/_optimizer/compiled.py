"""Optimizers whose engine is the compiled core."""

from __future__ import annotations

import functools

from adamas import _core
from adamas._optimizer.base import Optimizer
from adamas._optimizer.engine import Plan
from adamas._optimizer.report import StepReport
from adamas._optimizer.rule_optimizer import RuleOptimizer


class CompiledOptimizer(RuleOptimizer):
    """An optimizer whose engine is the compiled core."""

    def _new_plan(self) -> Plan:
        plan = _core.Plan(self._description, StepReport, int(self._formats.seed))
        plan.foreign_groups = self._foreign_groups
        return plan


@functools.cache
def for_adapters(optimizer: type[Optimizer]) -> type[Optimizer]:
    """Return the optimizer as the engine of another library's.

    Its groups are those that the other library keeps, with entries of its own, and what people are told of is for that
    library's optimizer to say.
    """
    return type(optimizer.__name__, (optimizer,), {"_foreign_groups": True, "__module__": optimizer.__module__})
