"""Gradients of several parts of a batch, summed up before a step."""

from __future__ import annotations

from typing import Any

import ml_dtypes
import numpy as np
import pytest
from bits import assert_same_bits, snapshot
from refusing import both

HALF = np.dtype(ml_dtypes.bfloat16)


def parts(dtype: Any) -> list[list[Any]]:
    rng = np.random.default_rng(0)
    return [[rng.standard_normal((20, 7)).astype(dtype), rng.standard_normal(3)] for _ in range(4)]


def model() -> list[Any]:
    rng = np.random.default_rng(1)
    return [rng.standard_normal((20, 7)).astype(np.float32), rng.standard_normal(3)]


@both
@pytest.mark.parametrize("dtype", [np.float32, HALF, np.float64])
@pytest.mark.parametrize("last", ["accumulated", "given", "given and measured"])
@pytest.mark.parametrize("accumulation", ["sum", "mean"])
def test_equals_a_step_on_the_sum(module: Any, dtype: Any, last: str, accumulation: str) -> None:
    batches = parts(dtype)
    total = [batches[0][0].astype(np.float32), batches[0][1].copy()]
    for batch in batches[1:]:
        total = [total[0] + batch[0].astype(np.float32), total[1] + batch[1]]
    params, expected = model(), model()
    opt = module.AdamW(params, lr=0.1, accumulation=accumulation)
    whole = module.AdamW(expected, lr=0.1)
    for _ in range(2):
        for batch in batches if last == "accumulated" else batches[:-1]:
            opt.accumulate(batch)
        measured = {"max_norm": 0.1} if last == "given and measured" else {}
        report = opt.step(**measured) if last == "accumulated" else opt.step(batches[-1], **measured)
        assert report == whole.step(total, grad_scale=4.0 if accumulation == "mean" else 1.0, **measured)
    for a, b in zip(params, expected, strict=True):
        assert_same_bits(a, b, "after two steps")


@both
def test_parts_without_a_gradient(module: Any) -> None:
    params = [np.zeros(2), np.zeros(2), np.zeros(2)]
    opt = module.SGD(params, lr=1.0)
    opt.accumulate([np.ones(2), None, None])
    opt.accumulate([np.ones(2), np.ones(2), None])
    assert opt.step().updated == 2
    np.testing.assert_array_equal([p[0] for p in params], [-2.0, -1.0, 0.0])
    assert opt.state[2]["step"] == 0


@both
def test_skipped_raised_and_dropped(module: Any) -> None:
    param = np.zeros(2)
    opt = module.SGD([param], lr=1.0)
    opt.accumulate([np.array([np.inf, 0.0])])
    with pytest.raises(FloatingPointError, match=r"^the accumulated gradient of '0': holds an infinity or NaN"):
        opt.step(on_nonfinite="raise")
    with pytest.raises(FloatingPointError, match=r"^grads\[0\]: holds an infinity or NaN"):
        opt.step([np.ones(2)], on_nonfinite="raise")
    assert opt.step(on_nonfinite="skip").skipped, "what was raised about is still there"
    with pytest.raises(TypeError, match="grads: expected a list or tuple"):
        opt.step()
    opt.accumulate([np.ones(2)])
    opt.drop_accumulated()
    opt.step([np.full(2, 3.0)])
    np.testing.assert_array_equal(param, -3.0)


@both
def test_refusals(module: Any) -> None:
    params = model()
    opt = module.Adam(params)
    opt.accumulate(parts(np.float32)[0])
    before = snapshot(params)
    with pytest.raises(ValueError, match=r"grads\[0\]: expected shape \(20, 7\)"):
        opt.accumulate([np.ones(3), np.ones(3)])
    with pytest.raises(ValueError, match="shares memory"):
        opt.accumulate([params[0], np.ones(3)])
    with pytest.raises(ValueError, match="accumulation: expected 'sum' or 'mean', got 'max'"):
        module.Adam(params, accumulation="max")
    assert snapshot(params) == before
    expected = model()
    module.Adam(expected).step(parts(np.float32)[0])
    opt.step()
    assert_same_bits(params[0], expected[0], "refused parts left no trace")
