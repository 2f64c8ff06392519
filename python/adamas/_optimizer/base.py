"""The optimizer: what all rules and engines have in common."""

from __future__ import annotations

import dataclasses
import os
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, ClassVar

from adamas._inputs.hyperparameters import NAMES, check_flag, check_threads
from adamas._inputs.names import MISTAKES, refuse_attribute
from adamas._inputs.precision import warn_of_lost_updates, warn_without_effect
from adamas._inputs.values import counted
from adamas._optimizer.averaged import averaged
from adamas._optimizer.catch_up import catch_up
from adamas._optimizer.diagnosis import Diagnosis
from adamas._optimizer.engine import Engine, StepOptions
from adamas._optimizer.groups import Groups
from adamas._optimizer.kind import Kind
from adamas._optimizer.model import Model
from adamas._optimizer.observed import Observed
from adamas._optimizer.options import PLACES, chosen, read_options
from adamas._optimizer.parameters import Parameters, read_groups
from adamas._optimizer.report import StepReport
from adamas._optimizer.saving import Saver
from adamas._optimizer.signature import Signature, bind
from adamas._optimizer.state_view import States
from adamas._optimizer.step_defaults import OnNonFinite, StepDefaults, conclude
from adamas._optimizer.step_handle import StepHandle
from adamas._optimizer.step_scope import StepScope
from adamas._types import Array
from adamas.rules import RuleSpec
from adamas.rules.lazy_docstring import LazilyDocumented

#: What is set only through an argument of a step.
_OF_ONE_STEP = {"grad_scale": "opt.step(grads, grad_scale={})"}

#: Names that are no attributes of an optimizer.
SETTINGS = frozenset((*NAMES, *PLACES, *_OF_ONE_STEP, *MISTAKES))


class Optimizer(metaclass=LazilyDocumented):
    """Base of all optimizers: parameters in groups, a rule that updates them, and an engine that does the work.

    The classes of `adamas` have a compiled engine, those of `adamas.reference` one in NumPy; all else is the same.

    Args:
        params: The parameters: an array, a list or tuple of arrays, a mapping of names to arrays, any nesting of these,
            or a list of group dicts, each with its parameters under ``"params"`` and hyperparameters of its own.
            Arrays are float32, float64, float16 or bfloat16, C-contiguous, aligned and writeable; they are updated in
            place.
        *args: The hyperparameters of the rule, for groups that do not set their own.
        **kwargs: Likewise, and what `Options` has.

    Attributes:
        param_groups: The hyperparameters of each group, read at every step: change them at will.
        step_defaults: What a step does about gradients, unless its arguments say otherwise.
        defaults: The hyperparameters of groups that did not set their own.
    """

    #: The rule.
    spec: ClassVar[RuleSpec]
    #: Groups are those of another library, with entries of its own (`adamas.adapters`).
    _foreign_groups: ClassVar[bool] = False
    #: Set before construction by an adapter whose arrays are flat: the shapes that their parameters have.
    _shapes: Sequence[tuple[int, ...]] | None = None
    #: The class of the scopes that `step_scope` makes.
    _scope_class: ClassVar[type[StepScope]]

    param_groups: list[dict[str, Any]]
    step_defaults: StepDefaults
    defaults: dict[str, Any]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kind = Kind(type(self).__name__, self.spec, self._foreign_groups)
        params, defaults, options = bind(self.spec, args, kwargs)
        formats, self.step_defaults = read_options(options, kind.name, self.spec.argument_names)
        groups = Groups(kind, defaults)
        given = read_groups(params, list(defaults), SETTINGS)
        entries = [({"params": params}, "", "")]
        if given is not None:
            entries = [(group, f"[{i}]", f"[{i}]['params']") for i, group in enumerate(given)]
        self.defaults = defaults
        self.param_groups = [groups.add(group, path) for group, path, _ in entries]
        self.spec.check_together(self.param_groups, "params[{}][{!r}]")
        nested = [(group["params"], path) for group, _, path in entries]
        parameters = Parameters(nested, grouped=given is not None, owner=kind.name)
        average = options.get("average")
        parameters.settle(formats, average, options.get("copy_out"), options.get("sparse"))

        self._model = Model(kind, formats, average, groups, parameters, self._shapes)
        self._diagnosis = Diagnosis(self._model)
        self._saver = self._new_saver()
        engine = self._new_engine()
        engine.num_threads = check_threads(options.get("num_threads"))
        self._model.bind(engine, self.param_groups, options.get("state_memory"))
        self._engine: Any = engine  # each has a way of its own to step
        if not kind.foreign:
            names = [dtype.name for dtype in dict.fromkeys(parameter.dtype for parameter in parameters)]
            warn_without_effect(options, names)
            warn_of_lost_updates(options, names)

    __signature__ = Signature(__init__)

    def _new_saver(self) -> Saver:
        return Saver(self._model)

    @abstractmethod
    def _new_engine(self) -> Engine:
        """Make an engine without parameters."""

    def __setattr__(self, name: str, value: Any) -> None:
        # (Nothing asks for __dict__, which would make attributes slower.)
        if name in SETTINGS and hasattr(self, "_engine") and not hasattr(self, name):
            spec = self.spec
            own = {name: name not in spec.frozen for name in spec.argument_names}
            refuse_attribute(name, value, self.param_groups, own, {**PLACES, **_OF_ONE_STEP})
        super().__setattr__(name, value)

    def step(
        self,
        grads: Any = None,
        *,
        grad_scale: float | None = None,
        max_norm: float | None = None,
        max_value: float | None = None,
        on_nonfinite: OnNonFinite | None = None,
        zero_grads: bool | None = None,
        observe: bool | None = None,
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
            observe: Measure gradients, updates and parameters in the pass that updates; the result is in `observed`.
                The bits of the step are the same. None: the optimizer's own.

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
        model = self._model
        if model.refusal is not None:
            raise RuntimeError(model.refusal)
        report: StepReport | None
        if (
            grad_scale is None
            and max_norm is None
            and max_value is None
            and on_nonfinite is None
            and zero_grads is None
            and observe is None
            and model.average is None
            and self.step_defaults.plain
        ):
            report = self._engine.step(grads, self.param_groups)
            if report is not None:
                return report
            self._diagnosis.refuse_step(grads, self.param_groups, zero_grads=False)
        options, choice = self.step_defaults.options(grad_scale, max_norm, max_value, on_nonfinite, zero_grads, observe)
        report = self._engine.step(grads, self.param_groups, options, model.average_weight())
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
        observe: bool | None = None,
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
            observe: ...

        Returns:
            A handle: ``handle.result()`` waits and returns the report, or raises what `step` would;
            ``await handle`` does so in an event loop.

        Raises:
            Exception: As `step` does, but for FloatingPointError, which comes with the result.
        """
        if self._model.refusal is not None:
            raise RuntimeError(self._model.refusal)
        options, choice = self.step_defaults.options(grad_scale, max_norm, max_value, on_nonfinite, zero_grads, observe)
        begun = self._engine.start(grads, self.param_groups, options, self._model.average_weight())
        if begun is None:
            self._diagnosis.refuse_step(grads, self.param_groups, zero_grads=options.zero_grads)
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
        observe: bool | None = None,
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
            observe: Parameters that are not stepped are not observed. `observed` has the result after the block.

        What was accumulated cannot be used in parts: the block raises RuntimeError then.
        """
        options, choice = self.step_defaults.options(grad_scale, max_norm, max_value, on_nonfinite, zero_grads, observe)
        previous = check_flag(previous_norm, "previous_norm")
        return self._scope_class(self._model, self._diagnosis, lambda: self.param_groups, options, choice, previous)

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
        scope = self._model.scope
        if scope is None:
            raise RuntimeError("step_param: only inside a scope; write: with opt.step_scope(): ...")
        scope.step_param(name, grad)

    def accumulate(self, grads: Any) -> None:
        """Add gradients to those that the next `step` uses, in float32 (float64 for float64 parameters).

        For batches that are computed in parts: accumulate the gradients of each part and call ``step()``, or accumulate
        all but the last and call ``step(grads)``, which adds the last ones in the pass that updates. The step uses the
        sum, or with ``accumulation="mean"`` the sum divided by the number of parts. The memory for it, an element for
        each element of the parameters, is taken at the first call.

        With ``accumulation="tree"`` it uses the mean, too, but adds as a binary tree does: ``(1 + 2) + (3 + 4)``,
        instead of ``((1 + 2) + 3) + 4``. So the bits are the same whoever adds up which half, quarter, ... of the
        parts. Of other numbers than powers of two, the largest whole subtrees come first: ``(1 + 2) + 3``. It takes the
        memory of one sum for each level of the tree: of three for 8 parts, the last of which is given to ``step``.

        Args:
            grads: As of `step`. None leaves a parameter's sum as it is.

        Raises:
            TypeError: A gradient of the wrong type; the message names it.
            ValueError: A gradient that does not fit; the message names it.
            RuntimeError: Another thread is stepping this optimizer; or the order of the sum was changed since the
                gradients before were accumulated.

            After any of them nothing has been added.
        """
        if self._model.refusal is not None:
            raise RuntimeError(self._model.refusal)
        in_tree = self.step_defaults.accumulation == "tree"
        if not self._engine.accumulate(grads, in_tree):
            self._diagnosis.refuse_accumulated(grads)

    def drop_accumulated(self) -> None:
        """Forget what has been accumulated since the last step."""
        self._engine.drop_accumulated()

    def refresh_copies(self) -> None:
        """Make the arrays of ``copy_out`` equal to the parameters, as each step and each loading does.

        For copies that are used before the next step, after values have been written into parameters by hand.

        Raises:
            TypeError: A copy or a parameter has another dtype now.
            ValueError: One of them has been resized or made read-only.
            RuntimeError: Another thread is stepping this optimizer.
        """
        with self._engine:
            for parameter in self._model.parameters:
                parameter.check_bound()
            self._model.renew_copies()

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
        return averaged(self._model)

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
        parameter = None if name is None else self._model.parameters[self.state.number(name)]
        catch_up(self._model, parameter, rows)

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
        return self._saver.state_dict(self.param_groups, copy=copy)

    def save(self, path: str | os.PathLike[str], *, params: bool = True) -> None:
        """Write a checkpoint: parameters, states in their own formats, step counts, hyperparameters.

        The file takes the place of the old one at once, when all of it is on the disk: whatever happens meanwhile, the
        path holds the old checkpoint or the new one. See `adamas.checkpoint` for what is in it.

        Args:
            path: Of the file, which ends in ``.safetensors`` or ``.npz``.
            params: Write the parameters too. Without them they are yours to keep beside it.

        Raises:
            OSError: The file can't be written, or the disk is full; what was at the path is as it was.
            TypeError: A hyperparameter has been set to a value of the wrong type.
            ValueError: ... or out of range; or the path has another ending, or a parameter has been resized.
            RuntimeError: As `state_dict`; or there are accumulated gradients.
        """
        self._saver.save(path, self.param_groups, params=params)

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
            ImportError: It has arrays in bfloat16, and ml_dtypes is not installed.
            ValueError: A parameter has been made read-only.
            RuntimeError: As `load_state_dict`.

            After any of them nothing has changed.
        """
        return self._saver.load(
            path, self.param_groups, params=params, strict=strict, convert=convert, check_finite=check_finite
        )

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Restore what `state_dict` returned, into this optimizer's states and ``param_groups``.

        Hyperparameters become those that were saved; where one was callable, this optimizer keeps its own.

        Args:
            state_dict: From an optimizer of the same class over parameters of the same names, shapes and dtypes. The
                parameters themselves are the caller's to restore. An average that it does not have begins with the
                next step.

        Raises:
            TypeError: Not such a dict, or a hyperparameter of the wrong type.
            ValueError: It does not fit; the message lists every mismatch. Nothing has changed then.
            RuntimeError: Another thread is stepping this optimizer.
        """
        self._saver.load_state_dict(state_dict, self.param_groups)

    @property
    def num_threads(self) -> int | None:
        """The most threads a step may use; None for the library's limit."""
        return self._engine.num_threads or None

    @num_threads.setter
    def num_threads(self, count: int | None) -> None:
        self._engine.num_threads = check_threads(count)

    @property
    def observed(self) -> Observed | None:
        """What the last observed step found out about each parameter; None before the first.

        A step is observed if its argument ``observe`` or the option of that name says so. `adamas.observe` collects
        what several steps found out, writes and draws it, and names what looks wrong.

        Example:
            >>> import numpy as np
            >>> import adamas
            >>> w = np.array([3.0, -4.0])
            >>> opt = adamas.SGD({"w": w}, lr=0.1)
            >>> opt.step({"w": w.copy()}, observe=True)
            StepReport(step=1, updated=1)
            >>> opt.observed.update_ratio  # the RMS of the update divided by that of the parameter
            array([0.1])
        """
        found = self._engine.observed
        if found is None:
            return None
        step, measures = found
        return Observed(step, measures, tuple(each.name for each in self._model.parameters), self._formats())

    def _formats(self) -> tuple[tuple[str, str, str], ...]:
        """Return for each parameter what `Observed` says of its formats."""
        parameters = self._model.parameters
        return tuple((each.dtype.name, each.formats.residue.value, each.formats.states.value) for each in parameters)

    @property
    def state(self) -> States:
        """The states of each parameter, by name or by number: ``opt.state["w"]["exp_avg"]``.

        Each is a dict with the ``step`` count of that parameter, other numbers that its rule keeps (``mu_product`` of
        `NAdam`) or that go with its average (``n_averaged``), and its state arrays, the live ones. Of a quantised state
        there are codes (uint8, a row for each block of 128 elements) and, as ``exp_avg_scale``, the blocks' scales; a
        scale is negative where squares in its block have overflowed: there the highest code stands for infinity. What
        is kept of a 16-bit parameter's rounding is there as ``master``, ``low_bits`` or ``compensation``.

        A name is the path of keys and positions, joined by dots: ``"model.linear.w"``, ``"0.1"``; ``"0"`` for a single
        array. Parameters of group dicts are named as if their groups were one; lists number on from group to group.
        """
        return States(self._model)

    @property
    def scalars(self) -> dict[str, float]:
        """The numbers that the rule keeps for all parameters together, by name, as they are now.

        Those of `Prodigy` are ``d``, its estimate, and what comes with it. Other rules keep none: then this is empty.
        Step counts and numbers of single parameters are in ``state``.
        """
        return self._model.shared_scalars()

    def __reduce_ex__(self, protocol: Any) -> Any:
        raise TypeError(
            f"{type(self).__name__} cannot be copied or pickled, since its parameters are other people's arrays; "
            "keep its state_dict(), and load that into a new optimizer"
        )

    def __repr__(self) -> str:
        totals = counted(parameter.array for parameter in self._model.parameters)
        lines = [f"{type(self).__name__}(", f"  {totals}; step {self._engine.completed}"]
        for i, group in enumerate(self.param_groups):
            hidden = ("params", *self.spec.fixed)
            values = ", ".join(f"{key}={value!r}" for key, value in group.items() if key not in hidden)
            lines.append(f"  group {i}: {values}")
        if options := chosen(self._options_now(), self.step_defaults):
            lines.append(f"  options: {', '.join(f'{name}={value!r}' for name, value in options.items())}")
        return "\n".join([*lines, ")"])

    def _options_now(self) -> dict[str, Any]:
        """Return the options of this optimizer, as they are now, but for those of steps."""
        model = self._model
        copies = [copy for _, copy in model.parameters.copied()]
        sparse = {p.name: p.row_mode.value for p in model.parameters if p.row_mode is not None}
        return {
            **dataclasses.asdict(model.formats),
            "num_threads": self.num_threads,
            "average": model.average,
            "copy_out": counted(copies) if copies else None,
            "sparse": sparse or None,
        }

    def _conclude(self, report: StepReport | None, options: StepOptions, choice: OnNonFinite, grads: Any) -> StepReport:
        """Finish a step: name the parameter that is not finite, or say why the inputs were not acceptable."""
        if report is None:
            self._diagnosis.refuse_step(grads, self.param_groups, zero_grads=options.zero_grads)
        if report.nonfinite is None:
            return report
        return conclude(report, options, choice, self._model.parameters, grads)
