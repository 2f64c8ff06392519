"""Hyperparameters that change: schedules, attributes, and states that come and go with them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import thinc.optimizers
from small_thinc import IS_9, OF_THINC, OWN, arrays, make, number_of, same_bits, train
from thinc.api import registry

import adamas.thinc
from adamas.rules import SPECS


def _rates() -> Any:
    yield from (0.1, 0.01, 0.001, 0.02)


@pytest.mark.parametrize("name", OF_THINC)
@pytest.mark.parametrize("argument", ["learn_rate", "L2", "grad_clip", "beta1", "eps"])
def test_schedules_are_followed(name: str, argument: str) -> None:
    if name == "SGD" and argument in ("beta1", "eps"):
        return  # it has none
    ours, theirs = arrays(0), arrays(0)
    given = {"learn_rate": 0.01}
    optimizer = make(name, **{**given, argument: _rates()})
    reference = getattr(thinc.optimizers, name)(**{**given, argument: _rates()})
    train(optimizer, ours, 6)
    train(reference, theirs, 6)
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a, b, rtol=5e-5, atol=5e-5)
    assert number_of(optimizer, "learn_rate") == number_of(reference, "learn_rate")


@pytest.mark.parametrize("name", OWN)
def test_a_schedule_of_equal_numbers_changes_nothing(name: str) -> None:
    ours, theirs = arrays(0), arrays(0)
    train(make(name, learn_rate=[0.02] * 9), ours, 5)
    train(make(name, learn_rate=0.02), theirs, 5)
    assert same_bits(ours, theirs)


def test_a_schedule_from_a_config() -> None:
    config = {
        "@optimizers": "adamas.AdamW.v1",
        "learn_rate": {"@schedules": "warmup_linear.v1", "initial_rate": 0.1, "warmup_steps": 4, "total_steps": 20},
    }
    optimizer = registry.resolve({"optimizer": config})["optimizer"]
    assert type(optimizer) is adamas.thinc.AdamW
    weights = arrays(0)
    for step in range(1, 4):
        before = [each.copy() for each in weights]
        for i, each in enumerate(weights):
            optimizer((i, "W"), each, np.ones_like(each))
        rate = 0.1 * (step - 1) / 4
        moved = max(float(np.abs(a / (1 - rate * 0.01) - b).max()) for a, b in zip(weights, before, strict=True))
        assert moved == pytest.approx(rate, rel=1e-3, abs=1e-6)
        optimizer.step_schedules()


def test_an_attribute_that_is_set_counts_from_the_next_call() -> None:
    optimizer = make("SGD", learn_rate=1.0, grad_clip=0.0, use_averages=False)
    weights = np.zeros(2, np.float32)
    for _ in range(3):  # the third call goes the short way
        optimizer((0, "W"), weights, np.ones(2, np.float32))
    optimizer.learn_rate = (lambda step, key, last_score: 0.5) if IS_9 else 0.5
    optimizer((0, "W"), weights, np.ones(2, np.float32))
    np.testing.assert_array_equal(weights, [-3.5, -3.5])


def test_momentum_that_is_switched_on_later_has_its_state() -> None:
    optimizer, weights = make("SGD", grad_clip=0.0), arrays(0)
    train(optimizer, weights, 3)
    assert "momentum_buffer" not in optimizer.states[0, "W"]
    optimizer.momentum = 0.9
    train(optimizer, weights, 3)
    assert all(optimizer.states[i, "W"]["momentum_buffer"].any() for i in range(len(weights)))
    assert all(np.shares_memory(optimizer.averages[key], states["average"]) for key, states in optimizer.states.items())
    assert optimizer.nr_update[0, "W"] == 6


def test_averages_can_be_dropped() -> None:
    optimizer, weights = make("Adam"), arrays(0)
    train(optimizer, weights, 3)
    optimizer.averages = None
    train(optimizer, weights, 3, seed=2)
    other, others = make("Adam", use_averages=False), arrays(0)
    train(other, others, 3)
    train(other, others, 3, seed=2)
    assert same_bits(weights, others)
    assert "average" not in optimizer.states[0, "W"]
    assert np.shares_memory(optimizer.mom1[0, "W"], optimizer.states[0, "W"]["exp_avg"])


@pytest.mark.parametrize("name", OWN)
def test_frozen_arguments_cannot_be_set(name: str) -> None:
    optimizer = make(name)
    for argument in set(SPECS[name].frozen).intersection(optimizer.hyperparameters):
        value = getattr(optimizer, argument)
        other = not value if isinstance(value, bool) else 1
        with pytest.raises(AttributeError, match=rf"{argument}: is fixed at construction"):
            setattr(optimizer, argument, other)


if IS_9:

    def test_a_schedule_may_depend_on_the_tensor() -> None:
        from thinc.schedules import Schedule

        rates = Schedule("by_key", lambda schedule, step, *, key, **_: 0.5 if key[0] == 0 else 0.25)
        optimizer = make("SGD", learn_rate=rates, grad_clip=0.0)
        weights = [np.zeros(1, np.float32), np.zeros(1, np.float32)]
        for _ in range(3):
            for i, each in enumerate(weights):
                optimizer((i, "W"), each, np.ones(1, np.float32))
        assert [float(each[0]) for each in weights] == [-1.5, -0.75]

    def test_a_constant_that_is_changed_in_place() -> None:
        optimizer = make("SGD", learn_rate=1.0, grad_clip=0.0)
        weights = np.zeros(1, np.float32)
        optimizer((0, "W"), weights, np.ones(1, np.float32))
        optimizer.learn_rate.attrs["rate"] = 0.5
        optimizer((0, "W"), weights, np.ones(1, np.float32))
        assert float(weights[0]) == -1.5

else:

    def test_the_last_value_of_a_schedule_stays() -> None:
        optimizer = make("Adam", learn_rate=[0.5, 0.25])
        for expected in (0.5, 0.25, 0.25):
            assert optimizer.learn_rate == expected
            optimizer.step_schedules()
