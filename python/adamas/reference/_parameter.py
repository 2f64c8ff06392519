"""One parameter of the reference engine, and its update in a step."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from adamas._numerics.axes import column_means, mean_of_rows, row_means
from adamas._numerics.dither import dither
from adamas._numerics.formats import Residue, RowMode, StateFormat
from adamas._numerics.half import narrow, narrow_bfloat16_at_random, widen, widen_bfloat16
from adamas._numerics.norms import rough_sum_of_products, sum_of_products
from adamas._numerics.param_formats import load_param, settle_by_copy, settle_param, store_param
from adamas._numerics.state_formats import load_states, new_states, store_states
from adamas._types import Array
from adamas.reference._cautious import cautious_update
from adamas.reference._observe import Observer
from adamas.reference._row_history import Missed, RowHistory
from adamas.rules.formula import Formula, apply_decay, clamp, decay_coefficients

if TYPE_CHECKING:
    from adamas._optimizer.parameters import Parameter
    from adamas.rows import RowGrad


class Begun(NamedTuple):
    """An update under way. ``axes``: the next states by row or column."""

    p: Array
    g: Array
    states: dict[str, Array]
    coefficients: dict[str, float]
    sums: dict[str, float]
    axes: dict[str, Array]
    cautious: bool


@dataclass
class Item:
    """One parameter, and all that is kept for it."""

    param: Array
    rule: Formula
    group: int
    number: int
    state_format: StateFormat
    residue: Residue
    seed: int
    arrays: dict[str, Array]
    kept: Array | None
    average: Array | None
    copy: Array | None
    scalars: dict[str, float]
    size: int
    row_mode: RowMode | None = None
    row_counts: Array | None = None
    matrix: tuple[int, ...] | None = None
    count: int = 0
    average_count: int = 0
    #: Sums of gradients: by level, of 2^level of them; or one, of all.
    sums: dict[int, Array] = field(default_factory=dict)
    history: RowHistory = field(default_factory=RowHistory)

    @classmethod
    def of(cls, parameter: Parameter, seed: int) -> Item:
        """Make what is kept for a parameter: zeros."""
        rule = parameter.formula
        param, kept_dtype = parameter.array, parameter.formats.residue.dtype(parameter.array.dtype)
        average_dtype = parameter.formats.average_dtype
        return cls(
            param,
            rule,
            parameter.group,
            parameter.index,
            parameter.formats.states,
            parameter.formats.residue,
            seed,
            new_states(rule.states, parameter.formats.states, param, parameter.matrix),
            None if kept_dtype is None else np.zeros(param.shape, kept_dtype),
            None if average_dtype is None else np.zeros(param.shape, average_dtype),
            None if parameter.copy is None else parameter.copy.array,
            dict(rule.scalars),
            param.size,
            parameter.row_mode,
            None if parameter.row_mode is None else np.zeros(len(param), np.uint32),
            parameter.matrix,
        )

    def owned(self) -> list[Array]:
        """Return all arrays that are kept for the parameter."""
        arrays = (*self.arrays.values(), self.kept, self.average, self.row_counts)
        return [array for array in arrays if array is not None]

    def move(self, moved: Callable[[Array], Array]) -> None:
        """Put them elsewhere, in the order of `owned`."""
        self.arrays = {name: moved(array) for name, array in self.arrays.items()}
        self.kept = None if self.kept is None else moved(self.kept)
        self.average = None if self.average is None else moved(self.average)
        self.row_counts = None if self.row_counts is None else moved(self.row_counts)

    def reshape(self) -> None:
        """Give what is kept the shape that the parameter has now, of as many elements as before."""
        shape = self.param.shape
        if self.param.size == self.size:
            self.kept = None if self.kept is None else self.kept.reshape(shape)
            self.average = None if self.average is None else self.average.reshape(shape)
            self.sums = {level: array.reshape(shape) for level, array in self.sums.items()}

    def wide(self, grad: Array | None) -> Array | None:
        """Return the gradient, with what has been accumulated, in the type that is computed with."""
        self.reshape()
        return self._joined(grad, sorted(self.sums))

    def accumulate(self, grad: Array | None, level: int | None) -> None:
        """Add a gradient to what has been accumulated: in turn, or up to this level of the tree."""
        self.reshape()
        below = sorted(self.sums) if level is None else [each for each in sorted(self.sums) if each < level]
        total = self._joined(grad, below)
        for each in below:
            del self.sums[each]
        if total is not None:
            self.sums[level or 0] = total

    def _joined(self, grad: Array | None, levels: Sequence[int]) -> Array | None:
        """Return the gradient with the sums of these levels added to it, one after the other."""
        with np.errstate(all="ignore"):
            total = None if grad is None else self._converted(grad)
            for level in levels:
                total = self.sums[level] if total is None else self.sums[level] + total
        return total

    def _converted(self, grad: Array) -> Array:
        number = np.float64 if self.param.dtype == np.float64 else np.float32
        converted: Array = (widen(grad) if grad.dtype.itemsize == 2 else grad).astype(number)
        return converted

    def by_row(self, grad: Array | RowGrad | None) -> dict[int, Array] | None:
        """Return the gradient of each row that has one, summed up, in the type that is computed with."""
        if grad is None:
            return None
        rows, values = (grad.rows, grad.values) if not isinstance(grad, np.ndarray) else (range(len(grad)), grad)
        summed: dict[int, Array] = {}
        with np.errstate(all="ignore"):
            converted = self._converted(values)
            for row, value in zip(map(int, rows), converted, strict=True):
                summed[row] = summed[row] + value if row in summed else value
        return summed

    def update_rows(self, grads: dict[int, Array], group: Mapping[str, Any], factor: float, max_value: float) -> None:
        """Update rows in place, by one step; ``grads`` is what `by_row` returned."""
        assert self.row_counts is not None
        exact = self.row_mode is RowMode.EXACT
        if exact:
            self.catch_up(grads)
        for row, grad in grads.items():
            part = replace(
                self,
                param=self.param[row],
                arrays={name: array[row] for name, array in self.arrays.items()},
                count=self.count if exact else int(self.row_counts[row]),
            )
            part.update(grad, group, factor, max_value)
            self.row_counts[row] = part.count
        if exact:
            self.history.add(self.rule.coefficients(group, self.count + 1, {}), decay_coefficients(self.rule, group)[1])
        self.count += 1

    def catch_up(self, rows: Iterable[int]) -> None:
        """Bring rows to the last step."""
        assert self.row_counts is not None
        missed: dict[int, Missed] = {}
        for row in rows:
            since = int(self.row_counts[row])
            if since < self.history.last:
                if since not in missed:
                    missed[since] = self.history.find(since)
                missed[since].apply(self.param[row], self.arrays["exp_avg"][row], self.arrays["exp_avg_sq"][row])
                self.row_counts[row] = self.history.last

    def observer(self, grad: Array, factor: float, max_value: float, grad_scale: float) -> Observer:
        """Return what observes the next update, of which these are arguments."""
        observer = Observer(self.rule, self.state_format, grad, grad_scale, factor, max_value)
        param = load_param(self.param, self.residue, self.kept)
        observer.before(param, load_states(self.rule.states, self.state_format, self.arrays, param))
        return observer

    def found_by(self, observer: Observer, coefficients: Mapping[str, float], lr: float) -> dict[str, float]:
        """Return what an observer finds after the update."""
        param = load_param(self.param, self.residue, self.kept)
        states = load_states(self.rule.states, self.state_format, self.arrays, param)
        return observer.after(param, states, self.arrays, coefficients, lr)

    def update(self, grad: Array, group: Mapping[str, Any], factor: float, max_value: float) -> dict[str, float]:
        """Update parameter and states in place, by one step; ``grad`` is what `wide` returned.

        Returns:
            The coefficients of the step.
        """
        begun = self.begin(grad, group, factor, max_value, {})
        if self.rule.sums:
            self.rule.take_sums(begun.coefficients, begun.sums, begun.p.size, self.scalars)
        self.finish(begun)
        return begun.coefficients

    def begin(
        self, grad: Array, group: Mapping[str, Any], factor: float, max_value: float, shared: Mapping[str, float]
    ) -> Begun:
        """Begin an update, which changes no array: take what the rule wants summed up.

        Args:
            grad: What `wide` returned.
            group: Hyperparameters.
            factor: Multiplies the gradient.
            max_value: Bounds its elements.
            shared: The numbers that all parameters share.
        """
        rule, step = self.rule, self.count + 1
        coupled, decay = decay_coefficients(rule, group)
        with np.errstate(all="ignore"):
            p = load_param(self.param, self.residue, self.kept)
            number = p.dtype.type
            group = rule.completed(group, float(np.finfo(number).eps))
            scalars = {**self.scalars, **shared}
            coefficients = rule.coefficients(group, step, scalars)
            self.scalars = {name: scalars[name] for name in self.scalars}
            states = load_states(rule.states, self.state_format, self.arrays, p)
            g = clamp(grad * number(-factor if group["maximize"] else factor), number(max_value))
            axes = self._along_axes(states, g, coefficients)
            p, g = apply_decay(p, g, coupled, number(decay))
            sums = {}
            if rule.sums:
                products = rule.products(p, g, dict(states), _rounded(coefficients, number))
                add = rough_sum_of_products if rule.sums_in_compute_type else sum_of_products
                sums = {name: add(products[name]) for name in rule.sums}
        return Begun(p, g, states, coefficients, sums, axes, bool(group.get("cautious")))

    def finish(self, begun: Begun) -> None:
        """Finish an update, whose coefficients are complete now."""
        rule, step, states = self.rule, self.count + 1, begun.states
        coded = self.state_format.bits is not None
        update = partial(cautious_update, rule, coded) if begun.cautious else rule.update
        with np.errstate(all="ignore"):
            p = update(begun.p, begun.g, states, _rounded(begun.coefficients, begun.p.dtype.type))
            states.update(begun.axes)
            store_states(rule.states, self.state_format, self.arrays, states, step)
            store_param(self.param, self.residue, self.kept, p, self.seed, step, self.number)
        self.count = step
        self.sums = {}

    def _along_axes(self, states: dict[str, Any], g: Array, c: Mapping[str, float]) -> dict[str, Array]:
        """Put what the formula is given in the place of states by row or column; return their next values."""
        after: dict[str, Array] = {}
        for name in self.rule.axes:
            assert self.matrix is not None
            if g.size == 0:
                after[name], states[name] = states[name], np.zeros_like(g)
                continue
            values, matrix = states[name].astype(np.float64), g.reshape(self.matrix)
            if self.rule.states[name] == "row":
                after[name] = self.rule.next_square(values, row_means(matrix), c).astype(g.dtype)
                exact = after[name].astype(np.float64)
                factor = self.rule.row_factor(exact, mean_of_rows(exact), c)
            else:
                after[name] = self.rule.next_square(values, column_means(matrix), c).astype(g.dtype)
                factor = self.rule.column_factor(after[name].astype(np.float64), c)
            states[name] = np.broadcast_to(factor.astype(g.dtype), self.matrix).reshape(g.shape)
        return after

    def lead(self) -> None:
        """Make the parameter what its copy is, where that was written to."""
        if self.copy is not None:
            settle_by_copy(self.param, self.copy)

    def follow(self, weight: float, number: int) -> None:
        """Bring copy and average up to date with the parameter, after step ``number`` of the optimizer."""
        if self.copy is not None:
            self.copy.reshape(-1)[...] = narrow(self.param.reshape(-1), self.copy.dtype)
        self.reshape()
        if self.average is None or weight == 0.0:
            return
        self.average_count += 1
        settle_param(self.param, self.residue, self.kept)
        with np.errstate(all="ignore"):
            p = load_param(self.param, self.residue, self.kept)
            half = self.average.dtype.itemsize == 2
            a = widen_bfloat16(self.average.view(np.uint16)) if half else self.average
            a = p if weight == 1.0 else a + p.dtype.type(weight) * (p - a)
            if half:
                random = np.resize(dither(number, False), a.shape) >> np.uint32(16)
                self.average.view(np.uint16)[...] = narrow_bfloat16_at_random(a, random)
            else:
                self.average[...] = a


def _rounded(coefficients: Mapping[str, float], number: Any) -> dict[str, Any]:
    return {name: number(value) for name, value in coefficients.items()}
