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
@pytest.mark.parametrize("accumulation", ["sum", "mean", "tree"])
def test_equals_a_step_on_the_sum(module: Any, dtype: Any, last: str, accumulation: str) -> None:
    batches = parts(dtype)
    wide = [[batch[0].astype(np.float32), batch[1]] for batch in batches]
    if accumulation == "tree":
        total = [(a + b) + (c + d) for a, b, c, d in zip(*wide, strict=True)]
    else:
        total = [((a + b) + c) + d for a, b, c, d in zip(*wide, strict=True)]
    params, expected = model(), model()
    opt = module.AdamW(params, lr=0.1, accumulation=accumulation)
    whole = module.AdamW(expected, lr=0.1)
    for _ in range(2):
        for batch in batches if last == "accumulated" else batches[:-1]:
            opt.accumulate(batch)
        measured = {"max_norm": 0.1} if last == "given and measured" else {}
        report = opt.step(**measured) if last == "accumulated" else opt.step(batches[-1], **measured)
        assert report == whole.step(total, grad_scale=1.0 if accumulation == "sum" else 4.0, **measured)
    for a, b in zip(params, expected, strict=True):
        assert_same_bits(a, b, "after two steps")


def tree_sum(parts: list[Any]) -> Any:
    """Return the sum of parts, some of which are None: of the first 2^k, the largest such number, and of the others."""
    if len(parts) == 1:
        return parts[0]
    half = 1 << (len(parts) - 1).bit_length() - 1
    left, right = tree_sum(parts[:half]), tree_sum(parts[half:])
    if left is None or right is None:
        return right if left is None else left
    return left + right


def draw_part(rng: Any, sizes: list[int]) -> list[Any]:
    """Return gradients: none of the first, and of others not always one."""
    part: list[Any] = [rng.standard_normal(size).astype(np.float32) for size in sizes]
    return [None if k == 0 or (k in (1, 4) and rng.random() < 0.3) else grad for k, grad in enumerate(part)]


@both
@pytest.mark.parametrize("count", [1, 2, 3, 5, 6, 7, 8, 13, 16])
@pytest.mark.parametrize("last", ["accumulated", "given"])
def test_a_tree_of_any_number(module: Any, count: int, last: str) -> None:
    """With parameters that have a gradient in some parts alone, or in none."""
    rng = np.random.default_rng(count)
    sizes = [1, 5000, 33, 0, 7]
    dtypes = [np.float32, np.float32, np.float32, np.float32, np.float16]
    params = [np.ones(size, dtype) for size, dtype in zip(sizes, dtypes, strict=True)]
    expected = [param.copy() for param in params]
    options: Any = {"lr": 0.25, "momentum": 0.5, "rounding": "nearest"}
    opt, whole = module.SGD(params, accumulation="tree", **options), module.SGD(expected, **options)
    for _ in range(3):  # sums of the step before are gone
        batches = [draw_part(rng, sizes) for _ in range(count)]
        for batch in batches if last == "accumulated" else batches[:-1]:
            opt.accumulate(batch)
        report = opt.step() if last == "accumulated" else opt.step(batches[-1])
        total = [tree_sum([batch[place] for batch in batches]) for place in range(len(sizes))]
        assert report == whole.step(total, grad_scale=float(count))
    for a, b in zip(params, expected, strict=True):
        assert_same_bits(a, b, "after three steps")


@both
def test_trees_give_the_same_bits_whoever_adds_up_their_halves(module: Any) -> None:
    """As processes would that have four parts each, or two."""
    parts = [np.random.default_rng(k).standard_normal(1000).astype(np.float32) for k in range(8)]
    results = []
    for held in (1, 2, 4, 8):
        roots = [tree_sum(parts[first : first + held]) for first in range(0, 8, held)]
        param = np.ones(1000, np.float32)
        opt = module.SGD([param], lr=1.0, accumulation="tree")
        for root in roots:
            opt.accumulate([root])
        opt.step(grad_scale=float(held))
        results.append(param)
    for result in results[1:]:
        assert_same_bits(result, results[0], "whatever was added up before")
    param = np.ones(1000, np.float32)
    opt = module.SGD([param], lr=1.0, accumulation="mean")
    for part in parts:
        opt.accumulate([part])
    opt.step()
    assert (param != results[0]).any(), "the order counts"


@both
def test_trees_skipped_dropped_and_changed(module: Any) -> None:
    param = np.zeros(2)
    opt = module.SGD([param], lr=1.0, accumulation="tree")
    for value in (1.0, 2.0, np.inf):
        opt.accumulate([np.full(2, value)])
    with pytest.raises(FloatingPointError, match=r"^the accumulated gradient of '0': holds an infinity or NaN"):
        opt.step(on_nonfinite="raise")
    assert opt.step(on_nonfinite="skip").skipped
    opt.accumulate([np.ones(2)])
    opt.step_defaults.accumulation = "sum"
    with pytest.raises(RuntimeError, match="accumulation has changed since"):
        opt.accumulate([np.ones(2)])
    opt.step_defaults.accumulation = "tree"
    opt.drop_accumulated()
    opt.accumulate([np.ones(2)])
    opt.accumulate([np.full(2, 2.0)])
    opt.step()
    np.testing.assert_array_equal(param, -1.5)
    opt.accumulate([np.ones(2)])
    with pytest.raises(RuntimeError, match="gradients have been accumulated"), opt.step_scope():
        pass
    opt.drop_accumulated()
    assert (opt._engine.accumulated, opt._engine.completed) == (0, 1)


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
    with pytest.raises(ValueError, match="accumulation: expected 'sum', 'mean' or 'tree', got 'max'"):
        module.Adam(params, accumulation="max")
    assert snapshot(params) == before
    expected = model()
    module.Adam(expected).step(parts(np.float32)[0])
    opt.step()
    assert_same_bits(params[0], expected[0], "refused parts left no trace")
