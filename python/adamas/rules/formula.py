"""Formulas: what an update rule keeps for each parameter, and how it computes one step, in NumPy."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, TypeAlias

import numpy as np

from adamas._numerics.axes import AXES
from adamas._types import Array
from adamas.rules.common import decay_rate

Coefficients: TypeAlias = Mapping[str, Any]
Factors: TypeAlias = tuple[Array, Array]


class Formula(ABC):
    """One form of an update rule. Its twin in C++ (``cpp/src/rules``) does the same operations in the same order."""

    #: The name under which the compiled core knows it.
    name: str
    #: Names of the states, in order, and what numbers they hold, which low-precision formats treat apart:
    #: ``signed``, of either sign; ``signed / exp_avg_sq``, the same, divided in the update by the root or magnitude of
    #: that state, and quantised as the quotient; ``square``, an average of squares, whose root counts; ``magnitude``,
    #: not negative and of the size of a gradient; ``exact``, not to be rounded; ``row`` or ``column``, one value for
    #: each row or column of a matrix, not rounded either: `next_square`, `row_factor` and `column_factor` are there.
    states: Mapping[str, str]
    #: Numbers kept for each parameter beside the step count, and their first values.
    scalars: Mapping[str, float] = {}
    #: Numbers kept once for all parameters of an optimizer, and their first values. Then `sums` are over all parameters
    #: that have a gradient, and `share` and `take_totals` are there.
    shared_scalars: Mapping[str, float] = {}
    #: Those of them that may be negative.
    signed_scalars: frozenset[str] = frozenset()
    #: It applies weight decay itself, instead of leaving it to what comes before it.
    own_decay: ClassVar[bool] = False
    #: Sums over all elements of a parameter that it needs before it can update: `products` and `take_sums` are there.
    sums: tuple[str, ...] = ()
    #: Over a granule, they are in the type that is computed with: for sums of squares, of which few digits matter.
    sums_in_compute_type: bool = False
    #: The state that sums alone need, if there is one: the update does not touch it.
    unchanged_state: str | None = None
    #: Many steps without a gradient are one multiplication of moments and a known sum: rows can catch up exactly.
    has_closed_form: bool = False
    #: It may be cautious: its change does not depend on the parameter, and has a memory that may disagree with the
    #: gradient.
    cautious: bool = False
    #: Minus its change has the sign that its first state has after the step, an average of gradients with the first
    #: beta.
    follows_average: bool = False
    #: It can begin in the midst of training, when a group turns its states on: those count steps from 1 then.
    begins_anew: bool = False

    @property
    def axes(self) -> tuple[str, ...]:
        """Names of the states by row or column of a matrix."""
        return tuple(name for name, kind in self.states.items() if kind in AXES)

    @property
    def works_on_rows(self) -> bool:
        """Whether rows of a matrix can be stepped alone: nothing is kept or measured for the whole parameter."""
        return not self.scalars and not self.sums and not self.axes

    @abstractmethod
    def coefficients(self, group: Mapping[str, Any], step: int, scalars: dict[str, float]) -> dict[str, float]:
        """Return the numbers that depend only on hyperparameters and step count, in float64.

        Args:
            group: The hyperparameters.
            step: The number of the step, from 1.
            scalars: The numbers that are kept for the parameter; they are moved on by a step. The shared scalars are
                among them, and stay as they are until `share`.
        """

    @abstractmethod
    def update(self, p: Array, g: Array, state: dict[str, Array], c: Coefficients) -> Array:
        """Return the new parameter; put the new states into ``state``.

        Args:
            p: The parameter.
            g: Its gradient.
            state: Its states.
            c: What `coefficients` returned, in the dtype of ``p``.
        """

    def products(self, p: Array, g: Array, state: dict[str, Array], c: Coefficients) -> dict[str, Factors]:
        """Return for each of `sums` two factors, whose product is summed up; may change ``state``.

        Args:
            p: The parameter.
            g: Its gradient.
            state: Its states.
            c: What `coefficients` returned, in the dtype of ``p``.
        """
        raise NotImplementedError

    def next_square(self, square: Array, mean: Array, c: Mapping[str, float]) -> Array:
        """Return the next values of a state by row or column, in float64.

        Args:
            square: The last values.
            mean: The mean squares of the gradient.
            c: What `coefficients` returned.
        """
        raise NotImplementedError

    def row_factor(self, square: Array, mean: Array, c: Mapping[str, float]) -> Array:
        """Return what `update` is given for rows, in float64.

        Args:
            square: The values of the rows.
            mean: For each matrix, the mean of these.
            c: What `coefficients` returned.
        """
        raise NotImplementedError

    def column_factor(self, square: Array, c: Mapping[str, float]) -> Array:
        """Return what `update` is given for columns, in float64.

        Args:
            square: The values of the columns.
            c: What `coefficients` returned.
        """
        raise NotImplementedError

    def completed(self, group: Mapping[str, Any], epsilon: float) -> Mapping[str, Any]:
        """Return a group for `coefficients`, with what depends on the epsilon of the type that is computed with.

        Args:
            group: The hyperparameters.
            epsilon: The machine epsilon of that type.
        """
        return group

    def take_sums(self, c: dict[str, float], sums: Mapping[str, float], size: int, scalars: dict[str, float]) -> None:
        """Complete ``c`` and ``scalars``, as `coefficients` left them.

        Args:
            c: The coefficients.
            sums: The sums over the parameter, by name.
            size: How many elements it has.
            scalars: The numbers that are kept for it.
        """
        raise NotImplementedError

    def share(self, group: Mapping[str, Any], totals: Mapping[str, float], shared: dict[str, float]) -> None:
        """Move the shared scalars on by a step.

        Args:
            group: The hyperparameters, of which only those that are the same in all groups may be used
                (`Hyperparameter.shared`).
            totals: `sums` over all parameters.
            shared: The shared scalars.
        """
        raise NotImplementedError

    def take_totals(self, c: dict[str, float], totals: Mapping[str, float], shared: Mapping[str, float]) -> None:
        """Complete ``c``, as `coefficients` left them, once the shared scalars have been moved on.

        Args:
            c: The coefficients.
            totals: `sums` over all parameters.
            shared: The shared scalars.
        """
        raise NotImplementedError


def decay_coefficients(formula: Formula, group: Mapping[str, Any]) -> tuple[bool, float]:
    """Return whether decay is coupled, and the number that `apply_decay` needs."""
    if formula.own_decay or group["weight_decay"] == 0.0:
        return False, 1.0
    if group["decoupled_weight_decay"]:
        return False, 1.0 - decay_rate(group) * group["weight_decay"]
    return True, group["weight_decay"]


def beta_coefficients(*betas: float) -> dict[str, float]:
    """Return ``beta1``, ``one_minus_beta1``, ``beta2`` ... for averages that decay at these rates."""
    named = {f"beta{k}": beta for k, beta in enumerate(betas, 1)}
    return named | {f"one_minus_{name}": 1.0 - beta for name, beta in named.items()}


def apply_decay(p: Array, g: Array, coupled: bool, decay: Any) -> tuple[Array, Array]:
    """Weight decay, coupled as ``g + wd*p`` or decoupled as ``p * (1 - lr*wd)``; returns the new p and g."""
    return (p, g + decay * p) if coupled else (p * decay, g)


def larger(a: Any, b: Any) -> Array:
    """``a > b ? a : b`` for each element, NaN and zeros included (`numpy.maximum` treats NaN otherwise)."""
    chosen: Array = np.where(a > b, a, b)
    return chosen


def magnitude(x: Array) -> Array:
    """Absolute value."""
    return larger(x, x.dtype.type(0) - x)


def with_sign(size: Any, x: Array) -> Array:
    """``size * sign(x)``, for a size that is not negative: ``x`` itself where it is zero or NaN."""
    signed: Array = np.where(x > 0, size, np.where(x < 0, x.dtype.type(0) - size, x))
    return signed


def clamp(x: Array, bound: Any) -> Array:
    """``x`` within [-bound, bound]; NaN as it is."""
    least = x.dtype.type(0) - bound
    clamped: Array = np.where(x > bound, bound, np.where(least > x, least, x))
    return clamped
