"""An optimizer's parameters, groups and states, and the plan of its engine."""

from __future__ import annotations

import dataclasses
import itertools
import math
import weakref
from abc import ABC, abstractmethod
from array import array as numbers
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from adamas._inputs import trees
from adamas._inputs.arrays import address, any_overlap, check_array, check_overlap, check_state_memory
from adamas._inputs.copy_out import check_copies
from adamas._inputs.formats import RESIDUE_NAMES, average_dtype
from adamas._inputs.hyperparameters import NAMES, check_group, check_threads, number
from adamas._inputs.names import MISTAKES, meant, refuse_attribute
from adamas._inputs.not_arrays import check_leaf, refuse_group_without_params
from adamas._inputs.precision import warn_of_lost_updates, warn_without_effect
from adamas._inputs.sparse import MODES, check_sparse, check_sparse_hyperparameters, check_sparse_rule
from adamas._inputs.values import counted, is_a, shown, stored, type_name
from adamas._optimizer.engine import Plan, RuleInfo
from adamas._optimizer.options import PLACES, Options, chosen, read_options
from adamas._optimizer.state_view import States
from adamas._optimizer.step_options import StepDefaults
from adamas._types import Array
from adamas.averaging import Average
from adamas.rules import RuleSpec

#: What is set only through an argument of a step.
_OF_ONE_STEP = {"grad_scale": "opt.step(grads, grad_scale={})"}

#: Names that are no attributes of an optimizer.
SETTINGS = frozenset((*NAMES, *PLACES, *_OF_ONE_STEP, *MISTAKES))


class Model(ABC):
    """What an optimizer keeps: parameters in groups, hyperparameters, states.

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
    #: States that there are only with some values of hyperparameters, which a group may have later.
    _later_states: ClassVar[tuple[str, ...]] = ()
    #: Hyperparameters that the class itself has set, and that nobody may choose.
    _fixed: ClassVar[tuple[str, ...]] = ()

    #: The rule.
    spec: ClassVar[RuleSpec]
    #: How many betas the rule has.
    _beta_count: ClassVar[int] = 2
    #: Groups are those of another library, with entries of its own, and parameters as it has them: see `for_adapters`.
    _foreign_groups: ClassVar[bool] = False

    def __init__(self, params: Any, defaults: dict[str, Any], options: Options) -> None:
        #: What a step does about gradients, unless its arguments say otherwise.
        self.step_defaults: StepDefaults
        known = [key for key in defaults if key not in self._fixed]
        self._formats, self.step_defaults = read_options(options, type(self).__name__, known)
        self._average: Average | None = options.get("average")
        self.defaults = defaults
        #: Why steps are refused at present, if they are.
        self._refusal: str | None = None
        self._check_group(defaults, "{}", None)
        #: Hyperparameters of each group, read at every step: change them at will.
        self.param_groups: list[dict[str, Any]] = []
        self._leaves: list[trees.Leaf] = []
        self._group_of = numbers("I")
        self._numbered = 0  # entries of the groups so far, which number on from one to the next
        groups = trees.split_groups(params, self.defaults)
        self._grouped = groups is not None
        if groups is None:
            several = is_a(params, list | tuple)
            for i, item in enumerate(stored(params) if several else [params]):
                refuse_group_without_params(item, f"params[{i}]" if several else "params", SETTINGS)
            self._description = self._take_group({"params": params}, "", "")
        else:
            descriptions = [self._take_group(g, f"[{i}]", f"[{i}]['params']") for i, g in enumerate(groups)]
            self._description = ("sequence", [trees.group_description(child) for child in descriptions])
        trees.check_names(self._leaves)
        if not self._leaves:
            raise ValueError("params: expected at least one array, got none")
        self._copies = check_copies(options.get("copy_out"), self._description, self._leaves)
        self._sparse = check_sparse(options.get("sparse"), self._leaves)
        self._sparse_shapes = {i: self._leaves[i].array.shape for i in self._sparse}
        copies = (copy for copy in self._copies if copy is not None)
        if any_overlap(itertools.chain((leaf.array for leaf in self._leaves), copies)):
            check_overlap([(f"params{leaf.path}", leaf.array) for leaf in self._leaves] + self._named_copies())

        self._places = numbers("Q", (address(leaf.array) for leaf in self._leaves))
        self._dtypes = [leaf.array.dtype for leaf in self._leaves]
        self._copy_dtypes = {i: copy.dtype for i, copy in enumerate(self._copies) if copy is not None}
        self._copy_places = {i: address(copy) for i, copy in enumerate(self._copies) if copy is not None}
        #: The step under way that is taken in parts (`StepScope`), if there is one.
        self._scope: Any = None
        self._frozen_values = [{key: group[key] for key in self._frozen} for group in self.param_groups]
        self._info_of_group = [self._rule_info(self._rule(group)) for group in self.param_groups]
        self._plan: Any = self._new_plan()  # each engine has a way of its own to step
        self.num_threads = options.get("num_threads")
        self._fill_plan(options.get("state_memory"))
        self._renew_copies()
        if not self._foreign_groups:
            names = [dtype.name for dtype in self._dtypes]
            warn_without_effect(options, names)
            warn_of_lost_updates(options, names)

    def __setattr__(self, name: str, value: Any) -> None:
        # (Nothing asks for __dict__, which would make attributes slower.)
        if name in SETTINGS and hasattr(self, "_plan") and not hasattr(self, name):
            own = {key: key not in self._frozen for key in self.defaults if key not in self._fixed}
            refuse_attribute(name, value, self.param_groups, own, {**PLACES, **_OF_ONE_STEP})
        super().__setattr__(name, value)

    def _no_hyperparameter(self, name: Any) -> str:
        """Say in a message that there is no such entry of a group."""
        known = [key for key in self.defaults if key not in self._fixed]
        text = f"{type(self).__name__} has no such hyperparameter{meant(name, known)}; it has {', '.join(known)}"
        if name in Options.__annotations__:
            text = f"is an option, which is the same for all groups; write {type(self).__name__}(params, {name}=...)"
        return text

    def _renew_copies(self) -> None:
        """Make the copies equal to the parameters."""
        for leaf, copy in zip(self._leaves, self._copies, strict=True):
            if copy is not None:
                np.copyto(copy.reshape(-1), leaf.array.reshape(-1), casting="unsafe")  # one may have been reshaped

    def _settle_copies(self) -> None:
        """Make parameters what their copies are, if those lead and somebody has written to them."""
        from adamas._numerics.param_formats import settle_by_copy  # noqa: PLC0415 (it imports optimizers)

        for leaf, copy in zip(self._leaves, self._copies, strict=True):
            if copy is not None and self._plan.copies_lead:
                settle_by_copy(leaf.array, copy)

    def _take_group(self, group: dict[str, Any], group_path: str, path: str) -> trees.Description:
        """Check one group and its parameters and add them to the lists; return how the parameters nest."""
        known = [key for key in self.defaults if key not in self._fixed]
        unknown = [key for key in group if key != "params" and key not in known]
        if unknown:
            raise ValueError(f"params{group_path}[{unknown[0]!r}]: {self._no_hyperparameter(unknown[0])}")
        own = {key: value for key, value in group.items() if key != "params"}
        merged = {"params": group["params"], **detached({**self.defaults, **own})}
        self._check_group(merged, f"params{group_path}[{{!r}}]", None)
        params = group["params"]
        description, leaves = trees.describe(params, path, self._numbered)
        self._numbered += len(stored(params)) if is_a(params, list | tuple) else 1
        for leaf in leaves:
            check_leaf(leaf.array, f"params{leaf.path}", type(self).__name__)
            check_array(leaf.array, f"params{leaf.path}", writable=True)
        self._leaves += leaves
        self._group_of.extend([len(self.param_groups)] * len(leaves))
        self.param_groups.append(merged)
        return description

    def _fill_plan(self, memory: Callable[[int], Array] | None) -> None:
        def cleared(nbytes: int) -> Array:
            assert memory is not None
            given = check_state_memory(memory(nbytes), nbytes)
            others = [leaf.array for leaf in self._leaves] + [copy for copy in self._copies if copy is not None]
            if any_overlap([given, *others]):
                raise ValueError("state_memory: shares memory with a parameter or its copy; it must have its own")
            given[...] = 0
            self._memory = weakref.ref(given)  # NumPy resizes no array that somebody has a weak reference to
            return given

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
                    check_sparse_rule(leaf.name, mode, info, type(self).__name__, keeps_more=keeps_more)
                self._plan.add(leaf.array, rule, *self._formats_of(i), average_bytes, self._copies[i], mode)
        self._plan.lay_out(None if memory is None else cleared)
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

    def _named_copies(self) -> list[tuple[str, Array]]:
        pairs = zip(self._leaves, self._copies, strict=True)
        return [(f"copy_out{leaf.path}", copy) for leaf, copy in pairs if copy is not None]

    def _average_weight(self) -> float | list[float]:
        """Return the weight of the parameters in their averages after the next step: of all, or of each."""
        step = self._plan.completed + 1
        if self._average is None or not self._average.is_due(step):
            return 0.0
        counts = self._plan.average_counts
        if isinstance(counts, int):
            return self._weight(step, counts + 1)
        weights = {count: self._weight(step, count + 1) for count in set(counts)}
        return [weights[count] for count in counts]

    def _weight(self, step: int, count: int) -> float:
        assert self._average is not None
        weight = self._average.weight_at(step, count)
        return number(weight, f"the weight of {self._average}", "a number from 0 to 1", 0.0, math.nextafter(1.0, 2.0))

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
        numbers = {"step": self._plan.step_count(index), **dict(zip(names, self._plan.scalars(index), strict=True))}
        if self._average is not None:
            numbers["n_averaged"] = self._plan.average_count(index)
        return numbers

    def _check_group(
        self, group: Mapping[str, Any], path: str, completed: int | None, scheduled: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        checked = check_group(group, path, self.spec.hyperparameters, completed, scheduled)
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
                raise TypeError(f"param_groups[{i}]: expected a dict, got {type_name(group)}")
            called = scheduled[i] if scheduled else None
            checked.append(self._check_group(group, f"param_groups[{i}][{{!r}}]", completed, called))
            self._check_keys(group, f"param_groups[{i}]")
            for hyperparameter in self.spec.hyperparameters:
                name, state = hyperparameter.name, hyperparameter.state
                if state and not hyperparameter.frozen and group[name] and state not in self._info_of_group[i].states:
                    raise ValueError(
                        f"param_groups[{i}][{name!r}]: was 0 when this optimizer was made, and there is no {state}; "
                        "make a new one instead"
                    )
            for key, value in frozen.items():
                if group[key] != value:
                    raise ValueError(
                        f"param_groups[{i}][{key!r}]: is {value!r} for this optimizer's life; make a new one instead"
                    )
        if not self._foreign_groups and groups is self.param_groups:
            self._check_params_kept()
        if completed is not None:
            for k, group in enumerate(checked):
                self._check_exact(k, group)
        return checked

    def _check_params_kept(self) -> None:
        """Refuse parameters that are others than those the optimizer updates, in the containers it was given."""
        place = 0
        for i, group in enumerate(self.param_groups):
            child = self._description[1][i][1] if self._grouped else self._description
            path = f"param_groups[{i}]['params']" if self._grouped else "params"
            try:
                leaves = list(trees.leaves_like(child, group.get("params"), path))
            except (TypeError, ValueError):
                raise ValueError(
                    f"{path}: no longer holds the parameters that this optimizer was made with, nested as they were; "
                    "make a new optimizer"
                ) from None
            for found_path, found in leaves:
                array, expected_at = self._leaves[place].array, self._places[place]
                place += 1
                same = type(found) in (np.ndarray, np.memmap) and address(found) == expected_at
                if found is not array and not (same and found.size == array.size and found.dtype == array.dtype):
                    raise ValueError(
                        f"{found_path}: is another array now than the one that this optimizer updates; write the "
                        "values into that one (array[...] = values), or make a new optimizer"
                    )

    def _check_keys(self, group: dict[str, Any], path: str) -> None:
        """Refuse a group with an entry that nobody reads."""
        if self._foreign_groups:
            return
        for key in dict.keys(group):
            if key not in ("params", *self.defaults):
                raise ValueError(f"{path}[{shown(key)}]: {self._no_hyperparameter(key)}")

    def _check_exact(self, number: int, group: Mapping[str, Any]) -> None:
        """Refuse hyperparameters, checked and called, with which rows of the group could not catch up."""
        for i, mode in self._sparse.items():
            if mode == MODES["exact"] and self._group_of[i] == number:
                check_sparse_hyperparameters(self._leaves[i].name, group, f"param_groups[{number}]")

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
        `NAdam`) or that go with its average (``n_averaged``), and its state arrays, the live ones. Of a quantised state
        there are codes (uint8, a row for each block of 128 elements) and, as ``exp_avg_scale``, the blocks' scales; a
        scale is negative where squares in its block have overflowed: there the highest code stands for infinity. What
        is kept of a 16-bit parameter's rounding is there as ``master``, ``low_bits`` or ``compensation``.

        A name is the path of keys and positions, joined by dots: ``"model.linear.w"``, ``"0.1"``; ``"0"`` for a single
        array. Parameters of group dicts are named as if their groups were one; lists number on from group to group.
        """
        return States([leaf.name for leaf in self._leaves], self._numbers_of, self._states_of)

    def __reduce_ex__(self, protocol: Any) -> Any:
        raise TypeError(
            f"{type(self).__name__} cannot be copied or pickled, since its parameters are other people's arrays; "
            "keep its state_dict(), and load that into a new optimizer"
        )

    def __repr__(self) -> str:
        totals = counted(leaf.array for leaf in self._leaves)
        lines = [f"{type(self).__name__}(", f"  {totals}; step {self._plan.completed}"]
        for i, group in enumerate(self.param_groups):
            values = ", ".join(
                f"{key}={value!r}" for key, value in group.items() if key not in ("params", *self._fixed)
            )
            lines.append(f"  group {i}: {values}")
        if options := chosen(self._options_now(), self.step_defaults):
            lines.append(f"  options: {', '.join(f'{name}={value!r}' for name, value in options.items())}")
        return "\n".join([*lines, ")"])

    def _options_now(self) -> dict[str, Any]:
        """Return the options of this optimizer, as they are now, but for those of steps."""
        copies = len(self._copy_places)
        return {
            **dataclasses.asdict(self._formats),
            "num_threads": self.num_threads,
            "average": self._average,
            "copy_out": counted(copy for copy in self._copies if copy is not None) if copies else None,
            "sparse": {self._leaves[i].name: list(MODES)[mode] for i, mode in self._sparse.items()} or None,
        }


def detached(group: Mapping[str, Any]) -> dict[str, Any]:
    """Copy a group, lists of numbers included, so that nobody else's change is felt here."""
    return {
        key: tuple(stored(value)) if key != "params" and is_a(value, list) else value for key, value in group.items()
    }
