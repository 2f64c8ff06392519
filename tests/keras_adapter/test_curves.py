"""The same curves as the optimizers of Keras, and the same bits as those of adamas."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
from cases import ROUNDED_STATES
from small_keras import BACKEND, compiled, largest_difference, tensor, to_numpy, train, values, variable, weights

import adamas
import adamas.keras

COSINE = keras.optimizers.schedules.CosineDecay(0.01, 40)

#: Arguments that each rule of Keras is compared with.
COMPARED: list[tuple[str, dict[str, Any]]] = [
    *((name, {}) for name in ("AdamW", "Adam", "Nadam", "Adamax", "Adagrad", "RMSprop", "Lion", "Lamb", "SGD")),
    *(
        (name, {"learning_rate": COSINE, "weight_decay": 0.1})
        for name in ("AdamW", "Adam", "Nadam", "Adamax", "Adagrad", "RMSprop", "Lion", "Lamb", "SGD")
    ),
    ("AdamW", {"learning_rate": 0.01, "beta_1": 0.8, "beta_2": 0.99, "epsilon": 1e-3, "amsgrad": True}),
    ("RMSprop", {"rho": 0.8, "epsilon": 1e-3, "centered": True}),
    ("RMSprop", {"momentum": 0.9, "epsilon": 1e-5}),
    ("SGD", {"momentum": 0.9, "learning_rate": COSINE, "weight_decay": 0.1}),
    ("SGD", {"momentum": 0.9, "nesterov": True, "learning_rate": COSINE}),
    ("SGD", {"nesterov": True}),
    ("Adadelta", {"learning_rate": 1.0}),
    ("Adadelta", {"learning_rate": COSINE, "rho": 0.8, "epsilon": 1e-3, "weight_decay": 0.1}),
    ("Adafactor", {"learning_rate": 0.02}),
    ("Adafactor", {"learning_rate": COSINE, "beta_2_decay": -0.5, "epsilon_2": 0.1, "weight_decay": 0.1}),
    ("Adafactor", {"learning_rate": 0.02, "epsilon_1": 1e-3, "clip_threshold": 1.5}),
    *((name, {"learning_rate": 0.01, "clipnorm": 0.05}) for name in ("AdamW", "SGD")),
    *((name, {"learning_rate": 0.01, "global_clipnorm": 0.05}) for name in ("AdamW", "SGD")),
    *((name, {"learning_rate": 0.01, "clipvalue": 0.01}) for name in ("AdamW", "SGD")),
    ("AdamW", {"use_ema": True, "ema_momentum": 0.9, "ema_overwrite_frequency": 7, "learning_rate": 0.01}),
    ("AdamW", {"gradient_accumulation_steps": 3, "learning_rate": 0.01}),
    ("AdamW", {"loss_scale_factor": 1024.0, "learning_rate": 0.01}),
]
# Elsewhere Keras's own goes wrong: under PyTorch it takes the new z for the old one, which it has overwritten, and
# under TensorFlow each compiled step begins by setting z to the variable.
if BACKEND == "jax":
    COMPARED += [("ScheduleFreeAdamW", {}), ("ScheduleFreeAdamW", {"weight_decay": 0.1, "warmup_steps": 9})]


@pytest.mark.parametrize(("name", "arguments"), COMPARED)
def test_same_curve_as_keras(name: str, arguments: dict[str, Any]) -> None:
    ours = compiled(getattr(adamas.keras, name)(**arguments))
    theirs = compiled(getattr(keras.optimizers, name)(**arguments))
    start = weights(ours)
    assert largest_difference(start, weights(theirs)) == 0.0
    our_losses, their_losses = train(ours, 50), train(theirs, 50)
    assert their_losses[0] == our_losses[0]
    assert largest_difference(start, weights(ours)) > 1e-3  # it has moved
    assert np.abs(our_losses - their_losses).max() < 5e-6
    assert largest_difference(weights(ours), weights(theirs)) < 2e-5


#: The optimizer of adamas with the hyperparameters that make it each of ours.
SAME_BITS: dict[str, tuple[Any, dict[str, Any]]] = {
    "Adam": (adamas.Adam, {"eps": 1e-7, "eps_hat": True}),
    "AdamW": (adamas.AdamW, {"eps": 1e-7, "eps_hat": True, "weight_decay": 0.004}),
    "Nadam": (adamas.NAdam, {"eps": 1e-7, "momentum_decay": 1.0}),
    "RAdam": (adamas.RAdam, {}),
    "Adamax": (adamas.Adamax, {"eps": 1e-7}),
    "AdaBelief": (adamas.AdaBelief, {}),
    "Yogi": (adamas.Yogi, {}),
    "Adagrad": (adamas.Adagrad, {"initial_accumulator_value": 0.1 + 1e-7, "eps": 0.0}),
    "Lion": (adamas.Lion, {"weight_decay": 0.0}),
    "Lamb": (adamas.LAMB, {"eps": 1e-7}),
    "Adan": (adamas.Adan, {}),
    "ADOPT": (adamas.ADOPT, {}),
    "AdEMAMix": (adamas.AdEMAMix, {}),
    "ScheduleFreeAdamW": (adamas.ScheduleFreeAdamW, {"weight_lr_power": 0.0}),
    "SGD": (adamas.SGD, {}),
    "ScheduleFreeSGD": (adamas.ScheduleFreeSGD, {}),
    "ScheduleFreeRAdam": (adamas.ScheduleFreeRAdam, {}),
    "Adadelta": (adamas.Adadelta, {"rho": 0.95, "eps": 1e-7}),
    "LaProp": (adamas.LaProp, {}),
    "AdamAtan2": (adamas.AdamAtan2, {}),
    "StableAdamW": (adamas.StableAdamW, {"weight_decay": 0.0}),
    "MARS": (adamas.MARS, {}),
    "LARS": (adamas.LARS, {}),
    "NovoGrad": (adamas.NovoGrad, {}),
    "Rprop": (adamas.Rprop, {}),
    "Prodigy": (adamas.Prodigy, {}),
    "Adafactor": (adamas.Adafactor, {"eps": (1e-30, 1e-3), "eps_in_mean": True}),
    "AdamMini": (adamas.AdamMini, {}),
}


def test_all_rules_are_here() -> None:
    ours = {name.lower() for name in adamas.keras.__all__}
    assert {name.lower() for name in adamas.optimizers.__all__} == ours - {"optimizer"}
    assert {*SAME_BITS, "RMSprop", "Optimizer"} == set(adamas.keras.__all__)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float16", *(["float64"] if BACKEND != "jax" else [])])
@pytest.mark.parametrize("name", SAME_BITS)
def test_same_bits_as_adamas(name: str, dtype: str) -> None:
    rng = np.random.default_rng(1)
    params = [variable(rng.standard_normal(shape), dtype, f"w{i}") for i, shape in enumerate([(33, 7), (5,), ()])]
    arrays = [np.array(to_numpy(param), ndmin=1) for param in params]
    optimizer = getattr(adamas.keras, name)(learning_rate=0.01)
    make, hyperparameters = SAME_BITS[name]
    engine = make(arrays, lr=float(np.float32(0.01)), **hyperparameters)
    for _ in range(4):
        grads = [rng.standard_normal(array.shape).astype(np.float32) for array in arrays]
        optimizer.apply([tensor(grad.reshape(p.shape)) for grad, p in zip(grads, params, strict=True)], params)
        engine.step(grads)
    assert int(optimizer.iterations) == 4
    exact = BACKEND != "jax" or not optimizer._model.numbers  # which are float32 there
    for param, array in zip(params, arrays, strict=True):
        value = to_numpy(param)
        assert value.dtype == array.dtype
        if exact:
            assert value.tobytes() == array.tobytes()
        else:
            found = value.astype(np.float64).reshape(array.shape)
            np.testing.assert_allclose(found, array.astype(np.float64), rtol=1e-6, atol=1e-6)


def test_prodigy_shares_its_numbers_and_decays_by_its_own_step() -> None:
    rng = np.random.default_rng(1)
    params = [variable(rng.standard_normal(shape), "float32", f"w{i}") for i, shape in enumerate([(33, 7), (5,)])]
    arrays = [to_numpy(param).reshape(-1) for param in params]
    optimizer = adamas.keras.Prodigy(weight_decay=0.1, d0=1e-2, d_coef=4.0)
    optimizer.exclude_from_weight_decay(var_names=["w1"])
    groups = [{"params": arrays[:1], "weight_decay": 0.1}, {"params": arrays[1:]}]
    engine = adamas.Prodigy(groups, d0=1e-2, d_coef=4.0)
    for _ in range(10):
        grads = [to_numpy(param).copy() - 1.0 for param in params]
        optimizer.apply([tensor(grad) for grad in grads], params)
        engine.step([{"params": [grad.reshape(-1)]} for grad in grads])
    assert engine.scalars["d"] > 2e-2
    shown = {variable.name: float(to_numpy(variable)) for variable in optimizer.variables if variable.shape == ()}
    rtol = 0.0 if BACKEND != "jax" else 1e-5  # numbers are float32 there
    for name, value in engine.scalars.items():
        np.testing.assert_allclose(shown[name], value, rtol=rtol)
    for param, array in zip(params, arrays, strict=True):
        np.testing.assert_allclose(to_numpy(param).reshape(-1), array, rtol=rtol, atol=rtol)


@pytest.mark.parametrize("state_dtype", ROUNDED_STATES)
def test_states_in_low_precision(state_dtype: Any) -> None:
    rng = np.random.default_rng(1)
    param = variable(rng.standard_normal((33, 7)))
    array = to_numpy(param).reshape(-1)
    optimizer = adamas.keras.AdamW(state_dtype=state_dtype)
    engine = adamas.AdamW([array], float(np.float32(0.001)), eps=1e-7, eps_hat=True, weight_decay=0.004,
                          state_dtype=state_dtype)  # fmt: skip
    for _ in range(4):
        grad = rng.standard_normal((33, 7)).astype(np.float32)
        optimizer.apply([tensor(grad)], [param])
        engine.step([grad.reshape(-1)])
    assert to_numpy(param).tobytes() == array.tobytes()
    kept = {name: array.tobytes() for name, array in engine.state["0"].items() if name != "step"}
    assert [value.tobytes() for value in values(optimizer)[2:]] == list(kept.values())


def test_rmsprop_has_epsilon_under_the_root() -> None:
    param, grad = variable(np.ones(3)), np.array([1e-5, 1.0, 0.0], np.float32)
    optimizer = adamas.keras.RMSprop(learning_rate=0.1)
    optimizer.apply([tensor(grad)], [param])
    expected = 1.0 - 0.1 * grad / np.sqrt(0.1 * grad**2 + 1e-7)
    np.testing.assert_allclose(to_numpy(param), expected, rtol=1e-6)


def test_learning_rate_of_zero_moves_nothing_but_the_momentum() -> None:
    param = variable(np.ones(3))
    optimizer = adamas.keras.SGD(learning_rate=0.0, momentum=0.5)
    optimizer.apply([tensor(np.ones(3))], [param])
    assert (to_numpy(param) == 1.0).all()
    optimizer.learning_rate = 1.0
    optimizer.apply([tensor(np.ones(3))], [param])
    optimizer.learning_rate = 0.0
    optimizer.apply([tensor(np.ones(3))], [param])
    assert (to_numpy(param) == 1.0 - 1.0 - 0.5).all()


def test_schedule_free_averages() -> None:
    rng = np.random.default_rng(2)
    param = variable(rng.standard_normal(5))
    array = to_numpy(param)
    optimizer = adamas.keras.ScheduleFreeAdamW()
    with pytest.raises(ValueError, match="averaged: nothing"), optimizer.averaged():
        pass
    engine = adamas.ScheduleFreeAdamW([array], lr=float(np.float32(0.0025)), weight_lr_power=0.0)
    for _ in range(3):
        grad = rng.standard_normal(5).astype(np.float32)
        optimizer.apply([tensor(grad)], [param])
        engine.step([grad])
    before = to_numpy(param)
    engine.eval()
    with optimizer.averaged():
        inside = to_numpy(param)
    np.testing.assert_allclose(inside, array, rtol=1e-6)
    assert (inside != before).any()
    assert (to_numpy(param) == before).all()


#: Options that Keras lacks, and hyperparameters of adamas that are the same.
OURS: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("AdamW", {"cautious": True}, {"cautious": True}),
    ("Lion", {"cautious": True, "weight_decay": 0.1}, {"cautious": True, "weight_decay": 0.1}),
    ("Adan", {"cautious": True}, {"cautious": True}),
    ("AdamW", {"decay": "corrected", "max_lr": 0.5}, {"decay": "corrected", "max_lr": 0.5}),
    ("AdamW", {"decay": "independent"}, {"decay": "independent"}),
    (
        "Adamax",
        {"decay": "corrected", "weight_decay": 0.2},
        {"decay": "corrected", "weight_decay": 0.2, "decoupled_weight_decay": True},
    ),
]


@pytest.mark.parametrize(("name", "arguments", "options"), OURS)
def test_options_that_keras_lacks(name: str, arguments: dict[str, Any], options: dict[str, Any]) -> None:
    rng = np.random.default_rng(1)
    start = rng.standard_normal((33, 7))
    param = variable(start)
    array = to_numpy(param).reshape(-1)
    optimizer = getattr(adamas.keras, name)(learning_rate=0.01, **arguments)
    optimizer = type(optimizer).from_config(optimizer.get_config())
    make, hyperparameters = SAME_BITS[name]
    engine = make([array], lr=float(np.float32(0.01)), **{**hyperparameters, **options})
    if options.get("max_lr") is None and "decay" in options:
        assert optimizer.max_lr == 0.01
        engine.param_groups[0]["max_lr"] = 0.01
    for rate in (0.01, 0.01, 0.005, 0.005):
        optimizer.learning_rate = rate
        engine.param_groups[0]["lr"] = float(np.float32(rate))
        grad = rng.standard_normal((33, 7)).astype(np.float32)
        optimizer.apply([tensor(grad)], [param])
        engine.step([grad.reshape(-1)])
    assert to_numpy(param).tobytes() == array.tobytes()


def test_decay_of_momentum() -> None:
    """Keras multiplies gradients by the learning rate, so the rule's is 1 there; the decay is as of the rate."""
    for decay, factor in (("scaled", 0.25), ("corrected", 0.125), ("independent", 0.5)):
        param = variable(np.ones(3))
        optimizer = adamas.keras.SGD(0.25, 0.5, weight_decay=0.5, decay=decay, max_lr=0.5)
        optimizer.apply([tensor(np.zeros(3))], [param])
        np.testing.assert_allclose(to_numpy(param), 1.0 - 0.5 * factor, rtol=1e-6)


def test_refusals_of_options_that_keras_lacks() -> None:
    schedule = keras.optimizers.schedules.CosineDecay(0.01, 40)
    with pytest.raises(ValueError, match=r"^max_lr: decay='corrected' needs the largest learning rate"):
        adamas.keras.AdamW(schedule, decay="corrected")
    with pytest.raises(ValueError, match=r"^decay: expected 'scaled', 'corrected' or 'independent', got 'AdamC'"):
        adamas.keras.AdamW(decay="AdamC")
    with pytest.raises(ValueError, match=r"^cautious: needs momentum"):
        adamas.keras.SGD(cautious=True)
    with pytest.raises(TypeError, match="cautious"):
        adamas.keras.Lamb(cautious=True)  # type: ignore[call-arg]
    assert adamas.keras.AdamW(schedule, decay="corrected", max_lr=0.01).max_lr == 0.01
