"""State dicts, copies and pickles of an optimizer."""

from __future__ import annotations

import inspect
import math
from collections.abc import Mapping
from typing import Any, ClassVar

import torch

from adamas import optimizers
from adamas.adapters import Optimizer as Engine
from adamas.adapters import OptimizerInfo, describe
from adamas.adapters.checks import number, whole_number
from adamas.torch._arguments import IMPLEMENTATIONS, as_number, check_hyperparameters, take_numbers
from adamas.torch._state_entries import State
from adamas.torch._stepper import Stepper

#: Entries about the whole optimizer, which a state dict has in each of its groups.
OPTIMIZER_STEP, PREVIOUS_NORM = "optimizer_step", "previous_norm"

#: Names of the hyperparameters of all rules, except for one that schedulers of ``torch.optim`` put into groups.
_OF_RULES = frozenset(
    name
    for cls in map(optimizers.__dict__.__getitem__, optimizers.__all__)
    for name, parameter in inspect.signature(cls).parameters.items()
    if parameter.kind is not parameter.VAR_KEYWORD and name not in ("params", "max_lr")
)


class Saving(torch.optim.Optimizer):
    """What optimizers have to save and load."""

    #: The class of adamas that does the work.
    engine_class: ClassVar[type[Engine]]

    state: State
    param_groups: list[dict[str, Any]]

    _stepper: Stepper

    def _has_params(self) -> bool:
        groups = self.param_groups
        return bool(groups and groups[0]["params"]) or any(group["params"] for group in groups)

    def state_dict(self) -> dict[str, Any]:
        """Return states and hyperparameters, in the format of ``torch.optim``, whose optimizers can load it.

        Each group has two entries more: ``optimizer_step``, the steps that the optimizer has taken (a parameter counts
        those in which it had a gradient), and ``previous_norm``, where a norm has been taken. So are the ``scalars`` of
        the optimizer, under their own names.
        """
        stepper = self._stepper
        stepper.refuse_while_averaged("saving")
        stepper.bring_up()
        result: dict[str, Any] = super().state_dict()
        of_optimizer: dict[str, Any] = {OPTIMIZER_STEP: stepper.completed, **stepper.scalars}
        if stepper.previous_norm is not None:
            of_optimizer[PREVIOUS_NORM] = stepper.previous_norm
        result["param_groups"] = [{**group, **of_optimizer} for group in result["param_groups"]]
        return result

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Load what `state_dict` returned: of this class, of ``torch.optim``'s, or of DeepSpeed's CPUAdam.

        States keep the precision that they have: unlike in ``torch.optim`` they are not rounded to the dtype of their
        parameter on the way. Floating-point numbers are converted to ``state_dtype``; 8-bit and 4-bit states must
        have the same format.

        Args:
            state_dict: The state dict.

        Raises:
            TypeError: A hyperparameter of the wrong type.
            ValueError: It does not fit; the message lists all that doesn't. Nothing has changed then.
        """
        stepper = self._stepper
        stepper.refuse_while_averaged("loading")
        stepper.conclude_backward()
        handle = self.register_load_state_dict_pre_hook(_keep_tensors)
        before = self.state, self.param_groups, stepper.binding, stepper.counts_before
        try:
            super().load_state_dict(state_dict)
            if self._has_params():  # taken over at once: the tensors may be those of another optimizer, which goes on
                stepper.bind(self.param_groups, self.state)
        except Exception:
            self.state, self.param_groups, stepper.binding, stepper.counts_before = before
            raise
        finally:
            handle.remove()

    def __getstate__(self) -> dict[str, Any]:
        stepper = self._stepper
        stepper.refuse_while_averaged("copying")
        stepper.bring_up()
        return {
            **super().__getstate__(),
            "_options": stepper.options,
            "_row_mode": stepper.row_mode,
            "_row_params": stepper.row_params,
            "_copies": stepper.copies,
            "_completed_before": stepper.completed,
            "_previous_norm_before": stepper.previous_norm,
            "_scalars_before": stepper.scalars,
            "_copies_lead": stepper.copies_lead,
            "step_defaults": stepper.step_defaults,
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        loads = "_options" not in state  # a state dict, instead of a pickle
        for entry in state["state"].values():
            if isinstance(entry, dict):
                entry.update({key: value.tensor for key, value in entry.items() if isinstance(value, _Kept)})
        if loads:
            self._check_loaded(state["param_groups"])
            self._stepper.counts_before = take_counts(state["param_groups"], describe(self.engine_class))
        else:
            self._stepper = self._take_stepper(state)
        super().__setstate__(state)
        self._stepper.binding = None

    def _take_stepper(self, state: dict[str, Any]) -> Stepper:
        """Take what `__getstate__` has put beside the entries of ``torch.optim`` out of a pickle."""
        fixed = describe(self.engine_class).fixed
        names = [name for name in state["defaults"] if name not in IMPLEMENTATIONS and name not in fixed]
        options, row_mode = state.pop("_options"), state.pop("_row_mode")
        stepper = Stepper(self.engine_class, names, options, row_mode, state.pop("step_defaults"))
        stepper.row_params, stepper.copies = state.pop("_row_params"), state.pop("_copies")
        stepper.copies_lead = state.pop("_copies_lead")
        scalars = state.pop("_scalars_before", {})  # older versions had none
        stepper.counts_before = state.pop("_completed_before"), state.pop("_previous_norm_before"), scalars
        return stepper

    def _check_loaded(self, groups: list[dict[str, Any]]) -> None:
        ours = {*self.defaults, *describe(self.engine_class).spec.shared_scalars}
        for i, group in enumerate(groups):
            foreign = [name for name in group if name in _OF_RULES and name not in ours]
            if foreign:
                names = ", ".join(map(repr, foreign))
                raise ValueError(
                    f"param_groups[{i}]: has {names}, which {type(self).__name__} does not have: this is a state "
                    "dict of another rule"
                )
            if "max_lr" in self.defaults and "max_lr" not in group:  # it may have come from the group's first lr
                group["max_lr"] = self.param_groups[i]["max_lr"]
            for name, default in self.defaults.items():
                group.setdefault(name, default)
            group.update(dict.fromkeys(describe(self.engine_class).fixed, True))
            take_numbers(group)
            check_hyperparameters(self._stepper.hyperparameters(group), self.engine_class)


def take_counts(groups: list[dict[str, Any]], info: OptimizerInfo) -> tuple[int, float | None, dict[str, float]]:
    """Take the entries that are the optimizer's out of its groups; return its steps, the previous norm, its scalars.

    Raises:
        TypeError: One of the wrong type.
        ValueError: One out of range.
    """
    steps, norm = 0, None
    scalars: dict[str, float] = {}
    for i, group in enumerate(groups):
        if (given := group.pop(OPTIMIZER_STEP, None)) is not None:
            steps = max(steps, whole_number(as_number(given), f"param_groups[{i}][{OPTIMIZER_STEP!r}]", 0))
        if (given := group.pop(PREVIOUS_NORM, None)) is not None:
            where = f"param_groups[{i}][{PREVIOUS_NORM!r}]"
            norm = number(as_number(given), where, "a finite number >= 0", 0.0, math.inf)
        for name in info.spec.shared_scalars:
            where = f"param_groups[{i}][{name!r}]"
            if name not in group:
                names = ", ".join(info.spec.shared_scalars)
                raise ValueError(f"{where}: missing; {info.spec.name} keeps {names} in each group of a state dict")
            scalars[name] = info.check_shared_scalar(name, as_number(group.pop(name)), where)
    return steps, norm, scalars or dict(info.spec.shared_scalars)


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
