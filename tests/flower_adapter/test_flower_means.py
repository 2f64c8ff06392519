"""The mean of replies: exact where it can be, close where it cannot, the same whatever the order and the threads."""

from __future__ import annotations

import itertools
import math
import tracemalloc
from typing import Any

import numpy as np
import pytest
from flower_rounds import Newer, arrays_of, make_model, record, replies, reply, run, same_bits, trained

import adamas
import adamas.flower
from adamas.flower import _mean, _threads


def sgd(model: dict[str, Any], **arguments: Any) -> Newer:
    """A strategy whose step is the mean itself, except for one rounding."""
    found: Newer = run("SGD", model, eta=1.0, **arguments)
    return found


@pytest.mark.parametrize("clients", [1, 2, 15, 16, 17, 33, 200])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_mean_is_close(dtype: Any, clients: int) -> None:
    rng = np.random.default_rng(clients)
    base = rng.standard_normal(300).astype(dtype)
    models = [{"w": (base + rng.standard_normal(300) / 10).astype(dtype)} for _ in range(clients)]
    examples = rng.integers(1, 1000, clients).tolist()
    found = sgd({"w": base}).round(1, models, examples)["w"]
    for i in range(300):
        differences = [float(each["w"][i]) - float(base[i]) for each in models]
        total = sum(examples)
        exact = float(base[i]) + math.fsum(n * d for n, d in zip(examples, differences, strict=True)) / total
        size = math.fsum(n * abs(d) for n, d in zip(examples, differences, strict=True)) / total
        wide = np.float64 if dtype == np.float64 else np.float32
        # Two roundings a reply, 15 sums in a group, and the last ones; and that of the parameter itself.
        bound = 20 * np.finfo(wide).eps * size + np.finfo(dtype).eps * abs(exact)
        assert abs(float(found[i]) - exact) <= bound


def test_order_of_replies_does_not_matter() -> None:
    model = make_model()
    sent = replies(trained(model, 5, 0), [10, 10, 20, 10, 20])
    found = []
    for order in itertools.islice(itertools.permutations(sent), 0, 120, 7):
        strategy = adamas.flower.FedAdam()
        strategy.current_arrays = model
        found.append(arrays_of(strategy.aggregate_train(1, list(order))[0]))
    assert all(same_bits(each, found[0]) for each in found)


def test_node_ids_do_not_matter() -> None:
    model = make_model()
    models = trained(model, 4, 0)
    found = []
    for nodes in ([1, 2, 3, 4], [9, 7, 5, 3]):
        strategy = adamas.flower.FedYogi()
        strategy.current_arrays = model
        sent = [reply(each, 5, node) for each, node in zip(models, nodes, strict=True)]
        found.append(arrays_of(strategy.aggregate_train(1, sent)[0]))
    assert same_bits(*found)


@pytest.mark.parametrize("clients", [3, 40])
def test_threads_do_not_matter(clients: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_mean, "CHUNK", 1000)
    monkeypatch.setattr(_threads, "_WORTH_A_THREAD", 100)
    model = {"a": np.random.default_rng(0).standard_normal(12_345).astype(np.float32), "b": np.ones((70, 30))}
    models = trained(model, clients, 1)
    found = [run("Adam", model, num_threads=count).round(1, models) for count in (1, 2, 3, 7)]
    assert all(same_bits(each, found[0]) for each in found)
    monkeypatch.setattr(_mean, "CHUNK", 64)
    assert same_bits(run("Adam", model, num_threads=2).round(1, models), found[0])


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_what_no_client_changed_stays(dtype: Any) -> None:
    """Delta is exactly zero, whatever the weights: a rule that takes its sign does not move it."""
    base = np.random.default_rng(0).standard_normal(1000).astype(dtype)
    models = [{"w": base} for _ in range(7)]
    found = run("Lion", {"w": base}, weight_decay=0.0, eta=0.5).round(1, models, [3, 7, 11, 13, 17, 19, 23])
    assert same_bits(found, {"w": base})


def test_arrays_in_columns_are_read() -> None:
    model = {"w": np.arange(12, dtype=np.float32).reshape(3, 4)}
    models = trained(model, 3, 0)
    in_columns = [{"w": np.asfortranarray(each["w"])} for each in models]
    assert not in_columns[0]["w"].flags.c_contiguous
    assert same_bits(run("Adam", model).round(1, in_columns), run("Adam", model).round(1, models))
    transposed = {"w": np.asfortranarray(model["w"])}
    found = run("Adam", transposed).round(1, models)
    assert same_bits(found, run("Adam", model).round(1, models))


@pytest.mark.parametrize("dtype", [np.int64, np.int32, np.int8, np.uint8, np.uint64, np.bool_])
def test_whole_numbers_are_averaged(dtype: Any) -> None:
    model = {"w": np.ones(2, np.float32), "n": np.array([0, 1, 1, 0], dtype)}
    sent = [[1, 1, 0, 0], [1, 1, 0, 1], [0, 1, 0, 1]]
    models = [{"w": model["w"], "n": np.array(values, dtype)} for values in sent]
    found = run("Adam", model).round(1, models, [1, 1, 1])["n"]
    assert found.dtype == dtype
    assert found.tolist() == np.array([1, 1, 0, 1], dtype).tolist()


@pytest.mark.parametrize("start", [0, 2**53 + 1, 2**62, -(2**62)])
def test_large_counts_are_averaged_exactly(start: int) -> None:
    model = {"w": np.ones(2, np.float32), "n": np.array(start)}
    models = [{"w": model["w"], "n": np.array(start + step)} for step in (10, 20, 30)]
    assert run("Adam", model).round(1, models, [1, 1, 1])["n"] == start + 20


@pytest.mark.parametrize("names", [("bn.running_mean", "bn.running_var"), ("bn/moving_mean", "bn/moving_variance")])
def test_statistics_are_averaged(names: tuple[str, str]) -> None:
    """A step would overshoot: a variance must stay between those of the clients."""
    rng = np.random.default_rng(0)
    model = {"w": np.ones(5, np.float32), names[0]: np.zeros(5, np.float32), names[1]: np.ones(5, np.float32)}
    side = run("Adam", model, eta=1.0)
    for number in range(1, 6):
        models = [
            {"w": rng.standard_normal(5).astype(np.float32), **{n: rng.random(5).astype(np.float32) for n in names}}
            for _ in range(3)
        ]
        found = side.round(number, models, [1, 2, 3])
        for name in names:
            mean = np.average([each[name].astype(np.float64) for each in models], axis=0, weights=[1, 2, 3])
            np.testing.assert_allclose(found[name], mean, rtol=1e-7)
            assert name not in side.strategy.state


def test_what_is_averaged_can_be_chosen() -> None:
    model = {"a.weight": np.ones(3, np.float32), "a.center": np.ones(3, np.float32), "b.running_var": np.ones(3)}
    side = run("Adam", model, averaged=["*.center"])
    side.round(1, trained(model, 2, 0))
    assert [*side.strategy.state] == ["a.weight", "b.running_var"]
    side = run("Adam", model, averaged=[])
    side.round(1, trained(model, 2, 0))
    assert [*side.strategy.state] == [*model]
    older = run("Adam", model, older=True, averaged=["1", "2"])
    older.round(1, trained(model, 2, 0))
    assert [*older.strategy.state] == ["0"]


@pytest.mark.parametrize("clients", [2, 30])
def test_memory_is_that_of_one_model(clients: int) -> None:
    """Beside what is kept between rounds, a round holds its result alone, whatever the number of clients."""
    model = {name: np.ones((500, 1000), np.float32) for name in "abcd"}
    size = sum(array.nbytes for array in model.values())
    sent = replies(trained(model, clients, 0))
    strategy = adamas.flower.FedAdam()
    tracemalloc.start()
    try:
        strategy.current_arrays = arrays_of(record(model))
        before = tracemalloc.get_traced_memory()[0]
        strategy.aggregate_train(1, sent)  # makes a place for the model, two states, and one mean
        kept = tracemalloc.get_traced_memory()[0] - before
        tracemalloc.reset_peak()
        begin = tracemalloc.get_traced_memory()[0]
        result, _ = strategy.aggregate_train(2, sent)
        peak = tracemalloc.get_traced_memory()[1] - begin
    finally:
        tracemalloc.stop()
    assert kept <= 5.2 * size  # the model, m, v, the mean, and the result
    scratch = 8 * 8 * _mean.CHUNK
    assert peak <= size + scratch
    assert result is not None


def test_num_threads_is_the_librarys_limit() -> None:
    model = {"w": np.ones(10, np.float32)}
    limit = adamas.get_num_threads()
    try:
        adamas.set_num_threads(1)
        assert same_bits(run("Adam", model).round(1, [model]), run("Adam", model, num_threads=4).round(1, [model]))
    finally:
        adamas.set_num_threads(limit)
