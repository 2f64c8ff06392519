"""The engine of the reference optimizers: NumPy, one operation after another."""

from __future__ import annotations

import math
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from adamas._checks import Array
from adamas._engine import Plan
from adamas._formats import RESIDUES, residue_dtype
from adamas._gradients import GradientOptions, OnNonFinite, clip_coefficient, conclude
from adamas._optimizer import Optimizer
from adamas._report import StepReport
from adamas.reference._half import widen
from adamas.reference._norm import gradient_norm, sum_of_squares
from adamas.reference._params import load_param, store_param
from adamas.reference._rule import RULES, Rule, apply_decay, decay_coefficients
from adamas.reference._states import load_states, new_states, store_states


@dataclass
class Item:
    """One parameter, and all that is kept for it."""

    param: Array
    rule: Rule
    group: int
    number: int
    state_format: int
    residue: int
    seed: int
    arrays: dict[str, Array]
    kept: Array | None
    scalars: dict[str, float]
    size: int
    count: int = 0

    def gradient(self, grad: Array, factor: float) -> Array:
        """Return the gradient times a factor, both in the type that is computed with."""
        number = np.float64 if self.param.dtype == np.float64 else np.float32
        with np.errstate(all="ignore"):
            scaled: Array = (widen(grad) if grad.dtype.itemsize == 2 else grad).astype(number) * number(factor)
        return scaled

    def update(self, grad: Array, group: Mapping[str, Any], factor: float) -> None:
        """Update parameter and states in place, by one step."""
        rule, step = self.rule, self.count + 1
        coupled, decay = decay_coefficients(rule, group)
        coefficients = rule.coefficients(group, step, self.scalars)
        with np.errstate(all="ignore"):
            p = load_param(self.param, self.residue, self.kept)
            number = p.dtype.type
            states = load_states(rule.states, self.state_format, self.arrays, p)
            g = self.gradient(grad, -factor if group["maximize"] else factor)
            p, g = apply_decay(p, g, coupled, number(decay))
            if rule.needs_norms:
                direction = rule.direction(p, g, dict(states), _rounded(coefficients, number))
                rule.finish(coefficients, sum_of_squares(p), sum_of_squares(direction))
            p = rule.update(p, g, states, _rounded(coefficients, number))
            store_states(rule.states, self.state_format, self.arrays, states, step)
            store_param(self.param, self.residue, self.kept, p, self.seed, step, self.number)
        self.count = step


def _rounded(coefficients: Mapping[str, float], number: Any) -> dict[str, Any]:
    return {name: number(value) for name, value in coefficients.items()}


class NumpyPlan:
    """Parameters, states and step counts, as the compiled plan keeps them."""

    def __init__(self, seed: int) -> None:
        self.num_threads = 0
        self._seed = seed
        self.completed = 0
        self._items: list[Item] = []
        self._group_count = 0
        self._lock = threading.Lock()

    def add_group(self, group: dict[str, Any], frozen: tuple[str, ...], beta_count: int) -> None:
        """Start a group, which `add` fills."""
        self._group_count += 1

    def add(self, param: Array, rule: str, state_format: int, residue: int) -> None:
        """Add a parameter to the last group."""
        kept_dtype = residue_dtype(residue, param.dtype)
        self._items.append(
            Item(
                param,
                RULES[rule],
                self._group_count - 1,
                len(self._items),
                state_format,
                residue,
                self._seed,
                new_states(RULES[rule].states, state_format, param),
                None if kept_dtype is None else np.zeros(param.shape, kept_dtype),
                dict(RULES[rule].scalars),
                param.size,
            )
        )

    def lay_out(self) -> None:
        """Nothing is left to do here."""

    def size(self, index: int) -> int:
        """Return how many elements a parameter had when it was added."""
        return self._items[index].size

    def state(self, index: int, which: int) -> Array:
        """Return a state of a parameter, in the shape that the parameter has now."""
        item = self._items[index]
        array = item.arrays[list(item.rule.states)[which]]
        is_coded = array.dtype == np.uint8
        return array if is_coded or array.size != item.param.size else array.reshape(item.param.shape)

    def scale(self, index: int, which: int) -> Array | None:
        """Return the scales of a quantised state; None for others."""
        item = self._items[index]
        return item.arrays.get(f"{list(item.rule.states)[which]}_scale")

    def residue(self, index: int) -> Array | None:
        """Return what is kept of a parameter's rounding."""
        return self._items[index].kept

    def run(self, groups: list[dict[str, Any]], gradients: list[Array | None], options: GradientOptions) -> StepReport:
        """Update every parameter that has a gradient; the inputs have been checked."""
        pairs = [(item, grad) for item, grad in zip(self._items, gradients, strict=True) if grad is not None]
        factor = 1.0 / options.grad_scale
        norm = coefficient = nonfinite = None
        if options.measured:
            norm, nonfinite = gradient_norm([(item.number, item.gradient(grad, factor)) for item, grad in pairs])
            coefficient = clip_coefficient(norm, options.max_norm) if options.max_norm < math.inf else 1.0
            factor *= coefficient
        skipped = options.skip_nonfinite and nonfinite is not None
        if not skipped:
            for item, grad in pairs:
                item.update(grad, groups[item.group], factor)
            self.completed += 1
        # The parameter is given by its number, as by the compiled plan.
        return StepReport(self.completed, 0 if skipped else len(pairs), norm, coefficient, skipped, nonfinite)  # type: ignore[arg-type]

    def step_count(self, index: int) -> int:
        """Return the steps taken by a parameter."""
        return self._items[index].count

    def set_step_counts(self, counts: Sequence[int], completed: int) -> None:
        """Restore the steps taken by each parameter and by the optimizer."""
        for item, count in zip(self._items, counts, strict=True):
            item.count = count
        self.completed = completed

    def scalars(self, index: int) -> list[float]:
        """Return the numbers that the rule keeps for a parameter beside its step count."""
        return list(self._items[index].scalars.values())

    def set_scalars(self, index: int, values: Sequence[float]) -> None:
        """Restore them."""
        self._items[index].scalars = dict(zip(self._items[index].rule.scalars, values, strict=True))

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

    def _new_plan(self) -> Plan:
        return NumpyPlan(int(self._formats.seed))

    def _rule_info(self, rule: str) -> Rule:
        return RULES[rule]

    def _start_states(self, index: int, param: Array, initial: Mapping[str, float | None]) -> None:
        state_format, residue = self._formats_of(index)
        kept = self._plan.residue(index)
        if residue == RESIDUES[True, "nearest"]:
            kept[...] = param
        if not initial:
            return
        kinds, arrays = self._info_of_group[self._group_of[index]].states, self._states_of(index)
        values = load_param(param, residue, kept)
        states = {name: np.zeros_like(values) for name in kinds}
        for name, value in initial.items():
            states[name][...] = values if value is None else value
        store_states(kinds, state_format, arrays, states, step=0)

    def step(
        self,
        grads: Any,
        *,
        grad_scale: float | None = None,
        max_norm: float | None = None,
        on_nonfinite: OnNonFinite | None = None,
    ) -> StepReport:
        options, choice = self.step_defaults.options(grad_scale, max_norm, on_nonfinite)
        with self._plan:
            groups, gradients = self._check_step(grads)
            plan: NumpyPlan = self._plan
            report = plan.run(groups, gradients, options)
        return conclude(report, choice, self._leaves, self._description, grads)
