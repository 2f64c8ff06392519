"""State dicts, copies and pickles of an optimizer."""

from __future__ import annotations

import inspect
import math
import threading
from abc import abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import torch

from adamas import optimizers
from adamas.adapters import Optimizer as Engine
from adamas.adapters import StepDefaults, describe
from adamas.adapters.checks import number, whole_number
from adamas.torch._arguments import IMPLEMENTATIONS, as_number, check_hyperparameters, take_numbers
from adamas.torch._layout import Layout, State

#: What a state dict has of the optimizer as a whole, in each of its groups.
OPTIMIZER_STEP, PREVIOUS_NORM = "optimizer_step", "previous_norm"

#: Names of the hyperparameters of all rules.
_OF_RULES = frozenset(
    name
    for cls in map(optimizers.__dict__.__getitem__, optimizers.__all__)
    for name, parameter in inspect.signature(cls).parameters.items()
    if parameter.kind is not parameter.VAR_KEYWORD and name != "params"
)


class Saving(torch.optim.Optimizer):
    """What optimizers have to save and load."""

    #: The class of adamas that does the work.
    engine_class: ClassVar[type[Engine]]

    state: State
    param_groups: list[dict[str, Any]]
    step_defaults: StepDefaults

    #: Steps taken by the optimizer that this one is a copy of, or whose state dict it has loaded, and the norm by which
    #: its next step may clip.
    _completed_before = 0
    _previous_norm_before: float | None = None

    #: Whether the tensors in `copy_out` are the parameters of the model: what is written to them counts.
    _copies_lead = False

    #: How many forks there had been when a thread began to step: this process may be a fork of that one.
    _since_fork = 0

    #: Ends the step of the backward pass under way, if there is one.
    _end_step: Callable[[], None] | None = None

    _layout: Layout | None
    _lock: threading.Lock
    _options: dict[str, Any]
    _row_mode: str
    _row_params: set[torch.Tensor]
    _copies: dict[torch.Tensor, torch.Tensor]

    @abstractmethod
    def _lay_out(self) -> Layout:
        """Bind the parameters as they are now, and take over their states."""

    @abstractmethod
    def catch_up(self, param: torch.Tensor | None = None, rows: torch.Tensor | None = None) -> None:
        """Bring rows to the last step."""

    def _hyperparameters(self, group: Mapping[str, Any]) -> dict[str, Any]:
        """Return those that adamas has and takes, as numbers."""
        fixed = describe(self.engine_class).fixed
        names = [n for n in self.defaults if n not in IMPLEMENTATIONS and n not in fixed]
        return {name: as_number(group[name]) for name in names}

    def _has_params(self) -> bool:
        return any(group["params"] for group in self.param_groups)

    @property
    def _completed(self) -> int:
        return self._completed_before if self._layout is None else self._layout.bound.completed

    @property
    def _previous_norm(self) -> float | None:
        return self._previous_norm_before if self._layout is None else self._layout.bound.previous_norm

    def _conclude_backward(self) -> None:
        """End the step that a backward pass had begun when it failed (`step_in_backward`)."""
        if self._end_step is not None and torch._C._current_graph_task_id() < 0:
            self._end_step()

    def _refuse_while_averaged(self, doing: str) -> None:
        if self._layout is not None:
            self._layout.bound.refuse_while_averaged(doing)

    def _bring_up(self) -> None:
        """Let nothing be under way or behind."""
        self._conclude_backward()
        if self._row_mode == "exact" and self._row_params:
            self.catch_up()

    def state_dict(self) -> dict[str, Any]:
        """Return states and hyperparameters, in the format of ``torch.optim``, whose optimizers can load it.

        Each group has two entries more: ``optimizer_step``, the steps that the optimizer has taken (a parameter counts
        those in which it had a gradient), and ``previous_norm``, where a norm has been taken.
        """
        self._refuse_while_averaged("saving")
        self._bring_up()
        result: dict[str, Any] = super().state_dict()
        of_optimizer: dict[str, Any] = {OPTIMIZER_STEP: self._completed}
        if self._previous_norm is not None:
            of_optimizer[PREVIOUS_NORM] = self._previous_norm
        result["param_groups"] = [{**group, **of_optimizer} for group in result["param_groups"]]
        return result

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Load what `state_dict` returned: of this class, of ``torch.optim``'s, or of DeepSpeed's CPUAdam.

        States keep the precision that they have: unlike in ``torch.optim`` they are not rounded to the dtype of their
        parameter on the way. Floating-point numbers are converted to ``state_dtype``; formats in few bits have to be
        the same.

        Raises:
            TypeError: A hyperparameter of the wrong type.
            ValueError: It does not fit; the message lists all that doesn't. Nothing has changed then.
        """
        self._refuse_while_averaged("loading")
        self._conclude_backward()
        handle = self.register_load_state_dict_pre_hook(_keep_tensors)
        before = self.state, self.param_groups, self._layout, self._completed_before, self._previous_norm_before
        try:
            super().load_state_dict(state_dict)
            if self._has_params():  # taken over at once: the tensors may be those of another optimizer, which goes on
                self._lay_out()
        except Exception:
            self.state, self.param_groups, self._layout, self._completed_before, self._previous_norm_before = before
            raise
        finally:
            handle.remove()

    def __getstate__(self) -> dict[str, Any]:
        self._refuse_while_averaged("copying")
        self._bring_up()
        return {
            **super().__getstate__(),
            "_options": self._options,
            "_row_mode": self._row_mode,
            "_row_params": self._row_params,
            "_copies": self._copies,
            "_completed_before": self._completed,
            "_previous_norm_before": self._previous_norm,
            "_copies_lead": self._copies_lead,
            "step_defaults": self.step_defaults,
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        loads = "_options" not in state  # a state dict, instead of a pickle
        for entry in state["state"].values():
            if isinstance(entry, dict):
                entry.update({key: value.tensor for key, value in entry.items() if isinstance(value, _Kept)})
        if loads:
            self._check_loaded(state["param_groups"])
            self._completed_before, self._previous_norm_before = take_counts(state["param_groups"])
        else:
            self._lock = threading.Lock()
        super().__setstate__(state)
        self._layout = None

    def _check_loaded(self, groups: list[dict[str, Any]]) -> None:
        for i, group in enumerate(groups):
            foreign = [name for name in group if name in _OF_RULES and name not in self.defaults]
            if foreign:
                names = ", ".join(map(repr, foreign))
                raise ValueError(
                    f"param_groups[{i}]: has {names}, which {type(self).__name__} does not have: this is a state "
                    "dict of another rule"
                )
            for name, default in self.defaults.items():
                group.setdefault(name, default)
            group.update(dict.fromkeys(describe(self.engine_class).fixed, True))
            take_numbers(group)
            check_hyperparameters(self._hyperparameters(group), self.engine_class)


def take_counts(groups: list[dict[str, Any]]) -> tuple[int, float | None]:
    """Take the entries that are the optimizer's out of its groups; return its steps and the previous norm.

    Raises:
        TypeError: One of the wrong type.
        ValueError: One out of range.
    """
    steps, norm = 0, None
    for i, group in enumerate(groups):
        if (given := group.pop(OPTIMIZER_STEP, None)) is not None:
            steps = max(steps, whole_number(as_number(given), f"param_groups[{i}][{OPTIMIZER_STEP!r}]", 0))
        if (given := group.pop(PREVIOUS_NORM, None)) is not None:
            where = f"param_groups[{i}][{PREVIOUS_NORM!r}]"
            norm = number(as_number(given), where, "a finite number >= 0", 0.0, math.inf)
    return steps, norm


class _Kept:
    """Hides a tensor from ``torch.optim``, which would round it to the dtype of its parameter."""

    def __init__(self, tensor: torch.Tensor) -> None:
        self.tensor = tensor


def _keep_tensors(optimizer: Any, state_dict: dict[str, Any]) -> dict[str, Any]:
    state = {
        key: {name: _Kept(value) if isinstance(value, torch.Tensor) else value for name, value in entry.items()}
        if isinstance(entry, Mapping)
        else entry
        for key, entry in state_dict["state"].items()
    }
    return {**state_dict, "state": state}
