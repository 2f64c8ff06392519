"""The optimizers: the interface of `adamas.reference`, stepped by the compiled core."""

from __future__ import annotations

from typing import Any

from adamas import _core, reference
from adamas._optimizer import Optimizer
from adamas._report import StepReport

__all__ = ["Adam", "AdamW"]


class CompiledOptimizer(Optimizer):
    """An optimizer whose engine is the compiled core."""

    def _new_plan(self) -> Any:
        return _core.Plan(self._description, StepReport)

    def _state_names(self, rule: str) -> tuple[str, ...]:
        return _core.rules()[rule]

    def step(self, grads: Any) -> StepReport:
        report: StepReport | None = self._plan.step(grads, self.param_groups)
        if report is None:
            self._check_step(grads, self._plan.scheduled)  # raises
            raise RuntimeError("an input changed while it was being checked; nothing was updated")
        return report


class Adam(CompiledOptimizer, reference.Adam):  # noqa: D101 (as the reference)
    __doc__ = reference.Adam.__doc__


class AdamW(CompiledOptimizer, reference.AdamW):  # noqa: D101 (as the reference)
    __doc__ = reference.AdamW.__doc__
