"""What all optimizers share: parameters, groups, states and their checks. The engine comes from a subclass."""

from __future__ import annotations

import itertools
from abc import ABC, abstractmethod
from array import array as numbers
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, TypeAlias

import numpy as np

from adamas import _structure as structure
from adamas._checks import Array, address, check_array, check_like, check_overlap
from adamas._engine import Plan, RuleInfo
from adamas._formats import RESIDUE_NAMES
from adamas._gradients import OnNonFinite, StepDefaults
from adamas._hyperparameters import SCHEDULABLE, check_group, check_threads
from adamas._options import Options, read_options
from adamas._report import StepReport
from adamas._state_dict import check_state_dict
from adamas._states import States

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
        self._formats = read_options(options)
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
        check_overlap([(f"params{leaf.path}", leaf.array) for leaf in self._leaves])

        self._places = numbers("Q", (address(leaf.array) for leaf in self._leaves))
        self._frozen_values = [{key: group[key] for key in self._frozen} for group in self.param_groups]
        self._info_of_group = [self._rule_info(self._rule(group)) for group in self.param_groups]
        self._plan: Any = self._new_plan()  # each engine has a way of its own to step
        self._fill_plan()
        self.num_threads = options.get("num_threads")
        #: What a step does about gradients, unless its arguments say otherwise.
        self.step_defaults = StepDefaults(options.get("max_norm"), options.get("on_nonfinite", "propagate"))

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

    def _fill_plan(self) -> None:
        sizes = Counter(self._group_of)
        leaves = enumerate(self._leaves)  # in the order of the groups
        for index, group in enumerate(self.param_groups):
            self._plan.add_group(group, self._frozen, self._beta_count)
            rule = self._rule(group)
            for i, leaf in itertools.islice(leaves, sizes[index]):
                self._plan.add(leaf.array, rule, *self._formats_of(i))
        self._plan.lay_out()
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

    @abstractmethod
    def step(
        self,
        grads: Any,
        *,
        grad_scale: float | None = None,
        max_norm: float | None = None,
        on_nonfinite: OnNonFinite | None = None,
    ) -> StepReport:
        """Update all parameters in place, once.

        Gradients are divided by ``grad_scale``; then, if their L2 norm N over all parameters is larger than
        ``max_norm``, multiplied by ``max_norm / (N + 1e-6)``, as by ``torch.nn.utils.clip_grad_norm_``. Both are one
        factor, rounded once, that the update applies: the arrays of gradients do not change.

        Args:
            grads: The gradients, nested as the parameters are: the same kinds of containers, the same keys, arrays of
                the same shapes. Their dtypes may be any that parameters can have. They are only read, and may be
                read-only. None leaves a parameter, its states and its step count untouched. For a list of group
                dicts: a list with one entry per group.
            grad_scale: What the loss was multiplied by, > 0. None: 1.
            max_norm: The largest norm that is not clipped, > 0; infinity for no clipping. None: the optimizer's own.
            on_nonfinite: What to do if a gradient, divided by ``grad_scale``, holds an infinity or NaN: ``"propagate"``
                it; ``"skip"`` the step, which then changes nothing, not even the step count; or ``"raise"``. None: the
                optimizer's own.

        Returns:
            The number of this step, how many parameters were updated, and what was found out about the gradients. They
            are looked at, in a pass of their own, if ``max_norm`` or ``on_nonfinite`` asks for it.

        Raises:
            TypeError: A gradient or hyperparameter of the wrong type; the message names it.
            ValueError: A gradient that does not fit, arrays that overlap, a hyperparameter out of range, a parameter
                that has been resized or made read-only; the message names it.
            FloatingPointError: A gradient is not finite, and ``on_nonfinite`` is ``"raise"``.
            RuntimeError: Another thread is stepping this optimizer.

            After any of them nothing has changed: no parameter, no state, no step count.
        """

    def _check_step(
        self, grads: Any, scheduled: Sequence[Mapping[str, Any] | None] | None = None
    ) -> tuple[list[dict[str, Any]], list[Array | None]]:
        """Check all that a step reads; return each group's hyperparameters and each parameter's gradient."""
        if self._refusal is not None:
            raise RuntimeError(self._refusal)
        groups = self._check_groups(self.param_groups, self._plan.completed, scheduled)
        gradients: list[Array | None] = []
        arrays: list[tuple[str, Array]] = []
        items = structure.leaves_like(self._description, grads)
        for i, (leaf, (path, grad)) in enumerate(zip(self._leaves, items, strict=True)):
            param_path = f"params{leaf.path}"
            param = check_array(leaf.array, param_path, writable=True)
            states = self._states_of(i)
            if address(param) != self._places[i] or param.size != self._plan.size(i):
                raise ValueError(f"{param_path}: was resized since this optimizer was made; make a new one")
            gradients.append(None if grad is None else check_like(grad, path, param, param_path, same_dtype=False))
            arrays.append((param_path, param))
            arrays += [(f"state[{leaf.name!r}][{name!r}]", state) for name, state in states.items()]
            if grad is not None:
                arrays.append((path, grad))
        check_overlap(arrays)
        return groups, gradients

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
            RuntimeError: The optimizer is not in the state that it trains in (`ScheduleFreeAdamW.eval`).
        """
        if self._refusal is not None:
            raise RuntimeError(self._refusal.replace("stepping", "saving or loading"))
        self._check_groups(self.param_groups, None)
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
