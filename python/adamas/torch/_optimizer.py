"""An optimizer of adamas as a ``torch.optim.Optimizer``."""

from __future__ import annotations

import gc
import inspect
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar

import torch
from torch.autograd import profiler as _profiler
from torch.optim import optimizer as _torch

from adamas._inputs.names import refuse_attribute
from adamas._inputs.precision import warn_of_lost_updates, warn_without_effect
from adamas._inputs.sparse import MODES, check_sparse_rule
from adamas._inputs.values import dtype_name, shown, type_name
from adamas._optimizer.base import Optimizer as Engine
from adamas._optimizer.model import SETTINGS
from adamas._optimizer.options import PLACES, chosen, read_options
from adamas._optimizer.report import StepReport
from adamas._optimizer.step_options import StepDefaults
from adamas._system.exclusion import FORKED, forks
from adamas.optimizers import for_adapters
from adamas.rules import FORMULAS
from adamas.torch._arguments import (
    IMPLEMENTATIONS,
    as_number,
    check_hyperparameters,
    check_tensors,
    docstring_of,
    signature_of,
    take_numbers,
)
from adamas.torch._distributed import local
from adamas.torch._layout import Layout, names_in
from adamas.torch._saving import Saving
from adamas.torch._tensors import check_param, dtypes_of, takes_rows

#: Parameters whose gradients, as objects, don't make Python's collector start.
_FEW = 300


class Optimizer(Saving):
    """Base of the optimizers of `adamas.torch`; its docstring says what they have in common."""

    __signature__: ClassVar[inspect.Signature]

    #: `GradScaler` leaves dividing by its scale to `step`, and skipping.
    _step_supports_amp_scaling = True

    #: Called by `step` first of all, where backward passes are steps (`step_in_backward`).
    _before_step: Callable[[], None] | None = None

    #: What the last step told, or None before the first. See `adamas.StepReport`.
    report: StepReport | None = None

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if "engine_class" in cls.__dict__:
            cls.__signature__ = signature_of(cls.engine_class)
            cls.__doc__ = docstring_of(cls.engine_class)

    def __init__(self, params: Any, *args: Any, **kwargs: Any) -> None:
        bound = signature_of(self.engine_class).bind(params, *args, **kwargs)
        bound.apply_defaults()
        given = dict(bound.arguments)
        given.pop("params")
        implementation = {name: given.pop(name) for name in IMPLEMENTATIONS}
        options = given.pop("options", {})
        self._take_options(options, [*given, *IMPLEMENTATIONS])
        check_tensors(given, implementation["foreach"])
        if "betas" in given:
            given["betas"] = tuple(map(as_number, given["betas"]))
        fixed = dict.fromkeys(self.engine_class._fixed, True)
        self._layout: Layout | None = None
        self._lock = threading.Lock()
        self._row_params: set[torch.Tensor] = set()
        super().__init__(params, {**given, **fixed, **implementation})
        self._copies = self._take_copies(options.get("copy_out"))
        warn_without_effect(options, dtypes_of(self.param_groups))

    def _refuse_attribute(self, name: str, value: Any) -> None:
        own = {key: True for key in self.defaults if key not in self.engine_class._fixed}
        refuse_attribute(name, value, self.param_groups, own, PLACES)

    def __repr__(self) -> str:
        text: str = super().__repr__()
        given = {**self._options, "sparse": None if self._row_mode == "lazy" else self._row_mode}
        given["copy_out"] = f"{len(self._copies)} tensors" if self._copies else None
        options = chosen(given, self.step_defaults)
        if not options:
            return text
        lines = [f"    {name}: {value!r}\n" for name, value in options.items()]
        return f"{text.removesuffix(')')}Options\n{''.join(lines)})"

    def _take_options(self, options: Mapping[str, Any], arguments: Sequence[str]) -> None:
        self._row_mode = options.get("sparse", "lazy")
        if self._row_mode not in ("lazy", "exact"):
            raise ValueError(f"sparse: expected 'lazy' or 'exact', got {shown(self._row_mode)}")
        self._options = {key: value for key, value in options.items() if key not in ("sparse", "copy_out")}
        if "state_dtype" in self._options:
            self._options["state_dtype"] = dtype_name(self._options["state_dtype"])
        #: What a step does about gradients; may be changed at any time.
        self.step_defaults: StepDefaults = read_options(self._options, type(self).__name__, arguments)[1]

    def _take_copies(self, copies: Any) -> dict[torch.Tensor, torch.Tensor]:
        if copies is None:
            return {}
        params = [param for group in self.param_groups for param in group["params"]]
        if not isinstance(copies, list | tuple) or len(copies) != len(params):
            raise ValueError(f"copy_out: expected a list of {len(params)}, a tensor or None for each parameter")
        taken = {}
        for i, (param, copy) in enumerate(zip(params, copies, strict=True)):
            if copy is None:
                continue
            if not isinstance(copy, torch.Tensor):
                raise TypeError(f"copy_out[{i}]: expected a tensor or None, got {type_name(copy)}")
            check_param(copy, f"copy_out[{i}]")
            if copy.shape != param.shape or copy.stride() != param.stride():
                raise ValueError(
                    f"copy_out[{i}]: expected shape {tuple(param.shape)} and strides {param.stride()}, those of its "
                    f"parameter, got {tuple(copy.shape)} and {copy.stride()}; make it with torch.empty_like"
                )
            with torch.no_grad():
                local(copy).copy_(local(param))
            taken[param] = copy
        return taken

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Add a group of parameters: a dict with ``"params"`` and hyperparameters of its own.

        Raises:
            TypeError: A parameter that is no tensor, or of a dtype that adamas has not; a hyperparameter of the wrong
                type.
            ValueError: A parameter that cannot be updated in place; a hyperparameter out of range.
        """
        super().add_param_group(param_group)
        take_numbers(self.param_groups[-1])
        try:
            self._check_group(self.param_groups[-1])
        except Exception:
            self.param_groups.pop()
            raise
        warn_of_lost_updates(self._options, dtypes_of(self.param_groups[-1:]))

    def _check_group(self, group: Mapping[str, Any]) -> None:
        for name in ("capturable", "differentiable"):
            if group[name]:
                raise ValueError(f"{name}: adamas steps tensors in memory, outside of graphs; leave it False")
        check_hyperparameters(self._hyperparameters(group), self.engine_class)
        self.engine_class._check_combination(group, "{}")
        taken = [name for other in self.param_groups[:-1] for name in names_in(other, [])]
        for param, name in zip(group["params"], names_in(group, taken), strict=True):
            check_param(param, f"params[{name!r}]")

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Update all parameters that have a gradient, in place.

        Args:
            closure: Computes the loss and its gradients again, and returns it.

        Returns:
            What the closure returned, or None. What happened in the step is in ``report``.

        Raises:
            TypeError: A parameter, gradient or hyperparameter of the wrong type; the message names it.
            ValueError: ... that does not fit, or states that do not; the message names it.
            FloatingPointError: A gradient is not finite, and ``on_nonfinite`` is ``"raise"``.
            RuntimeError: Another thread is stepping this optimizer.

            After any of them nothing has changed.
        """
        if self._optimizer_step_pre_hooks or self._optimizer_step_post_hooks or is_watched():
            return self._watched_step() if closure is None else self._watched_step(closure)
        return self._step(closure)

    step.hooked = True  # type: ignore[attr-defined]  # else torch would wrap it into something that costs 10 us

    def _step(self, closure: Callable[[], Any] | None = None) -> Any:
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        if self._before_step is not None:
            self._before_step()
        found_inf = getattr(self, "found_inf", None)
        if found_inf is not None and float(found_inf) > 0.0:
            self.report = StepReport(self._completed, 0, skipped=True)
            return loss
        if not self._has_params():
            return loss
        if not self._lock.acquire(blocking=False):
            if self._since_fork != forks():
                raise RuntimeError(FORKED)
            raise RuntimeError("this optimizer is being stepped by another thread; one at a time may step it")
        self._since_fork = forks()
        # Many gradients are many new objects, through which Python's collector would look at each step for nothing.
        pauses = self._layout is not None and len(self._layout.params) > _FEW and gc.isenabled()
        if pauses:
            gc.disable()
        try:
            layout, awkward = self._collect()
            scale = getattr(self, "grad_scale", None)
            self._step_collected(layout, None if scale is None else float(scale))
            if self.step_defaults.zero_grads and not (self.report and self.report.skipped):
                clear_gradients([layout.params[i] for i in awkward])
        finally:
            if pauses:
                gc.enable()
            self._lock.release()
        return loss

    def _step_collected(self, layout: Layout, grad_scale: float | None) -> None:
        """Step with the gradients that the layout has been given, divided by that."""
        if layout.tensors.count:
            everything = layout.tensors.count == len(layout.params)
            indices = range(len(layout.params)) if everything else layout.tensors.present()
            self.report = layout.step(grad_scale=grad_scale)
            if not self.report.skipped:
                self._conclude(layout, indices)

    # With all hooks, and under the name that the profiler gives to steps.
    _watched_step = torch.optim.Optimizer.profile_hook_step(_step)

    def _conclude(self, layout: Layout, indices: Sequence[int]) -> None:
        """Show that parameters were updated: to autograd, and to those who look into ``state``."""
        params = layout.params if len(indices) == len(layout.params) else [layout.params[i] for i in indices]
        torch.autograd.graph.increment_version(params)
        if self._copies:
            torch.autograd.graph.increment_version([self._copies[p] for p in params if p in self._copies])
        layout.show_numbers()
        layout.publish(self.state, indices)

    def _collect(self) -> tuple[Layout, list[int]]:
        """Return the layout of parameters and states as they are now, with their gradients, and what `_look` does."""
        layout, awkward = self._look()
        if awkward:
            if any(self._brings_rows(layout, i) and layout.params[i] not in self._row_params for i in awkward):
                self._lay_out()
                layout, awkward = self._look()
            for i in awkward:
                layout.tensors.put(i, layout.gradient(i, layout.params[i].grad))
        return layout, awkward

    def _brings_rows(self, layout: Layout, index: int) -> bool:
        """Tell whether the gradient of a parameter is of single rows that can be updated alone."""
        param, group = layout.params[index], self.param_groups[layout.engine._group_of[index]]
        return takes_rows(param, param.grad) and self._can_step_rows(param, group)

    def _can_step_rows(self, param: torch.Tensor, group: Mapping[str, Any]) -> bool:
        rule = self.engine_class._rule({**group, **self._hyperparameters(group)})
        options = self._options
        keeps_more = options.get("average") is not None or param in self._copies
        keeps_more |= options.get("state_dtype") not in (None, "float32", "float64")
        try:
            check_sparse_rule("", MODES["lazy"], FORMULAS[rule], "", keeps_more=keeps_more)
        except ValueError:
            return False
        return True

    def _look(self) -> tuple[Layout, list[int]]:
        """Return the layout, and the indices of gradients that an engine cannot take as they are."""
        self._conclude_backward()
        layout, awkward = self._layout, None
        if layout is not None and layout.still_fits(self.param_groups):
            awkward = layout.tensors.collect(self.param_groups, self.state)
        if layout is None or awkward is None:
            layout = self._lay_out()
            awkward = layout.tensors.collect(self.param_groups, self.state)
            if awkward is None:
                raise RuntimeError("a parameter changed while it was being read; nothing was updated")
        layout.check_norms()
        unclear = layout.unclear()
        if unclear:
            awkward = sorted({*awkward, *unclear})
        layout.read_steps()
        groups = self._plain_groups()
        if layout.engine.param_groups is not groups:
            layout.engine.param_groups = groups
        return layout, awkward

    def _plain_groups(self) -> list[dict[str, Any]]:
        """Return the groups, with numbers for learning rates in tensors."""
        groups: list[dict[str, Any]] = self.param_groups
        if any(isinstance(group["lr"], torch.Tensor) for group in groups):
            return [{**group, "lr": as_number(group["lr"])} for group in groups]
        return groups

    def _lay_out(self) -> Layout:
        """Make an engine of the parameters as they are now, which takes over their states."""
        self._refuse_while_averaged("stepping")
        self._bring_up()
        old = self._layout
        for group in self.param_groups:
            brought = [param for param in group["params"] if takes_rows(param, param.grad)]
            self._row_params.update(param for param in brought if self._can_step_rows(param, group))

        def make(groups: list[dict[str, Any]], **more: Any) -> Engine:
            return for_adapters(self.engine_class)(groups, **self._options, **more)

        layout = Layout(
            make, self._plain_groups(), self._hyperparameters, self._copies, self._row_params, self._row_mode
        )
        layout.engine.step_defaults = self.step_defaults
        layout.engine._plan.copies_lead = self._copies_lead
        layout.adopt(self.state, self._completed, old)
        layout.engine._plan.previous_norm = self._previous_norm
        self._layout = layout
        return layout

    def refresh_copies(self) -> None:
        """Make the tensors of ``copy_out`` equal to the parameters, as each step does.

        For copies that are used before the next step, after values have been written into parameters by hand.
        """
        self._refuse_while_averaged("refreshing copies")
        self._conclude_backward()
        with torch.no_grad():
            for param, copy in self._copies.items():
                local(copy).copy_(local(param))

    def catch_up(self, param: torch.Tensor | None = None, rows: torch.Tensor | None = None) -> None:
        """Bring rows of parameters with ``sparse="exact"`` to the last step, before they are read.

        Args:
            param: One of the parameters. None: all of them.
            rows: Numbers of the rows that are needed, int64 or int32. None: all rows.
        """
        self._conclude_backward()
        layout = self._layout
        if layout is None or (param is not None and param not in self._row_params):
            return
        name = None if param is None else layout.names[layout.index(param)]
        layout.engine.catch_up(name, None if rows is None else rows.detach().contiguous().numpy())
        torch.autograd.graph.increment_version([p for p in layout.params if p in self._row_params])

    @contextmanager
    def averaged(self) -> Iterator[None]:
        """Put the averages into the parameters, for the time of a ``with`` block; the same bits come back after it.

        Raises:
            ValueError: The optimizer keeps no averages, or none have been taken yet.
            RuntimeError: Another thread is stepping this optimizer.
        """
        if self._completed == 0:
            raise ValueError("averaged: nothing has been averaged before the first step")
        self._conclude_backward()
        layout = self._layout or self._lay_out()  # a copy has none yet
        try:
            with layout.engine.averaged():
                torch.autograd.graph.increment_version(layout.params)
                yield
        finally:
            torch.autograd.graph.increment_version(layout.params)


class _Misplaced:
    """A setting that is no attribute: it can be neither read nor, once there are groups, set as one.

    A ``__setattr__`` would do as well, and be called for the report of each step.
    """

    def __init__(self, name: str) -> None:
        self._name = name

    def __get__(self, optimizer: Optimizer | None, owner: type[Optimizer]) -> Any:
        if optimizer is None:
            return self
        if self._name in optimizer.__dict__:
            return optimizer.__dict__[self._name]
        raise AttributeError(f"{owner.__name__!r} object has no attribute {self._name!r}")

    def __set__(self, optimizer: Optimizer, value: Any) -> None:
        if self._name not in optimizer.__dict__ and hasattr(optimizer, "param_groups"):
            optimizer._refuse_attribute(self._name, value)
        optimizer.__dict__[self._name] = value

    def __delete__(self, optimizer: Optimizer) -> None:
        optimizer.__dict__.pop(self._name, None)


for _name in SETTINGS - {"grad_scale"}:  # which `GradScaler` sets
    setattr(Optimizer, _name, _Misplaced(_name))


def is_watched() -> bool:
    """Tell whether a profiler is on, or there are hooks for the steps of all optimizers."""
    return bool(
        _profiler._is_profiler_enabled or _torch._global_optimizer_pre_hooks or _torch._global_optimizer_post_hooks
    )


def clear_gradients(params: list[torch.Tensor]) -> None:
    """Set gradients to zero of which an engine had a copy."""
    for param in params:
        grad = param.grad
        if grad is None:
            continue
        part = local(grad)
        if part.layout == torch.strided and 0 in part.stride():
            param.grad = torch.zeros_like(param, dtype=grad.dtype)  # an expanded one cannot be written to
        else:
            grad.detach().zero_()
