"""A round is one step of the rule along delta: the bits of `adamas`, and the numbers of Flower and of the paper."""

from __future__ import annotations

import inspect
import math
from collections.abc import Mapping, Sequence
from typing import Any

import flwr.server.strategy
import flwr.serverapp.strategy
import numpy as np
import pytest
from flower_rounds import CASES, Model, Newer, Older, make_model, mode_of, parameters, run, same_bits, trained

import adamas
from adamas.rules import SPECS
from adamas.rules.flower_classes import flower_arguments

ROUNDS = 4
EXAMPLES = [16, 16, 32, 64]  # powers of two, so that weights and their sum are exact


def delta_of(model: Mapping[str, Any], models: Sequence[Mapping[str, Any]]) -> Model:
    """Return the mean of differences, in the order and dtype that the adapter documents."""
    deltas = {}
    for name, x in model.items():
        dtype = np.float64 if x.dtype == np.float64 else np.float32
        total = np.zeros(x.shape, dtype)
        pairs = [(count, each[name]) for count, each in zip(EXAMPLES, models, strict=True)]
        for i, (count, y) in enumerate(pairs):
            difference = np.subtract(y, x, dtype=dtype) * dtype(count / 64)
            total = difference if i == 0 else total + difference
        deltas[name] = np.asarray(total * dtype(0.5))
    return deltas


def in_order(models: list[Model]) -> list[Model]:
    """Return models of clients with the same weight in the order in which replies of these weights are taken."""
    first, second, *others = models
    key = [[np.asarray(array).tobytes()[-64:] for array in model.values()] for model in (first, second)]
    return models if key[0] < key[1] else [second, first, *others]


def plain_groups(name: str, mode: str | None, number: int, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the hyperparameters of adamas, as a user would write them, for a round in a mode."""
    own = {hyper: value for hyper, value in values.items() if hyper in SPECS[name].by_name}
    if "eta" in values:
        own["lr"] = values["eta"]
    betas = [values[word] for word in ("beta_1", "beta_2", "beta_3") if word in values]
    if betas:
        own["betas"] = tuple(betas)
    if "tau" in values:
        own["eps"] = values["tau"]
    if mode is not None and "bias_correction" in SPECS[name].by_name:
        own |= {"bias_correction": mode != "paper", "eps_hat": mode == "flower"}
    if mode is not None and "initial_accumulator_value" in SPECS[name].by_name:
        own["initial_accumulator_value"] = 0.0
    return own


@pytest.mark.parametrize("older", [False, True], ids=["newer", "older"])
@pytest.mark.parametrize(("name", "mode"), CASES)
def test_same_bits_as_adamas(name: str, mode: str | None, older: bool) -> None:
    model = make_model()
    values = flower_arguments(SPECS[name], older=older)
    side = run(name, model, older=older, **mode_of(mode))
    ours = {key: x.copy().reshape(x.shape or (1,)) for key, x in model.items()}
    engine = getattr(adamas, name)
    opt = engine(ours, maximize=True, **plain_groups(name, mode, 1, values))
    yogi = mode in ("flower", "paper") and name == "Yogi"
    if mode == "paper":
        for entry in opt.state.values():
            for state in ("exp_avg_sq", "sum"):
                if state in entry:
                    entry[state][...] = values["tau"] ** 2
    for number in range(1, ROUNDS + 1):
        current = {key: x.reshape(model[key].shape) for key, x in ours.items()}
        models = in_order(trained(current, len(EXAMPLES), seed=number))
        deltas = delta_of(current, models)
        found = side.round(number, models, EXAMPLES)
        if (mode == "flower" and name in ("Adam", "AdamW")) or yogi:  # steps counted as they are for the correction
            state = opt.state_dict()
            count = number if not yogi else 2**61
            opt.load_state_dict(
                {
                    **state,
                    "step": count,
                    "state": {key: {**entry, "step": count} for key, entry in state["state"].items()},
                }
            )
        opt.step({key: delta.reshape(ours[key].shape) for key, delta in deltas.items()})
        assert same_bits(found, {key: x.reshape(model[key].shape) for key, x in ours.items()}), number
    states = {key: {k: v for k, v in entry.items() if isinstance(v, np.ndarray)} for key, entry in opt.state.items()}
    if not older:
        for key, entry in side.strategy.state.items():
            assert same_bits(entry, states[key])


def theirs(name: str, model: Model, *, older: bool, **arguments: Any) -> Newer | Older:
    if older:
        return Older(
            getattr(flwr.server.strategy, f"Fed{name}")(initial_parameters=parameters(model), **arguments), model
        )
    return Newer(getattr(flwr.serverapp.strategy, f"Fed{name}")(**arguments), model)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("older", [False, True], ids=["newer", "older"])
@pytest.mark.parametrize("arguments", [{}, {"eta": 0.03, "tau": 1e-2}, {"beta_1": 0.0, "beta_2": 0.5}], ids=str)
@pytest.mark.parametrize("name", ["Adam", "Yogi", "Adagrad"])
def test_same_numbers_as_flower(name: str, arguments: dict[str, float], older: bool, dtype: Any) -> None:
    if name == "Adagrad" and "beta_1" in arguments:
        arguments = {"eta": 1.0}
    if older and "tau" not in arguments:
        arguments = {**arguments, "tau": 1e-3}  # with the default, 1e-9, what is rounded in delta decides
    model = make_model(dtype)
    del model["scale"]  # with numbers, older versions of Flower fail
    ours, flower = run(name, model, older=older, **arguments), theirs(name, model, older=older, **arguments)
    current = model
    # Flower takes the mean first and then the difference, so its delta has errors of units in the model's last place.
    bound = 1e-4 if dtype == np.float32 else 1e-12
    for number in range(1, 9):
        models = trained(current, 5, seed=number)
        found, expected = ours.round(number, models), flower.round(number, models)
        for key in model:
            np.testing.assert_allclose(found[key], expected[key], rtol=bound, atol=bound / 10)
        current = found
        flower.go_on_from(found)  # or differences would grow: where v is small, a step is a hundred times delta


@pytest.mark.parametrize("name", ["Adam", "Yogi", "Adagrad"])
@pytest.mark.parametrize("older", [False, True], ids=["newer", "older"])
def test_defaults_are_flowers(name: str, older: bool) -> None:
    module = flwr.server.strategy if older else flwr.serverapp.strategy
    flower = inspect.signature(getattr(module, f"Fed{name}").__init__).parameters
    ours = inspect.signature(run(name, make_model(), older=older).strategy.__class__).parameters
    for key, parameter in flower.items():
        if key != "self":
            assert ours[key].default == parameter.default, key


def paper(name: str, x: Any, deltas: Sequence[Any], eta: float, beta_1: float, beta_2: float, tau: float) -> Any:
    """Algorithm 2 of arXiv:2003.00295, in float64; v starts at tau**2."""
    m, v = np.zeros_like(x), np.full_like(x, tau**2)
    for delta in deltas:
        m = beta_1 * m + (1 - beta_1) * delta
        square = delta**2
        v = {
            "Adagrad": v + square,
            "Adam": beta_2 * v + (1 - beta_2) * square,
            "Yogi": v - (1 - beta_2) * square * np.sign(v - square),
        }[name]
        x = x + eta * m / (np.sqrt(v) + tau)
    return x


@pytest.mark.parametrize("name", ["Adam", "Yogi", "Adagrad"])
def test_paper(name: str) -> None:
    x = np.array([0.3, -2.0, 1e-3])
    deltas = [np.array([0.1, -1e-4, 3.0]), np.array([-0.02, 0.5, 0.0]), np.array([0.0, 1e-3, -2.0])]
    betas: Any = {} if name == "Adagrad" else {"beta_1": 0.8, "beta_2": 0.95}
    side = run(name, {"w": x}, mode="paper", eta=0.07, tau=0.02, **betas)
    expected = x
    found = {"w": x}
    for number, delta in enumerate(deltas, 1):
        found = side.round(number, [{"w": found["w"] + delta}] * 2)
    expected = paper(name, x, deltas, 0.07, betas.get("beta_1", 0.0), betas.get("beta_2", 0.0), 0.02)
    np.testing.assert_allclose(found["w"], expected, rtol=1e-12)


def test_modes_of_adam_differ_by_their_correction() -> None:
    """One step from v = 0 has a size that tells the modes apart."""
    moved = {}
    for mode in ("flower", "adam"):
        side = run("Adam", {"w": np.zeros(1)}, mode=mode, eta=1.0, tau=0.0, beta_1=0.9, beta_2=0.99)
        moved[mode] = side.round(1, [{"w": np.ones(1)}] * 2)["w"][0]
    assert moved["adam"] == pytest.approx(1.0, rel=1e-12)
    one_too_high = math.sqrt(1 - 0.99**2) / (1 - 0.9**2) * 0.1 / math.sqrt(0.01)
    assert moved["flower"] == pytest.approx(one_too_high, rel=1e-12)


def test_value_of_flowers_own_test() -> None:
    """The figures of ``fedadagrad_test.py``."""
    side = run("Adagrad", {"0": np.full(4, 0.1, np.float32)}, older=True, eta=0.1, eta_l=0.316, tau=0.5)
    found = side.round(1, [{"0": np.full(4, value, np.float32)} for value in (0.2, 1.0)], [5, 5])
    assert (found["0"] == np.full(4, 0.15, np.float32)).all()


@pytest.mark.parametrize("mode", ["flower", "paper", "adam"])
def test_rate_and_decay_may_be_schedules(mode: str) -> None:
    model = make_model()
    decay: Any = {"eta": lambda step: 0.1 / (1 + step), "weight_decay": lambda step: 0.01 * step}
    scheduled, changed = run("AdamW", model, mode=mode, **decay), run("AdamW", model, mode=mode)
    current = model
    for number in range(1, 5):
        models = trained(current, 3, number)
        changed.strategy.eta, changed.strategy.weight_decay = 0.1 / number, 0.01 * (number - 1)
        current = scheduled.round(number, models)
        assert same_bits(current, changed.round(number, models))


def test_hyperparameters_are_read_at_each_round() -> None:
    model = make_model()
    side = run("Adam", model)
    side.round(1, trained(model, 3, 1))
    side.strategy.eta = 0.0
    before = side.model
    assert same_bits(side.round(2, trained(model, 3, 2)), before)
    side.strategy.eta = -1.0
    with pytest.raises(ValueError, match=r"^eta: expected a finite number >= 0"):
        side.round(3, trained(model, 3, 3))


@pytest.mark.parametrize("state_dtype", ["bfloat16", "int8", "int4"])
def test_states_in_low_precision(state_dtype: str) -> None:
    model = {"w": np.random.default_rng(0).standard_normal((64, 32)).astype(np.float32)}
    low, full = run("Adam", model, state_dtype=state_dtype), run("Adam", model)
    for number in range(1, 4):
        models = trained(full.model, 3, number)
        np.testing.assert_allclose(low.round(number, models)["w"], full.round(number, models)["w"], atol=0.1)
        low.model = full.model
    assert low.strategy.state["w"]["exp_avg"].itemsize < 4


def test_arrays_without_elements_are_kept() -> None:
    model = {"w": np.ones(3, np.float32), "none": np.zeros((0, 4), np.float32)}
    found = run("Lion", model).round(1, [model, model])
    assert same_bits(found, model | {"w": found["w"]})
    assert found["none"].shape == (0, 4)
