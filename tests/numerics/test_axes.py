"""States by row and column of a matrix: shapes, bits, and trajectories against the formulas written out."""

from __future__ import annotations

import math
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from bits import Array
from cases import ROUNDED_STATES

import adamas
from adamas import _core, reference

#: Rows, columns, segments and tiles of one and of several, each with a rest; matrices of one row, one column, nothing.
SHAPES = [
    (1, 1),
    (1, 7),
    (7, 1),
    (3, 5),
    (16, 16),
    (33, 17),
    (5, 2048),
    (2, 2049),
    (300, 33),
    (700, 130),
    (3, 70001),
    (3, 3, 4),
    (2, 1, 5, 7),
    (4, 150, 9),
    (0, 3),
    (2, 0, 3),
    (5,),
    (2500,),
    (0,),
]


def _pair(shapes: list[tuple[int, ...]], dtype: Any, name: str, **options: Any) -> list[tuple[Any, list[Array]]]:
    rng = np.random.default_rng(3)
    params = [rng.standard_normal(shape).astype(dtype) for shape in shapes]
    made = []
    for module in (adamas, reference):
        own = [param.copy() for param in params]
        made.append((getattr(module, name)(own, **options), own))
    return made


def _assert_alike(sides: list[tuple[Any, list[Array]]]) -> None:
    (ours, params), (theirs, expected) = sides
    for param, other in zip(params, expected, strict=True):
        assert param.tobytes() == other.tobytes()
    for name in ours.state:
        for key, value in ours.state[name].items():
            assert np.asarray(value).shape == np.asarray(theirs.state[name][key]).shape, (name, key)
            assert np.asarray(value).tobytes() == np.asarray(theirs.state[name][key]).tobytes(), (name, key)


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("isa", adamas.available_isas())
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("Adafactor", {"weight_decay": 0.1}),
        ("Adafactor", {"beta1": 0.9, "eps": (1e-30, 1e-3), "eps_in_mean": True}),
        ("AdamMini", {"weight_decay": 0.1}),
        ("AdamMini", {"blocks": "tensor"}),
        ("AdamMini", {"blocks": "elements"}),
    ],
    ids=str,
)
def test_bits(name: str, options: dict[str, Any], dtype: str, isa: str, threads: int) -> None:
    """With gradients that also come scaled, clipped, accumulated and in another dtype."""
    sides = _pair(SHAPES, dtype, name, num_threads=threads, **options)
    adamas.use_isa(isa)
    _core.set_bytes_per_thread(1)
    for step in range(3):
        for opt, _ in sides:
            rng = np.random.default_rng(step)
            grads = [rng.standard_normal(shape).astype(dtype) for shape in SHAPES]
            more = [rng.standard_normal(shape).astype(np.float32) for shape in SHAPES]
            if step == 1:
                opt.accumulate(more)
                opt.step(grads, grad_scale=8.0, max_norm=1.0)
            elif step == 2:
                opt.step(more, max_value=0.5)
            else:
                opt.step(grads)
        _assert_alike(sides)


FORMATS: list[tuple[Any, dict[str, Any]]] = [
    (np.float32, {"average": adamas.EMA(decay=0.9)}),
    (np.float16, {"rounding": "kahan"}),
    (ml_dtypes.bfloat16, {"rounding": "stochastic", "seed": 5}),
    (ml_dtypes.bfloat16, {"master_weights": True}),
    (ml_dtypes.bfloat16, {"master_weights": "split24"}),
]


@pytest.mark.parametrize("state_dtype", ["float32", *ROUNDED_STATES])
@pytest.mark.parametrize(("dtype", "kept"), FORMATS, ids=str)
@pytest.mark.parametrize(("name", "options"), [("Adafactor", {"beta1": 0.9}), ("AdamMini", {"weight_decay": 0.1})])
def test_bits_in_other_formats(name: str, options: dict[str, Any], dtype: Any, kept: Any, state_dtype: str) -> None:
    shapes = [(3, 5), (33, 17), (1, 2100), (130, 40), (3, 2, 7), (200,)]
    sides = _pair(shapes, dtype, name, state_dtype=state_dtype, observe=1, **options, **kept)
    for step in range(3):
        rng = np.random.default_rng(step)
        grads = [rng.standard_normal(shape).astype(dtype) for shape in shapes]
        for opt, _ in sides:
            opt.step(grads)
        measured = [opt._engine.observed[1] for opt, _ in sides]
        assert measured[0].tobytes() == measured[1].tobytes()
    _assert_alike(sides)


def _rms(x: Array) -> float:
    return math.sqrt(float(np.mean(x * x)))


@pytest.mark.parametrize("shape", [(1, 6), (6, 1), (5, 7), (2, 3, 4)])
@pytest.mark.parametrize(
    "options", [{}, {"weight_decay": 0.1, "beta1": 0.5}, {"eps_in_mean": True, "eps": (0.1, 1e-3)}]
)
def test_adafactor_follows_the_paper(shape: tuple[int, ...], options: dict[str, Any]) -> None:
    rng = np.random.default_rng(0)
    given = rng.standard_normal(shape)
    opt, p = adamas.Adafactor([given], lr=0.1, **options), given.copy()
    group = opt.param_groups[0]
    e1 = 2.0**-52 if group["eps"][0] is None else group["eps"][0]
    r, c, m = 0.0, 0.0, np.zeros(shape)
    for t in range(1, 201):
        g = rng.standard_normal(shape)
        opt.step([g])
        rate = t**-0.8
        added, bound = (e1, 0.0) if group["eps_in_mean"] else (0.0, e1)
        r = (1 - rate) * r + rate * np.mean(g * g + added, axis=-1, keepdims=True)
        c = (1 - rate) * c + rate * np.mean(g * g + added, axis=-2, keepdims=True)
        v = r * c / np.maximum(np.mean(r, axis=-2, keepdims=True), bound)
        u = g / np.maximum(np.sqrt(v), bound)
        change = u * max(1e-3, _rms(p)) * min(0.1, t**-0.5) / max(1.0, _rms(u))
        m = group["beta1"] * m + (1 - group["beta1"]) * change
        p = p * (1 - 0.1 * group["weight_decay"]) - m
        np.testing.assert_allclose(given, p, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize(
    ("shape", "blocks", "count"), [((6, 4), "rows", 6), ((6, 4), "tensor", 1), ((6, 4), 3, 3), ((2, 3, 4), "rows", 2)]
)
def test_adam_mini_follows_the_paper(shape: tuple[int, ...], blocks: Any, count: int) -> None:
    rng = np.random.default_rng(0)
    given = rng.standard_normal(shape)
    opt, p = adamas.AdamMini([given], blocks=blocks, weight_decay=0.1), given.copy().reshape(count, -1)
    m, v = np.zeros_like(p), np.zeros((count, 1))
    for t in range(1, 201):
        g = rng.standard_normal(shape)
        opt.step([g])
        rows = g.reshape(count, -1)
        m = 0.9 * m + 0.1 * rows
        v = 0.999 * v + 0.001 * np.mean(rows * rows, axis=1, keepdims=True)
        p = p * (1 - 1e-4) - 1e-3 * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
        np.testing.assert_allclose(given.reshape(count, -1), p, rtol=1e-12, atol=1e-14)
    assert opt.state["0"]["exp_avg_sq"].shape == (count, 1)


def test_states_are_small() -> None:
    w = np.zeros((1024, 512), np.float32)
    opt = adamas.Adafactor([w])
    assert {name: opt.state["0"][name].shape for name in ("row_var", "col_var")} == {
        "row_var": (1024, 1),
        "col_var": (1, 512),
    }
    assert sum(opt.state["0"][name].nbytes for name in ("row_var", "col_var")) == 4 * (1024 + 512)


def test_blocks_must_divide() -> None:
    with pytest.raises(ValueError, match=r"params\['w'\]: its 10 elements do not divide into blocks=3 blocks"):
        adamas.AdamMini({"w": np.zeros((2, 5))}, blocks=3)
    wrong: list[tuple[Any, type[Exception]]] = [
        (0, ValueError),
        (2.5, TypeError),
        ("columns", TypeError),
        (True, TypeError),
    ]
    for blocks, error in wrong:
        with pytest.raises(error, match="blocks: expected 'rows', 'tensor', 'elements' or a whole number >= 1"):
            adamas.AdamMini([np.zeros((2, 5))], blocks=blocks)
    opt = adamas.AdamMini([{"params": [np.zeros((4, 6))], "blocks": 2}, {"params": [np.zeros((3, 5))]}])
    assert [opt.state[name]["exp_avg_sq"].shape for name in ("0", "1")] == [(2, 1), (3, 1)]
    opt.param_groups[1]["blocks"] = "tensor"
    with pytest.raises(ValueError, match=r"\['blocks'\]: cannot change after construction \(it is 'rows'\)"):
        opt.step([[np.zeros((4, 6))], [np.zeros((3, 5))]])


@pytest.mark.parametrize(
    ("key", "value", "error"),
    [
        ("eps", 1e-8, TypeError),
        ("eps", (None, None), TypeError),
        ("eps", (-1.0, 1e-3), ValueError),
        ("eps", (None, -1e-3), ValueError),
        ("eps", (1e-30, 1e-3, 1.0), TypeError),
        ("beta2_decay", 0.8, ValueError),
        ("d", 0.5, ValueError),
        ("d", math.nan, ValueError),
        ("beta1", 1.0, ValueError),
        ("relative_step", 1, TypeError),
    ],
)
def test_wrong_hyperparameters_of_adafactor(key: str, value: Any, error: type[Exception]) -> None:
    with pytest.raises(error, match=key):
        adamas.Adafactor([np.ones((2, 2))], **{key: value})
    w = np.ones((2, 2))
    opt = adamas.Adafactor([w])
    opt.param_groups[0][key] = value
    with pytest.raises(error, match=key):
        opt.step([np.ones((2, 2))])
    assert (w == 1).all()


def test_a_parameter_may_be_reshaped() -> None:
    """Its matrix is what it was at construction."""
    a, b = np.ones((3, 4)), np.ones((3, 4))
    one, other = adamas.Adafactor([a]), adamas.Adafactor([b])
    rng = np.random.default_rng(0)
    for _ in range(2):
        g = rng.standard_normal((3, 4))
        one.step([g])
        other.step([g.reshape(b.shape)])
        b.shape = (12,)
        assert a.tobytes() == b.tobytes()
