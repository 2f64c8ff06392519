"""What all optimizers share: parameters, groups, states and their checks. The engine comes from a subclass."""

from __future__ import annotations

import itertools
import math
from abc import ABC, abstractmethod
from array import array as numbers
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, ClassVar, NoReturn, TypeAlias

import numpy as np

from adamas import _structure as structure
from adamas._averaged import averaged
from adamas._background import StepHandle
from adamas._checks import Array, address, any_overlap, check_array, check_like, check_overlap
from adamas._copies import check_copies
from adamas._engine import Plan, RuleInfo
from adamas._formats import RESIDUE_NAMES, average_dtype
from adamas._gradients import OnNonFinite, StepDefaults, StepOptions, conclude
from adamas._hyperparameters import SCHEDULABLE, check_group, check_threads
from adamas._options import Options, read_options
from adamas._report import StepReport
from adamas._scope import StepScope
from adamas._sparse import MODES, check_caught_up, check_sparse, check_sparse_hyperparameters, check_sparse_rule
from adamas._state_dict import check_state_dict
from adamas._states import States
from adamas.averaging import Average
from adamas.rows import RowGrad, arrays_of, check_row_grad, check_rows

#: A learning rate, or a function that gives it for the number of steps taken so far (0 at the first).
LearningRate: TypeAlias = "float | Callable[[int], float]"


class Optimizer(ABC):
    """Base of all optimizers.

    Args:
        params: The parameters: an array, a list or tuple of arrays, a mapping of names to arrays, any nesting of these,
            or a list of group dicts, each with its parameters under ``"params"`` and hyperparameters of its own.
            Arrays are float32, float64, float16 or bfloat16, C-contiguous, aligned and writeable; they are updated in
            place.
        defaults: The hyperparameters of groups that do not set their own.
        options: As in `Options`.
    """

    #: Hyperparameters that keep for life the values they had at construction (some decide what states there are).
    _frozen: ClassVar[tuple[str, ...]] = ()
    #: Hyperparameters that the class itself has set, and that nobody may choose.
    _fixed: ClassVar[tuple[str, ...]] = ()

    #: Hyperparameters that this rule wants in [0, 1), though others do not.
    _fractions: ClassVar[tuple[str, ...]] = ()
    #: How many betas the rule has.
    _beta_count: ClassVar[int] = 2

    def __init__(self, params: Any, defaults: dict[str, Any], options: Options) -> None:
        #: What a step does about gradients, unless its arguments say otherwise.
        self.step_defaults: StepDefaults
        self._formats, self.step_defaults = read_options(options)
        self._average: Average | None = options.get("average")
        self.defaults = defaults
        #: Why steps are refused at present, if they are.
        self._refusal: str | None = None
        self._check_group(defaults, "{}", None)
        #: Hyperparameters of each group, read at every step: change them at will.
        self.param_groups: list[dict[str, Any]] = []
        self._leaves: list[structure.Leaf] = []
        self._group_of = numbers("I")
        groups = structure.split_groups(params, self.defaults)
        if groups is None:
            self._description = self._take_group({"params": params}, "", "")
        else:
            descriptions = [self._take_group(g, f"[{i}]", f"[{i}]['params']") for i, g in enumerate(groups)]
            self._description = ("sequence", [structure.group_description(child) for child in descriptions])
        structure.check_names(self._leaves)
        if not self._leaves:
            raise ValueError("params: expected at least one array, got none")
        self._copies = check_copies(options.get("copy_out"), self._description, self._leaves)
        self._sparse = check_sparse(options.get("sparse"), self._leaves)
        copies = (copy for copy in self._copies if copy is not None)
        if any_overlap(itertools.chain((leaf.array for leaf in self._leaves), copies)):
            check_overlap([(f"params{leaf.path}", leaf.array) for leaf in self._leaves] + self._named_copies())

        self._places = numbers("Q", (address(leaf.array) for leaf in self._leaves))
        self._copy_places = {i: address(copy) for i, copy in enumerate(self._copies) if copy is not None}
        self._scope: StepScope | None = None
        #: Of the gradients of the last step that took it and found it finite.
        self._previous_norm: float | None = None
        self._frozen_values = [{key: group[key] for key in self._frozen} for group in self.param_groups]
        self._info_of_group = [self._rule_info(self._rule(group)) for group in self.param_groups]
        self._plan: Any = self._new_plan()  # each engine has a way of its own to step
        self._fill_plan(options.get("state_memory"))
        self.num_threads = options.get("num_threads")
        for leaf, copy in zip(self._leaves, self._copies, strict=True):
            if copy is not None:
                np.copyto(copy, leaf.array, casting="unsafe")

    def _take_group(self, group: dict[str, Any], group_path: str, path: str) -> structure.Description:
        """Check one group and its parameters and add them to the lists; return how the parameters nest."""
        known = [key for key in self.defaults if key not in self._fixed]
        unknown = [key for key in group if key != "params" and key not in known]
        if unknown:
            raise ValueError(
                f"params{group_path}[{unknown[0]!r}]: {type(self).__name__} has no such hyperparameter; "
                f"it has {', '.join(known)}"
            )
        own = {key: value for key, value in group.items() if key != "params"}
        merged = {"params": group["params"], **_detached({**self.defaults, **own})}
        self._check_group(merged, f"params{group_path}[{{!r}}]", None)
        first = sum(len(g["params"]) if isinstance(g["params"], list | tuple) else 1 for g in self.param_groups)
        description, leaves = structure.describe(group["params"], path, first)
        for leaf in leaves:
            check_array(leaf.array, f"params{leaf.path}", writable=True)
        self._leaves += leaves
        self._group_of.extend([len(self.param_groups)] * len(leaves))
        self.param_groups.append(merged)
        return description

    def _fill_plan(self, memory: Callable[[int], Array] | None) -> None:
        sizes = Counter(self._group_of)
        leaves = enumerate(self._leaves)  # in the order of the groups
        for index, group in enumerate(self.param_groups):
            self._plan.add_group(group, self._frozen, self._beta_count)
            rule = self._rule(group)
            for i, leaf in itertools.islice(leaves, sizes[index]):
                averaged = average_dtype(self._average, leaf.array.dtype)
                average_bytes = 0 if averaged is None else averaged.itemsize
                mode = self._sparse.get(i, -1)
                if mode >= 0:
                    keeps_more = bool(average_bytes) or self._copies[i] is not None or self._formats_of(i)[0] > 1
                    info = self._info_of_group[index]
                    check_sparse_rule(leaf.name, mode, rule, info, type(self).__name__, keeps_more=keeps_more)
                self._plan.add(leaf.array, rule, *self._formats_of(i), average_bytes, self._copies[i], mode)
        self._plan.lay_out(memory)
        for i, leaf in enumerate(self._leaves):
            self._start_states(i, leaf.array, self._initial(self.param_groups[self._group_of[i]]))

    @abstractmethod
    def _start_states(self, index: int, param: Array, initial: Mapping[str, float | None]) -> None:
        """Give states that do not start at zero, and a master, their first values."""

    @staticmethod
    @abstractmethod
    def _rule(group: Mapping[str, Any]) -> str:
        """Name of the update rule that serves a group."""

    @abstractmethod
    def _new_plan(self) -> Plan:
        """Make the engine."""

    @abstractmethod
    def _rule_info(self, rule: str) -> RuleInfo:
        """What a rule keeps for each parameter."""

    def _initial(self, group: Mapping[str, Any]) -> Mapping[str, float | None]:
        """What states start at that do not start at zero; None for a copy of the parameter."""
        return {}

    @staticmethod
    def _check_combination(group: Mapping[str, Any], path: str) -> None:
        """Refuse hyperparameters of a group, each valid by itself, that do not go together."""
        return  # most rules have none such

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
        return StepHandle(lambda: self._conclude(self._plan.finish(), options, choice, grads))

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
        """
        if self._refusal is not None:
            raise RuntimeError(self._refusal)
        options, choice = self.step_defaults.options(grad_scale, max_norm, max_value, on_nonfinite, zero_grads)
        return StepScope(self, options, choice, previous_norm)

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
            RuntimeError: There is no scope, or another thread is stepping a parameter.
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
            if rows is not None:
                param_path = f"params{self._leaves[i].path}"
                check_rows(RowGrad(rows, np.empty((len(rows), 1))).rows, "rows", self._leaves[i].array, param_path)
            if not self._plan.catch_up(i, rows):
                self._check_gradient(i, "", None, zero_grads=False)
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

    def _average_weight(self) -> float:
        return 0.0 if self._average is None else self._average.weight_at(self._plan.completed + 1)

    def _conclude(self, report: StepReport | None, options: StepOptions, choice: OnNonFinite, grads: Any) -> StepReport:
        """Finish a step: name the parameter that is not finite, or say why the inputs were not acceptable."""
        if report is None:
            self._refuse(grads, zero_grads=options.zero_grads)
        if report.grad_norm is not None and math.isfinite(report.grad_norm):
            self._previous_norm = report.grad_norm
        if report.nonfinite is None:
            return report
        if report.skipped and choice == "skip" and self._plan.accumulated:
            self._plan.drop_accumulated()
        return conclude(report, choice, self._leaves, self._description, grads)

    def _refuse(self, grads: Any, *, zero_grads: bool) -> NoReturn:
        """Raise the error that says which input is not acceptable."""
        self._check_step(grads, self._plan.scheduled, zero_grads=zero_grads)
        raise RuntimeError("an input changed while it was being checked; nothing was updated")

    def _check_step(
        self,
        grads: Any,
        scheduled: Sequence[Mapping[str, Any] | None] | None = None,
        *,
        zero_grads: bool = False,
    ) -> tuple[list[dict[str, Any]], list[Any]]:
        """Check all that a step reads; return each group's hyperparameters and each parameter's gradient."""
        groups = self._check_groups(self.param_groups, self._plan.completed, scheduled)
        for i, mode in self._sparse.items():
            if mode == MODES["exact"]:
                k = self._group_of[i]
                check_sparse_hyperparameters(self._leaves[i].name, groups[k], f"param_groups[{k}]")
        if grads is None and self._plan.accumulated:
            items: Iterable[tuple[str, Any]] = [("grads", None)] * len(self._leaves)
        else:
            items = structure.leaves_like(self._description, grads)
        return groups, self._check_gradients(items, zero_grads=zero_grads)

    def _check_accumulated(self, grads: Any) -> list[Any]:
        """Check gradients that are to be accumulated."""
        gradients = self._check_gradients(structure.leaves_like(self._description, grads))
        for i in self._sparse:
            if gradients[i] is not None:
                raise ValueError(
                    f"accumulate: {self._leaves[i].name!r} takes gradients of single rows, which are not accumulated; "
                    "join those of all parts into one RowGrad"
                )
        return gradients

    def _check_alone(self, index: int, grad: Any, *, zero_grads: bool) -> None:
        """Check the gradient of one parameter."""
        path = f"the gradient of {self._leaves[index].name!r}"
        if isinstance(grad, RowGrad):
            raise TypeError(f"{path}: expected an array, got a RowGrad; those go to step alone")
        items = ((path, grad if i == index else None) for i in range(len(self._leaves)))
        self._check_gradients(items, zero_grads=zero_grads)

    def _check_gradients(self, items: Iterable[tuple[str, Any]], *, zero_grads: bool = False) -> list[Any]:
        gradients: list[Any] = []
        arrays = self._named_copies()
        for i, (leaf, (path, grad)) in enumerate(zip(self._leaves, items, strict=True)):
            gradients.append(self._check_gradient(i, path, grad, zero_grads=zero_grads))
            arrays.append((f"params{leaf.path}", leaf.array))
            arrays += [(f"state[{leaf.name!r}][{name!r}]", state) for name, state in self._states_of(i).items()]
            if grad is not None:
                arrays += arrays_of(grad, path)
        check_overlap(arrays)
        return gradients

    def _check_gradient(self, index: int, path: str, grad: Any, *, zero_grads: bool) -> Any:
        """Check a parameter, its copy and its gradient."""
        leaf, copy = self._leaves[index], self._copies[index]
        param_path = f"params{leaf.path}"
        for array, array_path in ((leaf.array, param_path), (copy, f"copy_out{leaf.path}")):
            if array is None:
                continue
            place = self._places[index] if array is leaf.array else self._copy_places[index]
            checked = check_array(array, array_path, writable=True)
            if address(checked) != place or checked.size != self._plan.size(index):
                raise ValueError(f"{array_path}: was resized since this optimizer was made; make a new one")
        if grad is None:
            return None
        if isinstance(grad, RowGrad):
            if index not in self._sparse:
                sparse = {leaf.name: "lazy"}
                raise TypeError(f"{path}: for a RowGrad, make the optimizer with sparse={sparse} (or 'exact')")
            check_row_grad(grad, path, leaf.array, param_path, writable=zero_grads)
            return grad
        return check_like(grad, path, leaf.array, param_path, same_dtype=False, writable=zero_grads)

    def _named_copies(self) -> list[tuple[str, Array]]:
        pairs = zip(self._leaves, self._copies, strict=True)
        return [(f"copy_out{leaf.path}", copy) for leaf, copy in pairs if copy is not None]

    def _states_of(self, index: int) -> dict[str, Array]:
        arrays: dict[str, Array] = {}
        for k, name in enumerate(self._info_of_group[self._group_of[index]].states):
            arrays[name] = self._plan.state(index, k)
            scale = self._plan.scale(index, k)
            if scale is not None:
                arrays[f"{name}_scale"] = scale
        residue = self._plan.residue(index)
        if residue is not None:
            arrays[RESIDUE_NAMES[self._formats_of(index)[1]]] = residue
        average = self._plan.average(index)
        if average is not None:
            arrays["average"] = average
        counts = self._plan.row_counts(index)
        if counts is not None:
            arrays["row_step"] = counts
        return arrays

    def _formats_of(self, index: int) -> tuple[int, int]:
        leaf = self._leaves[index]
        return self._formats.of(leaf.array.dtype, leaf.path)

    def _numbers_of(self, index: int) -> dict[str, int | float]:
        names = self._info_of_group[self._group_of[index]].scalars
        return {"step": self._plan.step_count(index), **dict(zip(names, self._plan.scalars(index), strict=True))}

    def _check_group(
        self, group: Mapping[str, Any], path: str, completed: int | None, scheduled: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        checked = check_group(
            group, path, self.defaults, completed, scheduled, fractions=self._fractions, beta_count=self._beta_count
        )
        self._check_combination(checked, path)
        return checked

    def _check_groups(
        self, groups: Any, completed: int | None, scheduled: Sequence[Mapping[str, Any] | None] | None = None
    ) -> list[dict[str, Any]]:
        if not isinstance(groups, list) or len(groups) != len(self._frozen_values):
            raise ValueError(f"param_groups: expected a list of {len(self._frozen_values)} dicts, as it was at first")
        checked = []
        for i, (group, frozen) in enumerate(zip(groups, self._frozen_values, strict=True)):
            if not isinstance(group, dict):
                raise TypeError(f"param_groups[{i}]: expected a dict, got {structure.type_name(group)}")
            called = scheduled[i] if scheduled else None
            checked.append(self._check_group(group, f"param_groups[{i}][{{!r}}]", completed, called))
            if group.get("momentum") and "momentum_buffer" not in self._info_of_group[i].states:
                raise ValueError(
                    f"param_groups[{i}]['momentum']: was 0 when this optimizer was made, and there is no "
                    "momentum_buffer; make a new one instead"
                )
            for key, value in frozen.items():
                if group[key] != value:
                    raise ValueError(
                        f"param_groups[{i}][{key!r}]: is {value!r} for this optimizer's life; make a new one instead"
                    )
        return checked

    @property
    def num_threads(self) -> int | None:
        """The most threads a step may use; None for the library's limit."""
        return self._plan.num_threads or None

    @num_threads.setter
    def num_threads(self, count: int | None) -> None:
        self._plan.num_threads = check_threads(count)

    @property
    def state(self) -> States:
        """The states of each parameter, by name or by number: ``opt.state["w"]["exp_avg"]``.

        Each is a dict with the ``step`` count of that parameter, other numbers that its rule keeps (``mu_product`` of
        `NAdam`), and its state arrays, the live ones. Of a quantised state there are codes (uint8, a row for each block
        of 128 elements) and, as ``exp_avg_scale``, the blocks' scales. What is kept of a 16-bit parameter's rounding is
        there as ``master``, ``low_bits`` or ``compensation``.

        A name is the path of keys and positions, joined by dots: ``"model.linear.w"``, ``"0.1"``; ``"0"`` for a single
        array. Parameters of group dicts are named as if their groups were one; lists number on from group to group.
        """
        return States([leaf.name for leaf in self._leaves], self._numbers_of, self._states_of)

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
        if self._refusal is not None:
            raise RuntimeError(self._refusal.replace("stepping", "saving or loading"))
        self._check_groups(self.param_groups, None)
        self.catch_up()
        with self._plan:
            return self._state_dict(copy)

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
            "formats": self._formats.saved(),
            "state": state,
            "param_groups": [
                {**_without_schedule(_detached(group)), "params": n}
                for group, n in zip(self.param_groups, names, strict=True)
            ],
        }

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
        live = self.state_dict(copy=False)
        check_state_dict(state_dict, live)
        loaded = [
            _detached(
                {key: ours[key] if key in SCHEDULABLE and value is None else value for key, value in theirs.items()}
            )
            for theirs, ours in zip(state_dict["param_groups"], self.param_groups, strict=True)
        ]
        self._check_groups(loaded, None)
        exact = [self._leaves[i].name for i, mode in self._sparse.items() if mode == MODES["exact"]]
        check_caught_up(state_dict, exact)
        pairs = [
            (array, state_dict["state"][name][key])
            for name, entry in live["state"].items()
            for key, array in entry.items()
            if isinstance(array, np.ndarray)
        ]
        try:
            check_overlap([("", array) for pair in pairs for array in pair if array.flags.c_contiguous])
        except ValueError:  # it holds live arrays, which must not change while they are being read
            pairs = [(array, np.copy(value)) for array, value in pairs]
        with self._plan:
            for array, value in pairs:
                np.copyto(array, value)
            counts = [int(state_dict["state"][leaf.name]["step"]) for leaf in self._leaves]
            self._plan.set_step_counts(counts, int(state_dict["step"]))
            for i, leaf in enumerate(self._leaves):
                scalars = self._info_of_group[self._group_of[i]].scalars
                self._plan.set_scalars(i, [float(state_dict["state"][leaf.name][key]) for key in scalars])
            for group, values in zip(self.param_groups, loaded, strict=True):
                group.update({key: value for key, value in values.items() if key != "params"})

    def __reduce_ex__(self, protocol: Any) -> Any:
        raise TypeError(
            f"{type(self).__name__} cannot be copied or pickled, since its parameters are other people's arrays; "
            "keep its state_dict(), and load that into a new optimizer"
        )

    def __repr__(self) -> str:
        sizes: dict[str, list[int]] = {}
        for leaf in self._leaves:
            sizes.setdefault(leaf.array.dtype.name, []).append(leaf.array.size)
        totals = ", ".join(
            f"{sum(s):,} {dtype} elements in {len(s)} array{'s' if len(s) > 1 else ''}" for dtype, s in sizes.items()
        )
        lines = [f"{type(self).__name__}(", f"  {totals}; step {self._plan.completed}"]
        for i, group in enumerate(self.param_groups):
            options = ", ".join(
                f"{key}={value!r}" for key, value in group.items() if key not in ("params", *self._fixed)
            )
            lines.append(f"  group {i}: {options}")
        return "\n".join([*lines, ")"])


def _detached(group: Mapping[str, Any]) -> dict[str, Any]:
    """Copy a group, lists of numbers included, so that nobody else's change is felt here."""
    return {key: tuple(value) if isinstance(value, list) and key != "params" else value for key, value in group.items()}


def _without_schedule(group: Mapping[str, Any]) -> dict[str, Any]:
    return {key: None if key in SCHEDULABLE and callable(value) else value for key, value in group.items()}
