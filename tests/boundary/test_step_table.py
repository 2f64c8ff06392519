"""`adamas.adapters.StepTable`: steps of single parameters, by key."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import adamas
from adamas.adapters import BoundOptimizer, StepTable
from adamas.rules import SPECS

SHAPES = ((3, 4), (7,), (300, 20), (1,))
ALONE = [name for name, spec in SPECS.items() if not spec.shared_scalars]


def _arrays(seed: int) -> list[Any]:
    rng = np.random.default_rng(seed)
    return [rng.standard_normal(shape).astype(np.float32) for shape in SHAPES]


def _bound(name: str, arrays: list[Any], **options: Any) -> BoundOptimizer:
    params = {str(i): array for i, array in enumerate(arrays)}
    return BoundOptimizer(getattr(adamas, name), [{"params": params, "lr": 0.01}], **options)


@pytest.mark.parametrize("name", ALONE)
def test_the_bits_are_those_of_step(name: str) -> None:
    ours, theirs = _arrays(0), _arrays(0)
    average = adamas.EMA(0.9, warmup=True)
    options = {"average": average, "max_norm": 0.5, "clip_each": True}
    whole, bound = _bound(name, theirs, **options), _bound(name, ours, **options)
    table = StepTable(average.weight)
    for i in range(len(ours)):
        bound.put_into(table, ("key", i), i)
    table.prepare(bound.param_groups, bound.step_options)
    for step in range(5):
        gradients = _arrays(10 + step)
        for i in (2, 0, 3, 1):
            assert table.step(("key", i), ours[i], gradients[i]) is True
        whole.step(gradients)
    for i, (a, b) in enumerate(zip(ours, theirs, strict=True)):
        assert a.tobytes() == b.tobytes()
        states = whole.states(i)
        assert all(states[key].tobytes() == array.tobytes() for key, array in bound.states(i).items())
        assert bound.numbers(i) == whole.numbers(i)
    assert bound.completed == 5


def test_what_is_prepared_holds_until_it_is_prepared_again() -> None:
    weights = np.zeros(2, np.float32)
    bound = _bound("SGD", [weights])
    table, key = StepTable(), "w"
    assert table.step(key, weights, np.ones(2, np.float32)) is None  # no such key, and nothing prepared
    bound.put_into(table, key, 0)
    assert table.step(key, weights, np.ones(2, np.float32)) is None
    groups = bound.param_groups
    table.prepare(groups, bound.step_options)
    assert table.step(key, weights, np.ones(2, np.float32)) is True
    groups[0]["lr"] = 1.0
    table.prepare(groups, bound.step_options)
    assert table.step(key, weights, np.ones(2, np.float32)) is True
    np.testing.assert_allclose(weights, -1.01, rtol=1e-6)
    bound.step([np.ones(2, np.float32)], max_norm=1e-9)  # a step with other options
    assert table.step(key, weights, np.ones(2, np.float32)) is True
    np.testing.assert_allclose(weights, -2.01, rtol=1e-6)
    table.forget()
    assert table.step(key, weights, np.ones(2, np.float32)) is None
    table.prepare(groups, bound.step_options)
    table.remove(key)
    assert table.step(key, weights, np.ones(2, np.float32)) is None


def test_a_table_keeps_optimizers_alive_and_takes_others() -> None:
    weights = _arrays(0)
    table = StepTable()
    for i, each in enumerate(weights):
        bound = _bound("Adam", [each])
        bound.put_into(table, i, 0)
    table.prepare(bound.param_groups, bound.step_options)
    del bound
    for i, each in enumerate(weights):
        assert table.step(i, each, np.ones_like(each)) is True
    other = _bound("Adam", [weights[0]])
    other.put_into(table, 0, 0)
    assert table.step(0, weights[0], np.ones_like(weights[0])) is True
    assert other.step_count(0) == 1


def test_parameters_of_several_groups_and_dtypes() -> None:
    arrays = [np.zeros(3, dtype) for dtype in (np.float32, np.float64, np.float32, np.float32)]
    theirs = [array.copy() for array in arrays]
    last = np.ones(3, np.float32)
    groups = [
        {"params": {str(i): array for i, array in enumerate(arrays)}, "lr": 0.1},
        {"params": {"again": last}, "lr": 0.2, "weight_decay": 0.5},
    ]
    bound = BoundOptimizer(adamas.AdamW, groups)
    table = StepTable()
    for i in range(5):
        bound.put_into(table, i, i)
    table.prepare(bound.param_groups, bound.step_options)
    for step in range(3):
        for i in (0, 4, 1, 2, 4, 3):
            array = last if i == 4 else arrays[i]
            assert table.step(i, array, np.full(3, step + 1.0, array.dtype)) is True
    whole = adamas.AdamW(theirs, lr=0.1)
    other = np.ones(3, np.float32)
    second = adamas.AdamW(other, lr=0.2, weight_decay=0.5)
    for step in range(3):
        whole.step([np.full(3, step + 1.0, array.dtype) for array in theirs])
        for _ in range(2):
            second.step(np.full(3, step + 1.0, np.float32))
    assert [array.tobytes() for array in arrays] == [array.tobytes() for array in theirs]
    assert last.tobytes() == other.tobytes()


def test_a_gradient_that_overlaps_is_refused_whenever_it_comes() -> None:
    arrays = _arrays(0)
    bound = _bound("SGD", arrays)
    table = StepTable()
    for i in range(len(arrays)):
        bound.put_into(table, i, i)
    table.prepare(bound.param_groups, bound.step_options)
    gradients = _arrays(1)
    for _ in range(2):
        for i, array in enumerate(arrays):
            assert table.step(i, array, gradients[i]) is True
    before = [array.tobytes() for array in arrays]
    other = arrays[2].reshape(-1)[5:12]
    assert table.step(1, arrays[1], other) is None
    assert [array.tobytes() for array in arrays] == before
    assert table.step(1, arrays[1], gradients[1]) is True
    shared = [*gradients[:3], gradients[2].reshape(-1)[:1]]  # which steps of single parameters do not mind
    assert table.step(3, arrays[3], shared[3]) is True
    with pytest.raises(ValueError, match="shares memory"):
        bound.step(shared, zero_grads=True)


@pytest.mark.parametrize("make", [lambda i: ("k", i), lambda i: f"k{i}", lambda i: 1000 + i, lambda i: (i, ("k", i))])
def test_keys_are_found_in_any_order(make: Any) -> None:
    arrays = [np.zeros(2, np.float32) for _ in range(5)]
    bound = _bound("SGD", arrays)
    table = StepTable()
    for i in range(5):
        bound.put_into(table, make(i), i)
    table.prepare(bound.param_groups, bound.step_options)
    order = [0, 1, 2, 3, 4, 0, 1, 1, 4, 0, 3, 2, 2, 4, 1]
    for i in order:
        assert table.step(make(i), arrays[i], np.ones(2, np.float32)) is True
    assert [bound.step_count(i) for i in range(5)] == [order.count(i) for i in range(5)]
    table.remove(make(1))
    assert table.step(make(0), arrays[0], np.ones(2, np.float32)) is True
    assert table.step(make(1), arrays[1], np.ones(2, np.float32)) is None  # which was expected
    table.remove("unknown")


def test_views_of_the_same_memory_are_taken_and_others_refused() -> None:
    weights = np.zeros((2, 3), np.float32)
    bound = _bound("Adam", [weights])
    table = StepTable()
    bound.put_into(table, "w", 0)
    groups, options = bound.param_groups, bound.step_options
    table.prepare(groups, options)
    gradient = np.ones((2, 3), np.float32)
    assert table.step("w", weights.view(), gradient) is True
    refused: list[tuple[Any, Any, type[Exception], str]] = [
        (weights.copy(), gradient, ValueError, "memory that was bound"),
        (weights[:1], gradient, ValueError, "shape"),
        (weights, gradient[:1], ValueError, "shape"),
        (weights, None, ValueError, "got None"),
        (weights, [1.0], TypeError, "gradient"),
        ([1.0], gradient, TypeError, "array"),
        (weights, weights, ValueError, "overlap|share"),
    ]
    before = weights.copy()
    for array, given, error, message in refused:
        assert table.step("w", array, given) is None
        with pytest.raises(error, match=message):
            bound.refuse_alone(0, array, given, groups, options)
    groups[0]["lr"] = -1.0
    table.prepare(groups, options)
    assert table.step("w", weights, gradient) is None
    with pytest.raises(ValueError, match="lr"):
        bound.refuse_alone(0, weights, gradient, groups, options)
    assert weights.tobytes() == before.tobytes()
    assert bound.step_count(0) == 1


def test_skipped_steps_and_what_cannot_be_stepped_alone() -> None:
    weights = np.zeros(2, np.float32)
    bound = _bound("Adam", [weights], on_nonfinite="skip")
    table = StepTable()
    bound.put_into(table, "w", 0)
    table.prepare(bound.param_groups, bound.step_options)
    assert table.step("w", weights, np.array([1, np.nan], np.float32)) is False
    assert bound.step_count(0) == 0
    with pytest.raises(ValueError, match="observe"):
        assert _bound("Adam", [weights], observe=1).step_options
    with pytest.raises(ValueError, match="all parameters at once"):
        assert _bound("Prodigy", [weights]).step_options
    bound.accumulate([np.ones(2, np.float32)])
    assert table.step("w", weights, np.ones(2, np.float32)) is None
    with pytest.raises(RuntimeError, match="accumulated"):
        bound.refuse_alone(0, weights, np.ones(2, np.float32), bound.param_groups, bound.step_options)


def test_wrong_arguments() -> None:
    table: Any = StepTable()
    with pytest.raises(TypeError, match="key, array and gradient"):
        table.step(1)
    with pytest.raises(TypeError):
        table.put("w", object(), 0)
    weights = np.zeros(2, np.float32)
    bound = _bound("Adam", [weights])
    bound.put_into(table, "w", 3)
    table.prepare(bound.param_groups, bound.step_options)
    with pytest.raises(IndexError, match="no such parameter"):
        table.step("w", weights, weights)
    with pytest.raises(TypeError):
        table.step([], weights, weights)
