"""An optimizer of several processes as a ``torch.optim.Optimizer``."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import numpy as np
import torch

from adamas._optimizer.base import Optimizer as Engine
from adamas.adapters import BoundOptimizer, StepDefaults, StepReport, Tensors, describe
from adamas.adapters.checks import dtype_name, read_step_defaults
from adamas.sharded._agreement import Agreement
from adamas.sharded._scope import ShardedScope
from adamas.sharded.torch._team import TorchTeam
from adamas.torch._arguments import IMPLEMENTATIONS, as_number, check_hyperparameters, check_tensors, take_numbers
from adamas.torch._binding import names_in
from adamas.torch._distributed import is_shared_out
from adamas.torch._saving import OPTIMIZER_STEP, PREVIOUS_NORM, take_counts
from adamas.torch.tensors import as_tensor, check_param, flat, gradient

__all__ = ["Optimizer"]

_KEYWORD = inspect.Parameter.KEYWORD_ONLY


class Optimizer(torch.optim.Optimizer):
    """Base of the optimizers of `adamas.sharded.torch`: what all of them have in common.

    All processes construct it with the same arguments, and call `step`, `state_dict`, `load_state_dict`, `save` and
    `load` together. At construction the parameters become those of process 0.

    Args:
        params: The parameters, as ``torch.optim`` takes them: tensors on the CPU.
        *args: The hyperparameters of the rule, as for the class of `adamas.torch` with the same name.
        process_group: A process group of torch.distributed with gloo. None: all processes. Default: None.
        lanes: How many equal parts the global batch has: a whole number, at least one for each process. The gradient of
            a step is the mean over all lanes, and its bits do not depend on how many processes there are. Call
            `accumulate` after the backward pass of each lane but the last. None: one lane for each process.
            Default: None.
        **kwargs: Hyperparameters and options by name. ``sparse``, ``copy_out`` and ``accumulation`` are not taken.

    Raises:
        TypeError: A parameter is not a tensor on the CPU of a dtype that adamas has, an argument is unknown, or an
            argument has the wrong type.
        ValueError: Arguments or parameters differ between processes, there are more processes than lanes, a parameter
            cannot be updated in place, an argument is out of range, or two arguments do not go together.
        RuntimeError: Another process could not construct its part.
    """

    #: The class of `adamas.sharded` that does the work.
    engine_class: ClassVar[type[Engine]]

    #: `GradScaler` leaves dividing by its scale to `step`, and skipping, which processes decide together.
    _step_supports_amp_scaling = True

    #: What the last step told, or None before the first. See `adamas.StepReport`.
    report: StepReport | None = None

    def __init__(
        self, params: Any, *args: Any, process_group: Any = None, lanes: int | None = None, **kwargs: Any
    ) -> None:
        self._host: BoundOptimizer | None = None
        self._scope: ShardedScope | None = None
        self._sends = False
        team = TorchTeam(process_group)
        agreement = Agreement(team)
        with agreement.call(type(self).__name__):
            options = self._take_arguments(params, args, kwargs)
            defaults = read_step_defaults(options, type(self).__name__, [*self._names, *IMPLEMENTATIONS])
            groups = self._take_params()
            shapes = [tuple(param.shape) for param in self._params]
            told = {f"shape and dtype of parameter {i}": f"{p.shape} {p.dtype}" for i, p in enumerate(self._params)}
            agreement.meet(repr(told).encode(), lambda: told)
        defaults.accumulation = "tree"
        for param in self._params:
            team.broadcast(flat(param).view(np.uint8), 0)
        self._host = BoundOptimizer(
            self.engine_class,
            groups,
            shapes=shapes if describe(self.engine_class).by_shape else None,
            comm=team,
            lanes=lanes,
            **options,
        )
        self._host.step_defaults = defaults
        self._host.param_groups = self.param_groups
        self._small = [index for index, param in enumerate(self._params) if param.numel() < 2]
        self._tensors = Tensors(self._params, self._params)
        self._tensors.expect_groups([list(group["params"]) for group in self.param_groups])
        self._tensors.expect_states(self.state, [], [])

    def _take_arguments(self, params: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> dict[str, Any]:
        """Take parameters and hyperparameters; return the options."""
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
        check_tensors(given, implementation["foreach"])
        if "betas" in given:
            given["betas"] = tuple(map(as_number, given["betas"]))
        check_hyperparameters({name: as_number(value) for name, value in given.items()}, self.engine_class)
        fixed = dict.fromkeys(describe(self.engine_class).fixed, True)
        self._names = [*given]
        super().__init__(params, {**given, **fixed, **implementation})
        return options

    def _take_params(self) -> list[dict[str, Any]]:
        """Take all parameters; return groups with their memory."""
        self._params: list[torch.Tensor] = []
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
                self._params.append(param)
                names.append(name)
                arrays[name] = flat(param)
            groups.append({"params": arrays, **{name: as_number(group[name]) for name in self._names}})
        return groups

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
        """Defaults for each step: clipping, skipping, zeroing of gradients. They may be changed at any time."""
        return self._bound.step_defaults

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Add a group of parameters; only at construction, since shards are made of all parameters.

        Args:
            param_group: A dict with the parameters under ``"params"``, and with hyperparameters of its own.

        Raises:
            RuntimeError: The optimizer has been made.
        """
        if self._host is not None:
            raise RuntimeError(
                "add_param_group: the parameters have been divided; make a new optimizer with all groups"
            )
        super().add_param_group(param_group)
        take_numbers(self.param_groups[-1])

    def _gradient(self, index: int) -> Any:
        param = self._params[index]
        if param.grad is None:
            return None
        return gradient(param.grad, param, f"the gradient of {self._bound.names[index]!r}", takes_rows=False)

    def _gradients(self) -> list[Any]:
        return [self._gradient(index) for index in range(len(self._params))]

    def _step(self, grad_scale: float | None) -> StepReport:
        tensors = self._tensors
        awkward = tensors.collect(self.param_groups, self.state)
        if awkward is None:
            raise RuntimeError("the parameters are other tensors, or lie elsewhere, than when the optimizer was made")
        unclear = [(index, self._params[index].grad) for index in self._small]
        awkward += [index for index, grad in unclear if grad is not None and (grad.numel() == 0 or grad.is_neg())]
        for index in awkward:
            tensors.put(index, self._gradient(index))
        return self._bound.step_tensors(tensors, self._gradients, grad_scale)

    def send_in_backward(self) -> None:
        """Let gradients travel while the backward pass goes on: each large one as soon as it is there.

        From now on each backward pass is followed by `step`, which takes the rest and updates; gradients must stay as
        they are until then. The result is the same.

        Raises:
            ValueError: This process computes the gradients of several lanes, whose sums travel when they are complete.
        """
        if len(self.lanes) > 1:
            raise ValueError(
                f"send_in_backward: this process computes the gradients of {len(self.lanes)} lanes, whose sum travels "
                "when it is complete; use one lane for each process"
            )
        if not self._sends:
            self._sends = True
            for index, param in enumerate(self._params):
                param.register_post_accumulate_grad_hook(functools.partial(self._take, index))

    def _take(self, index: int, _: torch.Tensor) -> None:
        """Take a gradient that the backward pass has completed."""
        if self._scope is None:
            scope = self._bound.optimizer.step_scope()
            scope.__enter__()
            self._scope = scope
        self._scope.step_param(index, self._gradient(index))

    def _step_in_scope(self, scope: ShardedScope) -> StepReport:
        """Take the step whose gradients have been travelling."""
        self._scope = None
        with scope.closing():
            for index, param in enumerate(self._params):
                if param.grad is not None and not scope.has(index):
                    scope.step_param(index, self._gradient(index))
        return scope.report

    def accumulate(self) -> None:
        """Take the gradients that the parameters have now as those of one lane; `step` takes those of the last."""
        self._bound.accumulate(self._gradients())

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Update all parameters on all processes, with the mean of their gradients.

        Args:
            closure: A function that computes the loss and its gradients again, and returns the loss. None: there is
                none.

        Returns:
            What the closure returned, or None. What happened in the step is in ``report``.

        Raises:
            TypeError: A gradient or hyperparameter has the wrong type; the message names it.
            ValueError: A gradient does not fit, or a hyperparameter is out of range; the message names it.
            FloatingPointError: A gradient is not finite, and ``step_defaults.on_nonfinite`` is ``"raise"``.
            RuntimeError: Another process could not take the step, or parameters have other memory than at construction.

            An error is raised on all processes, and nothing has changed on any.
        """
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        report = self._step_together() if self._scope is None else self._step_in_scope(self._scope)
        self.report = report
        if not report.skipped:
            torch.autograd.graph.increment_version(self._params)
        return loss

    def _step_together(self) -> StepReport:
        with self._bound.optimizer.together("step"):
            if getattr(self, "found_inf", None) is None:
                return self._step(None)
            # of GradScaler, which skips steps whose gradients are not finite: here all processes do, or none
            scale = getattr(self, "grad_scale", None)
            scale = None if scale is None else float(scale)
            return self._bound.step(self._gradients(), grad_scale=scale, on_nonfinite="skip")

    def state_dict(self) -> dict[str, Any]:
        """Return states and hyperparameters, whole, on all processes; optimizers of `adamas.torch` can load them."""
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
        """Restore what `state_dict` returned, here or under `adamas.torch`; each process takes its part.

        Args:
            state_dict: The state dict.

        Raises:
            TypeError: It is not a state dict.
            ValueError: It does not fit. Nothing has changed.
        """
        inner = self._bound.optimizer.state_dict()
        with self._bound.optimizer.together("load_state_dict"):
            groups = self._read(state_dict, inner)
            self._bound.optimizer.load_state_dict(inner)
        for ours, theirs in zip(self.param_groups, groups, strict=True):
            ours.update({name: value for name, value in theirs.items() if name != "params"})

    def _read(self, state_dict: Mapping[str, Any], inner: dict[str, Any]) -> list[dict[str, Any]]:
        """Put what a state dict has into that of the optimizer of adamas; return its groups."""
        groups = [dict(group) for group in state_dict["param_groups"]]
        if [len(group["params"]) for group in groups] != [len(group["params"]) for group in self.param_groups]:
            raise ValueError("state_dict: has groups of other parameters than this optimizer")
        for i, group in enumerate(groups):
            if missing := [name for name in self._names if name not in group]:
                raise ValueError(f"state_dict: param_groups[{i}] has no {missing[0]!r}: it is of another rule")
        completed, norm, scalars = take_counts(groups, describe(self.engine_class))
        numbers = [number for group in groups for number in group["params"]]
        for (name, entry), number, param in zip(inner["state"].items(), numbers, self._params, strict=True):
            theirs = state_dict["state"].get(number, {})
            inner["state"][name] = {key: _value_of(theirs.get(key), value, param) for key, value in entry.items()}
        for ours, group in zip(inner["param_groups"], groups, strict=True):
            ours.update({name: as_number(group[name]) for name in self._names})
        inner.update(step=completed, previous_norm=norm)
        if scalars:
            inner["scalars"] = scalars
        return groups

    def save(self, path: Any, *, params: bool = True) -> None:
        """Write a checkpoint: the file that one process would write; each process writes its part of it.

        Args:
            path: Path of the file, on a disk that all processes share. It ends in ``.safetensors``.
            params: Write the parameters too. False: you keep them elsewhere.

        Raises:
            OSError: The file cannot be written. The old file is unchanged.
            ValueError: The path has another ending.
            RuntimeError: Another process failed.
        """
        self._bound.optimizer.save(path, params=params)

    def load(self, path: Any, **options: Any) -> list[str]:
        """Read a checkpoint that any number of processes wrote.

        Args:
            path: Path of the file.
            **options: The arguments below, by name.
            params: Load parameters too. None: load them if the file has them. False: leave them as they are.
            convert: Convert states that were saved in another ``state_dtype`` into this optimizer's, rounding them.
            check_finite: Refuse arrays with an infinity or NaN.

        Returns:
            An empty list: everything must fit.

        Raises:
            CheckpointError: The file is not a checkpoint, is damaged, or does not fit; the message lists all
                mismatches.
            OSError: The file cannot be read.
            RuntimeError: Another process failed.
        """
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
