"""Where weights and states lie: views that are made anew, arrays that are replaced, dicts that show states."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import numpy as np
import pytest
from small_thinc import arrays, make, same_bits, train


def test_views_made_anew_are_known_by_their_memory() -> None:
    ours, theirs = arrays(0), arrays(0)
    optimizer = make("Adam")

    class ViewsAnew(list[Any]):
        def __iter__(self) -> Any:
            return (each.view() for each in list.__iter__(self))

    train(optimizer, ViewsAnew(ours), 8)
    train(make("Adam"), theirs, 8)
    assert same_bits(ours, theirs)
    assert not any(entry.moves for entry in optimizer._steps.entries.values())


@pytest.mark.parametrize("name", ["Adam", "AdamW", "RAdam", "Lion", "Adafactor", "SGD"])
def test_a_replaced_array_keeps_its_states(name: str) -> None:
    ours, theirs = arrays(0), arrays(0)
    optimizer = make(name)
    for step in range(8):
        ours = [each.copy() for each in ours] if step % 2 else ours
        train(optimizer, ours, 1, seed=step)
    other = make(name)
    for step in range(8):
        train(other, theirs, 1, seed=step)
    assert same_bits(ours, theirs)
    keys = [(i, "W") for i in range(len(ours))]
    assert same_bits([optimizer.averages[key] for key in keys], [other.averages[key] for key in keys])
    assert dict(optimizer.nr_update) == dict(other.nr_update)


@pytest.mark.parametrize("late", [1, 3, 60])
def test_tensors_that_come_later_are_bound_too(late: int) -> None:
    ours = arrays(0, ((7,),) * (4 + late))
    apart = [each.copy() for each in ours]
    optimizer = make("Adam")
    train(optimizer, ours[:4], 3)
    train(optimizer, ours, 4)
    for i, each in enumerate(apart):
        other = make("Adam")
        if i < 4:
            for step in range(3):
                gradients = arrays(1000 + step, ((7,),) * 4, 0.3)
                other((0, "W"), each, gradients[i] * np.float32(1 + 3 * i))
        for step in range(4):
            gradients = arrays(1000 + step, ((7,),) * len(ours), 0.3)
            other((0, "W"), each, gradients[i] * np.float32(1 + 3 * i))
    assert same_bits(ours, apart)


def test_moments_and_averages_are_the_live_states() -> None:
    optimizer, weights = make("Adam"), arrays(0)
    train(optimizer, weights, 3)
    key = (2, "W")
    moment = optimizer.mom1[key]
    assert moment.shape == (2100,)
    assert optimizer.averages[key].shape == (70, 30)
    assert np.shares_memory(moment, optimizer.states[key]["exp_avg"])
    before = moment.copy()
    train(optimizer, weights, 1, seed=9)
    assert (moment != before).any()
    optimizer.mom1[key] = np.zeros(2100)
    assert not moment.any()
    other = {k: v.copy() for k, v in optimizer.averages.items()}
    optimizer.averages.update(other)
    with pytest.raises(ValueError, match="expected 2100 elements, got 3"):
        optimizer.mom1[key] = np.zeros(3)
    second = optimizer.mom2
    for change, arguments in (
        (second.pop, (key,)),
        (second.clear, ()),
        (second.popitem, ()),
        (second.__delitem__, (key,)),
    ):
        with pytest.raises(TypeError, match="adamas keeps these arrays"):
            change(*arguments)


def test_other_keys_of_the_dicts_are_the_users() -> None:
    optimizer, weights = make("Adam"), arrays(0)
    train(optimizer, weights, 2)
    other = np.ones(3)
    optimizer.mom1["other"] = other
    assert optimizer.mom1["other"] is other
    assert optimizer.mom1.setdefault("other", None) is other
    assert optimizer.mom1.pop("other") is other
    optimizer.nr_update["other"] += 2
    assert optimizer.nr_update["other"] == 2
    del optimizer.nr_update["other"]
    assert len(optimizer.nr_update) == len(weights)


@pytest.mark.parametrize(
    ("name", "moments"), [("Lion", (True, False)), ("SGD", (False, False)), ("Yogi", (True, True))]
)
def test_rules_show_the_moments_that_they_have(name: str, moments: tuple[bool, bool]) -> None:
    optimizer, weights = make(name), arrays(0)
    train(optimizer, weights, 2)
    assert (bool(optimizer.mom1), bool(optimizer.mom2)) == moments


def test_quantised_moments_are_no_numbers_to_show() -> None:
    optimizer, weights = make("Adam", state_dtype="int8"), arrays(0)
    train(optimizer, weights, 2)
    assert not optimizer.mom1
    assert optimizer.states[2, "W"]["exp_avg"].dtype == np.uint8
    assert optimizer.averages[2, "W"].dtype == np.float32


def test_the_number_of_updates_can_be_set() -> None:
    optimizer, weights = make("Adam", use_averages=False), np.zeros(1, np.float32)
    for _ in range(3):
        optimizer((0, "W"), weights, np.ones(1, np.float32))
    optimizer.nr_update[0, "W"] = 0
    optimizer.mom1[0, "W"] = optimizer.mom2[0, "W"] = np.zeros(1)
    weights[...] = 0
    optimizer((0, "W"), weights, np.ones(1, np.float32))
    assert float(weights[0]) == pytest.approx(-0.01, rel=1e-4)
    assert optimizer.nr_update[0, "W"] == 1


def test_strided_gradients() -> None:
    ours, theirs = arrays(0), arrays(0)
    optimizer, other = make("Adam"), make("Adam")
    for step in range(3):
        wide = arrays(step, ((4, 3),))[0]
        strided, plain = wide.T, np.ascontiguousarray(wide.T)
        optimizer((0, "W"), ours[0], strided)
        other((0, "W"), theirs[0], plain)
        assert not wide.any()
    assert same_bits(ours[:1], theirs[:1])


def test_an_optimizer_goes_away_with_its_last_reference() -> None:
    optimizer, weights = make("Adam"), arrays(0)
    train(optimizer, weights, 3)
    gone = weakref.ref(optimizer)
    del optimizer
    gc.collect()
    assert gone() is None
