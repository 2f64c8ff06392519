"""Gradients that have arrived in host memory and wait for a step."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from adamas.torch._host_params import HostParam


class Arrivals:
    """The parameters whose gradients have arrived and have not been used yet, in the order of their arrival."""

    def __init__(self) -> None:
        self._hosts: list[HostParam] = []

    def __len__(self) -> int:
        return len(self._hosts)

    def __iter__(self) -> Iterator[HostParam]:
        return iter(self._hosts)

    @property
    def nbytes(self) -> int:
        """Bytes that the gradients take."""
        return sum(host.gradient_bytes for host in self._hosts)

    def receive(self, host: HostParam) -> None:
        """Take the gradient of a parameter."""
        if not host.has_gradient:
            self._hosts.append(host)
        host.receive()

    def take(self) -> list[HostParam]:
        """Return all, which wait no longer."""
        hosts, self._hosts = self._hosts, []
        return hosts

    def drop_forgotten(self) -> None:
        """Drop the gradients of parameters whose gradient was set to None since."""
        for host in self._hosts:
            if host.stand_in is not None and host.param.grad is None:
                host.drop()
        self._keep_those_with_gradients()

    def drop(self, *, with_stand_ins: bool) -> None:
        """Drop the gradients; those with a stand-in in ``param.grad`` only if asked to."""
        drop_gradients(host for host in self._hosts if with_stand_ins or host.stand_in is None)
        self._keep_those_with_gradients()

    def _keep_those_with_gradients(self) -> None:
        self._hosts = [host for host in self._hosts if host.has_gradient]


def drop_gradients(hosts: Iterable[HostParam]) -> None:
    """Forget the gradients of parameters, and leave none in ``param.grad``."""
    for host in hosts:
        host.drop()
        host.clear()
