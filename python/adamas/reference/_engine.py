"""The engine of the reference optimizers, in plain NumPy."""

from __future__ import annotations

import contextlib
import math
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from adamas._numerics.formats import RowMode
from adamas._numerics.norms import gradient_norm
from adamas._optimizer.engine import InputChecks, StepOptions, clip_coefficient
from adamas._optimizer.observed import MEASURES
from adamas._optimizer.report import StepReport
from adamas._system.exclusion import FORKED, IN_USE, forks
from adamas._types import Array
from adamas.reference._observe import gathered
from adamas.reference._parameter import Item
from adamas.reference._row_history import RowHistory

if TYPE_CHECKING:
    from adamas._optimizer.parameters import Parameter

#: Bytes of a cache line.
_LINE = 64


def _view(array: Array | None) -> Array | None:
    """Return an array object that others may do with as they like."""
    return None if array is None else array.view()


def _scaled(values: Any, scale: float) -> list[Array]:
    """Return a gradient times a factor: its rows, if it is of single rows, or one piece."""
    pieces = list(values.values()) if isinstance(values, dict) else [values]
    return [piece * piece.dtype.type(scale) for piece in pieces]


@dataclass
class _Open:
    """A step that is taken parameter by parameter."""

    groups: list[dict[str, Any]]
    options: StepOptions
    observed: dict[int, dict[str, float]]
    average_weights: Sequence[float]
    stepped: set[int]


class _Begun:
    """A step under way, which is ended once."""

    def __init__(self, engine: NumpyEngine, work: Callable[[], Any]) -> None:
        self._engine = engine
        self._work = [work]

    def finish(self) -> Any:
        """End it, and let others use the engine."""
        try:
            work = self._work.pop()
        except IndexError:
            raise RuntimeError("this step is over, or was given up") from None
        try:
            return work()
        finally:
            self._engine.__exit__()

    close = finish

    def abandon(self) -> None:
        """Give it up, unless it is ending."""
        with contextlib.suppress(IndexError):
            self._work.pop()
            self._engine.__exit__()

    __del__ = abandon


class NumpyEngine:
    """Parameters, states and step counts, as the compiled engine keeps them."""

    def __init__(self, checks: InputChecks, seed: int) -> None:
        self.num_threads = 0
        self._checks = checks
        self._seed = seed
        self.completed = 0
        self.accumulated = 0
        self._in_tree = False
        self.previous_norm: float | None = None
        self.scheduled: list[Mapping[str, Any] | None] = []
        self.observed: tuple[int, Array] | None = None
        self._open: _Open | None = None
        self._one = threading.Lock()
        self._items: list[Item] = []
        self._shared: dict[str, float] = {}
        self._group_count = 0
        self._lock = threading.Lock()
        self._since_fork = 0
        self.copies_lead = False

    def add_group(self, group: dict[str, Any], frozen: tuple[str, ...], beta_count: int) -> None:
        """Start a group, which `add` fills."""
        self._group_count += 1

    def add_parameter(self, parameter: Parameter) -> None:
        """Add a parameter to the last group."""
        self._items.append(Item.of(parameter, self._seed))
        for name, first in parameter.formula.shared_scalars.items():
            self._shared.setdefault(name, first)

    def lay_out(self, memory: Callable[[int], Array] | None = None) -> None:
        """Move all states into the memory that ``memory`` gives, if it is there."""
        if memory is None:
            return
        total = sum(-(-array.nbytes // _LINE) * _LINE for item in self._items for array in item.owned())
        given, used = memory(total) if total else np.empty(0, np.uint8), 0

        def moved(array: Array) -> Array:
            nonlocal used
            view: Array = given[used : used + array.nbytes].view(array.dtype).reshape(array.shape)
            used += -(-array.nbytes // _LINE) * _LINE
            return view

        for item in self._items:
            item.move(moved)

    def state(self, index: int, which: int) -> Array:
        """Return a state of a parameter, in the shape that the parameter has now."""
        item = self._items[index]
        name = list(item.rule.states)[which]
        array = item.arrays[name]
        has_own = array.dtype == np.uint8 or name in item.rule.axes
        shape = array.shape if has_own or array.size != item.param.size else item.param.shape
        view: Array = array.reshape(shape)
        return view

    def scale(self, index: int, which: int) -> Array | None:
        """Return the scales of a quantised state; None for others."""
        item = self._items[index]
        return _view(item.arrays.get(f"{list(item.rule.states)[which]}_scale"))

    def residue(self, index: int) -> Array | None:
        """Return what is kept of a parameter's rounding."""
        self._items[index].reshape()
        return _view(self._items[index].kept)

    def average(self, index: int) -> Array | None:
        """Return the average of a parameter."""
        self._items[index].reshape()
        return _view(self._items[index].average)

    def row_counts(self, index: int) -> Array | None:
        """Return the step counts of a parameter's rows."""
        return _view(self._items[index].row_counts)

    def catch_up(self, index: int, rows: Array | None) -> bool:
        """Bring rows of a parameter to its last step."""
        item = self._items[index]
        with self:
            if item.row_mode is RowMode.EXACT:
                item.catch_up(range(len(item.param)) if rows is None else map(int, rows))
                if rows is None:
                    item.history = RowHistory(item.count)
        return True

    def step(
        self,
        grads: Any,
        groups: Any,
        options: StepOptions | None = None,
        average_weight: float | Sequence[float] = 0.0,
    ) -> StepReport:
        """Update every parameter that has a gradient."""
        with self:
            return self._prepared(grads, groups, options, average_weight)()

    def start(
        self, grads: Any, groups: Any, options: StepOptions | None, average_weight: float | Sequence[float]
    ) -> _Begun:
        """Check all that a step needs; ``finish()`` takes it. Nobody else can use this engine until then."""
        self.__enter__()
        try:
            return _Begun(self, self._prepared(grads, groups, options, average_weight))
        except BaseException:
            self.__exit__()
            raise

    def _prepared(
        self, grads: Any, groups: Any, options: StepOptions | None, weight: float | Sequence[float]
    ) -> Callable[[], StepReport]:
        chosen = StepOptions() if options is None else options
        hyperparameters, gradients, copied = self._checks.check_step(grads, groups, zero_grads=chosen.zero_grads)
        weights = self._weights(weight)
        if chosen.mean and self.accumulated:
            parts = self.accumulated + (grads is not None)
            chosen = chosen._replace(grad_scale=chosen.grad_scale * parts)
        return lambda: self._run(hyperparameters, gradients, chosen, weights)._replace(copied=copied)

    def _weights(self, weight: float | Sequence[float]) -> Sequence[float]:
        return [weight] * len(self._items) if isinstance(weight, float) else weight

    def _run(
        self, groups: list[dict[str, Any]], gradients: list[Any], options: StepOptions, weights: Sequence[float]
    ) -> StepReport:
        observed: dict[int, dict[str, float]] = {}
        report = self._step_items(self._items, groups, gradients, options, observed)
        if report.grad_norm is not None and math.isfinite(report.grad_norm):
            self.previous_norm = report.grad_norm
        if report.skipped and not options.keep_accumulated:
            self._drop_accumulated()
        if not report.skipped:
            self.completed += 1
            self.accumulated = 0
            for item, weight in zip(self._items, weights, strict=True):
                item.follow(weight, self.completed)
            self._keep_observed(options, observed)
        return report._replace(step=self.completed)

    def _keep_observed(self, options: StepOptions, found: Mapping[int, Mapping[str, float]]) -> None:
        if options.observe and (self.completed - 1) % options.observe == 0:
            self.observed = self.completed, gathered(found, MEASURES, len(self._items))

    def _step_items(
        self,
        items: Sequence[Item],
        groups: list[dict[str, Any]],
        gradients: Sequence[Any],
        options: StepOptions,
        observed: dict[int, dict[str, float]],
    ) -> StepReport:
        """Step some parameters; the report gives the one that is not finite by its number.

        In an observed step, ``observed`` takes the measurements of each.
        """
        wide: list[tuple[Item, Any, Any]] = [
            (item, grad, item.wide(grad) if item.row_mode is None else item.by_row(grad))
            for item, grad in zip(items, gradients, strict=True)
        ]
        given = [(item, grad, values) for item, grad, values in wide if values is not None]
        scale = 1.0 / options.grad_scale
        factors = [scale] * len(given)
        norm = coefficient = nonfinite = None
        if options.measured:
            with np.errstate(all="ignore"):
                scaled = [(item.number, _scaled(values, scale)) for item, _, values in given]
            norm, nonfinite, norms = gradient_norm(scaled, largest=options.largest)
            coefficient = 1.0
            if options.max_norm < math.inf:
                clipped = [clip_coefficient(n, options) for n in (norms if options.clip_each else [norm])]
                coefficient = math.nan if any(map(math.isnan, clipped)) else min(clipped, default=1.0)
                factors = [scale * c for c in (clipped if options.clip_each else clipped * len(given))]
        skipped = options.skip_nonfinite and nonfinite is not None
        if not skipped:
            for item in items if self.copies_lead else ():
                item.lead()
            observers = {
                item.number: item.observer(values, factor, options.max_value, options.grad_scale)
                for (item, _, values), factor in zip(given, factors, strict=True)
                if options.observe and self.completed % options.observe == 0 and item.row_mode is None
            }
            coefficients = self._update_together(given, groups, factors, options.max_value)
            for (item, grad, values), factor in zip(given, factors, strict=True):
                if item.row_mode is not None:
                    item.update_rows(values, groups[item.group], factor, options.max_value)
                elif not item.rule.shared_scalars:
                    coefficients[item.number] = item.update(values, groups[item.group], factor, options.max_value)
                if item.number in observers:
                    lr = groups[item.group]["lr"]
                    observed[item.number] = item.found_by(observers[item.number], coefficients[item.number], lr)
                if options.zero_grads and grad is not None:
                    (grad.values if not isinstance(grad, np.ndarray) else grad)[...] = 0
        return StepReport(0, 0 if skipped else len(given), norm, coefficient, skipped, nonfinite)  # type: ignore[arg-type]

    def _update_together(
        self, given: list[tuple[Item, Any, Any]], groups: list[dict[str, Any]], factors: list[float], max_value: float
    ) -> dict[int, dict[str, float]]:
        """Update the parameters that share numbers, once their sums have been added up; return their coefficients."""
        begun = [
            (item, item.begin(values, groups[item.group], factor, max_value, self._shared))
            for (item, _, values), factor in zip(given, factors, strict=True)
            if item.rule.shared_scalars
        ]
        if not begun:
            return {}
        first = begun[0][0]
        totals = dict.fromkeys(first.rule.sums, 0.0)
        for _, update in begun:
            for name, value in update.sums.items():
                totals[name] += value
        first.rule.share(groups[first.group], totals, self._shared)
        for item, update in begun:
            item.rule.take_totals(update.coefficients, totals, self._shared)
            item.finish(update)
        return {item.number: update.coefficients for item, update in begun}

    def accumulate(self, grads: Any, in_tree: bool) -> bool:
        """Add gradients to those that the next step uses."""
        with self:
            gradients = self._checks.check_accumulated(grads)
            if self.accumulated and in_tree is not self._in_tree:
                return False
            self._in_tree = in_tree
            # As a binary counter: what is carried to the next level is the sum of two of this one.
            level = (~self.accumulated & (self.accumulated + 1)).bit_length() - 1 if in_tree else None
            for item, grad in zip(self._items, gradients, strict=True):
                item.accumulate(grad, level)
            self.accumulated += 1
        return True

    def drop_accumulated(self) -> None:
        """Forget what has been accumulated."""
        with self:
            self._drop_accumulated()

    def _drop_accumulated(self) -> None:
        for item in self._items:
            item.sums.clear()
        self.accumulated = 0

    def open(self, groups: Any, options: StepOptions | None, average_weight: float | Sequence[float]) -> _Begun | None:
        """Begin a step that is taken parameter by parameter; ``close()`` tells how many were updated."""
        self.__enter__()
        if self.accumulated:
            self.__exit__()
            return None
        try:
            checked = self._checks.check_groups(groups)
        except BaseException:
            self.__exit__()
            raise
        chosen = StepOptions() if options is None else options
        self._open = _Open(checked, chosen, {}, self._weights(average_weight), set())
        return _Begun(self, self._close)

    def step_one(self, index: int, grad: Any) -> StepReport | None:
        """Take the part of a step that concerns one parameter."""
        if not self._one.acquire(blocking=False):
            raise RuntimeError("another thread is stepping a parameter of this optimizer; one at a time may do so")
        try:
            opened = self._open
            if opened is None:
                raise RuntimeError("step_param: only inside the block of its scope")
            if index in opened.stepped or grad is None:
                return None
            grad, copied = self._checks.check_alone(index, grad, zero_grads=opened.options.zero_grads)
            item = self._items[index]
            report = self._step_items([item], opened.groups, [grad], opened.options, opened.observed)
            if not report.skipped:
                opened.stepped.add(index)
                item.follow(opened.average_weights[index], self.completed + 1)
            return report._replace(step=self.completed, copied=copied)
        finally:
            self._one.release()

    def _close(self) -> int:
        with self._one:
            opened, self._open = self._open, None
        assert opened is not None
        if opened.stepped:
            self.completed += 1
            for item in self._items:
                if item.number not in opened.stepped:
                    if self.copies_lead:
                        item.lead()
                    item.follow(opened.average_weights[item.number], self.completed)
            self._keep_observed(opened.options, opened.observed)
        return len(opened.stepped)

    def step_count(self, index: int) -> int:
        """Return the steps taken by a parameter."""
        return self._items[index].count

    def set_step_counts(
        self,
        counts: Sequence[int],
        completed: int,
        scalars: Sequence[Sequence[float]] = (),
        shared: Sequence[float] = (),
    ) -> None:
        """Restore the steps taken by each parameter and by the optimizer, and the other numbers of both."""
        for item, count in zip(self._items, counts, strict=True):
            item.count = count
            item.history = RowHistory(count)
        for i, values in enumerate(scalars):
            self.set_scalars(i, values)
        if shared:
            self.set_shared_scalars(shared)
        self.completed = completed

    def shared_scalars(self) -> list[float]:
        """Return the numbers that the rule keeps for all parameters together."""
        return list(self._shared.values())

    def set_shared_scalars(self, values: Sequence[float]) -> None:
        """Restore them."""
        self._shared = dict(zip(self._shared, values, strict=True))

    def scalars(self, index: int) -> list[float]:
        """Return the numbers that the rule keeps for a parameter beside its step count."""
        return list(self._items[index].scalars.values())

    def set_scalars(self, index: int, values: Sequence[float]) -> None:
        """Restore them."""
        self._items[index].scalars = dict(zip(self._items[index].rule.scalars, values, strict=True))

    @property
    def average_counts(self) -> int | list[int]:
        """How often the average of each parameter was brought up to date: one number if all have the same."""
        counts = [item.average_count for item in self._items if item.average is not None]
        return counts[0] if len(set(counts)) == 1 else counts or 0

    def average_count(self, index: int) -> int:
        """Return how often the average of a parameter was brought up to date."""
        return self._items[index].average_count

    def set_average_counts(self, counts: Sequence[int]) -> None:
        """Restore that of each parameter."""
        for item, count in zip(self._items, counts, strict=True):
            item.average_count = count

    def __enter__(self) -> None:
        if not self._lock.acquire(blocking=False):
            raise RuntimeError(IN_USE if self._since_fork == forks() else FORKED)
        self._since_fork = forks()

    def __exit__(self, *exception: object) -> None:
        self._lock.release()
