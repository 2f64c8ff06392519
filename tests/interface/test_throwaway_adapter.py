"""The adapter in docs/adapters.md: a dict of arrays, on the public seam alone, with the bits of adamas's optimizers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bits import assert_same_bits
from page_blocks import python_blocks

import adamas
from adamas.adapters import BoundOptimizer, describe
from adamas.rules import SPECS

PAGE = Path(__file__).parents[2] / "docs" / "adapters.md"
BLOCK = python_blocks(PAGE.read_text())[0]
NAMESPACE: dict[str, Any] = {}
exec(compile(BLOCK, str(PAGE), "exec"), NAMESPACE)
DictOptimizer: Any = NAMESPACE["DictOptimizer"]

SHAPES = {"hidden/w": (40, 7), "hidden/b": (7,), "out": (129,)}

Arrays = dict[str, Any]

every_class = pytest.mark.parametrize("name", adamas.optimizers.__all__)
every_option = pytest.mark.parametrize(
    "options",
    [{}, {"average": adamas.EMA(0.9)}, {"state_dtype": "int8"}, {"max_norm": 0.5, "clip_each": True}],
    ids=["plain", "average", "int8", "clip"],
)


def arrays(seed: int) -> Arrays:
    rng = np.random.default_rng(seed)
    return {name: rng.standard_normal(shape).astype(np.float32) for name, shape in SHAPES.items()}


def batches(count: int) -> Iterator[Arrays]:
    for seed in range(count):
        grads = arrays(100 + seed)
        if seed == 1:
            del grads["hidden/b"]
        yield grads


def assert_same(optimizer: Any, params: Arrays, plain: Any, expected: Arrays) -> None:
    """Compare parameters, states and numbers with those of an optimizer of adamas."""
    assert optimizer.bound.shared_scalars() == plain.scalars
    for name in SHAPES:
        assert_same_bits(params[name], expected[name], name)
    for index, (name, entry) in enumerate(plain.state.items()):
        numbers, states = optimizer.bound.numbers(index), optimizer.bound.states(index)
        assert optimizer.bound.names[index] == name
        assert {**numbers, **states}.keys() == entry.keys()
        assert numbers == {key: entry[key] for key in numbers}
        for key, array in states.items():
            assert_same_bits(array, entry[key], f"{name}: {key}")


def test_it_is_short() -> None:
    assert len([line for line in BLOCK.splitlines() if line.strip()]) <= 60


@every_option
@every_class
def test_it_trains_with_the_same_bits(name: str, options: dict[str, Any]) -> None:
    params, expected = arrays(0), arrays(0)
    optimizer = DictOptimizer(getattr(adamas, name), params, **options)
    plain = getattr(adamas, name)(expected, **options)
    for grads in batches(4):
        optimizer.hyperparameters["lr"] = plain.param_groups[0]["lr"] = 0.01 * (1 + len(grads))
        report = optimizer.step(grads, grad_scale=2.0)
        assert report == plain.step({key: grads.get(key) for key in SHAPES}, grad_scale=2.0)
    assert_same(optimizer, params, plain, expected)


@every_option
@every_class
def test_it_steps_one_parameter_at_a_time(name: str, options: dict[str, Any]) -> None:
    params, expected = arrays(0), arrays(0)
    optimizer = DictOptimizer(getattr(adamas, name), params, **options)
    plain = getattr(adamas, name)(expected, **options)
    if SPECS[name].shared_scalars:
        with pytest.raises(ValueError, match=f"step_scope: {name} needs sums over the gradients of all parameters"):
            optimizer.step_in_backward(arrays(100).get)
        return
    for seed in range(3):
        grads = arrays(100 + seed)
        report = optimizer.step_in_backward(grads.get)
        assert report.updated == len(SHAPES)
        plain.step(grads)
    assert_same(optimizer, params, plain, expected)


@every_option
@every_class
def test_it_goes_on_from_what_it_has_saved(name: str, options: dict[str, Any]) -> None:
    params, expected = arrays(0), arrays(0)
    plain = getattr(adamas, name)(expected, **options)
    optimizer = DictOptimizer(getattr(adamas, name), params, **options)
    for i, grads in enumerate(batches(4)):
        if i == 2:
            saved = optimizer.state_dict()
            optimizer.step(grads)  # of which nothing must be left
            params = {key: value.copy() for key, value in expected.items()}
            optimizer = DictOptimizer(getattr(adamas, name), params, **options)
            optimizer.load_state_dict(saved)
        optimizer.step(grads)
        plain.step({key: grads.get(key) for key in SHAPES})
    assert_same(optimizer, params, plain, expected)
    assert optimizer.bound.completed == 4


def test_rows_are_updated_alone() -> None:
    params, expected = arrays(0), arrays(0)
    optimizer = DictOptimizer(adamas.AdamW, params, sparse={"hidden/w": "exact"})
    plain = adamas.AdamW(expected, sparse={"hidden/w": "exact"})
    for first in range(3):
        rows = adamas.RowGrad(np.array([first, 9]), np.ones((2, 7), np.float32))
        optimizer.step({"hidden/w": rows})
        plain.step({"hidden/w": rows, "hidden/b": None, "out": None})
    optimizer.state_dict()  # catches up
    plain.state_dict()
    assert optimizer.bound.takes_rows(0)
    assert not optimizer.bound.takes_rows(1)
    assert_same(optimizer, params, plain, expected)


def test_copies_follow_or_lead() -> None:
    params = arrays(0)
    copies = {"out": np.zeros(SHAPES["out"], np.float16)}
    bound = BoundOptimizer(adamas.SGD, [{"params": params, "lr": 1.0}], copies=copies, copies_lead=True)
    assert_same_bits(copies["out"], params["out"].astype(np.float16), "copy")
    copies["out"][:] = 3.0
    bound.step([None, None, np.zeros(SHAPES["out"], np.float32)])
    assert (params["out"] == 3.0).all()


def test_states_that_start_at_the_parameter() -> None:
    params = {"w": np.ones(3, np.float32)}
    bound = BoundOptimizer(adamas.ScheduleFreeAdamW, [{"params": params}], start_states=False)
    params["w"] *= 2.0
    bound.start_states(0)
    assert (bound.states(0)["z"] == 2.0).all()
    for grad in (1.0, 2.0):
        bound.step([np.full(3, grad, np.float32)])
    y = params["w"].copy()
    bound.eval()
    assert (params["w"] != y).all()
    with pytest.raises(RuntimeError, match=r"call train\(\) before saving"):
        bound.refuse_while_averaged("saving")
    bound.train()
    assert_same_bits(params["w"], y, "y")


def test_averages_are_put_in_place() -> None:
    params = {"w": np.ones(3, np.float32)}
    bound = BoundOptimizer(adamas.SGD, [{"params": params, "lr": 1.0}], average=adamas.SWA())
    for _ in range(2):
        bound.step([np.ones(3, np.float32)])
    with bound.averaged():
        assert (params["w"] == -0.5).all()
    assert (params["w"] == -1.0).all()
    assert bound.average_counts == bound.average_count(0) == bound.numbers(0)["n_averaged"] == 2


def test_numbers_of_all_parameters_at_once() -> None:
    bound = BoundOptimizer(adamas.NAdam, [{"params": arrays(0)}])
    for grads in batches(2):
        bound.step([grads.get(name) for name in bound.names])
    counts, products = np.zeros(3), np.zeros(3)
    bound.show_step_counts(counts)
    bound.show_scalars(0, products)
    assert counts.tolist() == [bound.step_count(i) for i in range(3)] == [2, 1, 2]
    assert products.tolist() == [bound.scalars(i)["mu_product"] for i in range(3)]


def test_which_states_a_group_has() -> None:
    info = describe(adamas.SGD)
    plain, moving = {"momentum": 0.0, "nesterov": False}, {"momentum": 0.9, "nesterov": False}
    assert not info.formula(plain).states
    assert set(info.formula(moving).states) == set(info.later_states) == {"momentum_buffer"}
    assert info.state_key(plain) != info.state_key(moving)
    assert info.state_key(moving) == info.state_key({**moving, "momentum": 0.5})
    assert describe(adamas.AdamW).fixed == ("decoupled_weight_decay",)
    assert BoundOptimizer(adamas.LAMB, [{"params": arrays(0)}]).needs_sums


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: describe(dict), TypeError, "optimizer_class: expected an optimizer class of adamas"),
        (lambda: DictOptimizer(adamas.reference.Adam, arrays(0)), TypeError, "optimizer class of adamas"),
        (lambda: DictOptimizer(adamas.Adam, [np.ones(3)]), TypeError, r"groups\[0\]\['params'\]: expected a mapping"),
        (lambda: DictOptimizer(adamas.Adam, {"w": [np.ones(3), np.ones(3)]}), TypeError, "one array under each name"),
        (lambda: DictOptimizer(adamas.Adam, arrays(0), copies={"x": np.ones(3)}), ValueError, "no parameter 'x'"),
        (lambda: DictOptimizer(adamas.Adam, arrays(0), lr=-1.0), ValueError, "lr: expected a finite number >= 0"),
        (
            lambda: DictOptimizer(adamas.Adam, arrays(0)).bound.step([None]),
            ValueError,
            "expected 3 gradients, .* got 1",
        ),
    ],
)
def test_what_is_refused(make: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        make()


def test_hyperparameters_are_checked_in_the_words_of_adamas() -> None:
    info = describe(adamas.RMSprop)
    assert info.check_hyperparameter("alpha", np.float32(0.5), "rho") == 0.5
    with pytest.raises(ValueError, match=r"rho: expected a number in \[0, 1\), got 1.0"):
        info.check_hyperparameter("alpha", 1.0, "rho")
    with pytest.raises(ValueError, match="nesterov: needs a momentum above 0"):
        describe(adamas.SGD).check_combination({"nesterov": True, "momentum": 0.0, "dampening": 0.0})
    bound = BoundOptimizer(adamas.Adam, [{"params": arrays(0)}])
    bound.param_groups[0]["lr"] = "fast"
    with pytest.raises(TypeError, match=r"param_groups\[0\]\['lr'\]: expected a finite number"):
        bound.check_groups(0)
