"""The contents of an optimizer: its parameters, its groups, and the engine with their states."""

from __future__ import annotations

import math
import weakref
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from adamas._inputs.arrays import any_overlap, check_state_memory
from adamas._inputs.formats import FormatOptions
from adamas._inputs.hyperparameters import number
from adamas._inputs.sparse import check_sparse_rule
from adamas._numerics.formats import Residue, StateFormat
from adamas._numerics.param_formats import load_param, settle_by_copy
from adamas._numerics.state_formats import store_states
from adamas._optimizer.engine import Engine
from adamas._optimizer.groups import Group, Groups
from adamas._optimizer.kind import Kind
from adamas._optimizer.parameters import Parameter, Parameters
from adamas._types import Array
from adamas.averaging import Average


def _nothing(*_: Any) -> None:
    pass


def _alone(_: str) -> AbstractContextManager[None]:
    return nullcontext()


@dataclass(eq=False)
class Model:
    """What the parts of an optimizer share."""

    kind: Kind
    formats: FormatOptions
    average: Average | None
    groups: Groups
    parameters: Parameters
    #: Of the parameters, where their arrays are flat; None: those of the arrays.
    shapes: Sequence[tuple[int, ...]] | None = None
    #: Set by `bind`.
    engine: Engine = field(init=False)
    #: Why steps are refused at present, if they are.
    refusal: str | None = None
    #: The elements that this process steps, of parameters of which others step the rest.
    shards: Mapping[int, tuple[int, int]] = field(default_factory=dict)
    #: Of what changes parameters otherwise than by a step, where several processes have parts of them: the context of
    #: the call, and what is called before they are changed, and after that.
    together: Callable[[str], AbstractContextManager[None]] = _alone
    before_change: Callable[[str], None] = _nothing
    after_change: Callable[[], None] = _nothing
    #: The step under way that is taken in parts, if there is one.
    scope: Any = None
    _memory: Any = None

    def bind(
        self, engine: Engine, param_groups: Sequence[dict[str, Any]], memory: Callable[[int], Array] | None
    ) -> None:
        """Hand the parameters to an engine, and give all states their first values.

        Args:
            engine: A new one.
            param_groups: The optimizer's.
            memory: Gives the memory for states (``state_memory``).
        """
        self.engine = engine
        members: list[list[Parameter]] = [[] for _ in param_groups]
        for parameter in self.parameters:
            members[parameter.group].append(parameter)
        for group, record, parameters in zip(param_groups, self.groups.records, members, strict=True):
            engine.add_group(group, self.kind.spec.frozen, self.kind.spec.beta_count)
            for parameter in parameters:
                self._choose_formula(parameter, group, record)
                self._check_rows(parameter)
                engine.add_parameter(parameter)
        engine.lay_out(None if memory is None else lambda nbytes: self._cleared(memory, nbytes))
        for parameter in self.parameters:
            self.start_states(parameter, self.kind.spec.first_values(param_groups[parameter.group]))
        self.renew_copies()

    def _choose_formula(self, parameter: Parameter, group: Mapping[str, Any], record: Group) -> None:
        parameter.formula = record.formula
        spec = self.kind.spec
        if spec.by_shape:
            shape = parameter.array.shape if self.shapes is None else self.shapes[parameter.index]
            parameter.formula = spec.formula_for(group, shape)
            if parameter.formula.axes:
                parameter.matrix = spec.matrix(group, shape, parameter.path)

    def _check_rows(self, parameter: Parameter) -> None:
        if parameter.row_mode is None:
            return
        keeps_more = parameter.formats.average_dtype is not None or parameter.copy is not None
        keeps_more = keeps_more or parameter.formats.states not in (StateFormat.FLOAT32, StateFormat.FLOAT64)
        check_sparse_rule(parameter.name, parameter.row_mode, parameter.formula, self.kind.name, keeps_more=keeps_more)

    def _cleared(self, memory: Callable[[int], Array], nbytes: int) -> Array:
        given = check_state_memory(memory(nbytes), nbytes)
        if any_overlap([given, *self.parameters.arrays()]):
            raise ValueError("state_memory: shares memory with a parameter or its copy; it must have its own")
        given[...] = 0
        self._memory = weakref.ref(given)  # NumPy resizes no array that somebody has a weak reference to
        return given

    def own_part(self, parameter: Parameter) -> Array:
        """Return the elements of a parameter that this process steps: those that it keeps states of."""
        shard = self.shards.get(parameter.index)
        return parameter.array if shard is None else parameter.array.reshape(-1)[slice(*shard)]

    def start_states(self, parameter: Parameter, initial: Mapping[str, float | None]) -> None:
        """Give a master, and states that do not start at zero, their first values.

        Args:
            parameter: Whose they are.
            initial: What states start at; None for a copy of the parameter.
        """
        kept = self.engine.residue(parameter.index)
        if parameter.formats.residue is Residue.MASTER:
            assert kept is not None
            kept[...] = self.own_part(parameter)
        if not initial:
            return
        kinds = parameter.formula.states
        values = load_param(self.own_part(parameter), parameter.formats.residue, kept)
        states = {name: np.zeros_like(values) for name in kinds}
        for name, value in initial.items():
            states[name][...] = values if value is None else value
        store_states(kinds, parameter.formats.states, self.states_of(parameter), states, step=0)

    def states_of(self, parameter: Parameter) -> dict[str, Array]:
        """Return all arrays that are kept for a parameter, by name; the live ones."""
        engine, index = self.engine, parameter.index
        arrays: dict[str, Array] = {}
        for k, name in enumerate(parameter.formula.states):
            arrays[name] = engine.state(index, k)
            scale = engine.scale(index, k)
            if scale is not None:
                arrays[f"{name}_scale"] = scale
        others = {
            parameter.formats.residue.state: engine.residue(index),
            "average": engine.average(index),
            "row_step": engine.row_counts(index),
        }
        arrays.update({name: array for name, array in others.items() if name is not None and array is not None})
        return arrays

    def numbers_of(self, parameter: Parameter) -> dict[str, int | float]:
        """Return the step count of a parameter, and the other numbers that are kept for it."""
        engine, index = self.engine, parameter.index
        scalars = zip(parameter.formula.scalars, engine.scalars(index), strict=True)
        numbers = {"step": engine.step_count(index), **dict(scalars)}
        if self.average is not None:
            numbers["n_averaged"] = engine.average_count(index)
        return numbers

    def shared_scalars(self) -> dict[str, float]:
        """Return the numbers that the rule keeps for all parameters together."""
        names = self.kind.spec.shared_scalars
        return dict(zip(names, self.engine.shared_scalars(), strict=True)) if names else {}

    def average_weight(self) -> float | list[float]:
        """Return the weight of the parameters in their averages after the next step: of all, or of each."""
        step = self.engine.completed + 1
        if self.average is None or not self.average.is_due(step):
            return 0.0
        counts = self.engine.average_counts
        if isinstance(counts, int):
            return self._weight(step, counts + 1)
        weights = {count: self._weight(step, count + 1) for count in set(counts)}
        return [weights[count] for count in counts]

    def _weight(self, step: int, count: int) -> float:
        assert self.average is not None
        weight = self.average.weight_at(step, count)
        return number(weight, f"the weight of {self.average}", "a number from 0 to 1", 0.0, math.nextafter(1.0, 2.0))

    def renew_copies(self) -> None:
        """Make the copies equal to the parameters."""
        for parameter, copy in self.parameters.copied():
            np.copyto(copy.reshape(-1), parameter.array.reshape(-1), casting="unsafe")  # one may have been reshaped

    def settle_copies(self) -> None:
        """Make parameters what their copies are, if those lead and somebody has written to them."""
        if self.engine.copies_lead:
            for parameter, copy in self.parameters.copied():
                settle_by_copy(parameter.array, copy)
