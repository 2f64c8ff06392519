"""Weights that are loaded into the model, or changed by hand, count, whatever is kept beside them."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
import torch

import adamas
import adamas.torch

KEPT: list[dict[str, Any]] = [
    {"master_weights": True},
    {"master_weights": "split32"},
    {"master_weights": "split24"},
    {"rounding": "kahan"},
]


def load(model: torch.nn.Linear) -> None:
    model.load_state_dict({"weight": torch.full((2, 3), 8.0), "bias": torch.full((2,), 8.0)})


def clamp(model: torch.nn.Linear) -> None:
    with torch.no_grad():
        for param in model.parameters():
            param.clamp_(8.0, 8.0)


def fill_data(model: torch.nn.Linear) -> None:
    for param in model.parameters():
        param.data.fill_(8.0)


WRITES: dict[str, Callable[[Any], None]] = {"load_state_dict": load, "clamp_": clamp, ".data": fill_data}


def half_model() -> torch.nn.Linear:
    torch.manual_seed(0)
    return torch.nn.Linear(3, 2).to(torch.bfloat16)


def step(opt: Any, model: torch.nn.Linear, grad: float = 1.0, *, bias: bool = True) -> None:
    model.weight.grad = torch.full((2, 3), grad, dtype=torch.bfloat16)
    model.bias.grad = torch.full((2,), grad, dtype=torch.bfloat16) if bias else None
    opt.step()
    opt.zero_grad()


def kept(options: dict[str, Any]) -> Callable[[Any], Any]:
    return lambda model: adamas.torch.SGD(model.parameters(), lr=0.25, **options)


MAKERS: dict[str, Callable[[Any], Any]] = {
    **{"-".join(map(str, options.values())): kept(options) for options in KEPT},
    "Offload": lambda model: adamas.torch.Offload(model.parameters(), adamas.torch.SGD, lr=0.25),
}


@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize("way", MAKERS)
def test_after_steps(way: str, write: str) -> None:
    model = half_model()
    opt = MAKERS[way](model)
    for _ in range(3):
        step(opt, model, 0.0123)
    WRITES[write](model)
    step(opt, model)
    for param in model.parameters():
        assert (param - 7.75).abs().max() <= 2.0**-5, "half a unit in the last place of what was written"


@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize("way", MAKERS)
def test_frozen_ones_too(way: str, write: str) -> None:
    """A parameter that is not stepped keeps what was written, and goes on from there when it is."""
    model = half_model()
    opt = MAKERS[way](model)
    step(opt, model, 0.0123)
    WRITES[write](model)
    step(opt, model, bias=False)
    assert (model.bias == 8.0).all()
    step(opt, model)
    assert (model.bias - 7.75).abs().max() <= 2.0**-5


@pytest.mark.parametrize("way", MAKERS)
def test_the_optimizer_is_loaded_before_the_model(way: str) -> None:
    """Its dict holds no master of the parameter that was frozen."""
    model = half_model()
    opt = MAKERS[way](model)
    step(opt, model, 0.0123, bias=False)
    weights, saved = copy.deepcopy(model.state_dict()), copy.deepcopy(opt.state_dict())
    step(opt, model)
    expected = [param.detach().clone() for param in model.parameters()]
    torch.manual_seed(1)
    again = torch.nn.Linear(3, 2).to(torch.bfloat16)
    opt = MAKERS[way](again)
    opt.load_state_dict(saved)
    again.load_state_dict(weights)
    step(opt, again)
    for param, right in zip(again.parameters(), expected, strict=True):
        assert torch.equal(param, right)


def test_averages_leave_what_was_written() -> None:
    model = half_model()
    opt = adamas.torch.Offload(model.parameters(), adamas.torch.SGD, lr=0.25, average=adamas.SWA())
    for _ in range(3):
        step(opt, model, 0.0123)
    fill_data(model)
    with opt.averaged():
        assert (model.weight != 8.0).all()
    assert (model.weight == 8.0).all()
    step(opt, model)
    assert (model.weight == 7.75).all()


def test_schedule_free_before_its_first_step() -> None:
    model, other = torch.nn.Linear(3, 2), torch.nn.Linear(3, 2)
    opt = adamas.torch.ScheduleFreeAdamW(model.parameters(), lr=0.1)
    opt.eval()
    opt.train()
    model.load_state_dict(other.state_dict())
    right = adamas.torch.ScheduleFreeAdamW(other.parameters(), lr=0.1)
    for optimizer, stepped in ((opt, model), (right, other)):
        for _ in range(3):
            for param in stepped.parameters():
                param.grad = torch.ones_like(param)
            optimizer.step()
        optimizer.eval()
    for param, expected in zip(model.parameters(), other.parameters(), strict=True):
        assert torch.equal(param, expected)


def test_copies_after_loading_weights() -> None:
    model = torch.nn.Linear(3, 2)
    copies = [torch.empty_like(param, dtype=torch.bfloat16) for param in model.parameters()]
    opt = adamas.torch.SGD(model.parameters(), lr=0.25, copy_out=copies)
    fill_data(model)
    opt.refresh_copies()
    assert all((copy == 8.0).all() for copy in copies)
    clamp(model)
    model.weight.data.fill_(4.0)
    model.bias.grad = torch.ones(2)
    opt.step()
    assert (copies[0] == 4.0).all()
    assert (copies[1] == 7.75).all()
