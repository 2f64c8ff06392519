"""Optimizers of adamas, bound to the parameters of another library: the seam that adapters are written on.

`BoundOptimizer` updates parameters: it is given their arrays once, then gradients and hyperparameters at each step, and
shows its states as arrays, which the library may read, copy and fill.

Parameters are numbered from 0, in the order of the groups and of the names in each. Every method that takes an
``index`` means that number.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, NoReturn

from adamas._core import SteppingCall, StepTable, Tensors
from adamas._optimizer.base import Optimizer
from adamas._optimizer.diagnosis import Diagnosis
from adamas._optimizer.engine import StepOptions
from adamas._optimizer.model import Model
from adamas._optimizer.observed import Observed
from adamas._optimizer.report import StepReport
from adamas._optimizer.step_defaults import OnNonFinite, StepDefaults
from adamas._optimizer.step_scope import StepScope
from adamas._types import Array
from adamas.adapters.optimizer_info import describe
from adamas.adapters.program import Buffer, Operand, Part, Program, average_as_numbers
from adamas.averaging import Average
from adamas.rules import Formula

__all__ = ["BoundOptimizer", "StepTable", "SteppingCall", "Tensors"]


class BoundOptimizer:
    """An optimizer of adamas that updates the parameters of another library, in their own memory.

    Its ``param_groups`` may be the group dicts of that library: they have the hyperparameters under the names of
    adamas, and whatever else the library keeps there.

    One thread at a time may use it. After an error nothing has changed, unless a method says otherwise.

    Args:
        optimizer_class: A class of `adamas`, such as `adamas.AdamW`.
        groups: For each group a dict of its hyperparameters, with the parameters under ``"params"``: a mapping of names
            to arrays, writeable and contiguous, of any shape (mostly flat). No name may appear twice.
        copies: bfloat16 or float16 arrays that receive a copy of a parameter in each step, by the name of the
            parameter. None: no copies.
        copies_lead: Somebody writes into the copies: before a step, a parameter whose copy is not what the parameter
            rounds to becomes what its copy is.
        start_states: The first step gives states that start at the parameter (``z`` of `adamas.ScheduleFreeAdamW`) its
            values. With False the adapter does so, by `start_states`.
        shapes: The shapes of the parameters, in order, where their arrays are flat and the rule goes by them
            (``info.by_shape``); the elements of each lie in C order. None: those of the arrays.
        **options: The options that `adamas.Options` lists, except for ``copy_out``.

    Attributes:
        info: What there is to know of the optimizer class.
        names: The names of the parameters, in order.
        groups_of: For each parameter, the number of its group.

    Raises:
        TypeError: ``optimizer_class`` is not an optimizer class of adamas, the parameters of a group are not a mapping,
            a parameter is not a plain floating-point array, or an argument has the wrong type.
        ValueError: A parameter cannot be updated in place, arrays overlap, an argument is out of range, or ``copies``
            names a parameter that does not exist.

    Example:
        >>> import numpy as np
        >>> import adamas
        >>> weights = {"w": np.array([1.0, -2.0], np.float32)}
        >>> bound = BoundOptimizer(adamas.Adam, [{"params": weights, "lr": 0.1}])
        >>> bound.step([2 * weights["w"]])
        StepReport(step=1, updated=1)
        >>> weights["w"]
        array([ 0.9, -1.9], dtype=float32)
        >>> bound.states(0)["exp_avg"]
        array([ 0.2, -0.4], dtype=float32)
        >>> bound.numbers(0)
        {'step': 1}
    """

    def __init__(
        self,
        optimizer_class: type[Optimizer],
        groups: Sequence[Mapping[str, Any]],
        *,
        copies: Mapping[str, Array] | None = None,
        copies_lead: bool = False,
        start_states: bool = True,
        shapes: Sequence[tuple[int, ...]] | None = None,
        **options: Any,
    ) -> None:
        self.info = describe(optimizer_class)
        for i, group in enumerate(groups):
            if not isinstance(group.get("params"), Mapping):
                raise TypeError(f"groups[{i}]['params']: expected a mapping of names to arrays")
        self._keys = [list(group["params"]) for group in groups]
        unknown = set(copies or ()).difference(*self._keys)
        if unknown:
            raise ValueError(f"copies: no parameter {min(unknown)!r}")
        copy_out = [{key: copies.get(key) for key in keys} for keys in self._keys] if copies else None
        made: Any = _with_foreign_groups(optimizer_class)
        optimizer = made.__new__(made)
        optimizer._shapes = shapes
        optimizer.__init__([dict(group) for group in groups], copy_out=copy_out, **options)
        self._optimizer: Any = optimizer
        self._model: Model = optimizer._model
        self._engine: Any = optimizer._engine
        self._engine.copies_lead = copies_lead
        self._engine.starts_states = start_states
        self.names: list[str] = [parameter.name for parameter in self._model.parameters]
        self.groups_of: list[int] = [parameter.group for parameter in self._model.parameters]
        if sum(map(len, self._keys)) != len(self.names):
            raise TypeError("groups: expected one array under each name")

    @property
    def optimizer(self) -> Any:
        """The optimizer of adamas that does the work; its ``param_groups`` are those of this one."""
        return self._optimizer

    def accumulate(self, grads: Sequence[Any]) -> None:
        """Add gradients to those that the next step uses.

        Args:
            grads: For each parameter an array of its shape, of any dtype that parameters can have; or None, which
                leaves the sum of that parameter as it is.

        Raises:
            TypeError: A gradient has the wrong type; the message names it.
            ValueError: A gradient does not fit; the message names it.
            RuntimeError: Another thread is stepping this optimizer.
        """
        self._optimizer.accumulate(self._nested(grads))

    @property
    def param_groups(self) -> list[dict[str, Any]]:
        """The groups, whose hyperparameters are read at every step. Set it to the library's own."""
        groups: list[dict[str, Any]] = self._optimizer.param_groups
        return groups

    @param_groups.setter
    def param_groups(self, groups: list[dict[str, Any]]) -> None:
        self._optimizer.param_groups = groups

    @property
    def step_defaults(self) -> StepDefaults:
        """Defaults for the arguments of each step. An adapter may set its own."""
        defaults: StepDefaults = self._optimizer.step_defaults
        return defaults

    @step_defaults.setter
    def step_defaults(self, defaults: StepDefaults) -> None:
        self._optimizer.step_defaults = defaults

    @property
    def average(self) -> Average | None:
        """The option ``average``: `adamas.EMA`, `adamas.SWA` or None."""
        return self._model.average

    def formula(self, index: int) -> Formula:
        """Return what the rule of a parameter keeps for it, as it was when the optimizer was bound.

        Args:
            index: The number of the parameter.
        """
        return self._model.parameters[index].formula

    @property
    def needs_sums(self) -> bool:
        """Whether the rule sums over whole parameters, or over their rows and columns, or masks whole parameters."""
        takes_sums = any(parameter.formula.sums or parameter.formula.axes for parameter in self._model.parameters)
        return takes_sums or any(group.get("cautious") for group in self.param_groups)

    def takes_rows(self, index: int) -> bool:
        """Tell whether a parameter takes gradients of single rows (`adamas.RowGrad`): the option ``sparse``.

        Args:
            index: The number of the parameter.
        """
        return self._model.parameters[index].rows is not None

    def _nested(self, grads: Sequence[Any]) -> list[dict[str, Any]]:
        """Return gradients, one for each parameter, nested as the groups are."""
        if len(grads) != len(self.names):
            raise ValueError(f"grads: expected {len(self.names)} gradients, one for each parameter, got {len(grads)}")
        given = iter(grads)  # zip asks the keys first, and takes no gradient for the next group
        return [dict(zip(keys, given, strict=False)) for keys in self._keys]

    def step(
        self,
        grads: Sequence[Any],
        *,
        grad_scale: float | None = None,
        max_norm: float | None = None,
        max_value: float | None = None,
        on_nonfinite: OnNonFinite | None = None,
        zero_grads: bool | None = None,
        observe: bool | None = None,
    ) -> StepReport:
        """Update all parameters that have a gradient, in place, once.

        Args:
            grads: For each parameter an array of its shape, of any dtype that parameters can have; an `adamas.RowGrad`
                where it takes rows; or None, which leaves the parameter, its states and its step count untouched.
            grad_scale: What the loss was multiplied by, > 0. None: 1.
            max_norm: The largest norm of all gradients that is not clipped, > 0; infinity to take the norm without
                clipping. None: what `step_defaults` says.
            max_value: The largest magnitude of an element that is not clipped, > 0. None: what `step_defaults` says.
            on_nonfinite: ``"propagate"``, ``"skip"`` or ``"raise"``: what to do if a gradient is not finite. None: what
                `step_defaults` says.
            zero_grads: Set the gradients to zero once they have been used. None: what `step_defaults` says.
            observe: Measure what `observed` has then. None: what `step_defaults` says.

        Returns:
            What happened; see `adamas.StepReport`.

        Raises:
            TypeError: A gradient or hyperparameter of the wrong type; the message names it.
            ValueError: A gradient that does not fit, a hyperparameter out of range, arrays that overlap.
            FloatingPointError: A gradient is not finite, and ``on_nonfinite`` is ``"raise"``.
            RuntimeError: Another thread is stepping this optimizer, or parameters hold averages at present.
        """
        report: StepReport = self._optimizer.step(
            self._nested(grads),
            grad_scale=grad_scale,
            max_norm=max_norm,
            max_value=max_value,
            on_nonfinite=on_nonfinite,
            zero_grads=zero_grads,
            observe=observe,
        )
        return report

    def program(
        self,
        has_gradient: Sequence[bool],
        operands: Sequence[Operand] = (),
        *,
        apart: bool = False,
        places: Sequence[int] = (),
        start_states: bool = True,
    ) -> Program:
        """Return a step of these parameters as a program, for a runtime that holds all buffers itself.

        The arrays that this optimizer is bound to are not touched by it: they may be memory that nobody has written to.

        Args:
            has_gradient: For each parameter, whether steps have a gradient for it.
            operands: Numbers that come with each step.
            apart: Each state of each parameter has a buffer of its own, and ``scalars`` are float32.
            places: If one buffer holds all parameters, and one all gradients: for each parameter its first element in
                it, and last how many elements it has.
            start_states: The first step gives states that start at the parameter its values.

        Raises:
            TypeError: A hyperparameter of the wrong type, or an average of a class that is not one of adamas.
            ValueError: A hyperparameter out of range, or an option that there is not in such a runtime.
        """
        options, _ = self.step_defaults.options(None, None, None, None, None, False)
        average = average_as_numbers(self.average)
        found = self._engine.program(
            self.param_groups,
            options,
            has_gradient,
            [(each.group, each.name, each.place, each.factor, each.power) for each in operands],
            average,
            apart,
            places,
            start_states,
            self.step_defaults.observe or 0,
        )
        if not found:
            self.check_groups(self.completed)
        encoded, buffers, parts = found
        return Program(
            encoded,
            tuple(Buffer(*each) for each in buffers),
            tuple(tuple(Part(*each) for each in kept) for kept in parts),
        )

    def step_tensors(
        self, tensors: Tensors, as_arrays: Callable[[], Sequence[Any]], grad_scale: float | None = None
    ) -> StepReport:
        """Update all parameters with the gradients that `Tensors` has collected, as `step` does.

        Args:
            tensors: It has collected the gradients of these parameters, in their order.
            as_arrays: Returns the same gradients as `step` takes them. It is called if they are refused, so that the
                message can say which.
            grad_scale: What the loss was multiplied by, a finite number > 0. None: 1.

        Returns:
            What happened; see `adamas.StepReport`.

        Raises:
            TypeError: A gradient or hyperparameter has the wrong type; the message names it.
            ValueError: A gradient does not fit, a hyperparameter is out of range, or arrays overlap.
            FloatingPointError: A gradient is not finite, and ``step_defaults.on_nonfinite`` is ``"raise"``.
            RuntimeError: Another thread is stepping this optimizer, or parameters hold averages at present.
            Exception: What ``as_arrays`` raises.
        """
        try:
            report: StepReport = self._optimizer.step(tensors, grad_scale=grad_scale)
        except TypeError:
            self._optimizer._diagnosis.check_step(self._nested(as_arrays()), self._optimizer.param_groups)
            raise
        return report

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
        """Begin a step that is taken parameter by parameter, inside a ``with`` block.

        ::

            with bound.step_scope() as scope:
                for index in reversed(range(len(bound.names))):
                    scope.step_param(index, backward(index))
            scope.report

        If an exception leaves the block, parameters that were stepped before stay so. ``scope.norm_of(index)`` returns
        order and norm of a gradient that was stepped, or None if nobody measured it.

        Args:
            grad_scale: What the loss was multiplied by, a finite number > 0. None: 1.
            max_norm: The largest norm of all gradients that is not clipped, > 0. It is refused if it would clip, unless
                each parameter is clipped by its own norm (``clip_each``), or ``previous_norm`` is set. Infinity: take
                the norm, and clip nothing. None: what `step_defaults` says.
            max_value: The largest magnitude of an element that is not clipped, > 0. None: what `step_defaults` says.
            on_nonfinite: What to do if the gradient of a parameter is not finite, for each parameter by itself:
                ``"propagate"``, ``"skip"`` or ``"raise"``. None: what `step_defaults` says.
            zero_grads: Set each gradient to zero once it has been used. None: what `step_defaults` says.
            previous_norm: Clip by the norm of the gradients of the previous step.

        Raises:
            TypeError: An argument has the wrong type.
            ValueError: An argument is out of range, or ``max_norm`` is refused.
        """
        scope: StepScope = self._optimizer.step_scope(
            grad_scale=grad_scale,
            max_norm=max_norm,
            max_value=max_value,
            on_nonfinite=on_nonfinite,
            zero_grads=zero_grads,
            previous_norm=previous_norm,
        )
        return scope

    @property
    def step_options(self) -> StepOptions:
        """The options of steps, in the form that `StepTable` takes.

        It has what `step_defaults` says now: ask again after a change of those.

        Raises:
            ValueError: Steps are to be observed, or the rule needs the gradients of all parameters at once.
        """
        if self.step_defaults.observe is not None:
            raise ValueError("observe: parameters that are stepped by themselves are not observed")
        if self.info.spec.shared_scalars:
            raise ValueError(f"{self.info.spec.name}: needs the gradients of all parameters at once")
        return self.step_defaults.options(None, None, None, None, None, None)[0]

    def put_into(self, table: StepTable, key: object, index: int) -> None:
        """Let a key of a table stand for a parameter of this optimizer, from now on.

        A `StepTable` is for libraries that call their optimizer for one tensor after the other. It updates a parameter
        by itself, at once, in half of the time of `step`; its parameters may be those of several optimizers::

            table = StepTable(average.weight)        # or StepTable(), without an average
            bound.put_into(table, key, index)
            table.prepare(groups, bound.step_options)
            stepped = table.step(key, array, grad)

        ``groups`` is a list as `param_groups`, for all parameters; neither it nor the options may change before they
        are prepared again. ``array`` is the parameter as the library has it now: the array that was bound, or another
        over the same memory. A gradient is clipped by its own norm. Averages of other parameters stay; the weight of
        this one is that of how often it was averaged.

        If the library calls an optimizer object, ``optimizer(key, array, grad)``, a `SteppingCall` makes that call
        compiled code. It is a method that takes ``__call__`` and one of ``__slots__``::

            Optimizer.__call__ = SteppingCall(Optimizer.__call__, Optimizer.__dict__["_table"])

        While that slot holds a `StepTable`, a call with these three arguments is a step by the table, and returns
        array and gradient. Where the table returns anything but True, and for all other calls, it calls the function.

        ``step`` returns True; False if the gradient is not finite and the options say that such a step is skipped; or
        None if an input is not acceptable (`refuse_alone` says why), the key is not known or nothing is prepared.
        Nothing has changed then. `completed` becomes the largest step count of all parameters. Do not call it while
        parameters hold averages (`averaged`, `eval`): nothing refuses it.

        Args:
            table: The table.
            key: The key, which can be hashed.
            index: The number of the parameter.
        """
        table.put(key, self._engine, index)

    def refuse_alone(
        self, index: int, array: Any, grad: Any, groups: list[dict[str, Any]], options: StepOptions
    ) -> NoReturn:
        """Raise the error that says why a `StepTable` has not accepted a parameter's array and gradient.

        Args:
            index: The number of the parameter.
            array: The array of the parameter that the table was given.
            grad: The gradient that the table was given.
            groups: The groups that the table was prepared with.
            options: The options that the table was prepared with.

        Raises:
            TypeError: The array, the gradient or a hyperparameter is of the wrong type; the message names it.
            ValueError: It does not fit; or ``array`` is not over the memory that was bound.
            RuntimeError: An input changed meanwhile, or gradients have been accumulated.
        """
        diagnosis: Diagnosis = self._optimizer._diagnosis
        diagnosis.refuse_stepped_alone(index, array, grad, groups, zero_grads=options.zero_grads)

    def check_groups(self, completed: int) -> None:
        """Refuse ``param_groups`` that a step would refuse, before anything is done for it.

        Args:
            completed: Steps taken so far, with which callable hyperparameters are called.

        Raises:
            TypeError: A hyperparameter of the wrong type; the message names it.
            ValueError: A hyperparameter out of range, missing, or fixed at construction and changed since.
        """
        self._model.groups.check(self._optimizer.param_groups, completed, exact=self._model.parameters)

    def refuse_while_averaged(self, doing: str) -> None:
        """Refuse what must not be done while parameters hold averages, in `averaged` or after `eval`.

        Args:
            doing: What would be done, such as ``"saving"``.

        Raises:
            RuntimeError: They hold averages; the message says what to leave or call.
        """
        if self._model.refusal is not None:
            raise RuntimeError(self._model.refusal.replace("stepping", doing))

    @property
    def formats(self) -> tuple[tuple[str, str, str], ...]:
        """Of each parameter, the formats that `Observed` names."""
        formats: tuple[tuple[str, str, str], ...] = self._optimizer._formats()
        return formats

    @property
    def observed(self) -> Observed | None:
        """The measurements of the last observed step, for the parameters in their order; None before the first.

        The option ``observe`` says which steps are observed.
        """
        observed: Observed | None = self._optimizer.observed
        return observed

    def states(self, index: int) -> dict[str, Array]:
        """Return all arrays that are kept for a parameter, by name: the live ones, to be read or filled.

        Beside the states of its rule there are, where the options ask for them: the scales of quantised states
        (``exp_avg_scale``), what is kept of a 16-bit parameter (``master``, ``low_bits``, ``compensation``), its
        ``average``, and the steps of each row (``row_step``).

        Args:
            index: The number of the parameter.
        """
        return self._model.states_of(self._model.parameters[index])

    def start_states(self, index: int) -> None:
        """Give states that start at the parameter the values that it has now (``start_states=False``).

        Args:
            index: The number of the parameter.
        """
        group = self._optimizer.param_groups[self.groups_of[index]]
        initial = {name: None for name, value in self.info.spec.first_values(group).items() if value is None}
        if initial:
            self._model.start_states(self._model.parameters[index], initial)

    def numbers(self, index: int) -> dict[str, int | float]:
        """Return all numbers that are kept for a parameter.

        ``step``, its step count; the scalars of its rule; and with the option ``average`` ``n_averaged``, how often its
        average was brought up to date.

        Args:
            index: The number of the parameter.
        """
        return self._model.numbers_of(self._model.parameters[index])

    @property
    def completed(self) -> int:
        """Steps taken by the optimizer: a parameter counts those in which it had a gradient."""
        return int(self._engine.completed)

    def step_count(self, index: int) -> int:
        """Return the steps taken by a parameter.

        Args:
            index: The number of the parameter.
        """
        return int(self._engine.step_count(index))

    def set_step_counts(self, counts: Sequence[int], completed: int) -> None:
        """Set the steps taken by each parameter, and by the optimizer.

        Args:
            counts: A number for each parameter.
            completed: The number for the optimizer.
        """
        self._engine.set_step_counts(counts, completed)

    def scalars(self, index: int) -> dict[str, float]:
        """Return the scalars of a parameter, by name.

        Args:
            index: The number of the parameter.
        """
        return dict(zip(self.formula(index).scalars, self._engine.scalars(index), strict=True))

    def set_scalars(self, index: int, values: Mapping[str, float]) -> None:
        """Set the scalars of a parameter.

        Args:
            index: The number of the parameter.
            values: Each of the scalars that its rule keeps, by name; other entries are ignored.
        """
        self._engine.set_scalars(index, [values[name] for name in self.formula(index).scalars])

    def shared_scalars(self) -> dict[str, float]:
        """Return the numbers that the rule keeps for all parameters together, by name; most rules keep none."""
        return self._model.shared_scalars()

    def set_shared_scalars(self, values: Mapping[str, float]) -> None:
        """Set the numbers that the rule keeps for all parameters together.

        Args:
            values: Each of the numbers, by name; other entries are ignored.
        """
        self._engine.set_shared_scalars([values[name] for name in self.info.spec.shared_scalars])

    def show_step_counts(self, counts: Array) -> None:
        """Write the step count of every parameter into an array.

        Args:
            counts: An array of float64 or float32, with one element for each parameter.
        """
        self._engine.show_step_counts(counts)

    def show_scalars(self, place: int, values: Array) -> None:
        """Write a scalar of every parameter into an array.

        Args:
            place: The place of the scalar in ``formula(0).scalars``.
            values: An array of float64 or float32, with one element for each parameter.
        """
        self._engine.show_scalars(place, values)

    def average_count(self, index: int) -> int:
        """Return how often the average of a parameter was brought up to date.

        Args:
            index: The number of the parameter.
        """
        return int(self._engine.average_count(index))

    @property
    def average_counts(self) -> int | list[int]:
        """How often the average of each parameter was brought up to date: one number if all have the same."""
        counts: int | list[int] = self._engine.average_counts
        return counts

    def set_average_counts(self, counts: Sequence[int]) -> None:
        """Set how often the average of each parameter was brought up to date.

        Args:
            counts: A number for each parameter.
        """
        self._engine.set_average_counts(counts)

    @property
    def previous_norm(self) -> float | None:
        """The norm of the gradients of the last step that took it and found it finite, or None. It can be set."""
        norm: float | None = self._engine.previous_norm
        return norm

    @previous_norm.setter
    def previous_norm(self, norm: float | None) -> None:
        self._engine.previous_norm = norm

    def catch_up(self, index: int | None = None, rows: Array | None = None) -> None:
        """Bring rows of ``sparse={name: "exact"}`` parameters to the last step, before they are read.

        Args:
            index: The number of a parameter. None: all parameters.
            rows: Numbers of the rows that are needed, int64 or int32. None: all rows.

        Raises:
            TypeError: Rows that are not such an array.
            ValueError: A row that the parameter does not have.
            RuntimeError: Another thread is stepping this optimizer.
        """
        self._optimizer.catch_up(index, rows)

    def averaged(self) -> AbstractContextManager[None]:
        """Put the averages into the parameters, for the time of a ``with`` block; the same bits come back after it.

        Raises:
            ValueError: The optimizer keeps no averages, or none have been taken yet.
            RuntimeError: Another thread is stepping this optimizer.
        """
        context: AbstractContextManager[None] = self._optimizer.averaged()
        return context

    def eval(self) -> None:
        """Put what is to be evaluated into the parameters, where the rule trains others (`adamas.ScheduleFreeAdamW`).

        Steps are refused until `train`. Under other rules it does nothing.

        Raises:
            RuntimeError: Another thread is stepping this optimizer.
        """
        if hasattr(self._optimizer, "eval"):
            self._optimizer.eval()

    def train(self) -> None:
        """Put the training parameters back, exactly, after `eval`."""
        if hasattr(self._optimizer, "train"):
            self._optimizer.train()


@functools.cache
def _with_foreign_groups(optimizer_class: type[Optimizer]) -> type[Optimizer]:
    """Return the class for groups that another library keeps, with entries of its own.

    What people are told of is for that library's optimizer to say, so it does not warn.
    """
    entries = {"_foreign_groups": True, "__module__": optimizer_class.__module__}
    return type(optimizer_class.__name__, (optimizer_class,), entries)
