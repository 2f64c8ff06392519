"""Step scopes: one step, taken parameter by parameter."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from adamas._optimizer.diagnosis import Diagnosis
from adamas._optimizer.engine import StepOptions, clip_coefficient
from adamas._optimizer.model import Model
from adamas._optimizer.report import StepReport
from adamas._optimizer.state_view import States
from adamas._optimizer.step_defaults import OnNonFinite, not_finite
from adamas._types import Array

#: Why a step cannot be taken in parts.
NEEDS_ALL = (
    "{}: {} needs sums over the gradients of all parameters before it can update one of them, so a step cannot be "
    "taken parameter by parameter; use step()"
)


class StepScope:
    """A step under way, parameter by parameter. Made by ``opt.step_scope``, and used in a ``with`` statement.

    `__exit__`, which a subclass adds, ends the step (``self._begun.close()``) and hands the number of parameters that
    were updated to `_conclude`; no interrupt may come between.
    """

    def __init__(
        self,
        model: Model,
        diagnosis: Diagnosis,
        groups: Callable[[], Any],
        options: StepOptions,
        choice: OnNonFinite,
        previous_norm: bool,
    ) -> None:
        super().__init__()
        if model.kind.spec.shared_scalars:
            raise ValueError(NEEDS_ALL.format("step_scope", model.kind.name))
        self._report: StepReport | None = None
        self._model = model
        self._diagnosis = diagnosis
        self._groups = groups
        self._choice = choice
        self._grad_scale = options.grad_scale
        self._coefficient = 1.0
        self._reports: dict[int, StepReport] = {}
        if options.max_norm < math.inf and not options.clip_each:
            if not previous_norm:
                raise ValueError(
                    "max_norm: inside a scope the norm of all gradients is not known before the last of them; set "
                    "previous_norm=True to clip by that of the step before, or clip_each=True, or max_norm=math.inf"
                )
            before = model.engine.previous_norm
            if before is not None:
                self._coefficient = clip_coefficient(before, options)
            scale = options.grad_scale / self._coefficient if self._coefficient else math.inf
            if math.isinf(scale):
                raise ValueError(f"max_norm: {options.max_norm!r} is too small beside the previous norm, {before!r}")
            options = options._replace(grad_scale=scale, max_norm=math.inf, measure=True)
        self._options = options

    @property
    def report(self) -> StepReport:
        """The report of the step, after the block.

        Its norm is there if ``max_norm`` or ``on_nonfinite`` asked to look at the gradients; its coefficient is the
        smallest of all parameters, and its ``nonfinite`` the first that came.

        Raises:
            RuntimeError: The block is not over.
        """
        if self._report is None:
            raise RuntimeError("report: the step is not over; ask after the block of its scope")
        return self._report

    def __enter__(self) -> StepScope:
        model = self._model
        if model.refusal is not None:
            raise RuntimeError(model.refusal)
        if self._report is not None or self._reports:
            raise RuntimeError("step_scope: a scope is one step; make a new one for the next")
        groups = self._groups()
        begun = model.engine.open(groups, self._options, model.average_weight())
        if begun is None:
            self._diagnosis.refuse_open(groups)
        try:
            self._states = States(model)
            self._begun = begun
            model.scope = self
        except BaseException:  # an interrupt
            model.scope = None
            begun.close()
            raise
        return self

    def __exit__(self, *exception: object) -> None:
        raise NotImplementedError

    def _conclude(self, updated: int) -> None:
        """Make the report, after `__exit__` has ended the step."""
        self._report = self._total(updated)

    def step_param(self, name: str | int, grad: Array) -> None:
        """Update one parameter.

        Args:
            name: The name or the number of the parameter.
            grad: Its gradient: an array of its shape, of any dtype that parameters can have.

        Raises:
            TypeError: The gradient has the wrong type.
            ValueError: The gradient does not fit, or the parameter has been stepped in this scope before.
            KeyError: There is no such parameter.
            FloatingPointError: The gradient is not finite, and ``on_nonfinite`` is ``"raise"``.
            RuntimeError: The block of the scope is over, or another thread is stepping a parameter.
        """
        model = self._model
        if model.scope is not self:
            raise RuntimeError("step_param: only inside the block of its scope")
        index = self._states.number(name)
        report = model.engine.step_one(index, grad)
        if report is None:
            raise self._refusal(index, grad)
        self._reports[index] = report
        if report.nonfinite is not None and self._choice == "raise":
            raise FloatingPointError(
                f"the gradient of {model.parameters[index].name!r}: {not_finite(self._grad_scale)}; this parameter was "
                "not updated"
            )

    def norm_of(self, index: int) -> tuple[float, float] | None:
        """Return the order and the norm of a gradient that was stepped, before clipping; None if it was not measured.

        Args:
            index: The number of the parameter.
        """
        norm = self._reports[index].grad_norm
        if norm is None:
            return None
        return math.inf if self._options.largest else 2.0, norm / self._coefficient

    def _refusal(self, index: int, grad: Array) -> Exception:
        if index in self._reports and not self._reports[index].skipped:
            name = self._model.parameters[index].name
            return ValueError(f"step_param: {name!r} has been stepped in this scope already")
        return self._diagnosis.refuse_alone(index, grad, self._groups(), zero_grads=self._options.zero_grads)

    def _total(self, updated: int) -> StepReport:
        engine, parameters = self._model.engine, self._model.parameters
        reports = [self._reports[i] for i in sorted(self._reports)]
        nonfinite = next((parameters[i].name for i, r in self._reports.items() if r.nonfinite is not None), None)
        copied = sum(report.copied for report in reports)
        if not self._options.measured or not reports:
            return StepReport(engine.completed, updated, copied=copied)
        norms = [report.grad_norm or 0.0 for report in reports]
        norm = max(norms) if self._options.largest else math.hypot(*norms)
        if any(map(math.isnan, norms)):
            norm = math.nan
        if math.isfinite(norm):
            # What was divided by grad_scale / coefficient is to be told as it was before clipping.
            norm = engine.previous_norm = norm / self._coefficient
        coefficients = [1.0 if report.clip_coefficient is None else report.clip_coefficient for report in reports]
        coefficient = math.nan if any(map(math.isnan, coefficients)) else min(self._coefficient, *coefficients)
        skipped = any(report.skipped for report in reports)
        return StepReport(engine.completed, updated, norm, coefficient, skipped, nonfinite, copied)
