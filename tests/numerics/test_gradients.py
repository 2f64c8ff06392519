"""Unscaling, norm, clipping and the check for infinities and NaN, before the update and in one call with it."""

from __future__ import annotations

import itertools
import math
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from bits import Array, assert_same_bits, snapshot
from refusing import MODULES, both, refuses_step

import adamas
from adamas import _core, reference

HALF = np.dtype(ml_dtypes.bfloat16)
#: Length and dtype of each parameter, and dtypes of its gradients.
TENSORS: list[tuple[int, Any, list[Any]]] = [
    (1, np.float32, [np.float32, np.float64]),
    (10_007, np.float32, [np.float32, np.float16, HALF, np.float64]),
    (0, np.float32, [np.float32]),
    (515, np.float64, [np.float64, np.float32, np.float16]),
    (1_000, HALF, [HALF, np.float32]),
    (64, np.float16, [np.float16, HALF]),
    (70_001, np.float32, [np.float32]),
]
OPTIONS: list[dict[str, Any]] = [
    {"grad_scale": 1024.0},
    {"grad_scale": 3.0, "max_norm": 0.5},
    {"max_norm": 1e6},
    {"on_nonfinite": "skip"},
    {"grad_scale": 1e-3, "max_norm": 7.0, "on_nonfinite": "raise"},
]


def model() -> list[Array]:
    rng = np.random.default_rng(1)
    return [rng.standard_normal(length).astype(dtype) for length, dtype, _ in TENSORS]


def gradients(step: int) -> list[Array | None]:
    rng = np.random.default_rng(step)
    made: list[Array | None] = []
    for length, _, dtypes in TENSORS:
        values = rng.standard_normal(length) * 10.0 ** rng.integers(-3, 2, length)
        made.append(None if (step + length) % 5 == 0 else values.astype(dtypes[step % len(dtypes)]))
    return made


def run(opt: Any, params: list[Array], options: dict[str, Any]) -> tuple[list[Array], list[Any]]:
    """Take some steps; return all arrays, and the reports."""
    reports = [opt.step(gradients(step), **options) for step in range(6)]
    states = [value for entry in opt.state.values() for value in entry.values() if isinstance(value, np.ndarray)]
    return [*params, *states], reports


@pytest.mark.parametrize("name", ["AdamW", "LAMB", "Lion", "SGD"])
@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_same_bits(name: str, options: dict[str, Any]) -> None:
    params = model()
    expected, reports = run(getattr(reference, name)(params, maximize=name == "AdamW"), params, options)
    _core.set_bytes_per_thread(1)
    for isa, threads in itertools.product(adamas.available_isas(), (1, 2, 7)):
        adamas.use_isa(isa)
        params = model()
        opt = getattr(adamas, name)(params, maximize=name == "AdamW", num_threads=threads)
        actual, ours = run(opt, params, options)
        assert ours == reports
        for a, b in zip(actual, expected, strict=True):
            assert_same_bits(a, b, f"{isa}, {threads} threads")


@both
def test_norm_and_coefficient(module: Any) -> None:
    params: list[Array] = [np.zeros(300), np.zeros((4, 5), np.float32)]
    rng = np.random.default_rng(0)
    grads: list[Array] = [rng.standard_normal(300), rng.standard_normal((4, 5)).astype(np.float32)]
    kept = snapshot(grads)
    for grad in grads:
        grad.setflags(write=False)
    opt = module.SGD(params, lr=1.0)
    report = opt.step(grads, grad_scale=4.0, max_norm=0.25)
    norm = math.sqrt(sum(float((g.astype(np.float64) ** 2).sum()) for g in grads)) / 4
    assert report.grad_norm == pytest.approx(norm, rel=1e-7)
    assert report.clip_coefficient == 0.25 / (report.grad_norm + 1e-6)
    assert report[:2] == (1, 2)
    assert report[4:] == (False, None, 0)
    np.testing.assert_allclose(params[0], -grads[0] / 4 * report.clip_coefficient, rtol=1e-14)
    assert snapshot(grads) == kept


@both
def test_nothing_asked_nothing_measured(module: Any) -> None:
    opt = module.Adam([np.zeros(3)])
    assert opt.step([np.full(3, np.nan)]) == (1, 1, None, None, False, None, 0)
    assert opt.step([np.ones(3)], grad_scale=2.0) == (2, 1, None, None, False, None, 0)


@both
def test_defaults_of_the_optimizer(module: Any) -> None:
    opt = module.SGD([np.zeros(4)], lr=1.0, max_norm=1.0, on_nonfinite="skip")
    grads = [np.full(4, 3.0)]
    assert opt.step(grads).grad_norm == 6.0
    assert opt.step(grads, max_norm=np.inf).clip_coefficient == 1.0
    assert opt.step([np.full(4, np.inf)]).skipped
    assert opt.step(grads, max_norm=np.float64(np.inf)).grad_norm == 6.0
    opt.step_defaults.max_norm = None
    assert opt.step(grads).clip_coefficient == 1.0
    opt.step_defaults.on_nonfinite = "propagate"
    assert opt.step(grads).grad_norm is None
    with pytest.raises(FloatingPointError):
        opt.step([np.full(4, np.inf)], on_nonfinite="raise")


#: Parameter, place in it, value, options: where something is not finite.
PLANTED: dict[str, tuple[int, int, float, dict[str, Any]]] = {
    "first": (1, 0, math.nan, {}),
    "last": (6, -1, math.inf, {}),
    "tail": (1, 10_005, -math.inf, {}),
    "only": (0, 0, math.nan, {}),
    "float64": (3, 514, math.inf, {}),
    "bfloat16": (4, 999, math.nan, {}),
    "float16": (5, 17, -math.inf, {}),
    "by scaling": (6, 35_000, 1e38, {"grad_scale": 1e-3}),
    "by scaling float64": (3, 100, 1e300, {"grad_scale": 1e-10}),
}


@both
@pytest.mark.parametrize("choice", ["skip", "raise"])
@pytest.mark.parametrize(("index", "place", "value", "options"), PLANTED.values(), ids=PLANTED)
def test_transaction(module: Any, choice: str, index: int, place: int, value: float, options: dict[str, Any]) -> None:
    params = model()
    opt = module.AdamW(params, lr=lambda step: 1e-3 * (step + 1), max_norm=1.0)
    grads = [np.full(p.shape, 0.5, p.dtype) for p in params]
    opt.step(grads)
    states = [v for entry in opt.state.values() for v in entry.values() if isinstance(v, np.ndarray)]
    before, counts = snapshot([*params, *states]), [entry["step"] for entry in opt.state.values()]
    grads[index][place] = value
    if index < 6:
        grads[6][-3] = math.nan  # a later one is not named
    if choice == "skip":
        report = opt.step(grads, on_nonfinite="skip", **options)
        assert report.skipped
        assert report[:2] == (1, 0)
        assert report.nonfinite == str(index)
        assert not math.isfinite(report.grad_norm)
    else:
        with pytest.raises(FloatingPointError, match=rf"^grads\[{index}\]: holds an infinity or NaN"):
            opt.step(grads, on_nonfinite="raise", **options)
    assert snapshot([*params, *states]) == before
    assert [entry["step"] for entry in opt.state.values()] == counts
    grads[index][place], grads[6][-3] = 0.5, 0.5
    assert opt.step(grads, on_nonfinite=choice).step == 2


@both
def test_propagate_names_it_too(module: Any) -> None:
    params: dict[str, Any] = {"a": np.ones(2), "b": {"c": np.ones(3)}}
    report = module.Adam(params).step({"a": np.ones(2), "b": {"c": np.array([1.0, np.nan, 1.0])}}, max_norm=1.0)
    assert report.nonfinite == "b.c"
    assert not report.skipped
    assert np.isnan(params["a"]).all(), "the coefficient is NaN, as in torch"


@both
def test_squares_that_overflow(module: Any) -> None:
    params: list[Array] = [np.zeros(2), np.zeros(3, np.float32)]
    report = module.SGD(params, lr=1.0).step(
        [np.array([3e200, 4e200]), np.ones(3, np.float32)], max_norm=5.0, on_nonfinite="skip"
    )
    assert not report.skipped
    assert report.grad_norm == pytest.approx(5e200, rel=1e-15)
    np.testing.assert_allclose(params[0], [-3.0, -4.0], rtol=1e-15)


def test_engines_agree_on_overflowing_squares() -> None:
    grads: list[Array] = [np.array([1e154, 2e160, -3e-300]), np.array([7e200]), np.full(5, 1e30, np.float32)]
    reports = [module.SGD([np.zeros_like(g) for g in grads]).step(grads, max_norm=1.0) for module in MODULES]
    assert reports[0] == reports[1]


REFUSED: dict[str, tuple[dict[str, Any], type[Exception], str]] = {
    "no scale": ({"grad_scale": 0.0}, ValueError, "grad_scale: expected a finite number > 0"),
    "negative scale": ({"grad_scale": -1.0}, ValueError, "grad_scale: expected a finite number > 0"),
    "tiny scale": ({"grad_scale": 5e-324}, ValueError, "grad_scale: expected a finite number > 0"),
    "scale as text": ({"grad_scale": "1"}, TypeError, "grad_scale: expected a finite number > 0"),
    "NaN": ({"grad_scale": math.nan}, ValueError, "grad_scale: expected a finite number > 0"),
    "norm of 0": ({"max_norm": 0.0}, ValueError, "max_norm: expected a number > 0 or None, got 0.0"),
    "norm as flag": ({"max_norm": True}, TypeError, "max_norm: expected a number > 0 or None, got True"),
    "scale of an array": ({"grad_scale": np.ones(2)}, TypeError, "grad_scale: expected a finite number > 0"),
    "scale as flag": ({"grad_scale": True}, TypeError, "grad_scale: expected a finite number > 0"),
    "choice": ({"on_nonfinite": "ignore"}, ValueError, "on_nonfinite: expected 'propagate', 'skip' or 'raise'"),
    "choice of a type": ({"on_nonfinite": [1]}, ValueError, "on_nonfinite: expected 'propagate', 'skip' or 'raise'"),
}


@both
@pytest.mark.parametrize(("options", "error", "message"), REFUSED.values(), ids=REFUSED)
def test_refusals(module: Any, options: dict[str, Any], error: type[Exception], message: str) -> None:
    from refusing import grads

    refuses_step(module, lambda opt, _: opt.step(grads(), **options), error, message)
    opt = module.AdamW([np.ones(3)])
    opt.step([np.ones(3)], grad_scale=1.0, max_norm=1.0)
    with pytest.raises(error):  # nor are they taken for those of the step before
        opt.step([np.ones(3)], **options)
    if "grad_scale" not in options:
        with pytest.raises(error, match=message):
            module.AdamW([np.ones(3)], **options)
