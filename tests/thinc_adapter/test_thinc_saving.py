"""States saved and loaded: in this process, in another one, by models whose nodes have other ids."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from small_thinc import IS_9, NAMES, arrays, make, number_of, same_bits, train
from thinc.api import Linear, Relu, chain


def _model(seed: int) -> Any:
    model = chain(Relu(16, 8), Relu(16, 16), Linear(4, 16))
    model.initialize()
    rng = np.random.default_rng(seed)
    for node in model.walk():
        for name in node.param_names:
            node.set_param(name, rng.standard_normal(node.get_param(name).shape).astype(np.float32))
    return model


def _fit(model: Any, optimizer: Any, first: int, last: int) -> None:
    for step in range(first, last):
        rng = np.random.default_rng(step)
        x, y = rng.standard_normal((32, 8)).astype(np.float32), rng.standard_normal((32, 4)).astype(np.float32)
        predicted, backprop = model.begin_update(x)
        backprop((predicted - y) / 32)
        model.finish_update(optimizer)
        optimizer.step_schedules()


def _weights(model: Any) -> list[Any]:
    return [node.get_param(name) for node in model.walk() for name in node.param_names]


@pytest.mark.parametrize("name", NAMES)
def test_a_training_goes_on_with_the_same_bits(name: str, tmp_path: Path) -> None:
    whole, optimizer = _model(0), make(name, learn_rate=[0.02, 0.01, 0.03, 0.02, 0.01, 0.04])
    _fit(whole, optimizer, 0, 6)

    first, optimizer = _model(0), make(name, learn_rate=[0.02, 0.01, 0.03, 0.02, 0.01, 0.04])
    _fit(first, optimizer, 0, 3)
    optimizer.to_disk(tmp_path / "optimizer")
    second = _model(1).from_bytes(first.to_bytes())  # whose nodes have other ids
    other = make(name, learn_rate=[0.02, 0.01, 0.03, 0.02, 0.01, 0.04]).from_disk(tmp_path / "optimizer")
    assert number_of(other, "learn_rate") == 0.02
    _fit(second, other, 3, 6)
    assert same_bits(_weights(whole), _weights(second))
    assert next(iter(other.averages.values())).any()
    assert sorted(other.nr_update.values()) == [6] * 6
    assert [path.name for path in tmp_path.iterdir()] == ["optimizer"]


@pytest.mark.parametrize("options", [{"state_dtype": "int8"}, {"state_dtype": "bfloat16"}, {"use_averages": False}])
def test_all_formats_of_states(options: dict[str, Any]) -> None:
    whole, optimizer = _model(0), make("AdamW", **options)
    _fit(whole, optimizer, 0, 4)
    first, optimizer = _model(0), make("AdamW", **options)
    _fit(first, optimizer, 0, 2)
    data, second = optimizer.to_bytes(), _model(1).from_bytes(first.to_bytes())
    _fit(second, make("AdamW", **options).from_bytes(data), 2, 4)
    assert same_bits(_weights(whole), _weights(second))


def test_tensors_are_found_by_their_weights_in_any_order() -> None:
    weights = arrays(0, ((5,),) * 4)
    optimizer = make("Adam")
    train(optimizer, weights, 3)
    saved, moments = optimizer.to_bytes(), [optimizer.mom1[i, "W"].copy() for i in range(4)]
    other = make("Adam", learn_rate=0.0, grad_clip=0.0).from_bytes(saved)
    for i in (2, 0, 3, 1):
        other((50 + i, "W"), weights[i], np.zeros(5, np.float32))
        np.testing.assert_array_equal(other.mom1[50 + i, "W"], np.float32(0.9) * moments[i])


def test_changed_weights_are_not_taken_for_others() -> None:
    weights = arrays(0)
    optimizer = make("Adam")
    train(optimizer, weights, 3)
    other, changed = make("Adam").from_bytes(optimizer.to_bytes()), [each + 1 for each in weights]
    before = [each.copy() for each in changed]
    with pytest.raises(ValueError, match="resume_by='order'"):
        train(other, changed, 1)
    assert same_bits(changed, before)
    again = make("Adam").from_bytes(optimizer.to_bytes(), by="order")
    train(again, changed, 1, first_node=20)
    assert [again.nr_update[20 + i, "W"] for i in range(4)] == [4] * 4


def test_another_order_is_refused() -> None:
    weights = arrays(0)
    optimizer = make("Adam")
    train(optimizer, weights, 3)
    other = make("Adam").from_bytes(optimizer.to_bytes(), by="order")
    with pytest.raises(ValueError, match=r"expected W of shape \(3, 4\) next"):
        train(other, weights[::-1], 1)


def test_tensors_that_were_not_saved_begin_anew() -> None:
    weights = arrays(0)
    optimizer = make("Adam")
    train(optimizer, weights[:2], 3)
    other = make("Adam").from_bytes(optimizer.to_bytes())
    train(other, weights, 1, seed=5)
    assert [other.nr_update[i, "W"] for i in range(4)] == [4, 4, 1, 1]


def test_loading_into_an_optimizer_in_use() -> None:
    weights, optimizer = arrays(0), make("Adam")
    train(optimizer, weights, 3)
    data, kept = optimizer.to_bytes(), [each.copy() for each in weights]
    train(optimizer, weights, 2, seed=7)
    ended = [each.copy() for each in weights]
    for each, old in zip(weights, kept, strict=True):
        each[...] = old
    optimizer.from_bytes(data)
    train(optimizer, weights, 2, seed=7)
    assert same_bits(weights, ended)


def test_what_is_loaded_and_not_met_yet_is_saved_again() -> None:
    weights, optimizer = arrays(0), make("Adam")
    train(optimizer, weights, 3)
    data = optimizer.to_bytes()
    assert make("Adam").from_bytes(data).to_bytes() == data


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda optimizer: pickle.loads(pickle.dumps(optimizer))])
@pytest.mark.parametrize("name", ["Adam", "RAdam", "Adafactor"])
def test_copies_and_pickles(duplicate: Any, name: str) -> None:
    weights, optimizer = arrays(0), make(name, L2=0.1, learn_rate=0.03)
    train(optimizer, weights, 3)
    other, others = duplicate(optimizer), [each.copy() for each in weights]
    assert number_of(other, "L2") == 0.1
    train(optimizer, weights, 3, seed=4)
    train(other, others, 3, seed=4)
    assert same_bits(weights, others)
    assert dict(other.nr_update) == dict(optimizer.nr_update)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda data: data[:-9] + bytes([data[-9] ^ 1]) + data[-8:], "data: "),
        (lambda data: data[: len(data) // 2], "data: expected what to_bytes"),
        (lambda data: b"", "data: expected what to_bytes"),
        (lambda data: b"\x81\xa1a\x01", "data: expected what to_bytes"),
    ],
)
def test_damaged_data(change: Any, message: str) -> None:
    optimizer = make("Adam")
    train(optimizer, arrays(0), 2)
    with pytest.raises(ValueError, match=message):
        make("Adam").from_bytes(change(optimizer.to_bytes()))


def test_states_of_another_optimizer() -> None:
    weights, optimizer = arrays(0), make("Adam")
    train(optimizer, weights, 2)
    data = optimizer.to_bytes()
    with pytest.raises(ValueError, match="expected the states of Lion, got those of Adam"):
        make("Lion").from_bytes(data)
    for other in (make("Adam", state_dtype="bfloat16"), make("Adam", use_averages=False), make("Adam", amsgrad=True)):
        other.from_bytes(data)
        with pytest.raises(ValueError, match="the optimizer has other arguments"):
            train(other, weights, 1)
        assert not other.nr_update
    with pytest.raises(ValueError, match="by: expected"):
        make("Adam").from_bytes(data, by="luck")


def test_a_failed_write_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import errno
    import os

    optimizer, path = make("Adam"), tmp_path / "optimizer"
    optimizer.to_disk(path)
    before = path.read_bytes()
    train(optimizer, arrays(0), 1)

    def fail(_: int) -> None:
        raise OSError(errno.ENOSPC, "the disk is full")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="full"):
        optimizer.to_disk(path)
    assert path.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == ["optimizer"]


def test_the_last_score_of_thinc_9_is_saved() -> None:
    optimizer = make("Adam")
    if not IS_9:
        assert not hasattr(optimizer, "last_score")
        return
    optimizer.step_schedules()
    optimizer.last_score = 0.5
    other = make("Adam").from_bytes(optimizer.to_bytes())
    assert (other.step, other.last_score) == (1, (1, 0.5))
