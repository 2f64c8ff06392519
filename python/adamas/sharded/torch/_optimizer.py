"""An optimizer of several processes as a ``torch.optim.Optimizer``."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import numpy as np
import torch

from adamas._optimizer.base import Optimizer as Engine
from adamas.adapters import BoundOptimizer, StepDefaults, StepReport, describe
from adamas.adapters.checks import dtype_name, read_step_defaults
from adamas.sharded.torch._team import TorchTeam
from adamas.torch._arguments import IMPLEMENTATIONS, as_number, check_hyperparameters, check_tensors, take_numbers
from adamas.torch._binding import names_in
from adamas.torch._distributed import is_shared_out
from adamas.torch._saving import OPTIMIZER_STEP, PREVIOUS_NORM, take_counts
from adamas.torch.tensors import as_tensor, check_param, flat, gradient

__all__ = ["Optimizer"]

_KEYWORD = inspect.Parameter.KEYWORD_ONLY


class Optimizer(torch.optim.Optimizer):
    """Base of the optimizers of `adamas.sharded.torch`; its docstring says what they have in common."""

    #: The class of `adamas.sharded` that does the work.
    engine_class: ClassVar[type[Engine]]

    #: `GradScaler` leaves dividing by its scale to `step`, and skipping, which processes decide together.
    _step_supports_amp_scaling = True

    #: What the last step told, or None before the first. See `adamas.StepReport`.
    report: StepReport | None = None

    def __init__(
        self, params: Any, *args: Any, process_group: Any = None, lanes: int | None = None, **kwargs: Any
    ) -> None:
        bound = _signature(self.engine_class).bind(params, *args, **kwargs)
        bound.apply_defaults()
        given = dict(bound.arguments)
        given.pop("params")
        implementation = {name: given.pop(name) for name in IMPLEMENTATIONS}
        options = dict(given.pop("options", {}))
        for name in ("sparse", "copy_out"):
            if options.pop(name, None) is not None:
                raise ValueError(f"{name}: not for optimizers of several processes; leave it out")
        if "state_dtype" in options:
            options["state_dtype"] = dtype_name(options["state_dtype"])
        defaults = read_step_defaults(options, type(self).__name__, [*given, *IMPLEMENTATIONS])
        defaults.accumulation = "tree"
        check_tensors(given, implementation["foreach"])
        if "betas" in given:
            given["betas"] = tuple(map(as_number, given["betas"]))
        check_hyperparameters({name: as_number(value) for name, value in given.items()}, self.engine_class)
        fixed = dict.fromkeys(describe(self.engine_class).fixed, True)
        self._names = [*given]
        self._host: BoundOptimizer | None = None
        super().__init__(params, {**given, **fixed, **implementation})
        self._params, groups = self._take_params()
        self._team = TorchTeam(process_group)
        with torch.no_grad():
            for param in self._params:
                self._team.broadcast(flat(param).view(np.uint8), 0)
        shapes = [tuple(param.shape) for param in self._params] if describe(self.engine_class).by_shape else None
        self._host = BoundOptimizer(
            self.engine_class, groups, shapes=shapes, comm=self._team, lanes=lanes, **options
        )
        self._host.step_defaults = defaults
        self._host.param_groups = self.param_groups

    def _take_params(self) -> tuple[list[torch.Tensor], list[dict[str, Any]]]:
        """Return all parameters, and groups with their memory."""
        params: list[torch.Tensor] = []
        names: list[str] = []
        groups: list[dict[str, Any]] = []
        by_shape = describe(self.engine_class).by_shape
        for group in self.param_groups:
            arrays = {}
            for param, name in zip(group["params"], names_in(group, names), strict=True):
                path = f"params[{name!r}]"
                check_param(param, path)
                if is_shared_out(param):
                    raise ValueError(
                        f"{path}: each process has a part of it already (DTensor); use adamas.torch, which steps parts"
                    )
                if by_shape and not param.is_contiguous():
                    raise ValueError(f"{path}: expected a contiguous tensor, since the rule goes by rows and columns")
                params.append(param)
                names.append(name)
                arrays[name] = flat(param)
            groups.append({"params": arrays, **{name: as_number(group[name]) for name in self._names}})
            groups[-1].update({name: True for name in describe(self.engine_class).fixed})
        return params, groups

    @property
    def _bound(self) -> BoundOptimizer:
        assert self._host is not None
        return self._host

    @property
    def lanes(self) -> range:
        """The lanes whose gradients this process computes, of those that the global batch has."""
        lanes: range = self._bound.optimizer.lanes
        return lanes

    @property
    def step_defaults(self) -> StepDefaults:
        """What a step does about gradients; all of it may be changed at any time."""
        return self._bound.step_defaults

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Add a group of parameters: at construction alone, since shards are made of all parameters.

        Raises:
            RuntimeError: The optimizer has been made.
        """
        if self._host is not None:
            raise RuntimeError("add_param_group: the parameters have been divided; make a new optimizer with all groups")
        super().add_param_group(param_group)
        take_numbers(self.param_groups[-1])

    def _gradients(self) -> list[Any]:
        paths = (f"the gradient of {name!r}" for name in self._bound.names)
        return [
            None if param.grad is None else gradient(param.grad, param, path, takes_rows=False)
            for param, path in zip(self._params, paths, strict=True)
        ]

    def accumulate(self) -> None:
        """Take the gradients that the parameters have now as those of one lane; `step` takes those of the last."""
        self._bound.accumulate(self._gradients())

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Update all parameters, on all processes: with the mean of their gradients.

        Args:
            closure: Computes the loss and its gradients again, and returns it.

        Returns:
            What the closure returned, or None. What happened in the step is in ``report``.

        Raises:
            Exception: As `adamas.torch.AdamW.step`; on all processes, of which nothing has changed on any.
        """
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        scale = getattr(self, "grad_scale", None)
        if scale is None:
            report = self._bound.step(self._gradients())
        else:
            report = self._bound.step(self._gradients(), grad_scale=float(scale), on_nonfinite="skip")
        self.report = report
        if not report.skipped:
            torch.autograd.graph.increment_version(self._params)
        return loss

    def state_dict(self) -> dict[str, Any]:
        """Return states and hyperparameters, whole, on all processes: as `adamas.torch` has them, which can load them."""
        inner = self._bound.optimizer.state_dict()
        of_optimizer: dict[str, Any] = {OPTIMIZER_STEP: inner["step"], **inner.get("scalars", {})}
        if inner["previous_norm"] is not None:
            of_optimizer[PREVIOUS_NORM] = inner["previous_norm"]
        state = {}
        for index, (param, entry) in enumerate(zip(self._params, inner["state"].values(), strict=True)):
            if entry["step"]:
                state[index] = {name: self._as_tensor(value, param) for name, value in entry.items()}
        groups = super().state_dict()["param_groups"]
        return {"state": state, "param_groups": [{**group, **of_optimizer} for group in groups]}

    def _as_tensor(self, value: Any, param: torch.Tensor) -> torch.Tensor:
        if not isinstance(value, np.ndarray):
            return torch.tensor(float(value))
        return as_tensor(value, param if value.shape == (param.numel(),) else None)

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Restore what `state_dict` returned, or that of `adamas.torch`'s optimizer; each process takes its part.

        Raises:
            TypeError: It is no state dict.
            ValueError: It does not fit; nothing has changed then.
        """
        groups = [dict(group) for group in state_dict["param_groups"]]
        if [len(group["params"]) for group in groups] != [len(group["params"]) for group in self.param_groups]:
            raise ValueError("state_dict: has groups of other parameters than this optimizer")
        completed, norm, scalars = take_counts(groups, describe(self.engine_class))
        inner = self._bound.optimizer.state_dict()
        numbers = [number for group in groups for number in group["params"]]
        for (name, entry), number, param in zip(inner["state"].items(), numbers, self._params, strict=True):
            theirs = state_dict["state"].get(number, {})
            inner["state"][name] = {key: _value_of(theirs.get(key), value, param) for key, value in entry.items()}
        for ours, theirs in zip(inner["param_groups"], groups, strict=True):
            ours.update({name: as_number(theirs[name]) for name in self._names})
        inner.update(step=completed, previous_norm=norm)
        if scalars:
            inner["scalars"] = scalars
        self._bound.optimizer.load_state_dict(inner)
        for ours, theirs in zip(self.param_groups, groups, strict=True):
            ours.update({name: value for name, value in theirs.items() if name != "params"})

    def save(self, path: Any, *, params: bool = True) -> None:
        """Write a checkpoint, each process its part of it at once; see `adamas.sharded.ShardedOptimizer.save`."""
        self._bound.optimizer.save(path, params=params)

    def load(self, path: Any, **options: Any) -> list[str]:
        """Read a checkpoint that any number of processes wrote; see `adamas.sharded.ShardedOptimizer.load`."""
        left: list[str] = self._bound.optimizer.load(path, **options)
        torch.autograd.graph.increment_version(self._params)
        return left


def _value_of(given: Any, known: Any, param: torch.Tensor) -> Any:
    """Return an entry of a state as this process's optimizer has it; what is not given begins anew."""
    if given is None:
        return np.zeros_like(known) if isinstance(known, np.ndarray) else type(known)(0)
    if not isinstance(known, np.ndarray):
        return type(known)(as_number(given))
    is_of_elements = known.shape == (param.numel(),) and given.shape == param.shape
    return flat(given) if is_of_elements else np.array(given.numpy())


def _signature(engine_class: type[Engine]) -> inspect.Signature:
    """Return the signature of the rule, with the arguments of ``torch.optim`` that choose an implementation."""
    signature = engine_class.spec.signature
    *own, options = signature.parameters.values()
    more = [inspect.Parameter(name, _KEYWORD, default=default) for name, default in IMPLEMENTATIONS.items()]
    return signature.replace(parameters=[*own, *more, options])

