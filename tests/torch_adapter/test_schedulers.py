"""Every scheduler of torch.optim, beside torch's optimizers."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch.optim import lr_scheduler, swa_utils
from twins import (
    assert_close,
    assert_same,
    bookkeeping_in_float64,
    every_twin,
    give_gradients,
    make_params,
    ours,
    pair,
    params_of,
    train,
)

__all__ = ["bookkeeping_in_float64"]


def _cyclic(optimizer: Any) -> Any:
    has_momentum = bool({"betas", "momentum"} & set(optimizer.defaults))
    return lr_scheduler.CyclicLR(optimizer, 1e-3, 1e-2, step_size_up=3, cycle_momentum=has_momentum)


def _one_cycle(optimizer: Any) -> Any:
    has_momentum = bool({"betas", "momentum"} & set(optimizer.defaults))
    return lr_scheduler.OneCycleLR(optimizer, 1e-2, total_steps=20, cycle_momentum=has_momentum)


#: Arguments for each class.
SCHEDULERS: dict[str, Callable[[Any], Any]] = {
    "LambdaLR": lambda o: lr_scheduler.LambdaLR(o, lambda step: 1 / (1 + step)),
    "MultiplicativeLR": lambda o: lr_scheduler.MultiplicativeLR(o, lambda step: 0.9),
    "StepLR": lambda o: lr_scheduler.StepLR(o, 3, gamma=0.5),
    "MultiStepLR": lambda o: lr_scheduler.MultiStepLR(o, [2, 5, 9], gamma=0.3),
    "ConstantLR": lambda o: lr_scheduler.ConstantLR(o, factor=0.4, total_iters=4),
    "LinearLR": lambda o: lr_scheduler.LinearLR(o, start_factor=0.1, total_iters=8),
    "ExponentialLR": lambda o: lr_scheduler.ExponentialLR(o, gamma=0.8),
    "SequentialLR": lambda o: lr_scheduler.SequentialLR(
        o, [lr_scheduler.LinearLR(o, 0.1, total_iters=4), lr_scheduler.ExponentialLR(o, 0.8)], milestones=[4]
    ),
    "PolynomialLR": lambda o: lr_scheduler.PolynomialLR(o, total_iters=9, power=1.5),
    "CosineAnnealingLR": lambda o: lr_scheduler.CosineAnnealingLR(o, 7, eta_min=1e-5),
    "ChainedScheduler": lambda o: lr_scheduler.ChainedScheduler(
        [lr_scheduler.ConstantLR(o, 0.5, total_iters=4), lr_scheduler.ExponentialLR(o, 0.9)], optimizer=o
    ),
    "ReduceLROnPlateau": lambda o: lr_scheduler.ReduceLROnPlateau(o, factor=0.5, patience=1),
    "CyclicLR": _cyclic,
    "CosineAnnealingWarmRestarts": lambda o: lr_scheduler.CosineAnnealingWarmRestarts(o, 3, T_mult=2),
    "OneCycleLR": _one_cycle,
    "SWALR": lambda o: swa_utils.SWALR(o, swa_lr=1e-4, anneal_epochs=5),
}

every_scheduler = pytest.mark.parametrize("scheduler", SCHEDULERS)

#: So that schedules of momentum have something to do.
OPTIONS: dict[str, dict[str, Any]] = {"SGD": {"momentum": 0.9}, "RMSprop": {"momentum": 0.9}}


def advance(scheduler: Any, step: int) -> None:
    if isinstance(scheduler, lr_scheduler.ReduceLROnPlateau):
        scheduler.step(1.0 + step % 3)
    else:
        scheduler.step()


def test_there_are_arguments_for_every_class() -> None:
    found = {
        name
        for module in (lr_scheduler, swa_utils)
        for name, cls in vars(module).items()
        if isinstance(cls, type) and issubclass(cls, lr_scheduler.LRScheduler) and not name.startswith("_")
    }
    assert found - {"LRScheduler"} == set(SCHEDULERS)


@pytest.mark.usefixtures("bookkeeping_in_float64")
@every_twin
@every_scheduler
def test_same_learning_rates_and_parameters(name: str, scheduler: str) -> None:
    optimizers = pair(name, lr=1e-2, **OPTIONS.get(name, {}))
    schedulers = [SCHEDULERS[scheduler](optimizer) for optimizer in optimizers]
    ours_first, theirs_first = optimizers
    for step in range(15):
        for optimizer, each in zip(optimizers, schedulers, strict=True):
            give_gradients(params_of(optimizer), step)
            optimizer.step()
            advance(each, step)
        mine, other = ours_first.param_groups[0], theirs_first.param_groups[0]
        for key in ("lr", "betas", "momentum"):
            assert mine.get(key) == other.get(key), (key, step)
    assert_close(*optimizers)


@every_scheduler
def test_learning_rates_in_tensors(scheduler: str) -> None:
    """Schedulers change them in place; each step reads them."""
    a = ours("SGD", make_params(), lr=torch.tensor(1e-2, dtype=torch.float64), momentum=0.9)
    b = ours("SGD", make_params(), lr=1e-2, momentum=0.9)
    lr = a.param_groups[0]["lr"]
    both = [(optimizer, SCHEDULERS[scheduler](optimizer)) for optimizer in (a, b)]
    for step in range(10):
        for optimizer, each in both:
            give_gradients(params_of(optimizer), step)
            optimizer.step()
            advance(each, step)
        assert float(a.param_groups[0]["lr"]) == pytest.approx(b.param_groups[0]["lr"], rel=1e-14)
    assert a.param_groups[0]["lr"] is lr
    assert_close(a, b)


@every_scheduler
def test_schedulers_and_optimizers_are_saved_together(scheduler: str) -> None:
    def make() -> tuple[Any, Any]:
        optimizer = ours("AdamW", make_params(), lr=1e-2)
        return optimizer, SCHEDULERS[scheduler](optimizer)

    def go(optimizer: Any, each: Any, steps: range) -> None:
        for step in steps:
            train(optimizer, range(step, step + 1))
            advance(each, step)

    whole, its_scheduler = make()
    go(whole, its_scheduler, range(5))
    resumed, new_scheduler = make()
    with torch.no_grad():
        for param, value in zip(params_of(resumed), params_of(whole), strict=True):
            param.copy_(value)
    saved = its_scheduler.state_dict()
    new_scheduler.load_state_dict(saved if "Lambda" in scheduler else copy.deepcopy(saved))
    resumed.load_state_dict(copy.deepcopy(whole.state_dict()))
    go(whole, its_scheduler, range(5, 10))
    go(resumed, new_scheduler, range(5, 10))
    assert whole.param_groups[0]["lr"] == resumed.param_groups[0]["lr"]
    assert_same(whole, resumed)
