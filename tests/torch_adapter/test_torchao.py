"""Inside torchao's CPUOffloadOptimizer, which wants a GPU; here tensors on the CPU stand for it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import pytest
import torch
from torchao.optim import cpu_offload

import adamas.torch


class Stream:
    """Does all at once."""

    def wait_stream(self, other: Any) -> None: ...
    def record_event(self) -> Stream:
        return self

    def synchronize(self) -> None: ...


@contextlib.contextmanager
def stream(_: Any) -> Iterator[None]:
    yield


@pytest.fixture
def device(monkeypatch: pytest.MonkeyPatch) -> None:
    empty_like = torch.empty_like
    monkeypatch.setattr(cpu_offload, "get_available_devices", lambda: ["cpu", "cuda"])
    monkeypatch.setattr(torch.cuda, "Stream", Stream)
    monkeypatch.setattr(torch.cuda, "current_stream", Stream)
    monkeypatch.setattr(torch.cuda, "stream", stream)
    monkeypatch.setattr(torch, "empty_like", lambda like, pin_memory=False, **more: empty_like(like, **more))


def train(optimizer_class: Any, **options: Any) -> tuple[list[torch.Tensor], Any]:
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(20, 30), torch.nn.Tanh(), torch.nn.Linear(30, 5))
    optimizer = cpu_offload.CPUOffloadOptimizer(
        model.parameters(), optimizer_class, minimal_size=0, lr=1e-2, weight_decay=0.1, **options
    )
    data = torch.Generator().manual_seed(0)
    for _ in range(10):
        model(torch.randn(8, 20, generator=data)).pow(2).mean().backward()
        optimizer.step()
        optimizer.zero_grad()
    return [param.detach() for param in model.parameters()], optimizer


@pytest.mark.usefixtures("device")
@pytest.mark.parametrize("offload_gradients", [False, True])
def test_cpu_offload_optimizer(offload_gradients: bool) -> None:
    if offload_gradients:  # a tensor on the CPU has no streams
        torch.Tensor.record_stream, kept = (lambda *_: None), torch.Tensor.record_stream
    try:
        ours, optimizer = train(adamas.torch.AdamW, offload_gradients=offload_gradients)
        theirs, _ = train(torch.optim.AdamW, offload_gradients=offload_gradients)
    finally:
        if offload_gradients:
            torch.Tensor.record_stream = kept
    for a, b in zip(ours, theirs, strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=1e-6)
    saved = optimizer.state_dict()
    assert len(saved["offloaded"]) == 4
    optimizer.load_state_dict(saved)
