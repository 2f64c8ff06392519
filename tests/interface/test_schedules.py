"""Schedules: their corners, what they refuse, and optimizers that use them. Against torch and optax: tests/peers."""

from __future__ import annotations

import pickle
from typing import Any, cast

import numpy as np
import pytest

import adamas
from adamas import reference
from adamas.schedules import WSD, Constant, Cosine, InverseSqrt, Linear, OneCycle, Schedule, WarmUp

#: Schedule, and values at steps.
CORNERS: list[tuple[Schedule, dict[int, float]]] = [
    (Constant(0.5), {0: 0.5, 10**9: 0.5}),
    (Linear(1.0, 0.2, 4), {0: 1.0, 1: 0.8, 2: 0.6, 4: 0.2, 9: 0.2}),
    (Linear(0.0, 1.0, 1), {0: 0.0, 1: 1.0, 2: 1.0}),
    (Cosine(2.0, 1.0, 6), {0: 2.0, 2: 1.75, 3: 1.5, 4: 1.25, 6: 1.0, 7: 1.0}),
    (WarmUp(0.4, 4), {0: 0.0, 1: 0.1, 3: 0.3, 4: 0.4, 99: 0.4}),
    (WarmUp(Linear(1.0, 0.0, 2), 2, start=0.5), {0: 0.5, 1: 0.75, 2: 1.0, 3: 0.5, 4: 0.0}),
    (WarmUp(lambda step: 1.0 / (step + 1), 2), {1: 0.5, 2: 1.0, 3: 0.5, 5: 0.25}),
    (InverseSqrt(2.0, 4), {0: 0.0, 2: 1.0, 4: 2.0, 16: 1.0, 64: 0.5}),
    (WSD(1.0, 10, 2, 4), {0: 0.0, 1: 0.5, 2: 1.0, 6: 1.0, 7: 0.5, 10: 0.0, 11: 0.0}),
    (WSD(1.0, 10, 0, 4, end=0.2, shape="linear"), {0: 1.0, 6: 1.0, 7: 0.8, 10: 0.2, 11: 0.2}),
    (WSD(1.0, 10, 0, 4, shape="cosine"), {0: 1.0, 8: 0.5, 10: 0.0}),
    (WSD(1.0, 3, 1, 0, end=0.25), {0: 0.0, 2: 1.0, 3: 0.25}),
    (OneCycle(1.0, 11, pct_start=6 / 11, div_factor=2.0, shape="linear"), {0: 0.5, 1: 0.6, 5: 1.0, 10: 5e-5, 20: 5e-5}),
]


@pytest.mark.parametrize(("schedule", "values"), CORNERS, ids=lambda item: str(item).split(" at 0x")[0])
def test_values(schedule: Schedule, values: dict[int, float]) -> None:
    for step, value in values.items():
        assert schedule(step) == pytest.approx(value, rel=1e-14, abs=1e-16), step


@pytest.mark.parametrize("schedule", [s for s, _ in CORNERS if "lambda" not in repr(s)], ids=str)
def test_is_a_value(schedule: Schedule) -> None:
    again = pickle.loads(pickle.dumps(schedule))
    assert again == schedule
    assert hash(again) == hash(schedule)
    assert eval(repr(schedule), vars(adamas.schedules)) == schedule
    with pytest.raises(AttributeError):
        schedule.steps = 3  # type: ignore[attr-defined]


@pytest.mark.parametrize("module", [adamas, reference])
def test_optimizer_follows_it(module: Any) -> None:
    schedule = WarmUp(Cosine(1e-2, 1e-3, 5), 3)
    grads = np.random.default_rng(0).standard_normal((10, 7))
    scheduled, by_hand = np.ones(7), np.ones(7)
    opt, other = module.AdamW(scheduled, lr=schedule), module.AdamW(by_hand)
    for step, grad in enumerate(grads):
        other.param_groups[0]["lr"] = schedule(step)
        opt.step(grad)
        other.step(grad)
    assert scheduled.tobytes() == by_hand.tobytes()


@pytest.mark.parametrize("module", [adamas, reference])
def test_weight_decay_and_betas(module: Any) -> None:
    def betas(step: int) -> list[float]:
        return [0.5 + 0.04 * step, 0.9]

    decay = Linear(0.0, 0.5, 8)
    grads = np.random.default_rng(0).standard_normal((10, 7))
    scheduled, by_hand = np.ones(7), np.ones(7)
    opt = module.AdamW([scheduled], weight_decay=decay, betas=betas)
    other = module.AdamW([by_hand])
    for step, grad in enumerate(grads):
        other.param_groups[0].update(weight_decay=decay(step), betas=tuple(betas(step)))
        opt.step([grad])
        other.step([grad])
        if step == 5:  # they are not saved, and the loader keeps its own
            saved = opt.state_dict()
            assert saved["param_groups"][0]["weight_decay"] is saved["param_groups"][0]["betas"] is None
            opt = module.AdamW([scheduled], weight_decay=decay, betas=betas)
            opt.load_state_dict(saved)
    assert scheduled.tobytes() == by_hand.tobytes()


@pytest.mark.parametrize("module", [adamas, reference])
def test_what_a_schedule_returns_is_checked_and_called_once(module: Any) -> None:
    calls: list[str] = []

    def returns(name: str, value: Any) -> Any:
        def schedule(step: int) -> Any:
            calls.append(name)
            return value

        return schedule

    opt = module.Adam([np.ones(3)], lr=returns("lr", 0.1), weight_decay=returns("weight_decay", -1.0))
    with pytest.raises(ValueError, match=r"\['weight_decay'\] \(called with step 0\): expected a finite number >= 0"):
        opt.step([np.ones(3)])
    assert calls == ["lr", "weight_decay"]
    opt = module.Adam([np.ones(3)], betas=returns("betas", (0.9,)))
    with pytest.raises(TypeError, match=r"\['betas'\] \(called with step 0\): expected two numbers"):
        opt.step([np.ones(3)])
    assert calls == ["lr", "weight_decay", "betas"]
    with pytest.raises(TypeError, match="betas: expected two numbers"):
        module.ScheduleFreeAdamW([np.ones(3)], betas=lambda step: (0.9, 0.99))


#: Call, error, and what its message says.
REFUSED: dict[str, tuple[Any, type[Exception], str]] = {
    "negative": (lambda: Constant(-1.0), ValueError, "Constant: value: expected a finite number >= 0, got -1.0"),
    "infinite": (lambda: Linear(1.0, np.inf, 3), ValueError, "Linear: end: expected a finite number >= 0, got inf"),
    "text": (
        lambda: Cosine(cast("Any", "1"), 0.0, 3),
        TypeError,
        "Cosine: start: expected a finite number >= 0, got '1'",
    ),
    "no steps": (lambda: Cosine(1.0, 0.0, 0), ValueError, "Cosine: steps: expected a whole number >= 1, got 0"),
    "half a step": (
        lambda: Linear(1.0, 0.0, cast("Any", 2.5)),
        TypeError,
        "Linear: steps: expected a whole number >= 1, got 2.5",
    ),
    "flag": (lambda: WarmUp(1.0, True), TypeError, "WarmUp: steps: expected a whole number >= 1, got True"),
    "what to warm up": (
        lambda: WarmUp(cast("Any", "cosine"), 3),
        TypeError,
        "Constant: value: expected a finite number >= 0",
    ),
    "warm-up": (lambda: InverseSqrt(1.0, 0), ValueError, "InverseSqrt: warm_up: expected a whole number >= 1, got 0"),
    "too much": (
        lambda: WSD(1.0, 5, 3, 3),
        ValueError,
        "WSD: warm_up and decay: expected at most 5 steps",
    ),
    "shape": (
        lambda: WSD(1.0, 5, 1, 1, shape="cos"),
        ValueError,
        "WSD: shape: expected 'linear' or 'cosine' or 'sqrt'",
    ),
    "share": (lambda: OneCycle(1.0, 9, pct_start=1.0), ValueError, "OneCycle: pct_start: expected a number in (0, 1)"),
    "factor": (
        lambda: OneCycle(1.0, 9, div_factor=0.0),
        ValueError,
        "OneCycle: div_factor: expected a finite number",
    ),
    "too few": (
        lambda: OneCycle(1.0, 3),
        ValueError,
        "OneCycle: steps: expected enough for at least one step up and one down",
    ),
}


@pytest.mark.parametrize(("call", "error", "message"), REFUSED.values(), ids=REFUSED)
def test_refusals(call: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error) as raised:
        call()
    assert str(raised.value).startswith(message)
