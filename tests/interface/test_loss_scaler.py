"""The loss scaler by itself; its trajectory against torch's is in tests/peers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import adamas
from adamas import LossScaler


def test_step_divides_skips_and_adapts() -> None:
    scaler = LossScaler(init_scale=8.0, growth_interval=2)
    param = np.zeros(3, np.float16)
    opt = adamas.SGD([param], lr=1.0, master_weights=True)
    overflow, good = np.array([1, np.inf, 1], np.float16), np.full(3, 2.0, np.float16)
    report = scaler.step(opt, [overflow])
    assert (report.skipped, report.step, scaler.scale) == (True, 0, 4.0)
    assert (param == 0).all()
    report = scaler.step(opt, [good])
    assert (report.skipped, report.step, scaler.scale) == (False, 1, 4.0)
    assert (param == -0.5).all()
    scaler.step(opt, [good], max_norm=0.1)
    assert scaler.scale == 8.0
    np.testing.assert_allclose(opt.state["0"]["master"], -0.5 - 0.1 / np.sqrt(3), rtol=1e-5)


def test_scale_stays_within_float32() -> None:
    scaler = LossScaler(init_scale=2.0**127, growth_interval=1)
    scaler.update(overflow=False)
    assert scaler.scale == 2.0**127
    for _ in range(300):
        scaler.update(overflow=True)
    assert scaler.scale == 2.0**-126


def test_saved_and_restored() -> None:
    scaler, other = LossScaler(growth_interval=3), LossScaler(growth_interval=3)
    for overflow in (True, False, False):
        scaler.update(overflow=overflow)
    other.load_state_dict(scaler.state_dict())
    other.update(overflow=False)
    assert other.scale == 2.0**16
    with pytest.raises(ValueError, match="good_steps: expected a whole number >= 0, got -1"):
        other.load_state_dict({"scale": 2.0, "good_steps": -1})
    assert other.scale == 2.0**16
    assert "scale=65536.0" in repr(other)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"init_scale": 0.0}, ValueError, "init_scale: expected a normal float32 number > 0"),
        ({"init_scale": 1e39}, ValueError, "init_scale: expected a normal float32 number > 0"),
        ({"growth_factor": 1.0}, ValueError, "growth_factor: expected a finite number > 1"),
        ({"backoff_factor": 1.0}, ValueError, r"backoff_factor: expected a number in \(0, 1\)"),
        ({"growth_interval": 0}, ValueError, "growth_interval: expected a whole number >= 1"),
        ({"growth_interval": 2.5}, TypeError, "growth_interval: expected a whole number >= 1"),
    ],
)
def test_refusals(options: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        LossScaler(**options)
