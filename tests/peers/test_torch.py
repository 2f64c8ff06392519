"""Against torch.optim: the same trajectories and the same defaults, for every rule that it has."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
import torch
from trajectories import STEPS, Array, assert_agree, gradients, ours, row, starts

import adamas

OPTIMIZERS = [
    "Adam",
    "AdamW",
    "NAdam",
    "RAdam",
    "Adamax",
    "Adagrad",
    "RMSprop",
    "SGD",
    "Adadelta",
    "Rprop",
    "Adafactor",
]
#: How torch works, not what it computes.
IMPLEMENTATION = {"foreach", "fused", "capturable", "differentiable"}


@pytest.fixture(autouse=True)
def _bookkeeping_in_float64() -> Iterator[None]:
    """Torch keeps the product of NAdam's mu in the default dtype, float32 unless told otherwise."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(before)


@dataclass(frozen=True)
class Case:
    """One optimizer with options, which adamas and torch call by the same names."""

    optimizer: str
    options: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return "-".join([self.optimizer, *(f"{key}={value}" for key, value in self.options.items())])


CASES = [
    Case("Adam"),
    Case("Adam", {"lr": 0.1, "betas": (0.8, 0.9), "eps": 1e-3}),
    Case("Adam", {"betas": (0.0, 0.0)}),
    Case("Adam", {"weight_decay": 0.1}),
    Case("Adam", {"amsgrad": True, "betas": (0.9, 0.9)}),
    Case("Adam", {"maximize": True}),
    Case("Adam", {"weight_decay": 0.1, "decoupled_weight_decay": True}),
    Case("Adam", {"weight_decay": 0.1, "amsgrad": True, "maximize": True, "lr": 0.01}),
    Case("AdamW"),
    Case("AdamW", {"lr": 0.1, "betas": (0.8, 0.9), "eps": 1e-3}),
    Case("AdamW", {"weight_decay": 0.0}),
    Case("AdamW", {"weight_decay": 0.5}),
    Case("AdamW", {"amsgrad": True, "betas": (0.9, 0.9)}),
    Case("AdamW", {"maximize": True}),
    Case("AdamW", {"weight_decay": 0.5, "amsgrad": True, "maximize": True, "lr": 0.01}),
    Case("NAdam"),
    Case("NAdam", {"lr": 0.1, "betas": (0.8, 0.9), "eps": 1e-3}),
    Case("NAdam", {"momentum_decay": 0.3}),
    Case("NAdam", {"momentum_decay": 0.0}),
    Case("NAdam", {"weight_decay": 0.1}),
    Case("NAdam", {"maximize": True}),
    Case("NAdam", {"weight_decay": 0.1, "decoupled_weight_decay": True}),
    Case("NAdam", {"weight_decay": 0.1, "maximize": True, "momentum_decay": 0.1, "lr": 0.01}),
    Case("NAdam", {"weight_decay": 0.1, "decoupled_weight_decay": True, "maximize": True, "momentum_decay": 0.1}),
    Case("RAdam"),
    Case("RAdam", {"lr": 0.1, "betas": (0.8, 0.9), "eps": 1e-3}),
    Case("RAdam", {"betas": (0.9, 0.6)}),  # never rectified
    Case("RAdam", {"weight_decay": 0.1}),
    Case("RAdam", {"maximize": True}),
    Case("RAdam", {"weight_decay": 0.1, "decoupled_weight_decay": True}),
    Case("RAdam", {"weight_decay": 0.1, "maximize": True, "betas": (0.9, 0.99)}),
    Case("RAdam", {"weight_decay": 0.1, "decoupled_weight_decay": True, "maximize": True, "lr": 0.01}),
    Case("Adamax"),
    Case("Adamax", {"lr": 0.1, "betas": (0.8, 0.9), "eps": 1e-3}),
    Case("Adamax", {"weight_decay": 0.1}),
    Case("Adamax", {"maximize": True}),
    Case("Adamax", {"weight_decay": 0.1, "maximize": True, "eps": 0.1}),
    Case("Adagrad"),
    Case("Adagrad", {"lr": 0.1, "eps": 1e-3}),
    Case("Adagrad", {"lr_decay": 0.01}),
    Case("Adagrad", {"initial_accumulator_value": 0.5}),
    Case("Adagrad", {"weight_decay": 0.1}),
    Case("Adagrad", {"maximize": True}),
    Case("Adagrad", {"weight_decay": 0.1, "lr_decay": 0.1, "initial_accumulator_value": 0.5, "maximize": True}),
    Case("RMSprop"),
    Case("RMSprop", {"lr": 0.001, "eps": 1e-3}),
    Case("RMSprop", {"alpha": 0.9}),
    Case("RMSprop", {"momentum": 0.9}),
    Case("RMSprop", {"centered": True}),
    Case("RMSprop", {"weight_decay": 0.1}),
    Case("RMSprop", {"maximize": True}),
    Case("RMSprop", {"centered": True, "momentum": 0.5}),
    Case("RMSprop", {"centered": True, "momentum": 0.5, "alpha": 0.8, "weight_decay": 0.1, "maximize": True}),
    Case("SGD"),
    Case("SGD", {"lr": 0.1}),
    Case("SGD", {"momentum": 0.9}),
    Case("SGD", {"momentum": 0.9, "dampening": 0.3}),
    Case("SGD", {"momentum": 0.9, "nesterov": True}),
    Case("SGD", {"weight_decay": 0.1}),
    Case("SGD", {"maximize": True}),
    Case("SGD", {"momentum": 0.9, "dampening": 0.3, "weight_decay": 0.1, "maximize": True, "lr": 0.01}),
    Case("SGD", {"momentum": 0.9, "nesterov": True, "weight_decay": 0.1, "maximize": True, "lr": 0.01}),
    Case("Adadelta"),
    Case("Adadelta", {"lr": 0.1, "rho": 0.95, "eps": 1e-3}),
    Case("Adadelta", {"weight_decay": 0.1}),
    Case("Adadelta", {"maximize": True}),
    Case("Adadelta", {"weight_decay": 0.1, "maximize": True, "rho": 0.5}),
    Case("Adafactor"),
    Case("Adafactor", {"lr": 0.05, "beta2_decay": -0.5, "eps": (1e-3, 0.1), "d": 1.5}),
    Case("Adafactor", {"weight_decay": 0.1, "maximize": True}),
    Case("Adafactor", {"eps": (0.5, 1e-3)}),
    Case("Rprop"),
    Case("Rprop", {"lr": 0.1, "etas": (0.3, 1.5), "step_sizes": (1e-3, 0.2)}),
    Case("Rprop", {"maximize": True}),
]


def theirs(
    case: Case,
    given: Callable[[int, int], bool] = lambda step, index: True,
    schedule: Callable[[int], float] | None = None,
    **implementation: bool,
) -> Array:
    """Return the trajectory of ``torch.optim.<optimizer>``."""
    params = [torch.from_numpy(start).requires_grad_() for start in starts()]
    grads = [torch.from_numpy(grad) for grad in gradients()]
    opt = getattr(torch.optim, case.optimizer)(params, **case.options, **implementation)
    trajectory = []
    for step in range(STEPS):
        for i, (param, grad) in enumerate(zip(params, grads, strict=True)):
            param.grad = grad[step] if given(step, i) else None
        if schedule is not None:
            opt.param_groups[0]["lr"] = schedule(step)
        opt.step()
        trajectory.append(row([param.detach().numpy() for param in params]))
    return np.array(trajectory)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_same_trajectory(case: Case) -> None:
    actual = ours(case.optimizer, case.options)
    assert_agree(actual, theirs(case))


@pytest.mark.parametrize(
    "case",
    [
        Case("Adam", {"weight_decay": 0.1, "amsgrad": True}),
        Case("AdamW", {"weight_decay": 0.5, "maximize": True}),
        Case("Adagrad", {"weight_decay": 0.1, "lr_decay": 0.1}),
        Case("SGD", {"weight_decay": 0.1, "momentum": 0.9, "dampening": 0.3}),
    ],
    ids=str,
)
def test_same_trajectory_fused(case: Case) -> None:
    """The implementation that the speed of adamas is compared with."""
    actual = ours(case.optimizer, case.options)
    assert_agree(actual, theirs(case, fused=True))


@pytest.mark.parametrize("case", [Case(name) for name in OPTIMIZERS] + [Case("SGD", {"momentum": 0.9})], ids=str)
def test_same_with_gradients_missing(case: Case) -> None:
    """A parameter without a gradient is left alone, and counts its own steps."""

    def given(step: int, index: int) -> bool:
        return (step + index) % 3 > 0

    actual = ours(case.optimizer, case.options, given)
    assert_agree(actual, theirs(case, given))


@pytest.mark.parametrize(
    "case", [Case(name, {} if name == "Rprop" else {"weight_decay": 0.1}) for name in OPTIMIZERS], ids=str
)
def test_same_with_a_schedule(case: Case) -> None:
    def schedule(step: int) -> float:
        return 0.01 * min(1.0, (step + 1) / 20) * 0.99**step

    actual = ours(case.optimizer, {**case.options, "lr": schedule})
    assert_agree(actual, theirs(case, schedule=schedule))


def test_nadam_as_torch_keeps_it_by_default() -> None:
    """The product of the mu, rounded to float32 at every step, is off by 1e-7, and so are the steps, of lr = 0.002."""
    torch.set_default_dtype(torch.float32)
    actual, wanted = ours("NAdam", {}), theirs(Case("NAdam"))
    assert_agree(actual, wanted, rtol=0.0, atol=1e-10)
    assert np.abs(actual - wanted).max() > 1e-12  # else the fixture is there for nothing


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_same_defaults(name: str) -> None:
    mine, other = (
        {key: p for key, p in inspect.signature(getattr(module, name)).parameters.items() if key != "params"}
        for module in (adamas, torch.optim)
    )
    assert other.keys() - mine.keys() == IMPLEMENTATION & other.keys()
    for key in other.keys() & mine.keys():
        assert mine[key].default == other[key].default, key
    positional = [key for key, p in mine.items() if p.kind is p.POSITIONAL_OR_KEYWORD]
    assert list(other)[: len(positional)] == positional  # so calls with positions mean the same
