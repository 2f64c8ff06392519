"""What Keras does around an update."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

import keras
import ml_dtypes
import numpy as np
import pytest
from small_keras import BACKEND, X, Y, compiled, tensor, to_numpy, train, variable, weights

import adamas.keras


def test_fit_evaluate_predict_with_callbacks() -> None:
    model = compiled(adamas.keras.AdamW(0.02), metrics=["accuracy"])
    stop = keras.callbacks.EarlyStopping(patience=3, restore_best_weights=True)
    plateau = keras.callbacks.ReduceLROnPlateau(patience=1, factor=0.5)
    history = model.fit(X, Y, epochs=12, validation_split=0.25, verbose=0, callbacks=[stop, plateau]).history
    assert history["loss"][-1] < 0.8 * history["loss"][0]
    assert model.evaluate(X, Y, verbose=0)[1] > 0.7
    assert model.predict(X, verbose=0).shape == (256, 1)


def test_exclusion_from_weight_decay() -> None:
    kernel, bias = variable(np.ones(3), name="kernel"), variable(np.ones(3), name="bias")
    optimizer = adamas.keras.AdamW(0.1, weight_decay=0.5)
    optimizer.exclude_from_weight_decay(var_names=["bias"])
    zeros = tensor(np.zeros(3))
    optimizer.apply([zeros, zeros], [bias, kernel])
    np.testing.assert_allclose(to_numpy(kernel), 0.95, rtol=1e-6)
    assert (to_numpy(bias) == 1.0).all()
    optimizer.exclude_from_weight_decay(var_list=[kernel])  # and later
    optimizer.apply([zeros, zeros], [bias, kernel])
    np.testing.assert_allclose(to_numpy(kernel), 0.95, rtol=1e-6)
    np.testing.assert_allclose(to_numpy(bias), 0.95, rtol=1e-6)


@pytest.mark.parametrize("name", ["Lamb", "ScheduleFreeAdamW"])
def test_exclusion_where_decay_comes_before(name: str) -> None:
    kernel, bias = variable(np.ones(3), name="kernel"), variable(np.ones(3), name="bias")
    optimizer = getattr(adamas.keras, name)(0.1, weight_decay=0.5)
    optimizer.exclude_from_weight_decay(var_names=["bias"])
    zeros = tensor(np.zeros(3))
    for _ in range(2):  # the first step of ScheduleFreeAdamW makes its variables z, which does not decay
        optimizer.apply([zeros, zeros], [bias, kernel])
    assert (to_numpy(kernel) < 1.0).all()
    assert (to_numpy(bias) == 1.0).all()


def test_variables_without_gradient_stay_and_steps_are_counted_for_all() -> None:
    a, b = variable(np.ones(3), name="a"), variable(np.ones(3), name="b")
    optimizer = adamas.keras.Adam(0.1)
    with pytest.warns(UserWarning, match="Gradients do not exist"):
        optimizer.apply([tensor(np.ones(3)), None], [a, b])
    assert (to_numpy(b) == 1.0).all()
    optimizer.apply([tensor(np.ones(3)), tensor(np.ones(3))], [a, b])
    # As in Keras, the second step of b too, though it is its first: m/(1 - b1^2), sqrt(v/(1 - b2^2)).
    expected = 1.0 - 0.1 * (0.1 / (1 - 0.9**2)) / np.sqrt(0.001 / (1 - 0.999**2))
    np.testing.assert_allclose(to_numpy(b), expected, rtol=1e-5)


if BACKEND != "jax":  # where Keras wants all variables that the optimizer was built with

    def test_freezing_a_layer_after_the_first_steps() -> None:
        ours, theirs = compiled(adamas.keras.AdamW(0.01)), compiled(keras.optimizers.AdamW(0.01))
        for model in (ours, theirs):
            train(model, 3)
            model.layers[0].trainable = False
            model.compile(model.optimizer, "binary_crossentropy")
        np.testing.assert_allclose(train(ours, 5), train(theirs, 5), atol=2e-6)


def test_mixed_precision_with_loss_scaling() -> None:
    keras.config.set_dtype_policy("mixed_float16")
    try:
        ours, theirs = compiled(adamas.keras.AdamW(0.01)), compiled(keras.optimizers.AdamW(0.01))
    finally:
        keras.config.set_dtype_policy("float32")
    assert isinstance(ours.optimizer, keras.optimizers.LossScaleOptimizer)
    np.testing.assert_allclose(train(ours, 20), train(theirs, 20), atol=2e-2)
    assert int(ours.optimizer.inner_optimizer.iterations) >= 10


def test_constraints_hold() -> None:
    dense = keras.layers.Dense(1, kernel_constraint=keras.constraints.NonNeg())
    model = keras.Sequential([keras.layers.Input((8,)), dense])
    model.compile(adamas.keras.AdamW(0.5), "mse")
    model.train_on_batch(X, Y)
    assert (weights(model)[0] >= 0.0).all()


def test_hyperparameters_may_change() -> None:
    param = variable(np.ones(3))
    optimizer = adamas.keras.AdamW(0.1, weight_decay=0.0)
    optimizer.apply([tensor(np.zeros(3))], [param])
    optimizer.weight_decay = 0.5
    optimizer.learning_rate = 0.2
    optimizer.apply([tensor(np.zeros(3))], [param])
    np.testing.assert_allclose(to_numpy(param), 0.9, rtol=1e-6)


def test_callable_learning_rate() -> None:
    rates: Any = iter([0.1, 0.3])
    param = variable(np.ones(3))
    optimizer = adamas.keras.SGD(lambda: next(rates))
    optimizer.apply([tensor(np.ones(3))], [param])
    optimizer.apply([tensor(np.ones(3))], [param])
    np.testing.assert_allclose(to_numpy(param), 0.6, rtol=1e-6)


def test_a_model_of_which_all_is_frozen() -> None:
    optimizer = adamas.keras.AdamW()
    optimizer.build([])
    assert optimizer.built
    assert len(optimizer.variables) == 2


def test_two_variables_of_one_name_and_one_gradient_for_both() -> None:
    params, grad = [variable(np.ones(3)), variable(np.ones(3))], tensor(np.ones(3))
    adamas.keras.SGD(0.25).apply([grad, grad], params)
    assert all((to_numpy(param) == 0.75).all() for param in params)


def test_subclass() -> None:
    class Mine(adamas.keras.AdamW):
        def __init__(self, learning_rate: float = 0.5, **more: Any) -> None:
            super().__init__(learning_rate, **more)

    made = Mine.from_config(Mine().get_config())
    assert float(made.learning_rate) == 0.5
    made.apply([tensor(np.ones(2))], [variable(np.ones(2))])


if BACKEND != "tensorflow":  # where Keras refuses it

    @pytest.mark.parametrize("name", ["AdamW", "SGD", "Nadam", "ScheduleFreeAdamW", "RMSprop", "Lamb"])
    def test_stateless_apply_is_apply(name: str) -> None:
        rng = np.random.default_rng(0)
        start = [rng.standard_normal((4, 3)), rng.standard_normal(3)]
        grads = [[tensor(rng.standard_normal(a.shape)) for a in start] for _ in range(3)]
        stateful = [variable(a, name=f"w{i}") for i, a in enumerate(start)]
        pure = [variable(a, name=f"w{i}") for i, a in enumerate(start)]
        first, second = (getattr(adamas.keras, name)(0.1, weight_decay=0.1) for _ in range(2))
        second.build(pure)
        values = [v.value for v in pure]
        kept = [v.value for v in second.variables]
        for grad in grads:
            first.apply(grad, stateful)
            values, kept = second.stateless_apply(kept, grad, values)
        for variable_, value, untouched, begun in zip(stateful, values, pure, start, strict=True):
            assert (to_numpy(variable_) == to_numpy(value)).all()
            assert (to_numpy(untouched) == begun.astype(np.float32)).all()


@pytest.mark.parametrize("make", [np.float32, np.float64, np.array, ml_dtypes.bfloat16, Fraction, Decimal, tensor])
def test_numbers_of_any_type(make: Any) -> None:
    names = ("learning_rate", "weight_decay", "beta_1", "beta_2", "epsilon")
    results = []
    for convert in (float, make):
        param = variable(np.ones(3))
        optimizer = adamas.keras.AdamW(**{name: convert(0.25) for name in names})
        optimizer.apply([tensor(np.array([1.0, -2.0, 0.5]))], [param])
        optimizer.beta_1 = convert(0.5)
        optimizer.apply([tensor(np.array([1.0, -2.0, 0.5]))], [param])
        assert all(type(value) is float for name, value in optimizer.get_config().items() if name in names[1:])
        results.append(to_numpy(param).tobytes())
    assert results[0] == results[1]


def test_one_is_a_learning_rate() -> None:
    assert float(to_numpy(adamas.keras.SGD(1).learning_rate)) == 1.0


def test_state_dtype_as_a_dtype() -> None:
    optimizer = adamas.keras.AdamW(state_dtype=np.int8)
    assert optimizer.get_config()["state_dtype"] == "int8"
    optimizer.build([variable(np.ones(3))])
    assert "uint8" in {state.dtype for state in optimizer.variables}  # codes
    assert adamas.keras.AdamW(state_dtype=ml_dtypes.bfloat16).state_dtype == "bfloat16"
