"""The variables of a model as an engine has them, and one step of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from adamas._types import Array


@dataclass(frozen=True)
class Step:
    """What the engine is asked for in a step.

    Args:
        hyperparameters: Of the engine, but for weight decay.
        weight_decay: Its own, for variables that decay; None if it has none.
        grad_scale: What gradients are divided by.
        shrinkage: What variables that decay are multiplied by before the update.
        offsets: Added to states after the update, by name.
    """

    hyperparameters: Mapping[str, Any]
    weight_decay: float | None
    grad_scale: float | None = None
    shrinkage: float = 1.0
    offsets: Mapping[str, float] = field(default_factory=dict)

    def group(self, decays: bool) -> dict[str, Any]:
        """Return the hyperparameters of the variables that decay, or of those that do not."""
        if self.weight_decay is None:
            return dict(self.hyperparameters)
        return {**self.hyperparameters, "weight_decay": self.weight_decay if decays else 0.0}


class Layout:
    """An engine over flat arrays, in two groups: those that decay, and those that do not.

    Args:
        make: Makes the engine of groups.
        names: Of the arrays, for messages; no two alike.
        arrays: The parameters, each of one dimension.
        decays: For each, whether it decays.
        step: Hyperparameters to begin with.
    """

    def __init__(
        self,
        make: Callable[[list[dict[str, Any]]], Any],
        names: Sequence[str],
        arrays: Sequence[Array],
        decays: Sequence[bool],
        step: Step,
    ) -> None:
        self.arrays = arrays
        self._names = names
        self._groups = [
            (flag, members)
            for flag in (True, False)
            if (members := [i for i, decaying in enumerate(decays) if decaying is flag])
        ]
        self.engine = make(
            [{"params": {names[i]: arrays[i] for i in members}, **step.group(flag)} for flag, members in self._groups]
        )
        self.engine._plan.starts_states = False  # Keras decays parameters before that: `step` starts them
        self._place = {i: place for place, i in enumerate(i for _, members in self._groups for i in members)}
        self._states: list[dict[str, Array]] = [self.engine._states_of(self._place[i]) for i in range(len(arrays))]
        infos = self.engine._info_of_group
        #: Numbers kept beside the step count, and their first values.
        self.numbers: Mapping[str, float] = dict(infos[0].scalars)

    def states(self, index: int) -> dict[str, Array]:
        """Return the state arrays of a parameter, the live ones."""
        return self._states[index]

    def step(self, step: Step, grads: Sequence[Any], taken: int, numbers: Mapping[str, float]) -> dict[str, float]:
        """Update all parameters that have a gradient.

        Args:
            step: What is asked for.
            grads: A gradient for each parameter, or None.
            taken: Steps taken before this one.
            numbers: As they are after those.

        Returns:
            The numbers after this step.

        Raises:
            TypeError: A hyperparameter or gradient of the wrong type. Nothing has changed, as after ...
            ValueError: ... that does not fit.
            RuntimeError: Another thread is stepping this optimizer.
        """
        engine, plan = self.engine, self.engine._plan
        stepped = [i for i, grad in enumerate(grads) if grad is not None]
        for group, (flag, _) in zip(engine.param_groups, self._groups, strict=True):
            group.update(step.group(flag))
        if step.shrinkage != 1.0:
            engine._check_groups(engine.param_groups, taken)
        plan.set_step_counts([taken] * len(grads), taken)
        if numbers:
            for place in range(len(grads)):
                plan.set_scalars(place, [numbers[name] for name in self.numbers])
        if taken == 0:
            self._start_states(stepped)
        if step.shrinkage != 1.0:
            self._shrink(step.shrinkage, stepped)
        nested = [{self._names[i]: grads[i] for i in members} for _, members in self._groups]
        engine.step(nested, grad_scale=step.grad_scale)
        for name, offset in step.offsets.items():
            for i in stepped:
                self._states[i][name] += self._states[i][name].dtype.type(offset)
        return dict(zip(self.numbers, plan.scalars(self._place[stepped[0]]), strict=True))

    def _start_states(self, stepped: Sequence[int]) -> None:
        """Give states that start at the parameter the values that it has now."""
        for i in stepped:
            group = self.engine.param_groups[self.engine._group_of[self._place[i]]]
            initial = {name: None for name, value in self.engine._initial(group).items() if value is None}
            if initial:
                self.engine._start_states(self._place[i], self.arrays[i], initial)

    def _shrink(self, factor: float, stepped: Sequence[int]) -> None:
        for flag, members in self._groups:
            for i in set(members).intersection(stepped) if flag else ():
                np.multiply(self.arrays[i], self.arrays[i].dtype.type(factor), out=self.arrays[i])
