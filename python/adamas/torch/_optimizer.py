"""An optimizer of adamas as a ``torch.optim.Optimizer``."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar

import torch
from torch.autograd import profiler as _profiler
from torch.optim import optimizer as _torch

from adamas.adapters import Observed, StepDefaults, StepReport, describe
from adamas.adapters.checks import (
    PLACES,
    chosen,
    dtype_name,
    read_step_defaults,
    refuse_attribute,
    shown,
    type_name,
    warn_of_lost_updates,
    warn_without_effect,
)
from adamas.adapters.docstrings import LazyDocstring
from adamas.torch._arguments import (
    IMPLEMENTATIONS,
    as_number,
    check_hyperparameters,
    check_tensors,
    signature_of,
    take_numbers,
)
from adamas.torch._binding import Binding, names_in
from adamas.torch._distributed import local
from adamas.torch._docstrings import torch_docstring
from adamas.torch._misplaced_settings import refuse_as_attributes
from adamas.torch._saving import Saving
from adamas.torch._stepper import Stepper
from adamas.torch.tensors import check_param, dtypes_of


class Optimizer(Saving):
    """Base of the optimizers of `adamas.torch`: what all of them have in common.

    Each class takes the parameters, as ``torch.optim`` takes them, the hyperparameters of its rule, the arguments of
    ``torch.optim`` that choose an implementation, and the options that `adamas.Options` lists.
    """

    __signature__: ClassVar[inspect.Signature]

    #: `GradScaler` leaves dividing by its scale to `step`, and skipping.
    _step_supports_amp_scaling = True

    #: What the last step told, or None before the first. See `adamas.StepReport`.
    report: StepReport | None = None

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if "engine_class" in cls.__dict__:
            cls.__signature__ = signature_of(cls.engine_class)
            text: Any = LazyDocstring(functools.partial(torch_docstring, cls.engine_class))
            cls.__doc__ = text

    def __init__(self, params: Any, *args: Any, **kwargs: Any) -> None:
        bound = signature_of(self.engine_class).bind(params, *args, **kwargs)
        bound.apply_defaults()
        given = dict(bound.arguments)
        given.pop("params")
        implementation = {name: given.pop(name) for name in IMPLEMENTATIONS}
        options = given.pop("options", {})
        self._stepper = self._make_stepper([*given], options)
        check_tensors(given, implementation["foreach"])
        if "betas" in given:
            given["betas"] = tuple(map(as_number, given["betas"]))
        fixed = dict.fromkeys(describe(self.engine_class).fixed, True)
        super().__init__(params, {**given, **fixed, **implementation})
        self._stepper.copies = self._take_copies(options.get("copy_out"))
        warn_without_effect(options, dtypes_of(self.param_groups))

    def __repr__(self) -> str:
        text: str = super().__repr__()
        stepper = self._stepper
        given = {**stepper.options, "sparse": None if stepper.row_mode == "lazy" else stepper.row_mode}
        given["copy_out"] = f"{len(stepper.copies)} tensors" if stepper.copies else None
        options = chosen(given, self.step_defaults)
        if not options:
            return text
        lines = [f"    {name}: {value!r}\n" for name, value in options.items()]
        return f"{text.removesuffix(')')}Options\n{''.join(lines)})"

    def _make_stepper(self, names: Sequence[str], given: Mapping[str, Any]) -> Stepper:
        row_mode = given.get("sparse", "lazy")
        if row_mode not in ("lazy", "exact"):
            raise ValueError(f"sparse: expected 'lazy' or 'exact', got {shown(row_mode)}")
        options = {key: value for key, value in given.items() if key not in ("sparse", "copy_out")}
        if "state_dtype" in options:
            options["state_dtype"] = dtype_name(options["state_dtype"])
        defaults = read_step_defaults(options, type(self).__name__, [*names, *IMPLEMENTATIONS])
        return Stepper(self.engine_class, names, options, row_mode, defaults)

    @property
    def step_defaults(self) -> StepDefaults:
        """Defaults for each step: clipping, skipping, zeroing of gradients. They may be changed at any time."""
        return self._stepper.step_defaults

    @step_defaults.setter
    def step_defaults(self, defaults: StepDefaults) -> None:
        self._stepper.step_defaults = defaults

    @property
    def scalars(self) -> dict[str, float]:
        """The numbers that the rule keeps for all parameters together, by name.

        `Prodigy` keeps ``d`` and three more; other rules keep none.
        """
        return self._stepper.scalars

    @property
    def observed(self) -> Observed | None:
        """The measurements of the last observed step, for each parameter; None before the first.

        Steps are observed as the option ``observe`` says: ``adamas.torch.AdamW(params, observe=10)``. The names of the
        parameters are those of ``param_names``, if the optimizer was made of ``model.named_parameters()``, or numbers.
        `adamas.observe` collects and draws the measurements of several steps.
        """
        return self._stepper.observed

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
        """Add a group of parameters.

        Args:
            param_group: A dict with the parameters under ``"params"``, and with hyperparameters of its own.

        Raises:
            TypeError: A parameter is not a tensor, or has a dtype that adamas does not have; or a hyperparameter has
                the wrong type.
            ValueError: A parameter cannot be updated in place, or a hyperparameter is out of range.
        """
        super().add_param_group(param_group)
        group = self.param_groups[-1]
        take_numbers(group)
        if "max_lr" in group:
            lr = as_number(group["lr"])
            group["max_lr"] = describe(self.engine_class).at_construction({**group, "lr": lr})["max_lr"]
        try:
            self._check_group(group)
            describe(self.engine_class).check_together([*map(self._stepper.hyperparameters, self.param_groups)])
        except Exception:
            self.param_groups.pop()
            raise
        warn_of_lost_updates(self._stepper.options, dtypes_of(self.param_groups[-1:]))

    def _check_group(self, group: Mapping[str, Any]) -> None:
        for name in ("capturable", "differentiable"):
            if group[name]:
                raise ValueError(f"{name}: adamas steps tensors in memory, outside of graphs; leave it False")
        check_hyperparameters(self._stepper.hyperparameters(group), self.engine_class)
        describe(self.engine_class).check_combination(group)
        taken = [name for other in self.param_groups[:-1] for name in names_in(other, [])]
        for param, name in zip(group["params"], names_in(group, taken), strict=True):
            check_param(param, f"params[{name!r}]")

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Update all parameters that have a gradient, in place.

        Args:
            closure: A function that computes the loss and its gradients again, and returns the loss. None: there is
                none.

        Returns:
            What the closure returned, or None. What happened in the step is in ``report``.

        Raises:
            TypeError: A parameter, gradient or hyperparameter has the wrong type; the message names it.
            ValueError: A parameter, gradient, hyperparameter or state does not fit; the message names it.
            FloatingPointError: A gradient is not finite, and ``step_defaults.on_nonfinite`` is ``"raise"``.
            RuntimeError: Another thread is stepping this optimizer.

            After any of these errors nothing has changed.
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
        stepper = self._stepper
        if stepper.before_step is not None:
            stepper.before_step()
        found_inf = getattr(self, "found_inf", None)
        if found_inf is not None and float(found_inf) > 0.0:
            self.report = StepReport(stepper.completed, 0, skipped=True)
            return loss
        if not self._has_params():
            return loss
        report = stepper.step(self.param_groups, self.state, getattr(self, "grad_scale", None))
        if report is not None:
            self.report = report
        return loss

    # With all hooks, and under the name that the profiler gives to steps.
    _watched_step = torch.optim.Optimizer.profile_hook_step(_step)

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Drop the gradients of all parameters.

        Args:
            set_to_none: True: gradients become None. False: they keep their memory, and become zero.
        """
        if not set_to_none or is_watched():
            super().zero_grad(set_to_none)
            return
        # Without the name for profilers, which takes torch longer than all the rest where tensors are few.
        for group in self.param_groups:
            for param in group["params"]:
                param.grad = None

    def refresh_copies(self) -> None:
        """Make the tensors of ``copy_out`` equal to the parameters, as each step does.

        For copies that are used before the next step, after values have been written into parameters by hand.
        """
        self._stepper.refuse_while_averaged("refreshing copies")
        self._stepper.conclude_backward()
        with torch.no_grad():
            for param, copy in self._stepper.copies.items():
                local(copy).copy_(local(param))

    def catch_up(self, param: torch.Tensor | None = None, rows: torch.Tensor | None = None) -> None:
        """Bring rows of parameters with ``sparse="exact"`` to the last step, before they are read.

        Args:
            param: One of the parameters. None: all of them.
            rows: The numbers of the rows that are needed, a tensor of int64 or int32. None: all rows.

        Raises:
            TypeError: ``rows`` is not such a tensor.
            ValueError: The parameter does not have one of the rows.
        """
        self._stepper.catch_up(param, rows)

    def _bind(self) -> Binding:
        """Return the parameters as they are bound; a copy has not bound them yet."""
        return self._stepper.binding or self._stepper.bind(self.param_groups, self.state)

    @contextmanager
    def averaged(self) -> Iterator[None]:
        """Put the averages into the parameters inside a ``with`` block; after it they have the same bits as before.

        Raises:
            ValueError: The optimizer keeps no averages, or nothing has been averaged yet.
            RuntimeError: Another thread is stepping this optimizer.
        """
        if self._stepper.completed == 0:
            raise ValueError("averaged: nothing has been averaged before the first step")
        self._stepper.conclude_backward()
        binding = self._bind()
        try:
            with binding.bound.averaged():
                torch.autograd.graph.increment_version(binding.params)
                yield
        finally:
            torch.autograd.graph.increment_version(binding.params)


def stepper_of(optimizer: Optimizer) -> Stepper:
    """Return what an optimizer steps by: for the parts of this package that step its parameters in other ways."""
    return optimizer._stepper  # noqa: SLF001 (the module of its class)


def _refuse_attribute(optimizer: Optimizer, name: str, value: Any) -> None:
    fixed = describe(optimizer.engine_class).fixed
    own = {key: True for key in optimizer.defaults if key not in fixed}
    refuse_attribute(name, value, optimizer.param_groups, own, PLACES)


refuse_as_attributes(Optimizer, _refuse_attribute)


def is_watched() -> bool:
    """Tell whether a profiler is on, or there are hooks for the steps of all optimizers."""
    hooks = _torch._global_optimizer_pre_hooks or _torch._global_optimizer_post_hooks  # noqa: SLF001 (no public way)
    return bool(_profiler._is_profiler_enabled or hooks)  # noqa: SLF001 (as torch.optim asks)
