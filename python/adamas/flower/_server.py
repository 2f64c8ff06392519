"""A server's step: the mean of the replies, and the optimizer's update with it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from adamas.adapters import Array, BoundOptimizer, Optimizer
from adamas.flower._errors import ReplyError
from adamas.flower._layout import Layout, Reply
from adamas.flower._mean import Sum, Weights, mean_of, take
from adamas.flower._threads import in_threads
from adamas.flower._wire import pack


class Step(NamedTuple):
    """What a step goes by.

    Attributes:
        hyperparameters: Under the names of adamas.
        steps_before: How many steps the rule is to count as taken; None for those that were.
    """

    hyperparameters: Mapping[str, Any]
    steps_before: int | None = None


class Server:
    """The optimizer of one model, with memory for the model and for one mean of replies.

    Args:
        optimizer_class: The class of adamas.
        model: The arrays by name.
        averaged: Patterns for names of those that are averaged.
        step: What the first step goes by.
        first_values: What states start at, by name, if not at the first values of the rule.
        options: Those of `adamas.Options`.

    Attributes:
        layout: What the model is made of.
        bound: The optimizer.

    Raises:
        TypeError: An array of the model or an argument of the optimizer has the wrong type.
        ValueError: The model or an argument of the optimizer is not acceptable.
    """

    def __init__(
        self,
        optimizer_class: type[Optimizer],
        model: Mapping[str, Array],
        averaged: Sequence[str] | None,
        step: Step,
        first_values: Mapping[str, float],
        options: Mapping[str, Any],
    ) -> None:
        self.layout = Layout(model, averaged)
        self._num_threads: int | None = options.get("num_threads")
        entries = {name: self.layout.entries[name] for name in self.layout.stepped}
        params = {name: np.zeros(entry.shape or (1,), entry.dtype) for name, entry in entries.items()}
        deltas = {name: np.float64 if entry.dtype == np.float64 else np.float32 for name, entry in entries.items()}
        self._params = params
        self._deltas = {name: np.zeros(params[name].shape, dtype) for name, dtype in deltas.items()}
        self.bound = BoundOptimizer(optimizer_class, [{"params": params, **step.hyperparameters}], **options)
        for i in range(len(params)):
            for state, value in first_values.items():
                self.bound.states(i)[state][...] = value

    def step(self, model: Mapping[str, Array], replies: Sequence[Reply], step: Step) -> dict[str, bytes]:
        """Take a step from a model to the mean of replies; return the new model.

        Args:
            model: The arrays by name, made of what the server was made for.
            replies: Those of the clients, with weights >= 0 that are not all 0.
            step: What it goes by.

        Returns:
            The bytes of each array, as Flower sends them.

        Raises:
            ReplyError: A reply does not fit, or is not finite. The optimizer has not changed.
            ValueError: The model does not fit, or is not finite. Nothing has changed.
        """
        self.layout.check_model(model)
        found = [(reply, self.layout.read(reply)) for reply in replies]
        found.sort(key=lambda each: _order(each[0], self.layout))
        read = [arrays for _, arrays in found]
        weights = Weights.of([reply.weight for reply, _ in found])
        flat = {name: np.ascontiguousarray(array).reshape(-1) for name, array in model.items()}
        means = {
            name: mean_of(flat[name], [each[name] for each in read], weights)
            for name, entry in self.layout.entries.items()
            if not entry.stepped
        }
        sums = [
            Sum(flat[name], [each[name] for each in read], delta.reshape(-1), self._params[name].reshape(-1))
            for name, delta in self._deltas.items()
        ]
        finite = take(sums, weights, self._num_threads)
        if not finite or not all(np.isfinite(mean).all() for mean in means.values()):
            _refuse_not_finite(flat, found)
        self._take_step(step)
        return self._packed(means)

    def _packed(self, means: Mapping[str, Array]) -> dict[str, bytes]:
        """Return the bytes of the parameters, as they are now, and of what was averaged."""
        entries = self.layout.entries

        def work(names: Iterator[str]) -> dict[str, bytes]:
            return {
                name: pack(self._params[name] if entries[name].stepped else means[name], entries[name].header)
                for name in names
            }

        parts = in_threads(work, list(entries), sum(entry.length for entry in entries.values()), self._num_threads)
        found = {name: data for part in parts for name, data in part.items()}
        return {name: found[name] for name in entries}

    def _take_step(self, step: Step) -> None:
        """Step along the deltas; what bias corrections count is another number than that of steps, in some modes."""
        bound = self.bound
        bound.param_groups[0].update(step.hyperparameters)
        steps = bound.completed
        if step.steps_before is not None:
            self.count(step.steps_before)
        try:
            bound.step([self._deltas[name] for name in bound.names])
            steps += 1
        finally:
            if step.steps_before is not None:
                self.count(steps)

    def count(self, steps: int) -> None:
        """Say how many steps have been taken."""
        self.bound.set_step_counts([steps] * len(self.bound.names), steps)

    def states(self) -> dict[str, dict[str, Array]]:
        """Return the live states of each parameter, by name."""
        return {name: self.bound.states(i) for i, name in enumerate(self.bound.names)}


def _order(reply: Reply, layout: Layout) -> tuple[float, list[bytes], list[bytes]]:
    """Return what replies are ordered by: not who sent them, or when. Equal ones need no order.

    The ends of arrays tell nearly always, so whole ones, which may be equal and long, are seldom compared.
    """
    arrays = [reply.arrays[name] for name in layout.entries]
    return reply.weight, [data[-64:] for data in arrays], arrays


def _refuse_not_finite(model: Mapping[str, Array], replies: Sequence[tuple[Reply, Mapping[str, Array]]]) -> None:
    """Find out which array is not finite, and refuse it."""
    for reply, arrays in replies:
        for name, array in arrays.items():
            if (where := _not_finite(array)) is not None:
                raise ReplyError(
                    f"The reply of {reply.sender} is not finite: array {name!r} has {array[where]} at flat index "
                    f"{where}"
                )
    for name, array in model.items():
        if (where := _not_finite(array)) is not None:
            raise ValueError(
                f"arrays[{name!r}]: expected finite numbers, got {array[where]} at flat index {where} of the model"
            )
    raise ReplyError("The replies are so far from the model that their mean is not finite")


def _not_finite(array: Array) -> int | None:
    if array.dtype.kind != "f":
        return None
    finite = np.isfinite(array)
    return None if finite.all() else int(finite.argmin())
