"""The tensors that an optimizer of thinc is called for, bound to optimizers of adamas."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from adamas.adapters import Array, BoundOptimizer, Optimizer, StepTable, describe
from adamas.averaging import Average

#: Tensors of more elements stay by themselves: to step them takes longer than to find them in memory.
_SMALL = 1 << 14

#: What thinc's averages keep of themselves in an update, at most.
_LARGEST_DECAY = 0.9999


@dataclass(frozen=True, kw_only=True)
class WarmAverage(Average):
    """thinc's average: it starts at zero, and keeps min(0.9999, (1 + t) / (10 + t)) of itself in update t."""

    def weight(self, number: int) -> float:
        """Return the weight of the parameters."""
        return 1.0 - min(_LARGEST_DECAY, (1.0 + number) / (10.0 + number))


class Entry:
    """Where a tensor is bound."""

    __slots__ = ("bound", "index", "moves", "weights")

    def __init__(self, bound: BoundOptimizer, index: int, weights: Array) -> None:
        self.bound = bound
        self.index = index
        self.weights = weights
        #: Its memory has been another one at some time.
        self.moves = False


class Bindings:
    """All tensors by key.

    A tensor that is met for the first time is bound by itself, since its update is due at once. Once the tensors come
    round again, the small ones are bound together: their states lie side by side then, and a step takes half the time.

    Args:
        optimizer_class: Of adamas.
        steps_ahead: How many steps coefficients are ahead of the number of updates.
        **options: Of the optimizer.
    """

    def __init__(self, optimizer_class: type[Optimizer], steps_ahead: int, **options: Any) -> None:
        self.info = describe(optimizer_class)
        self.entries: dict[Hashable, Entry] = {}
        #: All of them, to be stepped.
        average: Average | None = options["average"]
        self.table = StepTable() if average is None else StepTable(average.weight)
        self._ahead = steps_ahead
        self._options = options
        #: Small tensors that are bound by themselves so far, in order.
        self._alone: dict[Hashable, None] = {}
        self._together = 0

    def add(self, key: Hashable, weights: Array, group: Mapping[str, Any]) -> Entry:
        """Bind a tensor that was not met before.

        Raises:
            TypeError: It is no array that can be updated in place; the message names it.
            ValueError: Likewise.
        """
        bound = self._bind({_name_of(key): weights}, group)
        bound.set_step_counts([self._ahead], self._ahead)
        entry = self.entries[key] = Entry(bound, 0, weights)
        bound.put_into(self.table, key, 0)
        if weights.size <= _SMALL:
            self._alone[key] = None
        return entry

    def drop(self, key: Hashable) -> None:
        """Forget a tensor."""
        del self.entries[key]
        self.table.remove(key)
        self._alone.pop(key, None)

    def move(self, key: Hashable, weights: Array, group: Mapping[str, Any]) -> None:
        """Bind a tensor that lies elsewhere now; its states go with it.

        Raises:
            TypeError: It is not acceptable to `add`, or has another dtype.
            ValueError: It is not acceptable to `add`, or has another shape.
        """
        entry = self.entries[key]
        for what, error in (("shape", ValueError), ("dtype", TypeError)):
            before, now = getattr(entry.weights, what), getattr(weights, what)
            if before != now:
                raise error(f"{_name_of(key)}: expected weights of {what} {before}, as before, got {now}")
        bound = self._bind({_name_of(key): weights}, group)
        self._transfer({key: weights}, bound)
        entry.moves = True
        self._alone.pop(key, None)

    @property
    def can_join(self) -> bool:
        """Whether there are enough tensors bound by themselves that binding them together pays."""
        return len(self._alone) > 1 and 4 * len(self._alone) >= self._together

    def is_alone(self, key: Hashable) -> bool:
        """Tell whether a tensor is to be bound together with others."""
        return key in self._alone

    def join(self, group: Mapping[str, Any]) -> list[Hashable]:
        """Bind all small tensors that stay where they are together; return their keys."""
        keys = [key for key, entry in self.entries.items() if entry.weights.size <= _SMALL and not entry.moves]
        self._bind_again(keys, group)
        self._alone.clear()
        self._together = len(keys)
        return keys

    def renew(self, group: Mapping[str, Any]) -> None:
        """Bind all tensors anew, since hyperparameters ask for other states; those that stay go with them."""
        together = [key for key, entry in self.entries.items() if len(entry.bound.names) > 1]
        if together:
            self._bind_again(together, group)
        for key in [key for key in self.entries if key not in set(together)]:
            self._bind_again([key], group)

    def stop_averaging(self, group: Mapping[str, Any] | None) -> None:
        """Bind all tensors anew, without averages; ``group``: None if there are no tensors."""
        self._options["average"] = None
        if group is not None:
            self.renew(group)

    def _bind_again(self, keys: Sequence[Hashable], group: Mapping[str, Any]) -> None:
        arrays = {key: self.entries[key].weights for key in keys}
        bound = self._bind({_name_of(key): weights for key, weights in arrays.items()}, group)
        self._transfer(arrays, bound)

    def _bind(self, arrays: Mapping[str, Array], group: Mapping[str, Any]) -> BoundOptimizer:
        own = {name: value for name, value in group.items() if name not in self.info.fixed}
        bound = BoundOptimizer(self.info.optimizer_class, [{"params": arrays, **own}], **self._options)
        bound.step_defaults.clip_eps = 0.0  # as thinc clips
        return bound

    def _transfer(self, arrays: Mapping[Hashable, Array], bound: BoundOptimizer) -> None:
        """Give a new optimizer what the old ones have of these tensors, its parameters in order."""
        numbers = []
        for index, key in enumerate(arrays):
            entry = self.entries[key]
            old = entry.bound.states(entry.index)
            for name, array in bound.states(index).items():
                if name in old:
                    np.copyto(array, old[name])
            numbers.append(entry.bound.numbers(entry.index))
        self.set_numbers(bound, numbers)
        for index, (key, weights) in enumerate(arrays.items()):
            entry = self.entries[key]
            entry.bound, entry.index, entry.weights = bound, index, weights
            bound.put_into(self.table, key, index)

    def set_numbers(self, bound: BoundOptimizer, numbers: Sequence[Mapping[str, int | float]]) -> None:
        """Set the numbers of all parameters of an optimizer."""
        counts = [int(each["step"]) for each in numbers]
        bound.set_step_counts(counts, max(counts))
        for index, each in enumerate(numbers):
            bound.set_scalars(index, {**bound.scalars(index), **each})
        if bound.average is not None:
            bound.set_average_counts([int(each["n_averaged"]) for each in numbers])

    def count(self, key: Hashable) -> int:
        """Return how many updates a tensor has had."""
        entry = self.entries[key]
        return entry.bound.step_count(entry.index) - self._ahead

    def set_count(self, key: Hashable, count: int) -> None:
        """Set how many updates a tensor has had."""
        entry = self.entries[key]
        averaged = {} if entry.bound.average is None else {"n_averaged": count}
        self.set_numbers_of(entry, {"step": count + self._ahead, **averaged})

    def set_numbers_of(self, entry: Entry, numbers: Mapping[str, int | float]) -> None:
        """Set numbers of a tensor."""
        bound = entry.bound
        all_numbers = [bound.numbers(index) for index in range(len(bound.names))]
        all_numbers[entry.index] = {**all_numbers[entry.index], **numbers}
        self.set_numbers(bound, all_numbers)


def _name_of(key: Hashable) -> str:
    """What messages call the weights of a key."""
    if isinstance(key, tuple) and len(key) == 2:
        return f"{key[1]} of node {key[0]}"
    return str(key)
