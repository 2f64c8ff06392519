"""Measurements of an observed step, as in ``cpp/src/kernel/observe_loop.hpp`` and ``cpp/src/engine/observe.cpp``."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from adamas._numerics.formats import StateFormat
from adamas._numerics.norms import halved_sums
from adamas._numerics.state_formats import lowest_squares
from adamas._types import Array
from adamas.rules.formula import Formula, magnitude


class Observer:
    """Observes the update of one parameter.

    Args:
        rule: Of the parameter.
        state_format: Of its states.
        gradient: As it was given, with what was accumulated, in the type that is computed with.
        grad_scale: What it is divided by.
        factor: What the update multiplies it by.
        max_value: The largest magnitude that is not clipped.
    """

    def __init__(
        self,
        rule: Formula,
        state_format: StateFormat,
        gradient: Array,
        grad_scale: float,
        factor: float,
        max_value: float,
    ) -> None:
        self._rule = rule
        self._format = state_format
        self._gradient = gradient
        self._grad_scale = grad_scale
        self._factor = factor
        self._max_value = max_value
        self._moment = next((name for name, kind in rule.states.items() if kind.startswith("signed")), None)
        self._squares = [name for name, kind in rule.states.items() if kind == "square"]

    def before(self, param: Array, states: Mapping[str, Array]) -> None:
        """Keep what the update will change, all of it as it is computed with."""
        self._param = param.copy()
        self._states = {name: np.array(states[name]) for name in (self._moment, *self._squares[:1]) if name}

    def after(
        self,
        param: Array,
        states: Mapping[str, Array],
        arrays: Mapping[str, Array],
        coefficients: Mapping[str, float],
        lr: float,
    ) -> dict[str, float]:
        """Return the measures.

        Args:
            param: The parameter, as `before`.
            states: Likewise.
            arrays: The states as they are stored.
            coefficients: Of this step.
            lr: Learning rate of the group.
        """
        number = param.dtype.type
        with np.errstate(all="ignore"):
            g = self._gradient * number(1.0 / self._grad_scale)
            change = param - self._param
            moves = magnitude(self._gradient) > 0
            clipped = magnitude(self._gradient * number(self._factor)) > number(self._max_value)
            found = {
                "count": g.size,
                "grad_largest": _largest(g),
                "grad_zero": np.count_nonzero(self._gradient == 0),
                "grad_nonfinite": g.size - np.count_nonzero(np.isfinite(g)),
                "grad_clipped": np.count_nonzero(clipped),
                "update_largest": _largest(change),
                "update_flushed": np.count_nonzero(moves & (change == 0)),
                "param_largest": _largest(self._param),
                "param_nonfinite": g.size - np.count_nonzero(np.isfinite(param)),
                **dict.fromkeys(("moment_square", "moment_product", "below_eps", "moment_lost"), math.nan),
                "lr": lr,
                "clip_coefficient": self._factor / (1.0 / self._grad_scale),
            }
            factors = {"grad_square": (g, g), "update_square": (change, change)}
            factors["param_square"] = (self._param, self._param)
            if self._moment is not None:
                moment = self._states[self._moment]
                factors |= {"moment_square": (moment, moment), "moment_product": (moment, change)}
            found |= _sums(factors, number)
            if self._squares:
                name = self._squares[0]
                v, kept = states[name], self._states[name]
                if self._format.bits is not None:
                    kept = lowest_squares(arrays[f"{name}_scale"], self._format.bits, v)
                if self._format not in (StateFormat.FLOAT32, StateFormat.FLOAT64):
                    found["moment_lost"] = np.count_nonzero(moves & ~((v > kept) | (v < kept)))
                floor = self._floor(coefficients)
                if floor is not None:
                    most = np.finfo(number)
                    least = most.smallest_subnormal if floor > 0 else number(0)
                    bound = max(number(min(floor, float(most.max))), least)
                    found["below_eps"] = np.count_nonzero(moves & (v < bound))
        return {name: float(value) for name, value in found.items()}

    def _floor(self, c: Mapping[str, float]) -> float | None:
        """Return the v at which ``sqrt(v) * inverse_sqrt_bias2`` is eps; None for rules that do not add the two."""
        if len(self._squares) != 1 or "eps" not in c or not c.get("inverse_sqrt_bias2", 0.0) > 0.0:
            return None
        root = c["eps"] / c["inverse_sqrt_bias2"]
        return root * root


def _sums(factors: Mapping[str, tuple[Array, Array]], number: Any) -> dict[str, float]:
    """Return sums of products, in the type of the parameter as far as its range allows it, and else in float64."""
    sums = {name: halved_sums(*pair, number) for name, pair in factors.items()}
    if number is np.float32:
        squares = [each for name, each in sums.items() if name != "moment_product"]
        good = np.all([(each > 2.0**-84) & (each < 2.0**100) for each in squares], axis=0)
        sums = {name: np.where(good, sums[name], halved_sums(*pair, np.float64)) for name, pair in factors.items()}
    totals = dict.fromkeys(sums, 0.0)
    for name, granules in sums.items():
        for granule in granules.tolist():
            totals[name] += granule
    return totals


def _largest(x: Array) -> float:
    return float(np.fmax.reduce(magnitude(x).reshape(-1), initial=0.0))


def gathered(rows: Mapping[int, Mapping[str, float]], measures: Sequence[str], count: int) -> Array:
    """Return an array with a row for each measure and a column for each of ``count`` parameters.

    Args:
        rows: What was measured, by the numbers of parameters.
        measures: Names, in order.
        count: Of parameters.
    """
    table: Array = np.full((len(measures), count), np.nan)
    table[measures.index("count")] = 0.0
    for number, found in rows.items():
        if found["count"]:
            table[:, number] = [found[name] for name in measures]
    return table
