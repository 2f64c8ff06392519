"""The engine of the reference optimizers: NumPy, one operation after another."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from adamas._checks import Array
from adamas._optimizer import Optimizer
from adamas._report import StepReport
from adamas.reference._norm import sum_of_squares
from adamas.reference._rule import RULES, Rule, apply_decay, decay_coefficients


def update(
    param: Array,
    grad: Array,
    states: Mapping[str, Array],
    rule: Rule,
    group: Mapping[str, Any],
    step: int,
    scalars: dict[str, float],
) -> None:
    """Update one parameter, its states and its scalars in place; ``step`` counts from 1."""
    number = param.dtype.type
    coupled, decay = decay_coefficients(rule, group)
    coefficients = rule.coefficients(group, step, scalars)
    with np.errstate(all="ignore"):
        g = grad * number(-1.0 if group["maximize"] else 1.0)
        p, g = apply_decay(param, g, coupled, number(decay))
        if rule.needs_norms:
            direction = rule.direction(p, g, dict(states), _rounded(coefficients, number))
            rule.finish(coefficients, sum_of_squares(p), sum_of_squares(direction))
        new_states = dict(states)
        p = rule.update(p, g, new_states, _rounded(coefficients, number))
    for name, state in states.items():
        state[...] = new_states[name]
    param[...] = p


def _rounded(coefficients: Mapping[str, float], number: Any) -> dict[str, Any]:
    return {name: number(value) for name, value in coefficients.items()}


class NumpyPlan:
    """Parameters, states and step counts, as the compiled plan keeps them."""

    def __init__(self) -> None:
        self.num_threads = 0
        self.completed = 0
        self._params: list[Array] = []
        self._states: list[dict[str, Array]] = []
        self._rules: list[Rule] = []
        self._scalars: list[dict[str, float]] = []
        self._groups: list[int] = []
        self._counts: list[int] = []
        self._group_count = 0
        self._lock = threading.Lock()

    def add_group(self, group: dict[str, Any], frozen: tuple[str, ...]) -> None:
        """Start a group, which `add` fills."""
        self._group_count += 1

    def add(self, param: Array, rule: str) -> None:
        """Add a parameter to the last group."""
        self._params.append(param)
        self._rules.append(RULES[rule])
        self._scalars.append(dict(RULES[rule].scalars))
        self._groups.append(self._group_count - 1)
        self._counts.append(0)

    def lay_out(self) -> None:
        """Give each parameter its states, zeros."""
        for param, rule in zip(self._params, self._rules, strict=True):
            self._states.append({name: np.zeros(param.shape, param.dtype) for name in rule.states})

    def state(self, index: int, which: int) -> Array:
        """Return a state of a parameter, in the shape that the parameter has now."""
        return list(self._states_in_shape(index).values())[which]

    def _states_in_shape(self, index: int) -> dict[str, Array]:
        param, states = self._params[index], self._states[index]
        return {name: s.reshape(param.shape) if s.size == param.size else s for name, s in states.items()}

    def run(self, groups: list[dict[str, Any]], gradients: list[Array | None]) -> StepReport:
        """Update every parameter that has a gradient; the inputs have been checked."""
        updated = 0
        for i, grad in enumerate(gradients):
            if grad is None:
                continue
            group = groups[self._groups[i]]
            states = self._states_in_shape(i)
            update(self._params[i], grad, states, self._rules[i], group, self._counts[i] + 1, self._scalars[i])
            self._counts[i] += 1
            updated += 1
        self.completed += 1
        return StepReport(self.completed, updated)

    def step_count(self, index: int) -> int:
        """Return the steps taken by a parameter."""
        return self._counts[index]

    def set_step_counts(self, counts: Sequence[int], completed: int) -> None:
        """Restore the steps taken by each parameter and by the optimizer."""
        self._counts = list(counts)
        self.completed = completed

    def scalars(self, index: int) -> list[float]:
        """Return the numbers that the rule keeps for a parameter beside its step count."""
        return list(self._scalars[index].values())

    def set_scalars(self, index: int, values: Sequence[float]) -> None:
        """Restore them."""
        self._scalars[index] = dict(zip(self._rules[index].scalars, values, strict=True))

    def __enter__(self) -> None:
        if not self._lock.acquire(blocking=False):
            raise RuntimeError(
                "this optimizer is in use, by another thread or by a step under way; one thread at a time may step it "
                "or load into it"
            )

    def __exit__(self, *exception: object) -> None:
        self._lock.release()


class ReferenceOptimizer(Optimizer):
    """An optimizer that steps in plain NumPy, with the bits of the compiled one."""

    def _new_plan(self) -> Any:
        return NumpyPlan()

    def _rule_info(self, rule: str) -> Rule:
        return RULES[rule]

    def step(self, grads: Any) -> StepReport:
        with self._plan:
            groups, gradients = self._check_step(grads)
            plan: NumpyPlan = self._plan
            return plan.run(groups, gradients)
