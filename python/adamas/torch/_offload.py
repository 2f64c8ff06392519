"""Masters and states in host memory, for parameters that live elsewhere."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import torch

from adamas._hyperparameters import check_flag, whole_number
from adamas._report import StepReport
from adamas._scope import StepScope
from adamas.torch._host import Host, host_of
from adamas.torch._layout import Layout
from adamas.torch._optimizer import Optimizer


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

    A gradient that arrives before the last one was used, as in gradient accumulation, is added to it in float32.

    Args:
        params: As ``torch.optim`` takes them, on any device, of dtype float32, bfloat16 or float16.
        optimizer_class: Of `adamas.torch`: it steps the masters.
        bucket_bytes: Gradients of so many bytes make a bucket, >= 1.
        in_backward: Update buckets on a thread of their own while the backward pass goes on; ``step`` waits for the
            last of them. Then there is one backward pass for each step, and ``max_norm`` needs ``clip_each``.
        **kwargs: Hyperparameters and options of ``optimizer_class``.

    Attributes:
        optimizer: The optimizer of the masters.

    Raises:
        TypeError: As of ``optimizer_class``, or that is none of `adamas.torch`.
        ValueError: As of ``optimizer_class``, or ``max_norm`` where it can't be.
    """

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
        if "copy_out" in kwargs:
            raise TypeError("copy_out: the parameters themselves are the copies")
        self._bucket_bytes = whole_number(bucket_bytes, "bucket_bytes", 1)
        self._in_backward = check_flag(in_backward, "in_backward")
        self._hosts: dict[torch.Tensor, Host] = {}
        super().__init__(params, {})
        hosts = [self._hosts[param] for group in self.param_groups for param in group["params"]]
        self.optimizer = optimizer_class(
            [{**group, "params": self._masters(group)} for group in self.param_groups],
            copy_out=[host.copy for host in hosts],
            **kwargs,
        )
        self.optimizer._copies_lead = True  # somebody may write into the parameters
        self.defaults = dict(self.optimizer.defaults)
        for group, theirs in zip(self.param_groups, self.optimizer.param_groups, strict=True):
            group.update({name: value for name, value in theirs.items() if name != "params"})
        self._arrived: list[Host] = []
        self._run: _Run | None = None
        self._handles = [
            param.register_post_accumulate_grad_hook(self._arrive) for param in self._hosts if param.requires_grad
        ]

    @property
    def report(self) -> StepReport | None:
        """What the last step told."""
        return self.optimizer.report

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Add a group, before the first one has been stepped."""
        if hasattr(self, "optimizer"):
            raise RuntimeError("add_param_group: make a new Offload, and load the old one's state_dict for its groups")
        super().add_param_group(param_group)
        for param in self.param_groups[-1]["params"]:
            self._hosts[param] = host_of(param)

    def _masters(self, group: dict[str, Any]) -> list[Any]:
        masters = [self._hosts[param].master for param in group["params"]]
        names = group.get("param_names")
        return masters if names is None else list(zip(names, masters, strict=True))

    def _arrive(self, param: torch.Tensor) -> None:
        """Take the gradient of a parameter."""
        host = self._hosts[param]
        if not host.has_gradient:
            self._arrived.append(host)
        elif self._in_backward:
            raise RuntimeError("in_backward: a parameter got a second gradient; call step() after each backward pass")
        host.receive()
        if self._in_backward:
            if self._run is None:
                self._run = self._begin()
            if sum(each.gradient_bytes for each in self._arrived) >= self._bucket_bytes:
                self._run.submit(self._take_arrived())

    def _take_arrived(self) -> list[Host]:
        arrived, self._arrived = self._arrived, []
        return arrived

    def _begin(self) -> _Run:
        self._hand_down()
        if self._needs_all():
            raise ValueError("max_norm: with in_backward, make the optimizer with clip_each=True, or leave it out")
        return _Run(self.optimizer)

    def _needs_all(self) -> bool:
        """Tell whether a step has to see all gradients before it can update a parameter."""
        defaults = self.optimizer.step_defaults
        clips = defaults.max_norm is not None and defaults.max_norm < math.inf and not defaults.clip_each
        return clips or (defaults.on_nonfinite != "propagate" and not self._in_backward)

    def _hand_down(self) -> None:
        """Give the optimizer of the masters the hyperparameters as they are now."""
        for group, theirs in zip(self.param_groups, self.optimizer.param_groups, strict=True):
            theirs.update({name: value for name, value in group.items() if name != "params"})

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Update all parameters that have had a gradient since the last step.

        Args:
            closure: Computes the loss and its gradients again, and returns it.

        Returns:
            What the closure returned, or None.

        Raises:
            Exception: As the ``step`` of ``optimizer_class``.
        """
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for param in self._hosts:
            if param.grad is not None:  # put there by hand
                self._arrive(param)
        run, arrived = self._run, self._take_arrived()
        self._run = None
        try:
            if run is None and arrived and self._needs_all():
                self._hand_down()
                self._step_whole(arrived)
            elif run is not None or arrived:
                run = run or self._begin()
                for bucket in buckets(arrived, self._bucket_bytes):
                    run.submit(bucket)
                run.finish()
        finally:
            for host in self._hosts.values():
                host.conclude()
        return loss

    def _step_whole(self, arrived: list[Host]) -> None:
        optimizer = self.optimizer
        layout, _ = optimizer._look()
        for host in arrived:
            index = layout.index(host.master)
            layout.tensors.put(index, layout.gradient(index, host.gradient()))
        optimizer._step_collected(layout)
        if optimizer.report is not None and not optimizer.report.skipped:
            for host in arrived:
                host.send()

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Drop the gradients of all parameters, those that have arrived too."""
        super().zero_grad(set_to_none)
        if self._run is None:
            for host in self._take_arrived():
                host.drop()

    def refresh(self) -> None:
        """Make masters of the parameters as they are now: after other weights have been loaded into the model."""
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
            {**theirs, **{name: value for name, value in ours.items() if name != "params"}}
            for theirs, ours in zip(result["param_groups"], self.param_groups, strict=True)
        ]
        return result

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Load what `state_dict` returned, or that of an optimizer that ``optimizer_class`` can load.

        Parameters become their masters, rounded. Without masters in it they are left alone, and masters made of them.
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


class _Run:
    """One step, bucket by bucket, on a thread of its own."""

    def __init__(self, optimizer: Optimizer) -> None:
        self._optimizer = optimizer
        self._layout: Layout = optimizer._look()[0]
        self._scope: StepScope = self._layout.engine.step_scope()
        self._stepped: list[int] = []
        self._pending: list[Future[None]] = []
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="adamas-offload")
        self._scope.__enter__()

    def submit(self, bucket: list[Host]) -> None:
        """Update these parameters when their gradients are there, and send them back."""
        self._pending.append(self._thread.submit(self._update, bucket))

    def _update(self, bucket: list[Host]) -> None:
        for host in bucket:
            index = self._layout.index(host.master)
            self._scope.step_param(index, self._layout.gradient(index, host.gradient()))
            self._stepped.append(index)
            host.send()

    def finish(self) -> None:
        """Wait for all of them, and end the step."""
        try:
            for future in self._pending:
                future.result()
        finally:
            self._thread.shutdown(wait=True, cancel_futures=True)
            self._scope.__exit__(None, None, None)
            self._optimizer.report = self._scope.report
            self._optimizer._conclude(self._layout, sorted(self._stepped))


def buckets(hosts: list[Host], size: int) -> Iterator[list[Host]]:
    """Cut a list into parts whose gradients have some ``size`` bytes each."""
    bucket: list[Host] = []
    total = 0
    for host in hosts:
        bucket.append(host)
        total += host.gradient_bytes
        if total >= size:
            yield bucket
            bucket, total = [], 0
    if bucket:
        yield bucket
