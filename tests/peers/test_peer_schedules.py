"""Schedules against torch.optim.lr_scheduler and optax, at every step."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
import torch

import adamas
from adamas.schedules import Cosine, Linear, OneCycle, Schedule, WarmUp

jax.config.update("jax_enable_x64", True)

STEPS = 50


def torch_values(lr: float, make: Any, steps: int) -> list[float]:
    """Return the learning rates of a torch scheduler."""
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=lr)
    scheduler = make(optimizer)
    values = []
    for _ in range(steps):
        values.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return values


def assert_equal(schedule: Schedule, values: list[float]) -> None:
    for step, value in enumerate(values):
        assert schedule(step) == pytest.approx(value, rel=1e-12, abs=1e-18), step


TORCH: dict[str, tuple[Schedule, Any, int]] = {
    "linear": (
        Linear(0.3, 0.06, 20),
        lambda o: torch.optim.lr_scheduler.LinearLR(o, 1.0, 0.2, total_iters=20),
        STEPS,
    ),
    "cosine": (  # up to its last step: then torch's turns back
        Cosine(0.3, 0.01, 40),
        lambda o: torch.optim.lr_scheduler.CosineAnnealingLR(o, 40, eta_min=0.01),
        41,
    ),
    **{
        f"one-cycle-{shape}-{pct}": (
            OneCycle(0.3, STEPS, pct, 10.0, 50.0, shape),
            lambda o, pct=pct, torchs=torchs: torch.optim.lr_scheduler.OneCycleLR(
                o, 0.3, STEPS, pct_start=pct, anneal_strategy=torchs, div_factor=10.0, final_div_factor=50.0
            ),
            STEPS - 1,  # it refuses to go beyond; the value after its last step is the one tested last
        )
        for shape, torchs in (("cosine", "cos"), ("linear", "linear"))
        for pct in (0.3, 0.5)
    },
}


@pytest.mark.parametrize(("schedule", "make", "steps"), TORCH.values(), ids=TORCH)
def test_torch(schedule: Schedule, make: Any, steps: int) -> None:
    assert_equal(schedule, torch_values(0.3, make, steps))


OPTAX: dict[str, tuple[Schedule, Any]] = {
    "linear": (Linear(0.3, 0.01, 20), optax.linear_schedule(0.3, 0.01, 20)),
    "cosine": (Cosine(0.3, 0.03, 40), optax.cosine_decay_schedule(0.3, 40, alpha=0.1)),
    "warm-up and cosine": (
        WarmUp(Cosine(0.3, 0.03, 30), 10, start=0.1),
        optax.warmup_cosine_decay_schedule(0.1, 0.3, 10, 40, end_value=0.03),
    ),
    "warm-up": (WarmUp(0.3, 10), optax.warmup_constant_schedule(0.0, 0.3, 10)),
}


@pytest.mark.parametrize(("schedule", "peer"), OPTAX.values(), ids=OPTAX)
def test_optax(schedule: Schedule, peer: Any) -> None:
    assert_equal(schedule, [float(peer(step)) for step in range(STEPS)])


@pytest.mark.parametrize("module", [adamas, adamas.reference])
@pytest.mark.parametrize("peer", [schedule for _, schedule in OPTAX.values()], ids=OPTAX)
def test_an_optax_schedule_is_a_learning_rate(module: Any, peer: Any) -> None:
    """It returns JAX arrays without dimensions, which are taken as the numbers they are, whatever their dtype."""
    for dtype in (jnp.float64, jnp.float32, jnp.bfloat16):

        def schedule(step: int, dtype: Any = dtype) -> Any:
            return jnp.asarray(peer(step), dtype)

        followed, by_hand, one, two = (np.ones(5) for _ in range(4))
        opt, plain = module.AdamW(followed, lr=schedule), module.AdamW(by_hand)
        fixed, other = module.AdamW(one, lr=schedule(3)), module.AdamW(two, lr=float(schedule(3)))
        for step in range(5):
            grad = np.linspace(-1.0, 1.0, 5)
            plain.param_groups[0]["lr"] = float(schedule(step))
            for each in (opt, plain, fixed, other):
                each.step(grad)
        assert followed.tobytes() == by_hand.tobytes()
        assert one.tobytes() == two.tobytes()
        assert fixed.state_dict()["param_groups"][0]["lr"] == float(schedule(3))


@pytest.mark.parametrize("value", [jnp.ones(1), jnp.array(True), jnp.array(1j), jax.random.key(0)], ids=repr)
def test_jax_arrays_that_are_no_number(value: Any) -> None:
    with pytest.raises(TypeError, match=r"^lr: expected a finite number >= 0"):
        adamas.AdamW(np.ones(3), lr=value)
