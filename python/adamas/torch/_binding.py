"""The parameters of a model, bound to an optimizer of adamas, and the states that it keeps for them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
import torch

from adamas.adapters import Array, BoundOptimizer, Optimizer, Tensors, describe
from adamas.torch import _state_entries as entries
from adamas.torch._distributed import is_shared_out, local
from adamas.torch.tensors import as_tensor, check_param, flat, gradient, rows_of


class Binding:
    """The memory of the parameters in some groups, each parameter once, bound to an optimizer of adamas.

    Args:
        optimizer_class: Of adamas.
        groups: The ``param_groups`` of a ``torch.optim`` optimizer.
        hyperparameters: Returns those of a group, as numbers.
        copies: The tensor that takes a copy of a parameter, for those that have one.
        copies_lead: Somebody writes into those.
        row_params: Parameters whose gradients are of single rows.
        row_mode: What becomes of their rows without a gradient.
        **options: Of the optimizer.
    """

    def __init__(
        self,
        optimizer_class: type[Optimizer],
        groups: list[dict[str, Any]],
        hyperparameters: Callable[[Mapping[str, Any]], dict[str, Any]],
        copies: Mapping[torch.Tensor, torch.Tensor],
        copies_lead: bool,
        row_params: Iterable[torch.Tensor],
        row_mode: str,
        **options: Any,
    ) -> None:
        self.params: list[torch.Tensor] = []
        self.names: list[str] = []
        self._index: dict[torch.Tensor, int] = {}
        rows = set(row_params)
        array_groups: list[dict[str, Any]] = []
        copied, sparse = {}, {}
        for group in groups:
            arrays: dict[str, Array] = {}
            for param, name in zip(group["params"], names_in(group, self.names), strict=True):
                if param in self._index:
                    continue
                check_param(param, f"params[{name!r}]")
                self._index[param] = len(self.params)
                self.params.append(param)
                self.names.append(name)
                arrays[name] = rows_of(param) if param in rows else flat(param)
                if param in copies:
                    copied[name] = flat(copies[param])
                if param in rows:
                    sparse[name] = row_mode
            array_groups.append({"params": arrays, **hyperparameters(group)})
        self._shapes = [array.shape for group in array_groups for array in group["params"].values()]
        self.bound = BoundOptimizer(
            optimizer_class,
            array_groups,
            copies=copied,
            copies_lead=copies_lead,
            shapes=self._shapes_of_params() if describe(optimizer_class).by_shape else None,
            sparse=sparse or None,
            **options,
        )
        self._memory = [local(param) for param in self.params]
        self.tensors = Tensors(self.params, self._memory)
        self._parts = [i for i, param in enumerate(self.params) if is_shared_out(param)]
        self.tensors.expect_groups([list(group["params"]) for group in groups])
        self._small = [i for i, part in enumerate(self._memory) if part.numel() < 2 and i not in self._parts]
        #: Groups have the entries that they had at the last step; learning rates are numbers.
        self.is_known = False
        self._state_key = self.bound.info.state_key
        self._state_keys = [self._state_key(group) for group in groups]
        self._published: set[int] = set()
        self._averages = self.bound.average is not None
        # Step counts and other numbers, an element for each parameter, which its state shows.
        self._steps = np.zeros(
            len(self.params), np.float64 if torch.get_default_dtype() == torch.float64 else np.float32
        )
        self._last_steps = self._steps.tobytes()
        self._averagings = np.zeros(len(self.params), np.int64)
        self._scalars = {name: np.zeros(len(self.params)) for name in self.bound.formula(0).scalars}

    def _shapes_of_params(self) -> list[tuple[int, ...]]:
        """Return the shapes of the parameters.

        Raises:
            ValueError: The elements of one do not lie in the order of its shape.
        """
        for param, name in zip(self.params, self.names, strict=True):
            if not local(param).is_contiguous():
                raise ValueError(
                    f"params[{name!r}]: expected a contiguous tensor, since the rule goes by rows and columns, got one "
                    f"of strides {param.stride()}; replace it by .contiguous()"
                )
        return [tuple(local(param).shape) for param in self.params]

    def still_fits(self, groups: list[dict[str, Any]]) -> bool:
        """Tell whether the same states would be kept for groups whose parameters have not changed."""
        if self._parts and not all(local(self.params[i]) is self._memory[i] for i in self._parts):
            return False
        self.is_known = self.tensors.knows(groups)
        if self.is_known:
            return True
        if [self._state_key(group) for group in groups] != self._state_keys:
            return False
        self.tensors.know(groups)
        return True

    def check_norms(self) -> None:
        """Refuse norms of parameters of which each process has a part.

        Raises:
            ValueError: One is asked for.
        """
        if not self._parts:
            return
        defaults = self.bound.step_defaults
        asks = defaults.max_norm is not None or defaults.on_nonfinite != "propagate"
        if asks or self.bound.needs_sums:
            raise ValueError(
                f"params[{self.names[self._parts[0]]!r}]: each process has a part of it, and can't know its norm, or "
                "whether all is finite: use torch.nn.utils.clip_grad_norm_, without max_norm and on_nonfinite, and a "
                "rule without norms (LAMB has them)"
            )

    def unclear(self) -> list[int]:
        """Return the numbers of parameters about whose gradients their memory says too little.

        Strides say nothing about one element, which may be a negated view; and if there is none, it has no address.
        """
        grads = [(index, self.params[index].grad) for index in self._small]
        return [index for index, grad in grads if grad is not None and (grad.numel() == 0 or grad.is_neg())]

    def index(self, param: torch.Tensor) -> int:
        """Return the number of a parameter."""
        return self._index[param]

    def _kept(self, index: int) -> dict[str, torch.Tensor]:
        """Return the arrays that are kept for a parameter as tensors that share their memory."""
        shape = self._shapes[index]
        return {
            name: as_tensor(array.reshape(-1), self.params[index]) if array.shape == shape else as_tensor(array)
            for name, array in self.bound.states(index).items()
        }

    def entry(self, index: int) -> dict[str, torch.Tensor]:
        """Return the state of a parameter under the names of ``torch.optim``."""
        numbers: dict[str, Array] = {"step": self._steps, **self._scalars}
        if self._averages:
            numbers["n_averaged"] = self._averagings
        return {
            **{name: torch.from_numpy(values[index : index + 1].reshape(())) for name, values in numbers.items()},
            **self._kept(index),
        }

    def adopt(self, state: entries.State, completed: int, old: Binding | None = None) -> None:
        """Take over states of these parameters, and put tensors that share memory with `bound` in their place.

        Args:
            state: The states.
            completed: Steps that the optimizer has taken.
            old: The binding before this one, which has averages of parameters that have no state yet.

        Raises:
            ValueError: They do not fit; nothing has changed then.
        """
        found = {index: state[param] for param, index in self._index.items() if param in state}
        kept = {index: self._kept(index) for index in found}
        bound = self.bound
        entries.check_states(
            (self.names[i], entry, bound.formula(i).states, bound.formula(i).scalars, kept[i], bound.info.later_states)
            for i, entry in found.items()
        )
        counts = [0] * len(self.params)
        filled = []
        for i, entry in found.items():
            formula = bound.formula(i)
            if entries.is_empty(entry, formula.states):
                continue
            counts[i] = 0 if entries.begins_anew(entry, formula) else entries.count_of(entry, formula.states)
            if formula.scalars:
                bound.set_scalars(i, {name: float(entry[name]) for name in formula.scalars})
            entries.take_over(entry, kept[i], self.params[i])
            filled.append(i)
        completed = max(completed, *counts, 0)
        bound.set_step_counts(counts, completed)
        if bound.average is not None:
            self._adopt_averages({i: found[i] for i in filled}, bound.average.count_until(completed), old)
        for i in filled:
            found[i].update(self.entry(i))
        self.expect(state)
        self.show_numbers()

    def _adopt_averages(self, filled: Mapping[int, Mapping[str, Any]], before: int, old: Binding | None) -> None:
        """Go on with the averages of parameters, or begin with the parameters.

        Args:
            filled: The states of those that have any.
            before: How often all have been averaged that were there from the first step on.
            old: As in `adopt`.
        """
        averages = any(entry.get("average") is not None for entry in filled.values())
        counts = []
        for i, param in enumerate(self.params):
            if i in filled:
                counts.append(entries.averagings_of(filled[i], before))
                continue
            entry: Mapping[str, Any] = {}
            count = 0
            if old is None and averages:  # saved without a state: it has never been stepped, and is its own average
                count = before
            elif old is not None and (kept := old.average_of_unstepped(param)) is not None:
                entry, count = kept
            entries.take_over(entry, {"average": self._kept(i)["average"]}, param)
            counts.append(count)
        self.bound.set_average_counts(counts)

    def average_of_unstepped(self, param: torch.Tensor) -> tuple[Mapping[str, Any], int] | None:
        """Return the average of a parameter that has not been stepped yet, with how often it was brought up to date."""
        index = self._index.get(param)
        if index is None or index in self._published:
            return None
        count = self.bound.average_count(index)
        return {"average": self._kept(index)["average"]} if count else {}, count

    def publish(self, state: entries.State, indices: Iterable[int]) -> None:
        """Put states of parameters that have been stepped for the first time where users find them."""
        if len(self._published) == len(self.params):
            return
        fresh = [index for index in indices if index not in self._published]
        for index in fresh:
            state[self.params[index]].update(self.entry(index))
        if fresh:
            self.expect(state)

    def expect(self, state: entries.State) -> None:
        """Remember these states: when they are no longer there, somebody has put others in their place."""
        indices = {key: self._index[key] for key in state if key in self._index}
        ours = {name for index in indices.values() for name in self._names_at(index)}
        self._published = {
            i for key, i in indices.items() if not entries.is_empty(state[key], self.bound.formula(i).states)
        }
        self.tensors.expect_states(state, [indices.get(key, -1) in self._published for key in state], sorted(ours))

    def gradients(self) -> list[Any]:
        """Return all gradients that there are now as adamas takes them."""
        return [None if param.grad is None else self.gradient(i, param.grad) for i, param in enumerate(self.params)]

    def gradient(self, index: int, grad: torch.Tensor) -> Any:
        """Return a gradient of a parameter as adamas takes it."""
        path = f"the gradient of {self.names[index]!r}"
        return gradient(grad, self.params[index], path, takes_rows=self.bound.takes_rows(index))

    def _names_at(self, index: int) -> tuple[str, ...]:
        formula = self.bound.formula(index)
        return ("step", *formula.states, *formula.scalars)

    def show_numbers(self) -> None:
        """Bring the numbers in the states up to date."""
        bound = self.bound
        bound.show_step_counts(self._steps)
        self._last_steps = self._steps.tobytes()
        for place, values in enumerate(self._scalars.values()):
            bound.show_scalars(place, values)
        if self._averages:
            self._averagings[...] = bound.average_counts

    def read_steps(self) -> None:
        """Take over step counts that somebody has changed in the states."""
        if self._steps.tobytes() == self._last_steps:
            return
        before = np.frombuffer(self._last_steps, self._steps.dtype)
        bound = self.bound
        counts = [bound.step_count(i) for i in range(len(self.params))]
        for i in np.flatnonzero(self._steps != before):
            if not 0.0 <= self._steps[i] < math.inf:
                raise ValueError(f"state of {self.names[i]!r}: 'step': expected a number >= 0, got {self._steps[i]}")
            counts[i] = int(self._steps[i])
        bound.set_step_counts(counts, max(bound.completed, *counts))
        self.show_numbers()


def names_in(group: Mapping[str, Any], taken: list[str]) -> list[str]:
    """Return a name for each parameter of a group: those it was given, if they are new, else numbers."""
    given = group.get("param_names")
    if given is not None and len(set(given)) == len(group["params"]) and not set(given) & set(taken):
        return [str(name) for name in given]
    first, used, names = len(taken), set(taken), []
    for i in range(len(group["params"])):
        name = str(first + i)
        while name in used:
            name += "'"
        names.append(name)
    return names
