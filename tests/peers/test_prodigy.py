"""Prodigy against prodigyopt, by its authors: the same trajectories in float64, option by option.

The first steps are tiny, and d follows from sums of (p0 - p)*g. So rounding p, which is of order one, by 1e-16 changes
these sums by 1e-16/d0, relatively; where two programs round in another order, they cannot agree to more than that. With
p0 = 0 the difference is exact: so parameters start there. Where weight decay needs others, d0 is larger.

Where prodigyopt differs from the paper or from itself:

- With a first beta of 0 it keeps no first moment, and steps by g times the new d, where the paper has the one before. A
  first beta of 1e-300 makes it keep one.
- A group whose lr is 0 takes no part in the sums, and its moments stay as they are. But its parameters move by the lr
  of the other groups: they decay, and go on by what moments they had. In adamas they stay.
- If all gradients have been zero, or all lr are, the step is left out: so it is in adamas, but there it is counted.
- With growth_rate=inf there is no limit; in adamas None says so.
- betas, beta3, d_coef, growth_rate and use_bias_correction are read from the first group, whatever the others have. In
  adamas groups must agree in them.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import prodigyopt
import pytest
import torch
from trajectories import STEPS, Array, assert_agree, row

import adamas

SHAPES = [(40, 30), (30,), (2, 3, 4), (1,), (5, 6)]


@functools.cache
def targets() -> list[Array]:
    rng = np.random.default_rng(17)
    return [0.3 * rng.standard_normal(shape) for shape in SHAPES]


@functools.cache
def noise() -> list[Array]:
    rng = np.random.default_rng(19)
    return [0.1 * rng.standard_normal((STEPS, *shape)) for shape in SHAPES]


@dataclass(frozen=True)
class Case:
    """Options, under the names of adamas; where parameters start; and the schedule of lr, times that."""

    options: dict[str, Any] = field(default_factory=dict)
    start: float = 0.0
    schedule: Callable[[int], float] | None = None
    #: Whether a parameter has a gradient in a step.
    given: Callable[[int, int], bool] = lambda step, index: True
    label: str = ""

    def __str__(self) -> str:
        return "-".join([self.label, *(f"{key}={value}" for key, value in self.options.items())]).strip("-") or "plain"


LARGER = {"d0": 0.01}

CASES = [
    Case(),
    Case({"betas": (0.8, 0.95), "eps": 1e-3}),
    Case({"betas": (0.0, 0.99)}),
    Case({"beta3": 0.9}),
    Case({"lr": 0.5}),
    Case({"use_bias_correction": True}),
    Case({"safeguard_warmup": True}, schedule=lambda t: min(1.0, (t + 1) / 50), label="warmup"),
    Case({"lr": 0.5}, schedule=lambda t: min(1.0, (t + 1) / 50), label="warmup"),
    Case(schedule=lambda t: 0.5 * (1 + math.cos(math.pi * t / STEPS)), label="cosine"),
    Case({"d0": 1e-4}),
    Case({"d_coef": 0.5}),
    Case({"d_coef": 2.0, "growth_rate": 1.02}),
    Case({"growth_rate": 1.2, "use_bias_correction": True}),
    Case({"weight_decay": 0.1, **LARGER}, start=1.0),
    Case({"weight_decay": 0.1, "decoupled_weight_decay": False, **LARGER}, start=1.0),
    Case({"weight_decay": 0.1}),
    Case({"maximize": True}),
    Case(given=lambda step, index: index != 2 or step % 3 == 1, label="gaps"),
    Case({"use_bias_correction": True}, given=lambda step, index: index != 0 or step > 10, label="gaps"),
]


def starts(case: Case) -> list[Array]:
    return [case.start + np.zeros(shape) for shape in SHAPES]


def slope(p: Array, target: Array, noise: Array, case: Case) -> Array:
    gradient: Array = p - target + noise
    return -gradient if case.options.get("maximize") else gradient


def rate(case: Case, step: int) -> float:
    base: float = case.options.get("lr", 1.0)
    return base if case.schedule is None else base * case.schedule(step)


def ours(case: Case) -> tuple[Array, Array]:
    """Return parameters and d after each step."""
    params = starts(case)
    opt = adamas.Prodigy(params, **case.options)
    trajectory, d = [], []
    for step in range(STEPS):
        opt.param_groups[0]["lr"] = rate(case, step)
        grads = [slope(p, t, n[step], case) for p, t, n in zip(params, targets(), noise(), strict=True)]
        opt.step([g if case.given(step, i) else None for i, g in enumerate(grads)])
        trajectory.append(row(params))
        d.append(opt.scalars["d"])
    return np.array(trajectory), np.array(d)


def peer_options(options: dict[str, Any]) -> dict[str, Any]:
    """Return options under the names of prodigyopt."""
    names = {"decoupled_weight_decay": "decouple"}
    named = {names.get(key, key): value for key, value in options.items() if key != "maximize"}
    if "betas" in named:
        named["betas"] = (max(named["betas"][0], 1e-300), named["betas"][1])
    return named


def theirs(case: Case) -> tuple[Array, Array]:
    params = [torch.from_numpy(start).requires_grad_() for start in starts(case)]
    opt: Any = prodigyopt.Prodigy(params, **peer_options(case.options))
    sign = -1.0 if case.options.get("maximize") else 1.0
    trajectory, d = [], []
    for step in range(STEPS):
        opt.param_groups[0]["lr"] = rate(case, step)
        for i, (p, t, n) in enumerate(zip(params, targets(), noise(), strict=True)):
            grad = torch.from_numpy(sign * slope(p.detach().numpy(), t, n[step], case))
            p.grad = grad if case.given(step, i) else None
        opt.step()
        trajectory.append(row([p.detach().numpy() for p in params]))
        d.append(opt.param_groups[0]["d"])
    return np.array(trajectory), np.array(d)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_same_trajectory(case: Case) -> None:
    (actual, d), (wanted, their_d) = ours(case), theirs(case)
    assert their_d[-1] > 10 * case.options.get("d0", 1e-6)  # it has found something
    np.testing.assert_allclose(d, their_d, rtol=1e-12)
    assert_agree(actual, wanted)
