"""One step of `Offload`, bucket by bucket, while gradients still arrive and parameters are sent back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from adamas.adapters import BackgroundThreads, StepScope
from adamas.torch._binding import Binding
from adamas.torch._host_params import HostParam
from adamas.torch._optimizer import Optimizer, stepper_of


class BucketedStep:
    """One step, bucket by bucket, on a thread of its own."""

    def __init__(self, optimizer: Optimizer, grad_scale: float | None) -> None:
        #: Whose gradients are used in this step.
        self.taken: set[HostParam] = set()
        self._optimizer = optimizer
        self._stepper = stepper_of(optimizer)
        self._binding: Binding = self._stepper.look(optimizer.param_groups, optimizer.state)[0]
        self._scope: StepScope = self._binding.bound.step_scope(grad_scale=grad_scale)
        self._stepped: list[int] = []
        self._pending: list[Callable[[], None]] = []
        self._thread = BackgroundThreads("adamas-offload")
        self._scope.__enter__()

    def submit(self, bucket: list[HostParam]) -> None:
        """Update these parameters when their gradients are there, and send them back."""
        self._pending.append(self._thread.submit(partial(self._update, bucket)).result)

    def _update(self, bucket: list[HostParam]) -> None:
        for host in bucket:
            index = self._binding.index(host.master)
            self._scope.step_param(index, self._binding.gradient(index, host.gradient()))
            self._stepped.append(index)
            host.send()

    def finish(self) -> None:
        """Wait for all of them, and end the step."""
        try:
            for wait_for in self._pending:
                wait_for()
        finally:
            self._thread.drop()
            self._thread.close()
            self._scope.__exit__(None, None, None)
            self._optimizer.report = self._scope.report
            self._stepper.conclude(self._binding, sorted(self._stepped), self._optimizer.state)


def buckets(hosts: list[HostParam], size: int) -> Iterator[list[HostParam]]:
    """Cut a list into parts whose gradients have some ``size`` bytes each."""
    bucket: list[HostParam] = []
    total = 0
    for host in hosts:
        bucket.append(host)
        total += host.gradient_bytes
        if total >= size:
            yield bucket
            bucket, total = [], 0
    if bucket:
        yield bucket
