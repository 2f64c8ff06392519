"""One parameter as the engine of the reference keeps it, and what a step does to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from adamas._checks import Array
from adamas.reference._dither import dither
from adamas.reference._half import narrow, narrow_bfloat16_at_random, widen, widen_bfloat16
from adamas.reference._norm import sum_of_squares
from adamas.reference._params import load_param, store_param
from adamas.reference._rule import Rule, apply_decay, clamp, decay_coefficients
from adamas.reference._states import load_states, store_states


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
    average: Array | None
    copy: Array | None
    scalars: dict[str, float]
    size: int
    count: int = 0
    accumulated: Array | None = None

    def owned(self) -> list[Array]:
        """Return all arrays that are kept for the parameter."""
        return [array for array in (*self.arrays.values(), self.kept, self.average) if array is not None]

    def move(self, moved: Callable[[Array], Array]) -> None:
        """Put them elsewhere, in the order of `owned`."""
        self.arrays = {name: moved(array) for name, array in self.arrays.items()}
        self.kept = None if self.kept is None else moved(self.kept)
        self.average = None if self.average is None else moved(self.average)

    def wide(self, grad: Array | None) -> Array | None:
        """Return the gradient, with what has been accumulated, in the type that is computed with."""
        number = np.float64 if self.param.dtype == np.float64 else np.float32
        if grad is None:
            return self.accumulated
        with np.errstate(all="ignore"):
            converted: Array = (widen(grad) if grad.dtype.itemsize == 2 else grad).astype(number)
            return converted if self.accumulated is None else self.accumulated + converted

    def update(self, grad: Array, group: Mapping[str, Any], factor: float, max_value: float) -> None:
        """Update parameter and states in place, by one step; ``grad`` is what `wide` returned."""
        rule, step = self.rule, self.count + 1
        coupled, decay = decay_coefficients(rule, group)
        coefficients = rule.coefficients(group, step, self.scalars)
        with np.errstate(all="ignore"):
            p = load_param(self.param, self.residue, self.kept)
            number = p.dtype.type
            states = load_states(rule.states, self.state_format, self.arrays, p)
            g = clamp(grad * number(-factor if group["maximize"] else factor), number(max_value))
            p, g = apply_decay(p, g, coupled, number(decay))
            if rule.needs_norms:
                direction = rule.direction(p, g, dict(states), _rounded(coefficients, number))
                rule.finish(coefficients, sum_of_squares(p), sum_of_squares(direction))
            p = rule.update(p, g, states, _rounded(coefficients, number))
            store_states(rule.states, self.state_format, self.arrays, states, step)
            store_param(self.param, self.residue, self.kept, p, self.seed, step, self.number)
        self.count = step
        self.accumulated = None
        if self.copy is not None:
            self.copy[...] = narrow(self.param, self.copy.dtype)

    def follow(self, weight: float, number: int) -> None:
        """Bring the average up to date with the parameter, the ``number``-th time."""
        if self.average is None or weight == 0.0:
            return
        with np.errstate(all="ignore"):
            p = load_param(self.param, self.residue, self.kept)
            half = self.average.dtype.itemsize == 2
            a = widen_bfloat16(self.average.view(np.uint16)) if half else self.average
            a = a + p.dtype.type(weight) * (p - a)
            if half:
                random = np.resize(dither(number, False), a.shape) >> np.uint32(16)
                self.average.view(np.uint16)[...] = narrow_bfloat16_at_random(a, random)
            else:
                self.average[...] = a


def _rounded(coefficients: Mapping[str, float], number: Any) -> dict[str, Any]:
    return {name: number(value) for name, value in coefficients.items()}
