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

    The classes of `adamas` have a compiled engine, those of `adamas.reference` one in NumPy; everything else is the
    same.

    Args:
        params: The parameters: an array, a list or tuple of arrays, a mapping of names to arrays, any nesting of these,
            or a list of group dicts, each with its parameters under ``"params"`` and with hyperparameters of its own.
            Arrays are float32, float64, float16 or bfloat16, C-contiguous, aligned and writeable; they are updated in
            place.
        *args: The hyperparameters of the rule, for groups that do not set their own.
        **kwargs: Hyperparameters by name, and the options that `Options` lists.

    Attributes:
        param_groups: The hyperparameters of each group. They are read at every step, and may be changed between steps.
        step_defaults: Defaults for the arguments of each step (`adamas.adapters.StepDefaults`).
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

        Gradients are divided by ``grad_scale``. If their norm N over all parameters is larger than ``max_norm``, they
        are multiplied by ``max_norm / (N + 1e-6)``, as ``torch.nn.utils.clip_grad_norm_`` does. Then each element is
        clipped to the range from ``-max_value`` to ``max_value``. The first two are one factor, which is rounded once.
        All of this happens in the pass that updates: the arrays of gradients do not change.

        Args:
            grads: The gradients, nested as the parameters are: the same kinds of containers, the same keys, arrays of
                the same shapes. For a list of group dicts: a list with one entry for each group. Gradients may have any
                dtype that parameters can have, and may be read-only; they are only read. None in place of a gradient
                leaves that parameter, its states and its step count untouched. What has been accumulated (`accumulate`)
                is added to them; then they may be left out.
            grad_scale: The factor that the loss was multiplied by, a finite number > 0; gradients are divided by it.
                None: 1.
            max_norm: The largest norm of all gradients that is not clipped, > 0. Infinity: take the norm, and clip
                nothing. None: what ``step_defaults.max_norm`` says. (``step_defaults`` also says which norm it is, and
                whether each parameter is clipped by its own.)
            max_value: The largest magnitude of an element that is not clipped, > 0. Infinity: clip no element. None:
                what ``step_defaults.max_value`` says.
            on_nonfinite: What to do if a gradient, divided by ``grad_scale``, has an infinity or NaN. ``"propagate"``:
                use it. ``"skip"``: skip the step; nothing changes, not even the step count, and what was accumulated is
                dropped. ``"raise"``: raise FloatingPointError. None: what ``step_defaults.on_nonfinite`` says.
            zero_grads: Set the gradients to zero once they have been used, in the same pass. They must be writeable
                then. None: what ``step_defaults.zero_grads`` says.
            observe: Measure gradients, updates and parameters in the pass that updates; `observed` has the result. The
                bits of the step are the same. None: what ``step_defaults.observe`` says.

        Returns:
            A report: the number of this step, how many parameters were updated, and the results of the checks of the
            gradients. The gradients are examined, in a separate pass, only if ``max_norm`` or ``on_nonfinite`` asks for
            it.

        Raises:
            TypeError: A gradient or hyperparameter has the wrong type; the message names it.
            ValueError: A gradient does not fit, arrays overlap, a hyperparameter is out of range, or a parameter has
                been resized or made read-only; the message names it.
            FloatingPointError: A gradient is not finite, and ``on_nonfinite`` is ``"raise"``.
            RuntimeError: Another thread is stepping this optimizer, or a step in the background is under way.

            After any of these errors nothing has changed: no parameter, no state, no step count.

            A KeyboardInterrupt (Ctrl-C) that arrives during the update is raised after the update: the step has been
            taken.
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
        """Begin a step that runs on a thread of the library, without the GIL.

        All inputs are checked before this returns. Until the step is done, do not touch the arrays of parameters,
        states and gradients; the optimizer refuses every call but those that read its properties (RuntimeError). Steps
        of several optimizers run one after the other.

        Args:
            grads: The gradients, nested as the parameters are: the same kinds of containers, the same keys, arrays of
                the same shapes. For a list of group dicts: a list with one entry for each group. Gradients may have any
                dtype that parameters can have, and may be read-only; they are only read. None in place of a gradient
                leaves that parameter, its states and its step count untouched. What has been accumulated (`accumulate`)
                is added to them; then they may be left out.
            grad_scale: The factor that the loss was multiplied by, a finite number > 0; gradients are divided by it.
                None: 1.
            max_norm: The largest norm of all gradients that is not clipped, > 0. Infinity: take the norm, and clip
                nothing. None: what ``step_defaults.max_norm`` says. (``step_defaults`` also says which norm it is, and
                whether each parameter is clipped by its own.)
            max_value: The largest magnitude of an element that is not clipped, > 0. Infinity: clip no element. None:
                what ``step_defaults.max_value`` says.
            on_nonfinite: What to do if a gradient, divided by ``grad_scale``, has an infinity or NaN. ``"propagate"``:
                use it. ``"skip"``: skip the step; nothing changes, not even the step count, and what was accumulated is
                dropped. ``"raise"``: raise FloatingPointError. None: what ``step_defaults.on_nonfinite`` says.
            zero_grads: Set the gradients to zero once they have been used, in the same pass. They must be writeable
                then. None: what ``step_defaults.zero_grads`` says.
            observe: Measure gradients, updates and parameters in the pass that updates; `observed` has the result. The
                bits of the step are the same. None: what ``step_defaults.observe`` says.

        Returns:
            A handle. ``handle.result()`` waits for the end of the step, and returns its report or raises its error;
            ``await handle`` does the same in an event loop.

        Raises:
            TypeError: A gradient or hyperparameter has the wrong type; the message names it.
            ValueError: A gradient does not fit, arrays overlap, a hyperparameter is out of range, or a parameter has
                been resized or made read-only; the message names it.
            RuntimeError: Another thread is stepping this optimizer, or a step in the background is under way.

            After any of these errors nothing has changed. FloatingPointError, if a gradient is not finite and
            ``on_nonfinite`` is ``"raise"``, comes with the result.
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
        leaves the block, parameters that were stepped before it stay updated.

        Args:
            grad_scale: The factor that the loss was multiplied by, a finite number > 0; gradients are divided by it.
                None: 1.
            max_norm: The largest norm of all gradients that is not clipped, > 0. The norm of all gradients is not known
                before the last of them; so a norm is refused, unless each parameter is clipped by its own norm
                (``step_defaults.clip_each``), or ``previous_norm`` is set. Infinity: take the norm, and clip nothing.
                None: what ``step_defaults.max_norm`` says.
            max_value: The largest magnitude of an element that is not clipped, > 0. Infinity: clip no element. None:
                what ``step_defaults.max_value`` says.
            on_nonfinite: What to do if the gradient of a parameter, divided by ``grad_scale``, has an infinity or NaN.
                ``"propagate"``: use it. ``"skip"``: skip this parameter. ``"raise"``: raise FloatingPointError for this
                parameter. None: what ``step_defaults.on_nonfinite`` says.
            zero_grads: Set each gradient to zero once it has been used, in the same pass. It must be writeable then.
                None: what ``step_defaults.zero_grads`` says.
            previous_norm: Clip by the norm of the gradients of an earlier step: the last norm that was taken and was
                finite.
            observe: Measure gradients, updates and parameters in the pass that updates. Parameters that are not stepped
                are not observed. `observed` has the result after the block. None: what ``step_defaults.observe`` says.

        Returns:
            A scope, to be used in a ``with`` statement. ``scope.report`` is there after the block.

        Raises:
            TypeError: An argument has the wrong type.
            ValueError: An argument is out of range, ``max_norm`` is refused, or the rule needs sums over the gradients
                of all parameters.

            Entering the block raises RuntimeError if gradients have been accumulated, since they cannot be used in
            parts.
        """
        options, choice = self.step_defaults.options(grad_scale, max_norm, max_value, on_nonfinite, zero_grads, observe)
        previous = check_flag(previous_norm, "previous_norm")
        return self._scope_class(self._model, self._diagnosis, lambda: self.param_groups, options, choice, previous)

    def step_param(self, name: str | int, grad: Array) -> None:
        """Update one parameter; only inside ``with opt.step_scope():``.

        Args:
            name: The name or the number of the parameter, by which ``opt.state`` has its states.
            grad: Its gradient: an array of its shape, of any dtype that parameters can have.

        Raises:
            TypeError: The gradient has the wrong type.
            ValueError: The gradient does not fit, or the parameter has been stepped in this scope before.
            KeyError: There is no such parameter.
            FloatingPointError: The gradient is not finite, and ``on_nonfinite`` is ``"raise"``.
            RuntimeError: There is no scope, the scope was closed, or another thread is stepping a parameter.
        """
        scope = self._model.scope
        if scope is None:
            raise RuntimeError("step_param: only inside a scope; write: with opt.step_scope(): ...")
        scope.step_param(name, grad)

    def accumulate(self, grads: Any) -> None:
        """Add gradients to those that the next `step` uses, in float32 (float64 for float64 parameters).

        This is for batches that are computed in parts. Accumulate the gradients of all parts, and call ``step()``. Or
        accumulate all but the last, and call ``step(grads)`` with the last ones, which are added in the pass that
        updates. The step uses the sum, or with ``accumulation="mean"`` the sum divided by the number of parts. The
        first call allocates the memory: one element for each element of the parameters.

        With ``accumulation="tree"`` the step uses the mean, too, but the parts are added as a binary tree:
        ``(1 + 2) + (3 + 4)`` instead of ``((1 + 2) + 3) + 4``. So the bits do not depend on who adds up which half,
        quarter, ... of the parts. If the number of parts is no power of two, the largest complete subtrees come first:
        ``(1 + 2) + 3``. This takes the memory of one sum for each level of the tree: of three sums for 8 parts, the
        last of which is given to ``step``.

        Args:
            grads: The gradients of one part, nested as the parameters are. None in place of a gradient leaves the sum
                of that parameter as it is.

        Raises:
            TypeError: A gradient has the wrong type; the message names it.
            ValueError: A gradient does not fit; the message names it.
            RuntimeError: Another thread is stepping this optimizer; or ``step_defaults.accumulation`` was changed
                between a sum and a tree since gradients were accumulated.

            After any of these errors nothing has been added.
        """
        if self._model.refusal is not None:
            raise RuntimeError(self._model.refusal)
        in_tree = self.step_defaults.accumulation == "tree"
        if not self._engine.accumulate(grads, in_tree):
            self._diagnosis.refuse_accumulated(grads)

    def drop_accumulated(self) -> None:
        """Forget what has been accumulated since the last step.

        Raises:
            RuntimeError: Another thread is stepping this optimizer.
        """
        self._engine.drop_accumulated()

    def refresh_copies(self) -> None:
        """Make the arrays of ``copy_out`` equal to the parameters, which each step and each loading also does.

        Call it if you have written values into parameters by hand, and use the copies before the next step.

        Raises:
            TypeError: A copy or a parameter has another dtype now.
            ValueError: A copy or a parameter has been resized or made read-only.
            RuntimeError: Another thread is stepping this optimizer.
        """
        with self._engine:
            for parameter in self._model.parameters:
                parameter.check_bound()
            self._model.renew_copies()

    def averaged(self) -> AbstractContextManager[None]:
        """Put the averages into the parameters inside a ``with`` block; after it they have the same bits as before.

        ::

            with opt.averaged():
                evaluate(model)

        16-bit parameters get their averages rounded to the nearest, and so do copies (``copy_out``). A parameter that
        has not been averaged yet keeps its values. Inside the block the optimizer cannot be stepped, saved or loaded.

        Returns:
            A context manager.

        Raises:
            ValueError: The optimizer keeps no averages, or nothing has been averaged yet.
            RuntimeError: Another thread is stepping this optimizer.
        """
        return averaged(self._model)

    def catch_up(self, name: str | int | None = None, rows: Array | None = None) -> None:
        """Bring rows of ``sparse={name: "exact"}`` parameters to the last step, before they are read.

        A row without a gradient is left as it is until it has one. Then it goes through all the steps that it missed in
        closed form, as if its gradients had been zeros. The result is that of dense steps except for rounding: float32
        rounds each dense step, and rounds this once. `state_dict` catches up with all rows by itself.

        Args:
            name: The name or the number of a parameter, by which ``opt.state`` has its states. None: all parameters.
            rows: The numbers of the rows that are needed, an array of int64 or int32. None: all rows.

        Raises:
            KeyError: There is no such parameter.
            TypeError: ``rows`` is not such an array.
            ValueError: The parameter does not have one of the rows.
            RuntimeError: Another thread is stepping this optimizer.
        """
        parameter = None if name is None else self._model.parameters[self.state.number(name)]
        catch_up(self._model, parameter, rows)

    def state_dict(self, *, copy: bool = True) -> dict[str, Any]:
        """Return everything that is needed to go on later: states, step counts and hyperparameters.

        Args:
            copy: Copy the state arrays. False: return the live arrays, which later steps change.

        Returns:
            A dict with the class name under ``optimizer``, the number of steps under ``step``, the states by parameter
            name under ``state``, and the hyperparameters under ``param_groups``, where ``params`` lists names. It can
            be pickled. Parameters are not in it: they are the caller's arrays, to be kept beside it. A callable
            hyperparameter has the entry None.

        Raises:
            TypeError: A hyperparameter has been set to a value of the wrong type.
            ValueError: A hyperparameter has been set to a value out of range.
            RuntimeError: The parameters hold averages at present (`averaged`, or ``eval`` of schedule-free rules), or
                another thread is stepping this optimizer.
        """
        return self._saver.state_dict(self.param_groups, copy=copy)

    def save(self, path: str | os.PathLike[str], *, params: bool = True) -> None:
        """Write a checkpoint: parameters, states in their own formats, step counts, hyperparameters.

        The file is written atomically: it replaces the old file when all of it is on the disk. So the path holds the
        old checkpoint or the new one, even if the process is killed. `adamas.checkpoint` describes the content.

        Args:
            path: Path of the file. It ends in ``.safetensors`` or ``.npz``.
            params: Write the parameters too. False: you keep them elsewhere.

        Raises:
            OSError: The file cannot be written, or the disk is full. The old file is unchanged.
            TypeError: A hyperparameter has been set to a value of the wrong type.
            ValueError: A hyperparameter has been set to a value out of range, the path has another ending, or a
                parameter has been resized.
            RuntimeError: The parameters hold averages at present (`averaged`, or ``eval`` of schedule-free rules),
                gradients have been accumulated, or another thread is stepping this optimizer.
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

        The whole file is verified before anything changes: its checksums, and that rule, names, shapes, dtypes and
        formats fit.

        Args:
            path: Path of the file.
            params: Load parameters too. None: load them if the file has them. False: leave them as they are.
            strict: Everything must fit. False: parameters whose arrays do not fit keep what they have, and their names
                are returned; hyperparameters are loaded if the groups have the same parameters.
            convert: Convert states that were saved in another ``state_dtype`` into this optimizer's, rounding them.
            check_finite: Refuse arrays with an infinity or NaN.

        Returns:
            The names of parameters that kept what they had, and of parameters that only the file has; with ``strict``
            there are none.

        Raises:
            CheckpointError: The file is not a checkpoint, is damaged, or does not fit; the message lists all
                mismatches.
            OSError: The file cannot be read.
            ImportError: The file has arrays in bfloat16, and ml_dtypes is not installed.
            ValueError: A parameter has been made read-only.
            RuntimeError: The parameters hold averages at present (`averaged`, or ``eval`` of schedule-free rules), or
                another thread is stepping this optimizer.

            After any of these errors nothing has changed.
        """
        return self._saver.load(
            path, self.param_groups, params=params, strict=strict, convert=convert, check_finite=check_finite
        )

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Restore what `state_dict` returned, into this optimizer's states and ``param_groups``.

        Hyperparameters become those that were saved. Where one was callable, this optimizer keeps its own.

        Args:
            state_dict: A state dict of an optimizer of the same class over parameters of the same names, shapes and
                dtypes. It has no parameters: restore those yourself. If it has no average and this optimizer keeps one,
                the average begins with the next step.

        Raises:
            TypeError: It is not such a dict, or a hyperparameter has the wrong type.
            ValueError: It does not fit; the message lists every mismatch. Nothing has changed.
            RuntimeError: The parameters hold averages at present (`averaged`, or ``eval`` of schedule-free rules), or
                another thread is stepping this optimizer.
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
        """The measurements of the last observed step, for each parameter; None before the first.

        A step is observed if its argument ``observe`` or the option of that name says so. `adamas.observe` collects
        what several steps measured, writes and draws it, and names what looks wrong.

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

        Each is a dict with the ``step`` count of the parameter, with other numbers that its rule keeps (``mu_product``
        of `NAdam`) or that go with its average (``n_averaged``), and with its state arrays, the live ones. A quantised
        state has codes (uint8, one row for each block of 128 elements) and the scales of the blocks, as
        ``exp_avg_scale``. A scale is negative where squares in its block have overflowed: there the highest code stands
        for infinity. What is kept of the rounding of a 16-bit parameter is under ``master``, ``low_bits`` or
        ``compensation``.

        A name is the path of keys and positions, joined by dots: ``"model.linear.w"``, ``"0.1"``; ``"0"`` for a single
        array. Parameters of group dicts are named as if their groups were one; the numbers of lists go on from group to
        group.
        """
        return States(self._model)

    @property
    def scalars(self) -> dict[str, float]:
        """The numbers that the rule keeps for all parameters together, by name, as they are now.

        `Prodigy` keeps ``d``, its estimate, and three numbers beside it. Other rules keep none: then this is empty.
        Step counts and numbers of single parameters are in ``state``.
        """
        return self._model.shared_scalars()

    def __reduce_ex__(self, protocol: Any) -> Any:
        raise TypeError(
            f"{type(self).__name__} cannot be copied or pickled, because its parameters are arrays that belong to your "
            "program; keep its state_dict(), and load that into a new optimizer"
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
        """Return the options of this optimizer, as they are now, except for those of steps."""
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
