"""Optimizers as gradient transformations: the trajectories of optax's, alone and inside of what optax wraps."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import optax.contrib
import pytest
from stepping import draw, on_device, wide

import adamas
import adamas.jax
from adamas.rules.optax_functions import FUNCTIONS

SHAPES = {"b": (5,), "w": (7, 5)}
STEPS = 200


def schedule(count: Any) -> Any:
    """A falling learning rate."""
    return 0.01 * 0.99**count


def matrices(params: Any) -> Any:
    """Decay no biases."""
    return jax.tree.map(lambda array: array.ndim > 1, params)


def peer(name: str) -> Any:
    """Return the function of optax."""
    return getattr(optax, name, None) or getattr(optax.contrib, name)


def trajectory(tx: Any, *, steps: int = STEPS, in_place: bool = False) -> Any:
    """Return parameters after so many steps."""
    params = on_device(draw(0, np.float64, SHAPES))
    state = tx.init(params)

    def step(params: Any, state: Any, grads: Any) -> Any:
        if in_place:
            return tx.apply(params, grads, state)
        updates, state = tx.update(grads, state, params)
        return optax.apply_updates(params, updates), state

    jitted = jax.jit(step)
    for i in range(steps):
        params, state = jitted(params, state, on_device(draw(i + 1, np.float64, SHAPES)))
    return params


def assert_agree(ours: Any, theirs: Any) -> None:
    """Compare parameters to 1e-12."""
    for name in SHAPES:
        np.testing.assert_allclose(np.asarray(ours[name]), np.asarray(theirs[name]), rtol=1e-12, atol=1e-13)


CASES: list[tuple[str, dict[str, Any]]] = [
    ("adabelief", {}),
    ("adabelief", {"b1": 0.8, "b2": 0.9, "eps": 1e-3, "eps_root": 1e-4}),
    ("adadelta", {"weight_decay": 0.1}),
    ("adadelta", {"rho": 0.5, "eps": 1e-3, "weight_decay": 0.1, "weight_decay_mask": matrices}),
    ("adam", {}),
    ("adam", {"b1": 0.8, "b2": 0.9, "eps": 1e-3}),
    ("adamax", {}),
    ("adamaxw", {"weight_decay": 0.1, "mask": matrices}),
    ("adamw", {}),
    ("adamw", {"weight_decay": 0.1, "mask": matrices}),
    ("adan", {"weight_decay": 0.1, "mask": matrices}),
    ("ademamix", {"weight_decay": 0.1, "mask": matrices}),
    ("lamb", {"weight_decay": 0.1, "mask": matrices}),
    ("lars", {"weight_decay": 0.1, "weight_decay_mask": matrices}),
    ("lars", {"momentum": 0.5, "nesterov": True, "trust_coefficient": 0.01, "eps": 1e-3}),
    ("lion", {}),
    ("lion", {"weight_decay": 0.1, "mask": matrices}),
    ("novograd", {"weight_decay": 0.1}),
    ("sgd", {}),
    ("sgd", {"momentum": 0.9}),
    ("sgd", {"momentum": 0.9, "nesterov": True}),
    ("yogi", {}),
]


def test_every_function_is_compared() -> None:
    assert {name for name, _ in CASES} == set(FUNCTIONS)


@pytest.mark.parametrize("rate", [0.01, schedule], ids=["constant", "schedule"])
@pytest.mark.parametrize("case", range(len(CASES)), ids=lambda case: f"{case}-{CASES[case][0]}")
def test_trajectories(case: int, rate: Any) -> None:
    name, options = CASES[case]
    with wide():
        ours = getattr(adamas.jax, name)(rate, **options)
        assert_agree(trajectory(ours), trajectory(peer(name)(rate, **options)))


@pytest.mark.parametrize("name", sorted({name for name, _ in CASES}))
def test_arguments_are_those_of_optax(name: str) -> None:
    theirs = inspect.signature(peer(name)).parameters
    ours = inspect.signature(getattr(adamas.jax, name)).parameters
    by_place = [each for each in ours if ours[each].kind is not inspect.Parameter.KEYWORD_ONLY]
    assert [*theirs][: len(by_place)] == by_place
    neutral = FUNCTIONS[name].neutral
    own = [*{"learning_rate": None, **FUNCTIONS[name].arguments}]
    assert sorted(own) == sorted(each for each in theirs if each not in neutral)
    for each in own:
        default = theirs[each].default
        assert ours[each].default == (
            {True: None, None: None}.get(default, default) if "mask" in each else default
        ) or (name == "adadelta" and each == "learning_rate")
    assert getattr(adamas.jax, name)(0.1, **{each: "float32" for each in neutral if each.endswith("_dtype")})
    for each, value in neutral.items():
        assert theirs[each].default == value


WRAPPED: dict[str, Callable[[Any, Any], Any]] = {
    "chain": lambda adamw, sgd: optax.chain(optax.clip_by_global_norm(0.5), adamw(0.01)),
    "inject_hyperparams": lambda adamw, sgd: optax.inject_hyperparams(adamw)(learning_rate=schedule, weight_decay=0.1),
    "multi_transform": lambda adamw, sgd: optax.multi_transform(
        {"x": adamw(0.01), "y": sgd(0.1)}, {"w": "x", "b": "y"}
    ),
    "masked": lambda adamw, sgd: optax.masked(adamw(0.01), {"w": True, "b": False}),
    "MultiSteps": lambda adamw, sgd: optax.MultiSteps(adamw(0.01), 3),
    "apply_if_finite": lambda adamw, sgd: optax.apply_if_finite(adamw(0.01), 2),
    "a label without parameters": lambda adamw, sgd: optax.multi_transform(
        {"x": adamw(0.01), "y": sgd(0.1, momentum=0.9)}, {"w": "x", "b": "x"}
    ),
    "flatten": lambda adamw, sgd: optax.flatten(adamw(0.01)),
}


@pytest.mark.parametrize("how", WRAPPED)
def test_wrapped(how: str) -> None:
    with wide():
        ours = WRAPPED[how](adamas.jax.adamw, adamas.jax.sgd)
        assert_agree(trajectory(ours, steps=30), trajectory(WRAPPED[how](optax.adamw, optax.sgd), steps=30))


def test_states_can_be_mapped() -> None:
    """Optax finds out which parts of a state belong to parameters: of ours none, since they are joined."""
    for tx in (adamas.jax.adamw(0.1), adamas.jax.novograd(0.1, average=adamas.EMA(0.9))):
        params = on_device(draw(0, np.float32, SHAPES))
        state = tx.init(params)
        mapped = optax.tree_map_params(tx, lambda leaf: leaf + 1, state)
        for one, other in zip(jax.tree.leaves(mapped), jax.tree.leaves(state), strict=True):
            assert np.array_equal(one, other, equal_nan=True)


def test_apply_is_the_step() -> None:
    with wide():
        tx, opt = adamas.jax.adamw(0.01, weight_decay=0.1), adamas.jax.AdamW(0.01, weight_decay=0.1)
        assert_agree(trajectory(tx, steps=10, in_place=True), trajectory(tx, steps=10))
        by_hand = adamas.jax.transformation(opt)
        assert_agree(trajectory(by_hand, steps=10, in_place=True), trajectory(tx, steps=10))


make: Any = adamas.jax.adamw


@pytest.mark.parametrize(
    ("call", "error", "match"),
    [
        (lambda: adamas.jax.adamw(0.1, eps_root=1e-3), ValueError, "eps_root: adamas has 0.0 alone, got 0.001"),
        (lambda: adamas.jax.adam(0.1, nesterov=True), ValueError, "nesterov: adamas has False alone, got True"),
        (lambda: make(0.1, betas=(0.9, 0.9)), TypeError, r"betas: no such .*did you mean 'b1'"),
        (lambda: make(0.1, mu_dtype="bfloat16"), ValueError, "mu_dtype: adamas has None alone, got 'bfloat16'"),
        (make, TypeError, "learning_rate"),
        (lambda: adamas.jax.adamw(-1.0), ValueError, "lr: expected a finite number >= 0"),
        (
            lambda: adamas.jax.sgd(0.1).update({"w": jnp.ones(2)}, adamas.jax.sgd(0.1).init({"w": jnp.ones(2)})),
            ValueError,
            "params: an optimizer of adamas needs the parameters",
        ),
    ],
)
def test_refusals(call: Any, error: type[Exception], match: str) -> None:
    with pytest.raises(error, match=match):
        call()
