"""What all optimizers can do. The engine comes from a subclass."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

from adamas._inputs.hyperparameters import check_flag
from adamas._optimizer.averaged import averaged
from adamas._optimizer.report import StepReport
from adamas._optimizer.saving import Saving
from adamas._optimizer.step_handle import StepHandle
from adamas._optimizer.step_options import OnNonFinite, StepOptions, conclude
from adamas._optimizer.step_scope import StepScope
from adamas._types import Array


class Optimizer(Saving):
    """Base of all optimizers."""

    def step(
        self,
        grads: Any = None,
        *,
        grad_scale: float | None = None,
        max_norm: float | None = None,
        max_value: float | None = None,
        on_nonfinite: OnNonFinite | None = None,
        zero_grads: bool | None = None,
    ) -> StepReport:
        """Update all parameters in place, once.

        Gradients are divided by ``grad_scale``; then, if their norm N over all parameters is larger than ``max_norm``,
        multiplied by ``max_norm / (N + 1e-6)``, as by ``torch.nn.utils.clip_grad_norm_``; then each element is brought
        within ``-max_value`` and ``max_value``. The first two are one factor, rounded once. All happens in the pass
        that updates: the arrays of gradients do not change.

        Args:
            grads: The gradients, nested as the parameters are: the same kinds of containers, the same keys, arrays of
                the same shapes. Their dtypes may be any that parameters can have. They are only read, and may be
                read-only. None leaves a parameter, its states and its step count untouched. For a list of group
                dicts: a list with one entry per group. What has been accumulated (`accumulate`) is added to them; then
                they may be left out.
            grad_scale: What the loss was multiplied by, > 0. None: 1.
            max_norm: The largest norm that is not clipped, > 0; infinity to take the norm without clipping. None: the
                optimizer's own. (Which norm, and whether each parameter is clipped by its own: ``step_defaults``.)
            max_value: The largest magnitude that is not clipped, > 0; infinity for no clipping. None: the optimizer's
                own.
            on_nonfinite: What to do if a gradient, divided by ``grad_scale``, holds an infinity or NaN: ``"propagate"``
                it; ``"skip"`` the step, which then changes nothing, not even the step count (what was accumulated is
                dropped); or ``"raise"``. None: the optimizer's own.
            zero_grads: Set the gradients to zero once they have been used, in the same pass; they must be writeable
                then. None: the optimizer's own.

        Returns:
            The number of this step, how many parameters were updated, and what was found out about the gradients. They
            are looked at, in a pass of their own, if ``max_norm`` or ``on_nonfinite`` asks for it.

        Raises:
            TypeError: A gradient or hyperparameter of the wrong type; the message names it.
            ValueError: A gradient that does not fit, arrays that overlap, a hyperparameter out of range, a parameter
                that has been resized or made read-only; the message names it.
            FloatingPointError: A gradient is not finite, and ``on_nonfinite`` is ``"raise"``.
            RuntimeError: Another thread is stepping this optimizer, or a step in the background is.

            After any of them nothing has changed: no parameter, no state, no step count.

            KeyboardInterrupt (Ctrl-C) that arrives during the update is raised after it: the step has been taken then.
        """
        if self._refusal is not None:
            raise RuntimeError(self._refusal)
        report: StepReport | None
        if (
            grad_scale is None
            and max_norm is None
            and max_value is None
            and on_nonfinite is None
            and zero_grads is None
            and self._average is None
            and self.step_defaults.plain
        ):
            report = self._plan.step(grads, self.param_groups)
            if report is not None:
                return report
            self._refuse(grads, zero_grads=False)
        options, choice = self.step_defaults.options(grad_scale, max_norm, max_value, on_nonfinite, zero_grads)
        report = self._plan.step(grads, self.param_groups, options, self._average_weight())
        return self._conclude(report, options, choice, grads)

    def step_async(
        self,
        grads: Any = None,
        *,
        grad_scale: float | None = None,
        max_norm: float | None = None,
        max_value: float | None = None,
        on_nonfinite: OnNonFinite | None = None,
        zero_grads: bool | None = None,
    ) -> StepHandle:
        """Begin a step, and let it run on a thread of the library's own, without the GIL.

        All inputs are checked before this returns. Until the step is done, the arrays of parameters, states and
        gradients are not to be touched; nothing else can be done with this optimizer meanwhile but to ask for its
        properties (RuntimeError). Steps of several optimizers run one after the other.

        Args:
            grads: As of `step`, as are the others.
            grad_scale: ...
            max_norm: ...
            max_value: ...
            on_nonfinite: ...
            zero_grads: ...

        Returns:
            A handle: ``handle.result()`` waits and returns the report, or raises what `step` would;
            ``await handle`` does so in an event loop.

        Raises:
            Exception: As `step` does, but for FloatingPointError, which comes with the result.
        """
        if self._refusal is not None:
            raise RuntimeError(self._refusal)
        options, choice = self.step_defaults.options(grad_scale, max_norm, max_value, on_nonfinite, zero_grads)
        begun = self._plan.start(grads, self.param_groups, options, self._average_weight())
        if begun is None:
            self._refuse(grads, zero_grads=options.zero_grads)
        try:
            return StepHandle(lambda: self._conclude(begun.finish(), options, choice, grads))
        except BaseException:  # there is no thread for it, or it has begun and nobody will hear of it
            begun.abandon()
            raise

    def step_scope(
        self,
        *,
        grad_scale: float | None = None,
        max_norm: float | None = None,
        max_value: float | None = None,
        on_nonfinite: OnNonFinite | None = None,
        zero_grads: bool | None = None,
        previous_norm: bool = False,
    ) -> StepScope:
        """Take one step parameter by parameter, each as soon as its gradient is there.

        ::

            with opt.step_scope() as scope:
                for name in reversed(layers):
                    opt.step_param(name, backward(name))   # while the gradient is in cache
            scope.report

        The result is that of `step`, bit for bit, with None for parameters that were not stepped. If an exception
        leaves the block, parameters that were stepped before stay so.

        Args:
            grad_scale: As of `step`, as are the others but for what follows.
            max_norm: The norm of all gradients is not known before the last of them. So this is refused, unless
                parameters are clipped each by its own norm (``clip_each``), or ``previous_norm`` is set.
            max_value: ...
            on_nonfinite: ``"skip"`` and ``"raise"`` concern the one parameter whose gradient is not finite.
            zero_grads: ...
            previous_norm: Clip by the norm of the previous step's gradients: the last that was found, and was finite.

        What was accumulated cannot be used in parts: the block raises RuntimeError then.
        """
        options, choice = self.step_defaults.options(grad_scale, max_norm, max_value, on_nonfinite, zero_grads)
        return StepScope(self, options, choice, check_flag(previous_norm, "previous_norm"))

    def step_param(self, name: str | int, grad: Array) -> None:
        """Update one parameter; only inside ``with opt.step_scope():``.

        Args:
            name: Its name or number, as in ``opt.state``.
            grad: Its gradient, as for `step`.

        Raises:
            TypeError: A gradient of the wrong type.
            ValueError: A gradient that does not fit, or a parameter that was stepped in this scope before.
            KeyError: No such parameter.
            FloatingPointError: The gradient is not finite, and ``on_nonfinite`` is ``"raise"``.
            RuntimeError: There is no scope, it was closed, or another thread is stepping a parameter.
        """
        if self._scope is None:
            raise RuntimeError("step_param: only inside a scope; write: with opt.step_scope(): ...")
        self._scope.step_param(name, grad)

    def accumulate(self, grads: Any) -> None:
        """Add gradients to those that the next `step` uses, in float32 (float64 for float64 parameters).

        For batches that are computed in parts: accumulate the gradients of each part and call ``step()``, or accumulate
        all but the last and call ``step(grads)``, which adds the last ones in the pass that updates. The step uses the
        sum, or with ``accumulation="mean"`` the sum divided by the number of parts. The memory for it, an element for
        each element of the parameters, is taken at the first call.

        Args:
            grads: As of `step`. None leaves a parameter's sum as it is.

        Raises:
            TypeError: A gradient of the wrong type; the message names it.
            ValueError: A gradient that does not fit; the message names it.
            RuntimeError: Another thread is stepping this optimizer.

            After any of them nothing has been added.
        """
        if self._refusal is not None:
            raise RuntimeError(self._refusal)
        if not self._plan.accumulate(grads):
            self._check_accumulated(grads)
            raise RuntimeError("an input changed while it was being checked; nothing was added")

    def drop_accumulated(self) -> None:
        """Forget what has been accumulated since the last step."""
        self._plan.drop_accumulated()

    def refresh_copies(self) -> None:
        """Make the arrays of ``copy_out`` equal to the parameters, as each step and each loading does.

        For copies that are used before the next step, after values have been written into parameters by hand.

        Raises:
            TypeError: A copy or a parameter has another dtype now.
            ValueError: One of them has been resized or made read-only.
            RuntimeError: Another thread is stepping this optimizer.
        """
        with self._plan:
            for i in range(len(self._leaves)):
                self._check_gradient(i, "", None, zero_grads=False)
            self._renew_copies()

    def averaged(self) -> AbstractContextManager[None]:
        """Put the averages into the parameters, for the time of a ``with`` block; the same bits come back after it.

        ::

            with opt.averaged():
                evaluate(model)

        16-bit parameters hold their averages rounded to the nearest, and so do copies (``copy_out``). A parameter that
        has not been averaged yet keeps its values. Inside the block the optimizer cannot be stepped,
        saved or loaded.

        Raises:
            ValueError: The optimizer keeps no averages, or none have been taken yet.
            RuntimeError: Another thread is stepping this optimizer.
        """
        return averaged(self)

    def _conclude(self, report: StepReport | None, options: StepOptions, choice: OnNonFinite, grads: Any) -> StepReport:
        """Finish a step: name the parameter that is not finite, or say why the inputs were not acceptable."""
        if report is None:
            self._refuse(grads, zero_grads=options.zero_grads)
        if report.nonfinite is None:
            return report
        return conclude(report, options, choice, self._leaves, self._description, grads)
