"""Refusals: invalid input raises an error that names it, and nothing changes."""

from __future__ import annotations

import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from small_keras import tensor, to_numpy, values, variable

import adamas
import adamas.keras
from adamas._inputs import precision as _precision

NAN, INF = float("nan"), float("inf")


@pytest.mark.parametrize(
    ("name", "arguments", "error", "message"),
    [
        ("AdamW", {"beta_1": 1.0}, ValueError, r"beta_1: expected a number in \[0, 1\), got 1.0"),
        ("AdamW", {"beta_2": -0.1}, ValueError, "beta_2: "),
        ("AdamW", {"beta_1": "0.9"}, TypeError, "beta_1: "),
        ("AdamW", {"beta_1": NAN}, ValueError, "beta_1: "),
        ("AdamW", {"epsilon": -1e-7}, ValueError, "epsilon: expected a finite number >= 0"),
        ("AdamW", {"epsilon": None}, TypeError, "epsilon: "),
        ("AdamW", {"amsgrad": 1}, TypeError, "amsgrad: expected True or False"),
        ("AdamW", {"weight_decay": None}, ValueError, "weight_decay: "),
        ("AdamW", {"weight_decay": -1.0}, ValueError, "weight_decay: "),
        ("Adam", {"weight_decay": "a"}, TypeError, "weight_decay: "),
        ("AdamW", {"learning_rate": -1.0}, ValueError, "learning_rate: expected a finite number >= 0, got -1.0"),
        ("AdamW", {"learning_rate": NAN}, ValueError, "learning_rate: "),
        ("AdamW", {"learning_rate": INF}, ValueError, "learning_rate: "),
        ("AdamW", {"learning_rate": True}, ValueError, "learning_rate"),
        ("AdamW", {"learning_rate": np.ones(1)}, ValueError, "learning_rate"),
        ("AdamW", {"clipnorm": 1.0, "clipvalue": 1.0}, ValueError, "Only one of"),
        ("AdamW", {"gradient_accumulation_steps": 1}, ValueError, "gradient_accumulation_steps"),
        ("AdamW", {"state_dtype": "int2"}, ValueError, "state_dtype: "),
        ("AdamW", {"num_threads": 0}, ValueError, "num_threads: "),
        ("AdamW", {"lr": 0.1}, TypeError, "lr"),
        ("SGD", {"momentum": 1.5}, ValueError, "momentum: "),
        ("RMSprop", {"rho": 0.0}, ValueError, "rho: "),
        ("RMSprop", {"rho": 1.0}, ValueError, "rho: "),
        ("RMSprop", {"state_dtype": "int8"}, ValueError, "state_dtype: "),
        ("ScheduleFreeAdamW", {"beta_1": 0.0}, ValueError, "beta_1: "),
        ("ScheduleFreeAdamW", {"warmup_steps": 0.5}, ValueError, "warmup_steps: "),
        ("Adan", {"beta_3": 2.0}, ValueError, "beta_3: "),
        ("Adan", {"epsilon_root": -1.0}, ValueError, "epsilon_root: "),
        ("Yogi", {"initial_accumulator_value": -1.0}, ValueError, "initial_accumulator_value: "),
        ("AdEMAMix", {"alpha": INF}, ValueError, "alpha: "),
        ("ADOPT", {"clip": None}, TypeError, "clip: "),
    ],
)
def test_arguments(name: str, arguments: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        getattr(adamas.keras, name)(**arguments)


def test_variables() -> None:
    with pytest.raises(TypeError, match=r"variables\[0\]: expected a keras.Variable, got numpy.ndarray"):
        adamas.keras.AdamW().build([np.ones(3)])
    optimizer = adamas.keras.AdamW()
    with pytest.raises(TypeError, match="counts"):
        optimizer.build([keras.Variable(np.ones(3, np.int32), dtype="int32", trainable=False, name="counts")])
    assert not optimizer.built
    assert len(optimizer.variables) == 2
    optimizer.apply([tensor(np.ones(3))], [variable(np.ones(3))])
    with pytest.raises(ValueError, match="Unknown variable"):
        optimizer.apply([tensor(np.ones(3))], [variable(np.ones(3))])


@pytest.mark.parametrize(
    ("grad", "dtype", "error", "message"),
    [
        (np.ones(4), "float32", ValueError, r"the gradient of 'w': expected shape \(3,\), got \(4,\)"),
        (np.ones((3, 1)), "float32", ValueError, "the gradient of 'w': "),
        (np.ones(3), "int32", TypeError, "'w'.*: expected dtype"),
    ],
)
@pytest.mark.parametrize("name", ["AdamW", "Lamb"])
def test_gradients(name: str, grad: Any, dtype: str, error: type[Exception], message: str) -> None:
    param = variable(np.ones(3))
    optimizer = getattr(adamas.keras, name)(0.1, weight_decay=0.1)
    optimizer.apply([tensor(np.ones(3))], [param])
    before = [value.tobytes() for value in (to_numpy(param), *values(optimizer))]
    with pytest.raises(error, match=message):
        optimizer.apply([tensor(grad, dtype)], [param])
    assert [v.tobytes() for v in (to_numpy(param), *values(optimizer))] == before


@pytest.mark.parametrize("name", ["AdamW", "Lamb", "RMSprop"])
@pytest.mark.parametrize(
    ("attribute", "value", "message"),
    [
        ("learning_rate", -1.0, "learning_rate: "),
        ("learning_rate", NAN, "learning_rate: "),
        ("weight_decay", -1.0, "weight_decay: "),
        ("epsilon", -1.0, "eps"),
    ],
)
def test_hyperparameters_changed_for_the_worse(name: str, attribute: str, value: Any, message: str) -> None:
    param = variable(np.ones(3))
    optimizer = getattr(adamas.keras, name)(0.1, weight_decay=0.1)
    optimizer.apply([tensor(np.ones(3))], [param])
    setattr(optimizer, attribute, value)
    before = [value.tobytes() for value in (to_numpy(param), *values(optimizer))]
    with pytest.raises(ValueError, match=message):
        optimizer.apply([tensor(np.ones(3))], [param])
    assert [v.tobytes() for v in (to_numpy(param), *values(optimizer))] == before


def test_what_decides_the_states_is_fixed() -> None:
    param = variable(np.ones(3))
    optimizer = adamas.keras.SGD(0.1)
    optimizer.apply([tensor(np.ones(3))], [param])
    optimizer.momentum = 0.9
    with pytest.raises(ValueError, match="momentum"):
        optimizer.apply([tensor(np.ones(3))], [param])


def test_gradients_that_are_not_finite_propagate_as_in_keras() -> None:
    param = variable(np.ones(3))
    optimizer = adamas.keras.AdamW(0.1)
    optimizer.apply([tensor([1.0, NAN, INF])], [param])
    assert np.isnan(to_numpy(param)).tolist() == [False, True, True]


@pytest.mark.parametrize(
    ("module", "message"),
    [
        (
            "raise ModuleNotFoundError(name='keras')",
            "needs Keras 3; install it with: pip install 'adamas\\[keras\\]'",
        ),
        ("import openvino", "Keras is installed, but its backend, openvino, is not: install it, or choose one that is"),
        ("raise ImportError('broken')", "Keras is installed, but cannot be imported: broken"),
        ("__version__ = '2.15.0'", "needs Keras 3.* or newer, got 2.15.0"),
    ],
)
def test_import_without_keras(module: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "keras.py").write_text(module)
    program = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import adamas.keras"
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert result.returncode == 1
    import re

    assert re.search(f"ImportError: adamas.keras: {message}", result.stderr), result.stderr


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("lr", "lr: is not an attribute of the optimizer; write optimizer.learning_rate = ..."),
        ("eps", "eps: is not an attribute of the optimizer; write optimizer.epsilon = ..."),
        ("beta1", "beta1: is not an attribute of the optimizer; write optimizer.beta_1 = ..."),
        ("clip_norm", "clip_norm: is not an attribute of the optimizer; write optimizer.clipnorm = ..."),
        ("state_dtype", "state_dtype: is fixed at construction; make a new optimizer"),
        ("num_threads", "num_threads: is fixed at construction; make a new optimizer"),
    ],
)
def test_attributes_that_nobody_reads(name: str, message: str) -> None:
    optimizer = adamas.keras.AdamW()
    with pytest.raises(AttributeError) as caught:
        setattr(optimizer, name, 0.5)
    assert str(caught.value) == message
    optimizer.beta_1, optimizer.epsilon, optimizer.clipnorm, optimizer.learning_rate = 0.5, 0.25, 1.0, 0.125
    optimizer.my_own = 1
    assert optimizer.get_config()["beta_1"] == 0.5


@pytest.mark.parametrize(
    ("name", "likely"), [("lr", "learning_rate"), ("beta1", "beta_1"), ("eps", "epsilon"), ("fused", None)]
)
def test_arguments_that_there_are_not(name: str, likely: str | None) -> None:
    with pytest.raises(TypeError) as caught:
        adamas.keras.AdamW(**{name: 1})
    hint = f" (did you mean {likely!r}?)" if likely else ""
    assert str(caught.value).startswith(
        f"{name}: no such hyperparameter or option{hint}; AdamW has the hyperparameters learning_rate, weight_decay, "
        "beta_1, beta_2, epsilon, amsgrad, clipnorm, "
    )
    assert str(caught.value).endswith(", and the options state_dtype, num_threads, observe")


def test_variables_that_lose_updates() -> None:
    _precision._told.clear()
    optimizer = adamas.keras.AdamW()
    with pytest.warns(adamas.PrecisionWarning, match="parameters are bfloat16.* set the dtype policy 'mixed_bfloat16'"):
        optimizer.build([variable(np.ones(3), "bfloat16")])
    with warnings.catch_warnings():
        warnings.simplefilter("error", adamas.PrecisionWarning)
        adamas.keras.AdamW().build([variable(np.ones(3), "bfloat16")])  # once in a process
        _precision._told.clear()
        adamas.keras.AdamW().build([variable(np.ones(3), "float32")])
        keras.utils.set_random_seed(3)
        mixed = keras.Sequential([keras.layers.Input((3,)), keras.layers.Dense(2, dtype="mixed_bfloat16")])
        adamas.keras.AdamW().build(mixed.trainable_variables)
