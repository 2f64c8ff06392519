"""Masters and states on the host; here tensors on the CPU stand for the device."""

from __future__ import annotations

import copy
import threading
import weakref
from typing import Any

import pytest
import torch

import adamas.torch
from adamas.torch import _host_params, _offload
from adamas.torch._gradient_stand_ins import HeldGradient

WAYS: dict[str, dict[str, Any]] = {
    "plain": {},
    "buckets": {"bucket_bytes": 100},
    "whole": {"max_norm": 1e9},
    "in_backward": {"in_backward": True},
    "in_backward, buckets": {"in_backward": True, "bucket_bytes": 100},
}


def make_model(dtype: torch.dtype) -> torch.nn.Module:
    torch.manual_seed(0)
    return torch.nn.Sequential(torch.nn.Linear(50, 70), torch.nn.Tanh(), torch.nn.Linear(70, 3)).to(dtype)


def backward(model: torch.nn.Module, seed: int) -> None:
    x = torch.randn(16, 50, generator=torch.Generator().manual_seed(seed)).to(next(model.parameters()).dtype)
    model(x).float().pow(2).mean().backward()


def train(model: torch.nn.Module, optimizer: Any, seeds: range) -> None:
    for seed in seeds:
        backward(model, seed)
        optimizer.step()
        optimizer.zero_grad()


def values(model: torch.nn.Module) -> list[torch.Tensor]:
    return [param.detach().clone() for param in model.parameters()]


def same(a: list[torch.Tensor], b: list[torch.Tensor]) -> bool:
    return all(torch.equal(x, y) for x, y in zip(a, b, strict=True))


def masters_by_hand(dtype: torch.dtype, seeds: range) -> list[torch.Tensor]:
    """What must come out: float32 masters, stepped by gradients in the parameters' dtype, and rounded copies."""
    model = make_model(dtype)
    masters = [torch.nn.Parameter(param.detach().float().clone()) for param in model.parameters()]
    optimizer = adamas.torch.AdamW(masters, lr=1e-2)
    for seed in seeds:
        backward(model, seed)
        with torch.no_grad():
            for param, master in zip(model.parameters(), masters, strict=True):
                assert param.grad is not None
                master.grad, param.grad = param.grad.float(), None
            optimizer.step()
            for param, master in zip(model.parameters(), masters, strict=True):
                param.copy_(master)
    return values(model)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float32])
def test_is_what_masters_by_hand_are(dtype: torch.dtype, way: str) -> None:
    model = make_model(dtype)
    optimizer = adamas.torch.Offload(model.parameters(), adamas.torch.AdamW, lr=1e-2, **WAYS[way])
    train(model, optimizer, range(6))
    assert same(values(model), masters_by_hand(dtype, range(6)))
    assert optimizer.report is not None
    assert (optimizer.report.step, optimizer.report.updated) == (6, 4)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32])
def test_goes_on_from_its_state_dict(dtype: torch.dtype, way: str) -> None:
    model, other = make_model(dtype), make_model(dtype)
    optimizer = adamas.torch.Offload(model.parameters(), adamas.torch.AdamW, lr=1e-2, **WAYS[way])
    train(model, optimizer, range(3))
    later = adamas.torch.Offload(other.parameters(), adamas.torch.AdamW, lr=5.0, **WAYS[way])
    if dtype == torch.float32:
        other.load_state_dict(model.state_dict())
    later.load_state_dict(copy.deepcopy(optimizer.state_dict()))
    assert same(values(model), values(other))  # for bfloat16 from the masters in it
    assert later.param_groups[0]["lr"] == 1e-2
    train(model, optimizer, range(3, 6))
    train(other, later, range(3, 6))
    assert same(values(model), values(other))


def test_loads_what_torch_optim_saved() -> None:
    model, other = make_model(torch.float32), make_model(torch.bfloat16)
    theirs = torch.optim.AdamW(model.parameters(), lr=1e-2)
    train(model, theirs, range(3))
    other.load_state_dict(model.state_dict())
    optimizer = adamas.torch.Offload(other.parameters(), adamas.torch.AdamW)
    optimizer.load_state_dict(theirs.state_dict())
    train(other, optimizer, range(3, 4))
    assert optimizer.report is not None
    state = optimizer.optimizer.state[optimizer.optimizer.param_groups[0]["params"][0]]
    assert state["step"] == 4


def test_gradients_leave_as_they_come() -> None:
    model = make_model(torch.bfloat16)
    optimizer = adamas.torch.Offload(model.parameters(), adamas.torch.AdamW)
    seen: list[weakref.ref[torch.Tensor]] = []
    for param in model.parameters():
        param.register_hook(lambda grad: seen.append(weakref.ref(grad)))
    backward(model, 0)
    assert all(isinstance(param.grad, HeldGradient) for param in model.parameters())
    before = values(model)
    optimizer.step()
    assert not same(values(model), before)
    assert all(param.grad is None for param in model.parameters())
    assert len(seen) == 4
    assert all(grad() is None for grad in seen)


def test_gradients_of_two_passes_are_added_in_float32() -> None:
    model = make_model(torch.bfloat16)
    optimizer = adamas.torch.Offload(model.parameters(), adamas.torch.SGD, lr=1.0)
    masters = [master.detach().clone() for master in optimizer.optimizer.param_groups[0]["params"]]
    sums = []
    for seed in range(3):
        other = make_model(torch.bfloat16)
        backward(other, seed)
        sums.append([param.grad.float() for param in other.parameters() if param.grad is not None])
        backward(model, seed)
    optimizer.step()
    for i, master in enumerate(optimizer.optimizer.param_groups[0]["params"]):
        assert torch.equal(master, masters[i] - (sums[0][i] + sums[1][i] + sums[2][i]))


def test_schedulers_and_groups_reach_the_masters() -> None:
    model = make_model(torch.bfloat16)
    first, last = model[0], model[2]
    groups = [{"params": first.parameters(), "lr": 0.5}, {"params": last.parameters()}]
    optimizer = adamas.torch.Offload(groups, adamas.torch.SGD, lr=0.25)
    scheduler = torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.5)
    train(model, optimizer, range(1))
    scheduler.step()
    train(model, optimizer, range(1))
    assert [group["lr"] for group in optimizer.param_groups] == [0.25, 0.125]
    assert [group["lr"] for group in optimizer.optimizer.param_groups] == [0.25, 0.125]


def test_buckets_are_stepped_while_others_still_arrive(monkeypatch: pytest.MonkeyPatch) -> None:
    stepped, may_arrive = threading.Event(), threading.Event()
    waits: list[bool] = []

    class Late(_host_params.HostParam):
        """The first layer's gradients, the last to be computed, arrive when a parameter before them was updated."""

        def gradient(self) -> torch.Tensor:
            if self.param.shape in ((70, 50), (70,)):
                waits.append(stepped.wait(timeout=30))
                may_arrive.set()
            return super().gradient()

        def send(self) -> None:
            super().send()
            stepped.set()

    monkeypatch.setattr(_offload, "host_param", Late)
    model = make_model(torch.bfloat16)
    optimizer = adamas.torch.Offload(model.parameters(), adamas.torch.AdamW, lr=1e-2, bucket_bytes=100)
    train(model, optimizer, range(1))
    assert waits == [True, True]
    assert same(values(model), masters_by_hand(torch.bfloat16, range(1)))


def test_new_weights_need_new_masters() -> None:
    model, other = make_model(torch.bfloat16), make_model(torch.bfloat16)
    optimizer = adamas.torch.Offload(model.parameters(), adamas.torch.AdamW, lr=1e-2)
    train(model, optimizer, range(2))
    model.load_state_dict(other.state_dict())
    optimizer.refresh()
    for param, master in zip(model.parameters(), optimizer.optimizer.param_groups[0]["params"], strict=True):
        assert torch.equal(param.float(), master)


def test_a_failed_step_leaves_the_masters() -> None:
    model = make_model(torch.bfloat16)
    optimizer = adamas.torch.Offload(model.parameters(), adamas.torch.AdamW, lr=1e-2, on_nonfinite="skip")
    before = values(model)
    backward(model, 0)
    last = list(model.parameters())[-1]
    last.grad = torch.full_like(last, float("nan"))
    optimizer.step()
    assert optimizer.report is not None
    assert optimizer.report.skipped
    assert same(values(model), before)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"optimizer_class": torch.optim.AdamW}, TypeError, "optimizer_class: expected a class of adamas.torch"),
        ({"bucket_bytes": 0}, ValueError, "bucket_bytes"),
        ({"in_backward": 1}, TypeError, "in_backward"),
        ({"copy_out": []}, TypeError, "copy_out: the parameters themselves are the copies"),
        ({"lr": -1.0}, ValueError, "Invalid learning rate: -1.0"),
    ],
)
def test_refuses(arguments: dict[str, Any], error: type[Exception], message: str) -> None:
    model = make_model(torch.bfloat16)
    given = {"optimizer_class": adamas.torch.AdamW, **arguments}
    with pytest.raises(error, match=message):
        adamas.torch.Offload(model.parameters(), **given)


@pytest.mark.parametrize("param", [torch.zeros(3, device="meta"), torch.zeros(3).expand(2, 3), torch.zeros(3).double()])
def test_refuses_parameters(param: torch.Tensor) -> None:
    with pytest.raises((TypeError, ValueError), match="params: expected"):
        adamas.torch.Offload([param], adamas.torch.AdamW)


def test_refuses_what_cannot_be_in_backward() -> None:
    model = make_model(torch.bfloat16)
    with pytest.raises(ValueError, match="max_norm: with in_backward"):
        adamas.torch.Offload(model.parameters(), adamas.torch.AdamW, in_backward=True, max_norm=1.0)
    optimizer = adamas.torch.Offload(model.parameters(), adamas.torch.AdamW, in_backward=True)
    optimizer.optimizer.step_defaults.max_norm = 1.0
    with pytest.raises(ValueError, match="max_norm: with in_backward"):
        backward(model, 0)
    optimizer.zero_grad()
    optimizer.optimizer.step_defaults.max_norm = None
    train(model, optimizer, range(1))
    assert optimizer.report is not None
    assert optimizer.report.updated == 4
    optimizer = adamas.torch.Offload(make_model(torch.float32).parameters(), adamas.torch.AdamW, in_backward=True)
    with pytest.raises(RuntimeError, match="make a new Offload"):
        optimizer.add_param_group({"params": [torch.zeros(3)]})
    with pytest.raises(TypeError, match="keep state_dict"):
        copy.deepcopy(optimizer)


def test_two_passes_are_refused_in_backward() -> None:
    model = make_model(torch.bfloat16)
    optimizer = adamas.torch.Offload(model.parameters(), adamas.torch.AdamW, lr=1e-2, in_backward=True)
    backward(model, 0)
    with pytest.raises(RuntimeError, match=r"call step\(\) after each backward pass"):
        backward(model, 1)
    optimizer.zero_grad()  # the second; the first is on its way
    optimizer.step()
    assert same(values(model), masters_by_hand(torch.bfloat16, range(1)))
