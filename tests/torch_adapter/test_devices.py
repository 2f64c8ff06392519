"""Parameters of other devices, played: their streams do nothing, or the device is one that has no values."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import pytest
import torch
from test_offload_options import evaluating, masters_of, rounded, train
from test_taken_gradients import CHANGES, Peer, assert_equal, assert_other, loss_of, make_model, scaled_steps, values

import adamas
import adamas.torch
from adamas.torch import _host_params, _offload
from adamas.torch._gradient_stand_ins import HeldGradient


class Stream:
    """On which a transfer is late: it is made when somebody waits for it."""

    def __init__(self, *_: Any) -> None:
        self.late: list[Any] = []

    def wait_stream(self, other: Stream) -> None:
        other.finish()

    def finish(self) -> None:
        late, self.late = self.late, []
        for transfer in late:
            transfer()


class Runtime:
    """What ``torch.get_device_module`` returns."""

    def __init__(self) -> None:
        self.Stream = Stream
        self.main = Stream()
        self.now = self.main

    def current_stream(self, device: Any) -> Stream:
        return self.main

    @contextlib.contextmanager
    def stream(self, stream: Stream) -> Iterator[None]:
        before, self.now = self.now, stream
        yield
        self.now = before

    def Event(self) -> Any:  # noqa: N802
        return Event()


class Event:
    """Of which there is one at a time for each stream."""

    def __init__(self) -> None:
        self._stream = Stream()

    def record(self, stream: Stream) -> None:
        self._stream = stream

    def synchronize(self) -> None:
        self._stream.finish()


@pytest.fixture
def played(monkeypatch: pytest.MonkeyPatch) -> Runtime:
    """Let the CPU be another device: gradients and parameters arrive when they are waited for, and not before."""
    runtime = Runtime()
    copy = torch.Tensor.copy_

    def copy_late(target: torch.Tensor, source: torch.Tensor, non_blocking: bool = False) -> torch.Tensor:
        if not non_blocking:
            copy(target, source)
            return target

        def transfer() -> None:
            with torch.no_grad():
                copy(target, source)

        runtime.now.late.append(transfer)
        return target

    def pinned_like(tensor: torch.Tensor, dtype: torch.dtype | None = None) -> torch.Tensor:
        return torch.full_like(tensor, float("nan"), dtype=dtype, requires_grad=False)

    monkeypatch.setattr(torch, "get_device_module", lambda device: runtime)
    monkeypatch.setattr(torch.Tensor, "copy_", copy_late)
    monkeypatch.setattr(torch.Tensor, "record_stream", lambda tensor, stream: None)
    monkeypatch.setattr(_host_params, "_STREAMS", {})
    monkeypatch.setattr(_host_params, "_pinned_like", pinned_like)
    monkeypatch.setattr(_offload, "host_param", _host_params.DeviceParam)
    return runtime


every_dtype = pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)


@pytest.mark.usefixtures("played")
@every_dtype
@pytest.mark.parametrize("change", CHANGES)
def test_changes_reach_the_step(change: str, dtype: torch.dtype) -> None:
    a, b = make_model(dtype), make_model(dtype)
    optimizer = adamas.torch.Offload(a.parameters(), adamas.torch.AdamW, lr=0.01, bucket_bytes=100)
    peer = Peer(b, lr=0.01)
    for seed in range(3):
        loss_of(a, seed).backward()
        loss_of(b, seed).backward()
        assert CHANGES[change](a) == CHANGES[change](b)
        optimizer.step()
        peer.step()
    assert_equal(a.parameters(), b.parameters())


@pytest.mark.usefixtures("played")
@every_dtype
@pytest.mark.parametrize("way", [{}, {"in_backward": True}], ids=["step", "in_backward"])
def test_averages(dtype: torch.dtype, way: dict[str, Any]) -> None:
    model = make_model(dtype)
    optimizer = adamas.torch.Offload(model.parameters(), adamas.torch.AdamW, lr=0.05, average=adamas.EMA(0.5), **way)
    train(model, optimizer, range(4))
    averages = [optimizer.optimizer.state[master]["average"].clone() for master in masters_of(optimizer)]
    before = values(model)
    with optimizer.averaged():
        assert_equal(model.parameters(), rounded(averages, dtype))
        assert_other(model.parameters(), before)
    assert_equal(model.parameters(), before)


@pytest.mark.usefixtures("played")
@every_dtype
def test_schedule_free(dtype: torch.dtype) -> None:
    model = make_model(dtype)
    optimizer = adamas.torch.Offload(model.parameters(), adamas.torch.ScheduleFreeAdamW, lr=0.05)
    train(model, optimizer, range(3))
    before = values(model)
    with evaluating(optimizer):
        assert_equal(model.parameters(), rounded(masters_of(optimizer), dtype))
        assert_other(model.parameters(), before)
    assert_equal(model.parameters(), before)


@pytest.mark.usefixtures("played")
@pytest.mark.parametrize("passes", [1, 2])
@every_dtype
def test_grad_scaler(dtype: torch.dtype, passes: int) -> None:
    a = make_model(dtype)
    optimizer = adamas.torch.Offload(a.parameters(), adamas.torch.AdamW, lr=0.01)
    told = scaled_steps(a, optimizer, clip=True, passes=passes)
    b = make_model(dtype)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_offload, "host_param", _host_params.HostParam)
        peer = adamas.torch.Offload(b.parameters(), adamas.torch.AdamW, lr=0.01)
    assert told == scaled_steps(b, peer, clip=True, passes=passes)
    assert_equal(a.parameters(), b.parameters())


class Holder:
    """Has a gradient on the CPU."""

    def __init__(self, values: torch.Tensor) -> None:
        self.values = values

    def gradient(self) -> torch.Tensor:
        return self.values

    def accumulate(self, more: torch.Tensor) -> None:
        self.values += more


def test_results_are_where_the_gradient_seems_to_be() -> None:
    holder = Holder(torch.arange(6.0).reshape(2, 3))
    grad: Any = HeldGradient(torch.empty(2, 3, dtype=torch.bfloat16, device="meta"), lambda: holder)
    for made in (grad.norm(), grad.clone(), grad / 2, grad[0], grad.view(-1), torch.stack([grad, grad]), grad.mul_(2)):
        assert made.device.type == "meta"
    assert (grad / 2).dtype == torch.bfloat16
    assert grad.to(torch.float64).dtype == torch.float64
    assert type(grad.cpu()) is torch.Tensor
    assert grad.cpu().tolist() == (2 * torch.arange(6.0).reshape(2, 3)).tolist()
    grad[0].zero_()
    grad.view(-1)[4:].fill_(7)
    grad.data.add_(1)
    assert holder.values.tolist() == [[1.0, 1.0, 1.0], [7.0, 8.0, 8.0]]
    grad.zero_()
    assert not holder.values.any()


class OnDevice(torch.Tensor):  # type: ignore[misc]
    """A number that seems to be on a device."""

    def __new__(cls, value: torch.Tensor) -> OnDevice:
        made: OnDevice = torch.Tensor._make_wrapper_subclass(cls, value.shape, dtype=value.dtype, device="meta")
        return made

    def __init__(self, value: torch.Tensor) -> None:
        self.value = value

    @classmethod
    def __torch_dispatch__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        here = [arg.value if isinstance(arg, cls) else arg for arg in args]
        return func(*here, **(kwargs or {}))


@pytest.mark.parametrize("bad", [False, True])
def test_numbers_of_the_device(bad: bool) -> None:
    """The scaler's are there: one is read, and one is written."""
    holder = Holder(torch.tensor([1.0, float("inf") if bad else 2.0]))
    grad = HeldGradient(torch.empty(2, device="meta"), lambda: holder)
    found, inverse = OnDevice(torch.zeros(())), OnDevice(torch.tensor(0.5))
    torch._amp_foreach_non_finite_check_and_unscale_([grad], found, inverse)
    assert float(found.value) == float(bad)
    assert holder.values[0] == 0.5
    grad.mul_(OnDevice(torch.tensor(4.0)))
    torch._foreach_mul_([grad, grad], OnDevice(torch.tensor(2.0)))
    assert holder.values[0] == 8.0
    assert float(inverse.value) == 0.5


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32], ids=str)
@pytest.mark.parametrize("in_backward", [False, True])
def test_what_is_written_on_the_device_counts(played: Runtime, dtype: torch.dtype, in_backward: bool) -> None:
    """As by ``model.load_state_dict``, after steps: the master in host memory hears of it."""
    params = [torch.nn.Parameter(torch.linspace(-1, 1, 40).to(dtype)) for _ in range(2)]
    opt = adamas.torch.Offload(params, adamas.torch.SGD, lr=0.25, in_backward=in_backward)
    for _ in range(2):
        sum((param * 0.0123).sum() for param in params).backward()
        opt.step()
    with torch.no_grad():
        params[0][:20] = 8.0
    untouched = opt.optimizer.param_groups[0]["params"][0][20:].clone()
    sum(param.sum() for param in params).backward()
    opt.step()
    assert (params[0][:20] == 7.75).all()
    assert torch.equal(opt.optimizer.param_groups[0]["params"][0][20:], untouched - 0.25)
