"""``step_defaults.clip_eps``: what is added to the norm that gradients are clipped by."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import adamas
import adamas.reference


@pytest.mark.parametrize("clip_eps", [0.0, 1e-6, 0.25])
@pytest.mark.parametrize("clip_each", [False, True])
def test_clipping_by_it(clip_eps: float, clip_each: bool) -> None:
    results = []
    for package in (adamas, adamas.reference):
        weights = [np.zeros(2, np.float32), np.zeros(1, np.float32)]
        optimizer: Any = package.SGD(weights, lr=1.0, max_norm=1.0, clip_each=clip_each)
        optimizer.step_defaults.clip_eps = clip_eps
        report = optimizer.step([np.array([3, 4], np.float32), np.array([12], np.float32)])
        assert report.clip_coefficient == 1.0 / ((12.0 if clip_each else 13.0) + clip_eps)
        results.append(np.concatenate(weights))
    assert results[0].tobytes() == results[1].tobytes()
    norms = np.array([5, 5, 12]) if clip_each else np.array([13, 13, 13])
    np.testing.assert_allclose(results[0], -np.array([3, 4, 12]) / (norms + clip_eps), rtol=1e-6)


@pytest.mark.parametrize("package", [adamas, adamas.reference])
def test_a_gradient_of_zeros_is_not_divided_by_zero(package: Any) -> None:
    weights = np.ones(2, np.float32)
    optimizer = package.SGD(weights, lr=1.0, max_norm=1.0)
    optimizer.step_defaults.clip_eps = 0.0
    assert optimizer.step(np.zeros(2, np.float32)).clip_coefficient == 1.0
    assert weights.tobytes() == np.ones(2, np.float32).tobytes()


@pytest.mark.parametrize("value", [-1e-6, np.inf, np.nan, "0", None, True])
def test_wrong_values(value: Any) -> None:
    optimizer = adamas.Adam(np.zeros(2, np.float32))
    with pytest.raises((TypeError, ValueError), match="clip_eps: expected a finite number >= 0"):
        optimizer.step_defaults.clip_eps = value
    assert optimizer.step_defaults.clip_eps == 1e-6
