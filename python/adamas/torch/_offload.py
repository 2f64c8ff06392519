"""Offload: master weights and states in host memory, for parameters on another device."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import torch

from adamas.adapters import StepReport
from adamas.adapters.checks import check_flag, whole_number
from adamas.torch._arrivals import Arrivals, drop_gradients
from adamas.torch._binding import names_in
from adamas.torch._bucketed_step import BucketedStep, buckets
from adamas.torch._distributed import is_shared_out
from adamas.torch._gradient_stand_ins import warn_of_parts
from adamas.torch._host_params import HostParam, host_param
from adamas.torch._optimizer import Optimizer, stepper_of

#: Options that the optimizer of the masters cannot have, with the value that says nothing, and why.
_REFUSED: dict[str, tuple[Any, str]] = {
    "copy_out": (None, "the parameters themselves are the copies"),
    "master_weights": (False, "Offload keeps float32 masters of all parameters; leave it out"),
    "rounding": ("nearest", "Offload rounds parameters to the nearest of their float32 masters; leave it out"),
    "sparse": (None, "Offload takes dense gradients; give parameters with sparse ones to an optimizer of their own"),
}

_USED = (
    "this gradient was used in the backward pass already (Offload with in_backward=True): it can no longer be clipped, "
    "unscaled or looked at. To clip, make the optimizer with max_norm and clip_each=True. Or make it with "
    "in_backward=False, under which clip_grad_norm_, GradScaler, DistributedDataParallel, Trainer and Lightning's "
    "gradient_clip_val work"
)
_SECOND = (
    "in_backward: a parameter got a second gradient; call step() after each backward pass, or make the optimizer with "
    "in_backward=False, which adds them up; the second one was dropped"
)


class Offload(torch.optim.Optimizer):
    """Trains parameters of a device, mostly in bfloat16, with float32 masters and states in host memory.

    ::

        optimizer = adamas.torch.Offload(model.parameters(), adamas.torch.AdamW, lr=1e-4)
        for x, y in batches:
            loss(model(x), y).backward()   # gradients leave for the host as they come, and are freed on the device
            optimizer.step()

    A gradient is sent to the host, in its own dtype, when the backward pass has completed it. The step takes bucket by
    bucket: while one is updated, the gradients of the next still arrive, and the parameters of the last one are sent
    back, rounded to their dtype in the pass that updates. Parameters on the CPU are updated in place: those in float32
    are their own masters.

    ``param.grad`` then has no memory, and stands for the gradient on the host, where all operations on it are done. So
    ``torch.nn.utils.clip_grad_norm_``, ``clip_grad_value_`` and `torch.amp.GradScaler` work as usual, under Trainer and
    Lightning too. To set it to None, as ``zero_grad`` of the optimizer or of the model does, drops the gradient. The
    gradient of another backward pass, as in gradient accumulation, is added in float32. ``step`` leaves None behind.

    With ``in_backward=True`` a gradient has been used when the backward pass is over: to look at it, or to change it,
    raises a RuntimeError that says what to do instead. ``zero_grad`` does nothing to it.

    Args:
        params: The parameters, as ``torch.optim`` takes them: tensors on any device, of dtype float32, bfloat16 or
            float16, with dense gradients.
        optimizer_class: A class of `adamas.torch`, which steps the masters.
        bucket_bytes: How many bytes of gradients make a bucket, a whole number >= 1. Default: 67108864.
        in_backward: Update buckets on a thread of their own while the backward pass goes on; ``step`` waits for the
            last of them. Then each step has one backward pass, ``max_norm`` needs ``clip_each``, and ``on_nonfinite``
            concerns each parameter for itself.
        **kwargs: Hyperparameters and options of ``optimizer_class``, except for ``copy_out``, ``master_weights``,
            ``rounding`` and ``sparse``.

    Attributes:
        optimizer: The optimizer of the masters.

    Raises:
        TypeError: ``optimizer_class`` is none of `adamas.torch`, a parameter of another dtype, an option that Offload
            cannot hand on, or what ``optimizer_class`` raises.
        ValueError: ``max_norm`` without ``clip_each`` under ``in_backward``, a parameter whose elements do not lie side
            by side, or what ``optimizer_class`` raises.
    """

    #: `GradScaler` leaves dividing by its scale to `step`, and skipping.
    _step_supports_amp_scaling = True

    def __init__(
        self,
        params: Any,
        optimizer_class: type[Optimizer],
        *,
        bucket_bytes: int = 64 << 20,
        in_backward: bool = False,
        **kwargs: Any,
    ) -> None:
        if not isinstance(optimizer_class, type) or not issubclass(optimizer_class, Optimizer):
            raise TypeError(f"optimizer_class: expected a class of adamas.torch, got {optimizer_class!r}")
        for name, (neutral, reason) in _REFUSED.items():
            if kwargs.get(name, neutral) != neutral:
                raise TypeError(f"{name}: {reason}")
            kwargs.pop(name, None)
        self._bucket_bytes = whole_number(bucket_bytes, "bucket_bytes", 1)
        self._in_backward = check_flag(in_backward, "in_backward")
        self._hosts: dict[torch.Tensor, HostParam] = {}
        super().__init__(params, {})
        hosts = [self._hosts[param] for group in self.param_groups for param in group["params"]]
        self.optimizer = optimizer_class(
            [{**group, "params": self._masters(group)} for group in self.param_groups],
            copy_out=[host.copy for host in hosts],
            **kwargs,
        )
        self._stepper = stepper_of(self.optimizer)
        self._stepper.copies_lead = True  # somebody may write into the parameters
        self.defaults = dict(self.optimizer.defaults)
        for group, theirs in zip(self.param_groups, self.optimizer.param_groups, strict=True):
            group.update({name: value for name, value in theirs.items() if name != "params"})
        if self._in_backward:
            self._check_norm()
            warn_of_parts(self._hosts, stacklevel=2)
            for host in hosts:
                host.used = _USED, _SECOND
        self._arrivals = Arrivals()
        self._run: BucketedStep | None = None
        #: What the parameters held before `eval`.
        self._before: list[torch.Tensor | None] | None = None
        self._handles = [
            param.register_post_accumulate_grad_hook(self._arrive_in_backward)
            for param in self._hosts
            if param.requires_grad
        ]

    @property
    def report(self) -> StepReport | None:
        """The report of the last step."""
        return self.optimizer.report

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Add a group of parameters; only at construction.

        Args:
            param_group: A dict with the parameters under ``"params"``, and with hyperparameters of its own.

        Raises:
            RuntimeError: The optimizer has been made: make a new one, and load the state dict of the old one.
        """
        if hasattr(self, "optimizer"):
            raise RuntimeError("add_param_group: make a new Offload, and load the old one's state_dict for its groups")
        super().add_param_group(param_group)
        for param in self.param_groups[-1]["params"]:
            self._hosts[param] = host_param(param)

    def _masters(self, group: dict[str, Any]) -> list[Any]:
        masters = [self._hosts[param].master for param in group["params"]]
        names = group.get("param_names")
        return masters if names is None else list(zip(names, masters, strict=True))

    def _arrive_in_backward(self, param: torch.Tensor) -> None:
        """Take the gradient of a parameter; except for one that is spread over processes, which waits for `step`.

        Nothing can stand for that one: those who clip it have to find a gradient that is spread likewise.
        """
        if self._in_backward or not is_shared_out(param):
            self._arrive(param)

    def _arrive(self, param: torch.Tensor) -> None:
        """Take the gradient of a parameter, unless it was added to the one before on the way."""
        host = self._hosts[param]
        if param.grad is None or param.grad is host.stand_in:
            return
        if param.grad.layout != torch.strided:
            raise ValueError(
                f"the gradient of {self._name_of(param)!r}: Offload takes dense gradients, got one of layout "
                f"{param.grad.layout}; make the layer with sparse=False, or give this parameter to another optimizer"
            )
        if self._in_backward:
            if self._run is None:
                self._run = self._begin()
            if host in self._run.taken:
                param.grad = None
                raise RuntimeError(_SECOND)
            self._run.taken.add(host)
        self._arrivals.receive(host)
        if self._run is not None and self._arrivals.nbytes >= self._bucket_bytes:
            self._run.submit(self._arrivals.take())

    def _name_of(self, param: torch.Tensor) -> str:
        names: list[str] = []
        params: list[torch.Tensor] = []
        for group in self.param_groups:
            names += names_in(group, names)
            params += group["params"]
        return next(name for name, each in zip(names, params, strict=True) if each is param)

    def _begin(self, grad_scale: float | None = None) -> BucketedStep:
        self._hand_down()
        if self._in_backward:
            self._check_norm()
        return BucketedStep(self.optimizer, grad_scale)

    def _clips_all(self) -> bool:
        defaults = self.optimizer.step_defaults
        return defaults.max_norm is not None and defaults.max_norm < math.inf and not defaults.clip_each

    def _check_norm(self) -> None:
        if self._clips_all():
            raise ValueError("max_norm: with in_backward, make the optimizer with clip_each=True, or leave it out")
        if self._stepper.needs_all:
            raise ValueError(
                f"in_backward: {type(self.optimizer).__name__} needs sums over the gradients of all parameters before "
                "it can update one of them; leave it out"
            )

    def _needs_all(self) -> bool:
        """Tell whether a step has to see all gradients before it can update a parameter."""
        defaults = self.optimizer.step_defaults
        return self._clips_all() or defaults.on_nonfinite != "propagate" or self._stepper.needs_all

    def _hand_down(self) -> None:
        """Give the optimizer of the masters the hyperparameters as they are now."""
        for host in self._hosts.values():
            if host.has_moved:
                raise RuntimeError(
                    f"params[{self._name_of(host.param)!r}]: has got other memory, or another dtype or device, since "
                    "this Offload was made, as by model.to() or model.float(); make an Offload after that, and load "
                    "the state_dict of this one"
                )
            host.settle()
        for group, theirs in zip(self.param_groups, self.optimizer.param_groups, strict=True):
            theirs.update({name: group[name] for name in self.optimizer.defaults})

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Update all parameters that have had a gradient since the last step.

        Args:
            closure: Computes the loss and its gradients again, and returns it.

        Returns:
            What the closure returned, or None.

        Raises:
            TypeError: A gradient or hyperparameter has the wrong type; the message names it.
            ValueError: A gradient or hyperparameter does not fit; the message names it.
            FloatingPointError: A gradient is not finite, and the option ``on_nonfinite`` is ``"raise"``.
            RuntimeError: A parameter has other memory, or another dtype or device, than when this was made.
        """
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        if self._run is None:
            self._arrivals.drop_forgotten()
        if self._is_to_skip():
            drop_gradients(self._arrivals.take())
            self.optimizer.report = StepReport(self._stepper.completed, 0, skipped=True)
            return loss
        for param in self._hosts:
            if param.grad is not None:  # perhaps put there by hand
                self._arrive(param)
        scale = getattr(self, "grad_scale", None)
        scale = None if scale is None else float(scale)
        try:
            if self._run is None and self._arrivals and self._needs_all():
                self._hand_down()
                self._step_whole([*self._arrivals], scale)
                self._arrivals.take()
            elif self._run is not None or self._arrivals:
                self._step_in_buckets(self._run or self._begin(scale))
        finally:
            for host in self._hosts.values():
                host.conclude()
                if not host.has_gradient:
                    host.clear()
        return loss

    def _is_to_skip(self) -> bool:
        found_inf = getattr(self, "found_inf", None)
        return self._run is None and found_inf is not None and float(found_inf) > 0.0

    def _step_whole(self, arrived: list[HostParam], scale: float | None) -> None:
        optimizer = self.optimizer
        binding, _ = self._stepper.look(optimizer.param_groups, optimizer.state)
        for host in arrived:
            index = binding.index(host.master)
            binding.tensors.put(index, binding.gradient(index, host.gradient()))
        report = self._stepper.step_collected(binding, optimizer.state, scale)
        optimizer.report = report or optimizer.report
        updated = report is not None and not report.skipped
        for host in arrived:
            if updated:
                host.send()
            else:
                host.drop()

    def _step_in_buckets(self, run: BucketedStep) -> None:
        self._run, arrived = None, self._arrivals.take()
        taken = run.taken.union(arrived)
        try:
            for bucket in buckets(arrived, self._bucket_bytes):
                run.submit(bucket)
            run.finish()
        finally:
            drop_gradients(host for host in taken if host.has_gradient)  # of a step that failed

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Drop the gradients of all parameters, also those on the host, but not those that have been used.

        Args:
            set_to_none: True: gradients become None. False: they become zero.
        """
        super().zero_grad(set_to_none)
        if self._run is None:
            self._arrivals.drop(with_stand_ins=set_to_none)

    @contextmanager
    def averaged(self) -> Iterator[None]:
        """Put the averages into the parameters, rounded to their dtype, for the time of a ``with`` block.

        The same bits come back after it.

        Raises:
            ValueError: The optimizer keeps no averages, or none have been taken yet.
            RuntimeError: A step is under way, or the parameters hold something else already.
        """
        self._refuse_while_under_way("averaged")
        with ExitStack() as stack:
            stack.enter_context(self.optimizer.averaged())
            for host in self._hosts.values():
                stack.callback(host.put_back, host.show_master())
            yield

    def eval(self) -> None:
        """Put what is to be evaluated into the parameters, if the rule trains other values (schedule-free).

        Under other rules it does nothing. Call `train` to go on.

        Raises:
            RuntimeError: A step is under way.
        """
        if self._before is None and hasattr(self.optimizer, "eval"):
            self._refuse_while_under_way("eval")
            self.optimizer.eval()
            self._before = [host.show_master() for host in self._hosts.values()]

    def train(self) -> None:
        """Put the training parameters back, exactly, after `eval`."""
        before, self._before = self._before, None
        if before is not None:
            self.optimizer.train()
            for host, values in zip(self._hosts.values(), before, strict=True):
                host.put_back(values)

    def _refuse_while_under_way(self, doing: str) -> None:
        if self._run is not None:
            raise RuntimeError(f"{doing}: the backward pass began a step; call step() first, which ends it")

    def refresh(self) -> None:
        """Make masters of the parameters as they are now: after other weights have been loaded into the model.

        Raises:
            RuntimeError: A step is under way, or the parameters hold averages.
        """
        self._refuse_while_under_way("refresh")
        self._stepper.refuse_while_averaged("refreshing")
        for host in self._hosts.values():
            host.refresh()

    def state_dict(self) -> dict[str, Any]:
        """Return that of the masters' optimizer, and the masters, which are in ``state`` as ``"master_param"``."""
        result = self.optimizer.state_dict()
        for number, host in enumerate(self._hosts.values()):
            if host.has_master:
                result["state"].setdefault(number, {})
                result["state"][number] = {**result["state"][number], "master_param": host.master.detach()}
        result["param_groups"] = [
            {**ours, **theirs, **{name: ours[name] for name in self.optimizer.defaults}}
            for theirs, ours in zip(result["param_groups"], self.param_groups, strict=True)
        ]
        return result

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Load what `state_dict` returned, or a state dict that ``optimizer_class`` can load.

        Parameters become their masters, rounded. If there are no masters in it, the parameters stay as they are, and
        masters are made of them.

        Args:
            state_dict: The state dict.

        Raises:
            TypeError: A hyperparameter has the wrong type.
            ValueError: It does not fit.
        """
        masters = {
            number: entry["master_param"]
            for number, entry in state_dict["state"].items()
            if isinstance(entry, dict) and "master_param" in entry
        }
        state = {
            number: {name: value for name, value in entry.items() if name != "master_param"}
            if isinstance(entry, dict)
            else entry
            for number, entry in state_dict["state"].items()
        }
        hosts = list(self._hosts.values())
        for number, master in masters.items():
            if not 0 <= number < len(hosts) or hosts[number].master.shape != master.shape:
                raise ValueError(f"state_dict['state'][{number}]['master_param']: no parameter of its shape")
        self.optimizer.load_state_dict({**state_dict, "state": {k: v for k, v in state.items() if v}})
        for group, theirs in zip(self.param_groups, self.optimizer.param_groups, strict=True):
            group.update({name: value for name, value in theirs.items() if name != "params"})
        for number, host in enumerate(hosts):
            host.refresh(masters.get(number))

    def __getstate__(self) -> dict[str, Any]:
        raise TypeError("Offload cannot be copied or pickled, since its hooks are on the parameters; keep state_dict()")
