"""Steps of tensors: the settings that are read from an optimizer of thinc, and the sequence of an update."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from typing import Any

import numpy as np

from adamas.adapters import Array, StepTable, describe
from adamas.adapters.checks import number
from adamas.thinc import _arguments, _saving
from adamas.thinc._arguments import HAS_SCHEDULES, attribute_of
from adamas.thinc._bindings import Bindings, Entry, WarmAverage
from adamas.thinc._live_arrays import UpdateCounts

#: Where thinc shows states, if a rule keeps them as numbers of a usual type.
_MOMENTS = {"mom1": "exp_avg", "mom2": "exp_avg_sq", "averages": "average"}


class Steps:
    """The tensors of an optimizer and their steps.

    Args:
        owner: The optimizer.
        options: Its options.
        hurry: Given a table, lets the next calls go by it; given None, by `step`.

    Attributes:
        entries: The tensors, by key.
    """

    def __init__(self, owner: Any, options: Mapping[str, Any], hurry: Callable[[StepTable | None], None]) -> None:
        self.info = describe(owner.engine_class)
        self._owner = owner
        self._hyperparameters: _arguments.Hyperparameters = owner.hyperparameters
        self._arguments = [(name, attribute_of(name)) for name in (*owner.hyperparameters, "grad_clip")]
        self._on_nonfinite = options["on_nonfinite"]
        ahead = 0 if owner.words is None else owner.words.steps_ahead
        self._bindings = Bindings(
            owner.engine_class,
            ahead,
            average=None if owner.averages is None else WarmAverage(),
            clip_each=True,
            zero_grads=True,
            **{name: options[name] for name in ("state_dtype", "num_threads", "on_nonfinite")},
        )
        self.entries: dict[Hashable, Entry] = self._bindings.entries
        self.counts = UpdateCounts(self._bindings)
        self._hurry = hurry
        self.schedule_steps = 0
        self.saved: _saving.Saved | None = None
        self._values: list[Any] | None = None
        self._scale: float | None = None
        self._groups: list[dict[str, Any]] = []
        self._options: Any = None

    def step(self, key: Hashable, weights: Array, gradient: Array, lr_scale: float) -> None:
        """Update a tensor.

        Raises:
            TypeError: An array or hyperparameter has the wrong type.
            ValueError: An array does not fit or cannot be written, or a hyperparameter is out of range.
            FloatingPointError: The gradient is not finite, and ``on_nonfinite`` is ``"raise"``.
        """
        self._read(key, lr_scale)
        entry = self._entry(key, weights)
        given = self._given(weights, gradient)
        stepped = self._bindings.table.step(key, weights, given)
        if stepped is None:
            entry.bound.refuse_alone(entry.index, weights, given, self._groups, self._options)
        if not stepped and self._on_nonfinite == "raise":
            raise FloatingPointError(f"the gradient of {key!r}: holds an infinity or NaN; nothing was updated")
        if not stepped or given is not gradient:
            gradient[...] = 0
        self._may_hurry(lr_scale)

    def _given(self, weights: Array, gradient: Any) -> Any:
        """Return the gradient as the step takes it: a copy, if it is strided, or L2 regularisation is added to it."""
        fits = isinstance(gradient, np.ndarray) and gradient.shape == weights.shape and gradient.flags.writeable
        if not fits:
            return gradient  # it is about to be refused
        if self._adds_L2():
            return gradient + weights.dtype.type(self._checked["L2"]) * weights
        return gradient if gradient.flags.c_contiguous else np.ascontiguousarray(gradient)

    def _may_hurry(self, lr_scale: float) -> None:
        """Let the next calls go without all this, if nothing can change without notice."""
        waiting = self._bindings.can_join or self.saved is not None
        unchanging = not HAS_SCHEDULES and lr_scale == 1.0
        self._hurry(self._bindings.table if unchanging and not waiting and not self._adds_L2() else None)

    def _read(self, key: Hashable, lr_scale: float) -> None:
        """Read all hyperparameters, and check those that have changed."""
        owner = self._owner
        values: list[Any] = [getattr(owner, attribute) for _, attribute in self._arguments]
        if HAS_SCHEDULES:
            step, score = owner.step, owner.last_score
            values = [_arguments.now(value, step, key, score) for value in values]
        if lr_scale == self._scale and values == self._values:
            return
        scale = number(lr_scale, "lr_scale", "a finite number >= 0", 0.0, float("inf"))
        checked = {
            name: _arguments.check_argument(self.info, name, value, self._hyperparameters)
            for (name, _), value in zip(self._arguments, values, strict=True)
        }
        group = _arguments.adamas_group(self.info, checked, scale, self._hyperparameters, owner.words)
        self.info.check_combination(group)
        group = self.info.at_construction(group)
        renewed = bool(self._groups) and self.info.state_key(group) != self.info.state_key(self._groups[0])
        self._groups = [group]
        self._checked, self._values, self._scale = checked, values, lr_scale
        self._options = None
        if renewed and self.entries:
            self._bindings.renew(group)
            self._show(self.entries)

    def _entry(self, key: Hashable, weights: Array) -> Entry:
        """Return a tensor as it is bound now."""
        entry = self.entries.get(key)
        if entry is None:
            entry = self._first_sight(key, weights)
        elif entry.weights is not weights and not _is_same_memory(entry.weights, weights):
            self._bindings.move(key, weights, self._groups[0])
            self._show([key])
        elif self._bindings.is_alone(key) and self._bindings.can_join:
            self._show(self._bindings.join(self._groups[0]))
        if self._options is None:
            entry.bound.step_defaults.max_norm = self._checked["grad_clip"] or None
            self._options = entry.bound.step_options
            self._bindings.table.prepare(self._groups, self._options)
        return entry

    def _first_sight(self, key: Hashable, weights: Array) -> Entry:
        found = None if self.saved is None else self.saved.find(key, weights)
        entry = self._bindings.add(key, weights, self._groups[0])
        if found is not None and self.saved is not None:
            try:
                _saving.check(found, entry, key)
            except ValueError:
                self._bindings.drop(key)
                raise
            _saving.fill(found, entry, self._bindings)
            self.saved.take(found)
            if not self.saved.remaining:
                self.saved = None
        self._show([key])
        return entry

    def load(self, saved: _saving.Saved) -> None:
        """Give all tensors that have been met their saved states; others get theirs when they are.

        Raises:
            ValueError: A tensor cannot have what was saved of it. Nothing has changed then.
        """
        fitting = []
        for key, entry in self.entries.items():
            found = saved.find(key, entry.weights)
            if found is not None:
                _saving.check(found, entry, key)
                saved.take(found)
                fitting.append((found, entry))
        for found, entry in fitting:
            _saving.fill(found, entry, self._bindings)
        self.saved = saved if saved.remaining else None
        self._hurry(None)

    def _show(self, keys: Any) -> None:
        """Show the states of tensors where thinc has them."""
        for key in keys:
            entry = self.entries[key]
            states = entry.bound.states(entry.index)
            for attribute, name in _MOMENTS.items():
                shown = getattr(self._owner, attribute)
                if shown is None:
                    continue
                state = states.get(name)
                if state is None or state.size != entry.weights.size or f"{name}_scale" in states:
                    shown.hide(key)
                else:
                    shown.show(key, state if attribute == "averages" else state.reshape(-1))

    def stop_averaging(self) -> None:
        """Keep no averages from now on."""
        self._bindings.stop_averaging(self._groups[0] if self._groups else None)
        self._show(self.entries)
        self._hurry(None)

    def _adds_L2(self) -> bool:  # noqa: N802
        words, values = self._owner.words, self._checked
        coupled = words is not None and not values["L2_is_weight_decay"]
        return coupled and values["L2"] != 0.0 and values["grad_clip"] != 0.0


def _is_same_memory(bound: Array, weights: Array) -> bool:
    return bound.ctypes.data == weights.ctypes.data and bound.size == weights.size and bound.dtype == weights.dtype
