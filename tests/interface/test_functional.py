"""Updates of one parameter whose states the caller keeps."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from bits import assert_same_bits, snapshot
from cases import CASES, Case

import adamas
from adamas import functional

ones = np.ones(4, np.float32)

FUNCTIONS = {"adam_": "Adam", "adamw_": "AdamW"}


@pytest.mark.parametrize("amsgrad", [False, True])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_equals_the_optimizer(name: str, dtype: Any, amsgrad: bool) -> None:
    rng = np.random.default_rng(0)
    a = rng.standard_normal((7, 11)).astype(dtype)
    b = a.copy()
    states = [np.zeros_like(a) for _ in range(3 if amsgrad else 2)]
    options = {"lr": 0.1, "betas": (0.8, 0.9), "eps": 1e-3, "weight_decay": 0.2, "maximize": True, "eps_hat": True}
    opt = getattr(adamas, FUNCTIONS[name])(b, amsgrad=amsgrad, **options)
    for step in range(1, 21):
        grad = rng.standard_normal(a.shape).astype(dtype)
        getattr(functional, name)(a, grad, *states, step=step, num_threads=2, **options)
        opt.step(grad)
    assert_same_bits(a, b, "param")


@pytest.mark.parametrize("case", CASES, ids=str)
def test_updates_equal_their_optimizers(case: Case) -> None:
    update: Any = getattr(functional, adamas.rules.SPECS[case.optimizer].function)
    rng = np.random.default_rng(0)
    a = rng.standard_normal((7, 11)).astype(np.float32)
    b = a.copy()
    opt = case.compiled(b)
    kept = {key: value for key, value in opt.state["0"].items() if key != "step"}
    states = [value.copy() for value in kept.values() if isinstance(value, np.ndarray)]
    scalars = {key: value for key, value in kept.items() if not isinstance(value, np.ndarray)} | opt.scalars
    options = {name: value for name, value in case.options.items() if name != "amsgrad"}  # the state says it
    for step in range(1, 8):
        grad = rng.standard_normal(a.shape).astype(np.float32)
        update(a, grad, *states, step=step, scalars=scalars or None, **options)
        opt.step(grad)
    assert_same_bits(a, b, "param")
    assert scalars == {key: {**opt.state["0"], **opt.scalars}[key] for key in scalars}


BAD_UPDATES: dict[str, tuple[str, dict[str, Any], type[Exception], str]] = {
    "hyperparameter": ("lion_", {"eps": 1e-8}, TypeError, "eps: no such argument; Lion has the arguments lr, betas, "),
    "value": ("lion_", {"betas": (0.9, 1.0)}, ValueError, "betas[1]: expected a number in [0, 1), got 1.0"),
    "states": ("adamax_", {}, TypeError, "states: expected exp_avg, exp_inf, got 1"),
    "no scalars": ("schedule_free_adamw_", {}, TypeError, "states: expected z, exp_avg_sq, got 1"),
    "callable": ("lion_", {"lr": lambda step: 0.1}, TypeError, "lr: expected a finite number >= 0, got <function"),
    "combination": ("sgd_", {"nesterov": True}, ValueError, "nesterov: needs a momentum above 0"),
    "scalars": ("lion_", {"scalars": {"mu": 1.0}}, ValueError, "scalars: expected none, got mu"),
    "half": (
        "lion_",
        {"param": np.ones(4, np.float16)},
        TypeError,
        "param: expected dtype float32 or float64, got",
    ),
}


@pytest.mark.parametrize("name", BAD_UPDATES)
def test_updates_refuse(name: str) -> None:
    function, changes, error, message = BAD_UPDATES[name]
    options = {"param": ones.copy(), "step": 1, **changes}
    param = options.pop("param")
    with pytest.raises(error) as caught:
        getattr(functional, function)(param, param.copy(), np.zeros_like(param), **options)
    assert message in str(caught.value)
    assert (param == 1).all()


def test_scalars_are_asked_for() -> None:
    state = [np.zeros(4, np.float32), np.zeros(4, np.float32)]
    with pytest.raises(TypeError, match="scalars: expected a dict of mu_product, to be moved on, got None"):
        functional.nadam_(ones.copy(), ones, *state, step=1)  # type: ignore[call-arg]
    for wrong, named in (({}, "none"), ({"mu": 1.0}, "mu")):
        with pytest.raises(ValueError, match=f"scalars: expected mu_product, got {named}"):
            functional.nadam_(ones.copy(), ones, *state, step=1, scalars=wrong)


BAD_ARGUMENTS: dict[str, tuple[dict[str, Any], type[Exception], str]] = {
    "param": ({"param": [1.0]}, TypeError, "param: expected a numpy.ndarray, got list"),
    "grad": ({"grad": None}, TypeError, "grad: expected a numpy.ndarray, got None"),
    "grad shape": ({"grad": np.ones(3, np.float32)}, ValueError, "grad: expected shape (4,), that of param, got (3,)"),
    "state dtype": ({"exp_avg": np.ones(4)}, TypeError, "exp_avg: expected dtype float32, that of param, got float64"),
    "state shape": (
        {"exp_avg_sq": np.ones(5, np.float32)},
        ValueError,
        "exp_avg_sq: expected shape (4,), that of param",
    ),
    "state None": ({"exp_avg": None}, TypeError, "exp_avg: expected a numpy.ndarray, got None"),
    "read-only state": (
        {"max_exp_avg_sq": np.broadcast_to(ones, (1, 4))[0]},
        ValueError,
        "max_exp_avg_sq: expected a writeable array",
    ),
    "step 0": ({"step": 0}, ValueError, "step: expected a whole number >= 1, got 0"),
    "step float": ({"step": 1.0}, TypeError, "step: expected a whole number >= 1, got 1.0"),
    "step huge": ({"step": 2**63}, ValueError, "step: expected a whole number >= 1"),
    "lr": ({"lr": -1}, ValueError, "lr: expected a finite number >= 0"),
    "betas": ({"betas": (0.9, 1.0)}, ValueError, "betas[1]: expected a number in [0, 1), got 1.0"),
    "threads": ({"num_threads": -1}, ValueError, "num_threads: expected None or a whole number from 1 to 1024, got -1"),
    "threads string": ({"num_threads": "1"}, TypeError, "num_threads: expected None or a whole number from 1 to 1024"),
    "lr callable": ({"lr": lambda step: 0.1}, TypeError, "lr: expected a finite number >= 0, got <function"),
}


@pytest.mark.parametrize("name", BAD_ARGUMENTS)
def test_refusals(name: str) -> None:
    changes, error, message = BAD_ARGUMENTS[name]
    arrays = {key: ones.copy() for key in ("param", "grad", "exp_avg", "exp_avg_sq")}
    before = snapshot(list(arrays.values()))
    with pytest.raises(error) as caught:
        functional.adam_(**{**arrays, "step": 1, **changes})
    assert message in str(caught.value)
    assert snapshot(list(arrays.values())) == before


@pytest.mark.parametrize(
    ("a", "b"), [("param", "grad"), ("param", "exp_avg"), ("grad", "exp_avg_sq"), ("exp_avg", "exp_avg_sq")]
)
def test_overlap(a: str, b: str) -> None:
    arrays = {key: ones.copy() for key in ("param", "grad", "exp_avg", "exp_avg_sq")}
    memory = np.ones(6, np.float32)
    arrays[a], arrays[b] = memory[:4], memory[2:]
    with pytest.raises(ValueError, match=f"{b} shares memory with {a}"):
        functional.adam_(**arrays, step=1)
    assert (memory == 1.0).all()
