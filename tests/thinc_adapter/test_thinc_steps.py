"""Updates: the bits of adamas's own optimizers, and the results of thinc's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import thinc.optimizers
from small_thinc import NAMES, OF_THINC, OWN, SHAPES, arrays, make, number_of, same_bits, train

import adamas
import adamas.thinc
from adamas.thinc._bindings import WarmAverage

STEPS = 12


def _core(name: str, weights: list[Any], **settings: Any) -> list[Any]:
    """Make one optimizer of adamas for each tensor, which clips as thinc does."""
    average, clip = settings.pop("average", WarmAverage()), settings.pop("max_norm", 1.0)
    made = []
    for each in weights:
        optimizer = getattr(adamas, name)(each, average=average, max_norm=clip, zero_grads=True, **settings)
        optimizer.step_defaults.clip_eps = 0.0
        made.append(optimizer)
    return made


def _train_core(optimizers: list[Any], weights: list[Any], steps: int) -> None:
    for step in range(steps):
        for i, gradient in enumerate(arrays(1000 + step, [each.shape for each in weights], 0.3)):
            optimizers[i].step(gradient * np.float32(1 + 3 * i))


@pytest.mark.parametrize("name", OWN)
def test_own_rules_have_the_bits_of_adamas(name: str) -> None:
    ours, theirs = arrays(0), arrays(0)
    optimizer = make(name)
    train(optimizer, ours, STEPS)
    core = _core(name, theirs, lr=0.01)
    _train_core(core, theirs, STEPS)
    assert same_bits(ours, theirs)
    averages = [optimizer.averages[i, "W"] for i in range(len(ours))]
    assert same_bits(averages, [each.state["0"]["average"] for each in core])
    for i, each in enumerate(core):
        states = optimizer.states[i, "W"]
        assert set(states) == {key for key, value in each.state["0"].items() if isinstance(value, np.ndarray)}
        assert all(states[key].tobytes() == each.state["0"][key].tobytes() for key in states)


#: thinc's conventions in terms of adamas: learning rate, weight decay.
_SHRUNK = (0.01 * (1 - 0.01 * 0.5), 0.5 / (1 - 0.01 * 0.5))


@pytest.mark.parametrize(
    ("name", "arguments", "core", "settings"),
    [
        ("Adam", {}, "Adam", {"eps_hat": True}),
        ("Adam", {"grad_clip": 0.0}, "Adam", {"eps_hat": True, "max_norm": None}),
        (
            "Adam",
            {"L2": 0.5},
            "Adam",
            {"eps_hat": True, "decoupled_weight_decay": True, "lr": _SHRUNK[0], "weight_decay": _SHRUNK[1]},
        ),
        (
            "Adam",
            {"L2": 0.5, "L2_is_weight_decay": False, "grad_clip": 0.0},
            "Adam",
            {"eps_hat": True, "weight_decay": 0.5, "max_norm": None},
        ),
        ("Adam", {"state_dtype": "int8"}, "Adam", {"eps_hat": True, "state_dtype": "int8"}),
        ("Adam", {"amsgrad": True}, "Adam", {"eps_hat": True, "amsgrad": True}),
        ("SGD", {"momentum": 0.9}, "SGD", {"momentum": 0.9}),
    ],
)
def test_rules_of_thinc_have_the_bits_of_adamas(
    name: str, arguments: dict[str, Any], core: str, settings: dict[str, Any]
) -> None:
    ours, theirs = arrays(0), arrays(0)
    optimizer = make(name, **arguments)
    train(optimizer, ours, STEPS)
    optimizers = _core(core, theirs, **{"lr": 0.01, **settings})
    _train_core(optimizers, theirs, STEPS)
    assert same_bits(ours, theirs)
    assert same_bits(
        [optimizer.averages[i, "W"] for i in range(len(ours))], [each.state["0"]["average"] for each in optimizers]
    )


@pytest.mark.parametrize("name", OF_THINC)
@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"L2": 0.01},
        {"L2": 0.1, "L2_is_weight_decay": False},
        {"L2": 0.1, "L2_is_weight_decay": False, "grad_clip": 0.0},
        {"grad_clip": 0.0, "use_averages": False},
        {"grad_clip": 0.5, "learn_rate": 0.1},
    ],
)
def test_results_are_those_of_thinc(name: str, arguments: dict[str, Any]) -> None:
    ours, theirs = arrays(0), arrays(0)
    optimizer, reference = make(name, **arguments), getattr(thinc.optimizers, name)(**{"learn_rate": 0.01, **arguments})
    train(optimizer, ours, 30)
    train(reference, theirs, 30)
    # float32 alone: thinc rounds in other places. A mistake in the order of things shows from 1e-3 on.
    for i, (a, b) in enumerate(zip(ours, theirs, strict=True)):
        np.testing.assert_allclose(a, b, rtol=2e-5, atol=2e-5)
        if optimizer.averages is not None:
            np.testing.assert_allclose(optimizer.averages[i, "W"], reference.averages[i, "W"], rtol=2e-5, atol=2e-5)
        for moment in ("mom1", "mom2"):
            if (i, "W") in getattr(reference, moment):
                a_moment, b_moment = getattr(optimizer, moment)[i, "W"], getattr(reference, moment)[i, "W"]
                assert a_moment.shape == b_moment.shape
                assert a_moment.dtype == np.float32
                np.testing.assert_allclose(a_moment, b_moment, rtol=1e-4, atol=1e-6)
    assert dict(optimizer.nr_update) == dict(reference.nr_update)


def test_the_first_average_is_as_thinc_has_it() -> None:
    weights = np.ones(3, np.float32)
    optimizer = make("SGD", learn_rate=0.0)
    optimizer((0, "W"), weights, np.zeros(3, np.float32))
    np.testing.assert_array_equal(optimizer.averages[0, "W"], np.float32(1 - 2 / 11) * weights)


def test_L2_comes_before_clipping_and_decay_after_the_update() -> None:  # noqa: N802
    clipped = make("SGD", learn_rate=1.0, L2=1.0, L2_is_weight_decay=False)
    weights = np.array([3.0, 4.0], np.float32)
    clipped((0, "W"), weights, np.zeros(2, np.float32))
    np.testing.assert_allclose(weights, [3 - 0.6, 4 - 0.8], rtol=1e-6)
    decayed = make("SGD", learn_rate=0.1, L2=1.0, grad_clip=0.0)
    weights = np.array([1.0], np.float32)
    decayed((0, "W"), weights, np.array([5.0], np.float32))
    np.testing.assert_allclose(weights, [(1 - 0.5) * (1 - 0.1)], rtol=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_gradients_become_zero_and_the_same_arrays_come_back(name: str) -> None:
    optimizer, weights = make(name), arrays(0)
    for each in weights:
        before = each.copy()
        gradient = np.ones_like(each)
        optimizer((id(each), "W"), each, gradient.copy())  # in which some rules only begin
        returned = optimizer((id(each), "W"), each, gradient)
        assert returned[0] is each
        assert returned[1] is gradient
        assert not gradient.any()
        assert (each != before).any()


@pytest.mark.parametrize("name", ["Adam", "SGD"])  # thinc's RAdam scales its weight decay alone
def test_learning_rate_scale(name: str) -> None:
    ours, theirs = arrays(0), arrays(0)
    optimizer, reference = make(name, L2=0.1), getattr(thinc.optimizers, name)(0.01, L2=0.1)
    for step in range(6):
        for i, gradient in enumerate(arrays(step)):
            scale = 1.0 if step % 2 else 0.25
            optimizer((i, "W"), ours[i], gradient.copy(), lr_scale=scale)
            reference((i, "W"), theirs[i], gradient, lr_scale=scale)
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a, b, rtol=2e-5, atol=2e-5)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_float64_and_empty_arrays(dtype: Any) -> None:
    weights = np.ones((2, 3), dtype)
    optimizer = make("AdamW")
    optimizer((0, "W"), weights, np.ones_like(weights))
    assert optimizer.mom1[0, "W"].dtype == dtype
    empty = np.zeros((0, 4), dtype)
    assert optimizer((1, "W"), empty, empty)[0] is empty
    assert (1, "W") not in optimizer.nr_update


def test_threads_and_large_arrays_have_the_same_bits() -> None:
    shapes = (*SHAPES, (300, 301), (1 << 17,))
    results = []
    for threads in (1, 2):
        weights = arrays(3, shapes)
        train(make("Adam", num_threads=threads), weights, 5)
        results.append(weights)
    assert same_bits(*results)


@pytest.mark.parametrize("name", OF_THINC)
def test_defaults_are_those_of_thinc(name: str) -> None:
    ours = make(name)
    theirs = getattr(thinc.optimizers, name)(0.01)

    for attribute in ("learn_rate", "L2", "grad_clip", "L2_is_weight_decay"):
        assert number_of(ours, attribute) == number_of(theirs, attribute)
    if name != "SGD":
        for attribute in ("b1", "b2", "eps"):
            assert number_of(ours, attribute) == number_of(theirs, attribute)
    assert (ours.averages is None) == (theirs.averages is None)
