"""The variables of a model, bound to an optimizer of adamas, and one step of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from adamas.adapters import Array, BoundOptimizer, Operand, Optimizer, Program


@dataclass(frozen=True)
class Step:
    """What adamas is asked for in a step.

    Args:
        hyperparameters: Under the names of adamas, all but weight decay.
        weight_decay: For variables that decay; None if the rule has none.
        grad_scale: What gradients are divided by.
        decay_before: By which share of themselves variables that decay are smaller before the update.
        offsets: Added to states after the update, by name.
    """

    hyperparameters: Mapping[str, Any]
    weight_decay: float | None
    grad_scale: float | None = None
    decay_before: float = 0.0
    offsets: Mapping[str, float] = field(default_factory=dict)

    def group(self, decays: bool) -> dict[str, Any]:
        """Return the hyperparameters of the variables that decay, or of those that do not."""
        if self.weight_decay is None:
            return dict(self.hyperparameters)
        return {**self.hyperparameters, "weight_decay": self.weight_decay if decays else 0.0}


class Binding:
    """An optimizer of adamas over flat arrays, in two groups: those that decay, and those that do not.

    Args:
        optimizer_class: Of adamas.
        names: Of the arrays, for messages; no two alike.
        arrays: The parameters, each of one dimension.
        decays: For each, whether it decays.
        shapes: Of the variables.
        step: Hyperparameters to begin with.
        **options: Of the optimizer.
    """

    def __init__(
        self,
        optimizer_class: type[Optimizer],
        names: Sequence[str],
        arrays: Sequence[Array],
        decays: Sequence[bool],
        shapes: Sequence[tuple[int, ...]],
        step: Step,
        **options: Any,
    ) -> None:
        self.arrays = arrays
        self._groups = [
            (flag, members)
            for flag in (True, False)
            if (members := [i for i, decaying in enumerate(decays) if decaying is flag])
        ]
        #: The arrays in the order in which they are bound, and the place of each in it.
        self._order = [i for _, members in self._groups for i in members]
        self._place = {i: place for place, i in enumerate(self._order)}
        self.bound = BoundOptimizer(
            optimizer_class,
            [{"params": {names[i]: arrays[i] for i in members}, **step.group(flag)} for flag, members in self._groups],
            shapes=[shapes[i] for i in self._order],
            start_states=False,  # Keras decays parameters before that: `step` starts them
            **options,
        )
        self._states: list[dict[str, Array]] = [self.bound.states(self._place[i]) for i in range(len(arrays))]
        #: Numbers kept for each parameter beside the step count, and their first values.
        self.numbers: Mapping[str, float] = self.bound.formula(0).scalars
        #: Numbers kept for all parameters together, and their first values.
        self.shared: Mapping[str, float] = self.bound.formula(0).shared_scalars

    @property
    def order(self) -> Sequence[int]:
        """The arrays in the order of `program`."""
        return self._order

    @property
    def decaying(self) -> Sequence[int]:
        """The arrays that decay."""
        return [i for flag, members in self._groups if flag for i in members]

    def program(self, step: Step, stepped: Collection[int], powers: Mapping[str, int]) -> tuple[Program, int]:
        """Return a step as a program that is given the learning rate, and how often.

        Args:
            step: What is asked for at a learning rate of 1; what is before and after the update is left out.
            stepped: Which parameters have a gradient.
            powers: Of the learning rate in what depends on it, by name.
        """
        self._set(step)
        operands = []
        for name, power in powers.items():
            if name == "grad_scale" and step.grad_scale is not None:
                operands.append(Operand(name, factor=step.grad_scale, power=power))
            for number, (flag, _) in enumerate(self._groups):
                value = step.group(flag).get(name, 0.0)
                if value != 0.0:
                    operands.append(Operand(name, number, factor=value, power=power))
        program = self.bound.program(
            [i in stepped for i in self._order], operands, apart=True, start_states=step.decay_before == 0.0
        )
        return program, len(operands)

    def starts_at_parameter(self, index: int, name: str) -> bool:
        """Tell whether a state of a parameter starts at its value."""
        group = self.bound.param_groups[self.bound.groups_of[self._place[index]]]
        first = self.bound.info.spec.first_values(group)
        return name in first and first[name] is None

    def states(self, index: int) -> dict[str, Array]:
        """Return the state arrays of a parameter, the live ones."""
        return self._states[index]

    def step(self, step: Step, grads: Sequence[Any], taken: int, numbers: Mapping[str, Array]) -> dict[str, Array]:
        """Update all parameters that have a gradient.

        Args:
            step: What is asked for.
            grads: A gradient for each parameter, or None.
            taken: Steps taken before this one.
            numbers: As they are after those, by name: of each parameter, or, if parameters share it, one.

        Returns:
            The numbers after this step.

        Raises:
            TypeError: A hyperparameter or gradient of the wrong type. Nothing has changed, as after ...
            ValueError: ... that does not fit.
            RuntimeError: Another thread is stepping this optimizer.
        """
        bound = self.bound
        stepped = [i for i, grad in enumerate(grads) if grad is not None]
        self._set(step)
        if step.decay_before != 0.0:
            bound.check_groups(taken)
        bound.set_step_counts([taken] * len(grads), taken)
        if self.shared:
            bound.set_shared_scalars({name: float(numbers[name]) for name in self.shared})
        if self.numbers:
            for i, place in self._place.items():
                bound.set_scalars(place, {name: float(numbers[name][i]) for name in self.numbers})
        if taken == 0:
            for i in stepped:
                bound.start_states(self._place[i])
        if step.decay_before != 0.0:
            self._shrink(1.0 - step.decay_before, stepped)
        bound.step([grads[i] for i in self._order], grad_scale=step.grad_scale)
        for name, offset in step.offsets.items():
            for i in stepped:
                self._states[i][name] += self._states[i][name].dtype.type(offset)
        shared = {name: np.array(value) for name, value in bound.shared_scalars().items()}
        return {**self._numbers_after(stepped), **shared} if self.numbers else shared

    def _set(self, step: Step) -> None:
        for group, (flag, _) in zip(self.bound.param_groups, self._groups, strict=True):
            group.update(step.group(flag))

    @property
    def owns_numbers(self) -> bool:
        """Whether each parameter has numbers of its own: those that come from sums.

        Keras has one step count for all. So has a number that follows from hyperparameters and steps alone.
        """
        return bool(self.bound.formula(0).sums)

    def _numbers_after(self, stepped: Sequence[int]) -> dict[str, Array]:
        own = self.owns_numbers
        found = [self.bound.scalars(self._place[i if own else stepped[0]]) for i in range(len(self.arrays))]
        return {name: np.array([numbers[name] for numbers in found]) for name in self.numbers}

    def _shrink(self, factor: float, stepped: Sequence[int]) -> None:
        for i in set(self.decaying).intersection(stepped):
            np.multiply(self.arrays[i], self.arrays[i].dtype.type(factor), out=self.arrays[i])
