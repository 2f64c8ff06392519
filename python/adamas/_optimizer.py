"""What all optimizers can do. The engine comes from a subclass."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any, TypeAlias

import numpy as np

from adamas import checkpoint
from adamas._averaged import averaged
from adamas._background import StepHandle
from adamas._checks import Array, check_array, check_overlap
from adamas._gradients import OnNonFinite, StepOptions, conclude
from adamas._hyperparameters import SCHEDULABLE, check_flag
from adamas._model import detached
from adamas._report import StepReport
from adamas._scope import StepScope
from adamas._sparse import MODES, check_caught_up
from adamas._state_dict import check_state_dict
from adamas._step_checks import StepChecks
from adamas.checkpoint import CheckpointError
from adamas.checkpoint._fit import Fit
from adamas.rows import check_row_numbers, check_rows

#: A learning rate, or a function that gives it for the number of steps taken so far (0 at the first).
LearningRate: TypeAlias = "float | Callable[[int], float]"


class Optimizer(StepChecks):
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
        if not self._plan.start(grads, self.param_groups, options, self._average_weight()):
            self._refuse(grads, zero_grads=options.zero_grads)
        try:
            return StepHandle(lambda: self._conclude(self._plan.finish(), options, choice, grads))
        except BaseException:  # there is no thread for it
            self._plan.abandon()
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

    def catch_up(self, name: str | int | None = None, rows: Array | None = None) -> None:
        """Bring rows of ``sparse={name: "exact"}`` parameters to the last step, before they are read.

        Rows without a gradient are left as they are until they have one, and then go through all the steps they missed
        in closed form, as if their gradients had been zeros. The result is that of dense steps but for rounding:
        float32 rounds each of those, and this once. `state_dict` catches up with all rows by itself.

        Args:
            name: A parameter's name or number, as in ``opt.state``. None: all parameters.
            rows: Numbers of the rows that are needed, int64 or int32. None: all rows.

        Raises:
            KeyError: No such parameter.
            TypeError: Rows that are not such an array.
            ValueError: A row that the parameter does not have.
            RuntimeError: Another thread is stepping this optimizer.
        """
        for i in list(self._sparse) if name is None else [self.state.number(name)]:
            leaf = self._leaves[i]
            self._check_gradient(i, "", None, zero_grads=False)
            if rows is not None:
                check_rows(check_row_numbers(rows, "rows"), "rows", leaf.array, f"params{leaf.path}")
            if not self._plan.catch_up(i, rows):
                raise RuntimeError("an input changed while it was being checked; nothing was updated")

    def averaged(self) -> AbstractContextManager[None]:
        """Put the averages into the parameters, for the time of a ``with`` block; the same bits come back after it.

        ::

            with opt.averaged():
                evaluate(model)

        16-bit parameters hold their averages rounded to the nearest. Inside the block the optimizer cannot be stepped,
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
        if report.grad_norm is not None and math.isfinite(report.grad_norm):
            self._previous_norm = report.grad_norm
        if report.nonfinite is None:
            return report
        return conclude(report, choice, self._leaves, self._description, grads)

    def state_dict(self, *, copy: bool = True) -> dict[str, Any]:
        """Return all that is needed to go on later: states, step counts and hyperparameters.

        Args:
            copy: Copy the state arrays. With False they are the live ones, which later steps change.

        Returns:
            A dict with the class name under ``optimizer``, the number of steps under ``step``, the states by
            parameter name under ``state``, and the hyperparameters under ``param_groups``, where ``params`` lists
            names. Parameters are not included: they are the caller's arrays, to be kept beside it. Nor are callable
            hyperparameters, whose entries are None. So the dict can be pickled.

        Raises:
            TypeError: A hyperparameter has been set to a value of the wrong type.
            ValueError: A hyperparameter has been set to a value out of range.
            RuntimeError: The optimizer is not in the state that it trains in (`ScheduleFreeAdamW.eval`, `averaged`), or
                it is being stepped.
        """
        self._check_unlocked()
        self.catch_up()
        with self._plan:
            return self._state_dict(copy)

    def _check_unlocked(self) -> None:
        """Refuse saving and loading at times when parameters are not what they are trained as."""
        if self._refusal is not None:
            raise RuntimeError(self._refusal.replace("stepping", "saving or loading"))
        self._check_groups(self.param_groups, None)

    def _state_dict(self, copy: bool) -> dict[str, Any]:
        names: list[list[str]] = [[] for _ in self.param_groups]
        for leaf, index in zip(self._leaves, self._group_of, strict=True):
            names[index].append(leaf.name)
        state = {
            name: {
                key: np.copy(value) if copy and isinstance(value, np.ndarray) else value for key, value in entry.items()
            }
            for name, entry in self.state.items()
        }
        return {
            "optimizer": type(self).__name__,
            "step": self._plan.completed,
            "previous_norm": self._previous_norm,
            "formats": {**self._formats.saved(), "average": None if self._average is None else repr(self._average)},
            "state": state,
            "param_groups": [
                {**_without_schedule(detached(group)), "params": n}
                for group, n in zip(self.param_groups, names, strict=True)
            ],
        }

    def save(self, path: str | os.PathLike[str], *, params: bool = True) -> None:
        """Write a checkpoint: parameters, states in their own formats, step counts, hyperparameters.

        The file takes the place of the old one at once, when all of it is on the disk: whatever happens meanwhile, the
        path holds the old checkpoint or the new one. See `adamas.checkpoint` for what is in it.

        Args:
            path: Of the file, which ends in ``.safetensors`` (for which safetensors must be installed) or ``.npz``.
            params: Write the parameters too. Without them they are yours to keep beside it.

        Raises:
            ImportError: safetensors is not installed.
            OSError: The file can't be written, or the disk is full; what was at the path is as it was.
            TypeError: A hyperparameter has been set to a value of the wrong type.
            ValueError: ... or out of range; or the path has another ending, or a parameter has been resized.
            RuntimeError: As `state_dict`; or there are accumulated gradients.
        """
        check_flag(params, "params")
        self._check_unlocked()
        self.catch_up()
        with self._plan:
            if self._plan.accumulated:
                raise RuntimeError(
                    "gradients have been accumulated, which checkpoints do not hold; "
                    "call step() or drop_accumulated() first"
                )
            for i, leaf in enumerate(self._leaves):
                if leaf.array.size != self._plan.size(i):
                    raise ValueError(f"params{leaf.path}: has been resized since the optimizer was made")
            state_dict = self._state_dict(copy=False)
            check_caught_up(state_dict, self._exact_names())
            arrays = {leaf.name: leaf.array for leaf in self._leaves}
            checkpoint.write(path, state_dict, arrays, with_params=params)

    def load(
        self,
        path: str | os.PathLike[str],
        *,
        params: bool | None = None,
        strict: bool = True,
        convert: bool = False,
        check_finite: bool = False,
    ) -> list[str]:
        """Read a checkpoint that `save` wrote, of an optimizer of the same class; training goes on with the same bits.

        The whole file is checked before anything is changed: that it is as it was written, and that rule, names,
        shapes, dtypes and formats fit.

        Args:
            path: Of the file.
            params: Load parameters too. None: if the file has them. False: leave them as they are.
            strict: Everything must fit. With False, parameters whose arrays do not fit keep what they have, and their
                names are returned; hyperparameters are loaded if the groups have the same parameters.
            convert: Bring states that were saved in another ``state_dtype`` into this optimizer's, rounding them.
            check_finite: Refuse arrays that hold an infinity or NaN.

        Returns:
            The names of parameters that kept what they had, or were in the file for nothing; with ``strict`` none.

        Raises:
            CheckpointError: No checkpoint, damaged, or one that does not fit; all mismatches are listed.
            OSError: The file can't be read.
            ImportError: safetensors is not installed.
            ValueError: A parameter has been made read-only.
            RuntimeError: As `load_state_dict`.

            After any of them nothing has changed.
        """
        for flag, name in ((strict, "strict"), (convert, "convert"), (check_finite, "check_finite")):
            check_flag(flag, name)
        if params is not None:
            check_flag(params, "params")
        self._check_unlocked()
        read = checkpoint.read(path)
        if not strict:
            self.catch_up()  # some rows may stay
        kinds = {
            leaf.name: self._info_of_group[group].states
            for leaf, group in zip(self._leaves, self._group_of, strict=True)
        }
        arrays = {leaf.name: leaf.array for leaf in self._leaves}
        with self._plan:
            live = self._state_dict(copy=False)
            fit = Fit(read, live, arrays, kinds)
            loading = fit.check(params=params, strict=strict, convert=convert, check_finite=check_finite)
            for leaf in self._leaves:
                if leaf.name in loading.params:
                    check_array(leaf.array, f"params{leaf.path}", writable=True)
            try:
                put = self._prepare_load(loading.state_dict, live)
            except (TypeError, ValueError) as error:
                raise CheckpointError(f"{path}: {error}") from None
            put()
            for name, value in loading.params.items():
                np.copyto(arrays[name], value)
            for name in loading.left:  # no averages but of their own values
                if name in arrays and "average" in live["state"][name]:
                    np.copyto(live["state"][name]["average"], arrays[name], casting="unsafe")
            self._renew_copies()
        self._plan.drop_accumulated()
        return loading.left

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Restore what `state_dict` returned, into this optimizer's states and ``param_groups``.

        Hyperparameters become those that were saved; where one was callable, this optimizer keeps its own.

        Args:
            state_dict: From an optimizer of the same class over parameters of the same names, shapes and dtypes. The
                parameters themselves are the caller's to restore.

        Raises:
            TypeError: Not such a dict, or a hyperparameter of the wrong type.
            ValueError: It does not fit; the message lists every mismatch. Nothing has changed then.
            RuntimeError: Another thread is stepping this optimizer.
        """
        self._check_unlocked()
        self.catch_up()
        with self._plan:
            self._prepare_load(state_dict, self._state_dict(copy=False))()
        self._plan.drop_accumulated()

    def _prepare_load(self, state_dict: Mapping[str, Any], live: Mapping[str, Any]) -> Callable[[], None]:
        """Find out whether a state dict can be loaded; return what loads it, which cannot fail."""
        check_state_dict(state_dict, live)
        loaded = [
            detached(
                {key: ours[key] if key in SCHEDULABLE and value is None else value for key, value in theirs.items()}
            )
            for theirs, ours in zip(state_dict["param_groups"], self.param_groups, strict=True)
        ]
        self._check_groups(loaded, None)
        check_caught_up(state_dict, self._exact_names())
        pairs = [
            (array, state_dict["state"][name][key])
            for name, entry in live["state"].items()
            for key, array in entry.items()
            if isinstance(array, np.ndarray)
        ]
        pairs = [(array, value if value.flags.c_contiguous else np.copy(value)) for array, value in pairs]
        try:
            check_overlap([("", array) for pair in pairs for array in pair])
        except ValueError:  # it holds live arrays, which must not change while they are being read
            pairs = [(array, np.copy(value)) for array, value in pairs]

        def put() -> None:
            for array, value in pairs:
                np.copyto(array, value)
            counts = [int(state_dict["state"][leaf.name]["step"]) for leaf in self._leaves]
            self._plan.set_step_counts(counts, int(state_dict["step"]))
            for i, leaf in enumerate(self._leaves):
                scalars = self._info_of_group[self._group_of[i]].scalars
                self._plan.set_scalars(i, [float(state_dict["state"][leaf.name][key]) for key in scalars])
            for group, values in zip(self.param_groups, loaded, strict=True):
                group.update({key: value for key, value in values.items() if key != "params"})
            self._previous_norm = state_dict.get("previous_norm")

        return put

    def _exact_names(self) -> list[str]:
        return [self._leaves[i].name for i, mode in self._sparse.items() if mode == MODES["exact"]]


def _without_schedule(group: Mapping[str, Any]) -> dict[str, Any]:
    return {key: None if key in SCHEDULABLE and callable(value) else value for key, value in group.items()}
