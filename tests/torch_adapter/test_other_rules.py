"""State dicts of other rules are refused; what a group turns on later works as in torch.optim."""

from __future__ import annotations

from typing import Any

import pytest
import torch

import adamas.torch


def parameter(value: float = 0.0) -> torch.nn.Parameter:
    return torch.nn.Parameter(torch.tensor([value]))


def stepped(make: Any, **options: Any) -> dict[str, Any]:
    param = parameter()
    opt = make([param], **options)
    param.grad = torch.ones(1)
    opt.step()
    state: dict[str, Any] = opt.state_dict()
    return state


#: Dicts by whom, and classes that have nothing to do with them.
FOREIGN = [
    (torch.optim.SGD, {"lr": 0.1, "momentum": 0.9}, ["Adam", "AdamW", "NAdam", "Lion", "Adagrad", "RMSprop", "LAMB"]),
    (torch.optim.SGD, {"lr": 0.1}, ["Adam", "AdamW", "Lion", "Adagrad"]),
    (torch.optim.Adam, {}, ["SGD", "Lion", "RMSprop", "Adagrad", "AdaBelief", "Adamax", "Yogi"]),
    (torch.optim.RMSprop, {}, ["Adam", "SGD", "Adagrad"]),
    (torch.optim.Adagrad, {}, ["Adam", "SGD", "RMSprop"]),
    (adamas.torch.Lion, {}, ["SGD", "Adam", "ADOPT"]),
    (adamas.torch.SGD, {"lr": 0.1, "momentum": 0.9}, ["Adam", "Lion"]),
]


@pytest.mark.parametrize(
    ("make", "options", "name"),
    [(make, options, name) for make, options, names in FOREIGN for name in names],
    ids=lambda value: value if isinstance(value, str) else getattr(value, "__qualname__", ""),
)
def test_refused(make: Any, options: dict[str, Any], name: str) -> None:
    saved = stepped(make, **options)
    opt = getattr(adamas.torch, name)([parameter()], lr=0.5)
    before = opt.state_dict()
    with pytest.raises(ValueError, match=r"of another rule|missing|does not fit"):
        opt.load_state_dict(saved)
    assert opt.state_dict() == before
    assert opt.param_groups[0]["lr"] == 0.5


def losses_of(make: Any, turn_on: dict[str, Any], at: int = 1, **options: Any) -> list[float]:
    param = parameter()
    opt = make([param], **options)
    found = []
    for k in range(4):
        if k == at:
            opt.param_groups[0].update(turn_on)
        param.grad = torch.ones(1)
        opt.step()
        found.append(param.item())
    return found


def test_momentum_of_sgd() -> None:
    assert losses_of(adamas.torch.SGD, {"momentum": 0.9}, lr=1.0)[:3] == pytest.approx([-1.0, -2.0, -3.9])


@pytest.mark.parametrize(
    "turn_on",
    [{"momentum": 0.9}, {"momentum": 0.9, "dampening": 0.5}, {"momentum": 0.9, "nesterov": True}],
    ids=str,
)
def test_momentum_as_in_torch(turn_on: dict[str, Any]) -> None:
    for at in (0, 1, 2):
        ours, theirs = (losses_of(m.SGD, turn_on, at, lr=1.0) for m in (adamas.torch, torch.optim))
        assert ours == pytest.approx(theirs, rel=1e-6)


@pytest.mark.parametrize(
    ("name", "turn_on"),
    [
        ("Adam", {"amsgrad": True}),
        ("AdamW", {"amsgrad": True}),
        ("AdamW", {"weight_decay": 0.5}),
        ("RMSprop", {"momentum": 0.5}),
        ("RMSprop", {"centered": True}),
        ("RMSprop", {"centered": True, "momentum": 0.5}),
        ("Adagrad", {"weight_decay": 0.5}),
        ("Lion", {"weight_decay": 0.5}),
    ],
    ids=str,
)
@pytest.mark.parametrize("state_dtype", ["float32", "int8"])
def test_turned_on_later(name: str, turn_on: dict[str, Any], state_dtype: str) -> None:
    make = getattr(adamas.torch, name)
    if state_dtype == "int8" and "centered" in turn_on:
        with pytest.raises(ValueError, match=r"'square_avg': expected dtype torch.float32, got 8-bit or 4-bit codes"):
            losses_of(make, turn_on, lr=0.1, state_dtype=state_dtype)
        return
    late = losses_of(make, turn_on, lr=0.1, state_dtype=state_dtype)
    assert late[0] == losses_of(make, {}, lr=0.1, state_dtype=state_dtype)[0]
    assert late == sorted(late, reverse=True), "it goes on descending"


def test_turned_off_and_on_again() -> None:
    param = parameter()
    opt = adamas.torch.Adam([param], lr=0.1)
    for amsgrad in (False, True, False, True):
        opt.param_groups[0]["amsgrad"] = amsgrad
        param.grad = torch.ones(1)
        opt.step()
    assert "max_exp_avg_sq" in opt.state[param]
    other = adamas.torch.Adam([parameter()], lr=0.1, amsgrad=True)
    other.load_state_dict(opt.state_dict())
