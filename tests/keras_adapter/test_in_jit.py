"""Compiled training steps on JAX: the core is called by XLA, on its own arrays, wherever that can be."""

from __future__ import annotations

from typing import Any

import jax
import keras
import numpy as np
import pytest
from small_keras import X, Y, compiled, network

import adamas.keras
from adamas.rules import SPECS
from adamas.rules.keras_classes import keras_name

#: What programs cannot do: see adamas.keras.
BY_CALLBACK: list[tuple[str, dict[str, Any]]] = [
    ("AdamW", {"observe": 1}),
]


def program_of(optimizer: Any) -> str:
    """Return what a step is compiled from."""
    model = network()
    optimizer.build(model.trainable_variables)
    variables = [variable.value for variable in optimizer.variables]
    params = [variable.value for variable in model.trainable_variables]
    return str(jax.make_jaxpr(optimizer.stateless_apply)(variables, params, params))


@pytest.mark.parametrize("rule", sorted(SPECS))
def test_no_callback(rule: str) -> None:
    program = program_of(getattr(adamas.keras, keras_name(SPECS[rule]))())
    assert "adamas_step" in program
    assert "pure_callback" not in program


@pytest.mark.parametrize(("name", "arguments"), [("SGD", {"momentum": 0.9}), ("Lamb", {"weight_decay": 0.1})], ids=str)
def test_no_callback_with_arguments(name: str, arguments: dict[str, Any]) -> None:
    program = program_of(getattr(adamas.keras, name)(**arguments))
    assert "adamas_step" in program
    assert "pure_callback" not in program


@pytest.mark.parametrize(("name", "arguments"), BY_CALLBACK, ids=str)
def test_callback(name: str, arguments: dict[str, Any]) -> None:
    program = program_of(getattr(adamas.keras, name)(**arguments))
    assert "adamas_step" not in program
    assert "pure_callback" in program


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("AdamW", {"weight_decay": 0.1, "state_dtype": "bfloat16"}),
        ("AdamW", {"weight_decay": 0.1, "state_dtype": "int8"}),
        ("AdamW", {"weight_decay": 0.1, "state_dtype": "int4"}),
        ("AdamW", {"weight_decay": 0.1, "decay": "corrected", "max_lr": 0.5}),
        ("SGD", {"momentum": 0.9}),
        ("SGD", {"momentum": 0.9, "nesterov": True, "weight_decay": 0.1}),
        ("SGD", {"momentum": 0.9, "weight_decay": 0.1, "decay": "corrected", "max_lr": 0.5}),
        ("SGD", {"momentum": 0.9, "weight_decay": 0.1, "decay": "independent", "max_lr": 0.5}),
        ("Lamb", {"weight_decay": 0.1}),
        ("Lamb", {"weight_decay": 0.1, "state_dtype": "int8"}),
        ("ScheduleFreeAdamW", {"weight_decay": 0.1}),
        ("ScheduleFreeAdamW", {"weight_decay": 0.1, "state_dtype": "bfloat16"}),
        ("ScheduleFreeAdamW", {"weight_decay": 0.1, "state_dtype": "int4"}),
    ],
    ids=str,
)
def test_same_bits_as_eager_steps(name: str, arguments: dict[str, Any]) -> None:
    """Eager steps are taken in NumPy; gradients are the same."""
    weights = []
    for is_compiled in (False, True):
        optimizer = getattr(adamas.keras, name)(0.01, **arguments)
        keras.utils.set_random_seed(3)
        variables = network().trainable_variables
        optimizer.build(variables)
        rng = np.random.default_rng(0)
        for _ in range(3):
            grads = [rng.standard_normal(variable.shape).astype(np.float32) for variable in variables]
            if is_compiled:
                values = [variable.value for variable in optimizer.variables]
                params = [variable.value for variable in variables]
                params, values = jax.jit(optimizer.stateless_apply)(values, grads, params)
                for variable, value in zip([*variables, *optimizer.variables], [*params, *values], strict=True):
                    variable.assign(value)
            else:
                optimizer.apply([keras.ops.convert_to_tensor(grad) for grad in grads], variables)
        kept = [*variables, *optimizer.variables]
        weights.append([np.asarray(variable.value).tobytes() for variable in kept if "iteration" not in variable.path])
    assert weights[0] == weights[1]


def test_one_program_for_all_steps() -> None:
    schedule = keras.optimizers.schedules.CosineDecay(0.01, 100)
    model = compiled(adamas.keras.AdamW(schedule))
    losses = model.fit(X, Y, epochs=8, verbose=0).history["loss"]
    assert losses[-1] < losses[0]


def test_a_negative_rate_is_refused_though_its_reciprocal_is_what_counts() -> None:
    optimizer: Any = adamas.keras.SGD(0.01, momentum=0.9)
    model = network()
    optimizer.build(model.trainable_variables)
    values = [variable.value for variable in optimizer.variables]
    params = [variable.value for variable in model.trainable_variables]
    values[1] = np.float32(-0.5)
    assert optimizer.variables[1].path.endswith("learning_rate")
    with pytest.raises(Exception, match="a hyperparameter is out of range"):
        jax.block_until_ready(jax.jit(optimizer.stateless_apply)(values, params, params))


def test_first_values_are_nobody_elses_memory() -> None:
    """JAX may take memory of NumPy's without copying it, and what it was then would change with the next step."""
    for size in (*range(64, 80), 1000, 1000, 1000):
        variable = keras.Variable(np.ones(size, np.float32))
        optimizer: Any = adamas.keras.Adam(0.1)
        optimizer.build([variable])
        before = [each.value for each in optimizer.variables]
        values = [np.array(value) for value in before]
        optimizer.apply([np.ones(size, np.float32)], [variable])
        for value, expected in zip(before, values, strict=True):
            np.testing.assert_array_equal(value, expected)
