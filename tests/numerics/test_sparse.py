"""Gradients of single rows."""

from __future__ import annotations

import functools
import itertools
import math
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from bits import Array, assert_same_bits, snapshot
from refusing import both

import adamas
from adamas import RowGrad, _core, reference, schedules

HALF = np.dtype(ml_dtypes.bfloat16)
ROWS = 40


@functools.cache
def drawn(step: int, columns: int, dtype: Any, rows: int) -> tuple[Array, Array]:
    rng = np.random.default_rng(step)
    numbers = rng.integers(0, rows, rng.integers(0, 2 * rows)).astype([np.int64, np.int32][step % 2])
    return numbers, rng.standard_normal((len(numbers), columns)).astype(dtype)


def row_grad(step: int, columns: int, dtype: Any, rows: int = ROWS) -> RowGrad:
    """Some rows, several of them twice or more."""
    numbers, values = drawn(step, columns, dtype, rows)
    return RowGrad(numbers.copy(), values.copy())


CASES: dict[str, tuple[str, str, Any, dict[str, Any]]] = {
    "lazy Adam": ("lazy", "Adam", np.float32, {}),
    "lazy AdamW float64": ("lazy", "AdamW", np.float64, {"weight_decay": 0.1, "maximize": True}),
    "lazy AMSGrad": ("lazy", "Adam", np.float32, {"amsgrad": True, "weight_decay": 0.1}),
    "lazy Lion": ("lazy", "Lion", np.float32, {}),
    "lazy SGD": ("lazy", "SGD", np.float64, {"momentum": 0.9}),
    "exact Adam": ("exact", "Adam", np.float32, {}),
    "exact AdamW": ("exact", "AdamW", np.float32, {"weight_decay": 0.5, "lr": schedules.Cosine(0.1, 0.0, 60)}),
    "exact eps_hat": ("exact", "AdamW", np.float32, {"eps_hat": True, "eps": 1e-3, "betas": (0.5, 0.99)}),
    "exact, no correction": ("exact", "Adam", np.float32, {"bias_correction": False, "maximize": True, "eps": 0.1}),
    "exact, no momentum": ("exact", "Adam", np.float32, {"betas": (0.0, 0.9)}),
}
STEP_OPTIONS: list[dict[str, Any]] = [
    {},
    {"max_norm": 0.5, "grad_scale": 3.0},
    {"max_value": 0.1},
    {"on_nonfinite": "skip", "zero_grads": True},
    {"max_norm": 1.0, "max_value": 0.2, "grad_scale": 0.5},
]


def run(module: Any, case: str, columns: int, threads: int | None = None) -> tuple[list[Array], list[Any]]:
    mode, name, dtype, options = CASES[case]
    table = np.random.default_rng(0).standard_normal((ROWS, columns)).astype(dtype)
    other, bias = np.ones(5, dtype), np.full(5, 0.5, dtype)
    options = {"lr": 0.1, **options}
    opt = getattr(module, name)({"table": table, "b": other}, sparse={"table": mode}, num_threads=threads, **options)
    reports, used = [], []
    for step in range(70):
        grad: Any = row_grad(step, columns, [dtype, np.float32, HALF, np.float64][step % 4])
        used.append(grad.values)
        if step == 5:
            grad.values[:] = math.inf
        if step % 23 == 22:
            grad = np.full((ROWS, columns), 0.25, dtype)  # of all rows
        reports.append(
            opt.step({"table": None if step % 11 == 3 else grad, "b": bias.copy()}, **STEP_OPTIONS[step % 5])
        )
        if step in (30, 41):
            opt.catch_up("table", None if step == 30 else np.array([3, 1, 3]))
    states = [value for entry in opt.state.values() for value in entry.values() if isinstance(value, np.ndarray)]
    return [table, other, *states, *used], reports


@pytest.mark.parametrize("columns", [1, 19, 64, 700])
@pytest.mark.parametrize("case", CASES)
def test_same_bits(case: str, columns: int) -> None:
    expected, reports = run(reference, case, columns)
    _core.set_bytes_per_thread(1)
    for isa, threads in itertools.product(adamas.available_isas(), (1, 3)):
        adamas.use_isa(isa)
        actual, ours = run(adamas, case, columns, threads)
        assert repr(ours) == repr(reports)
        for a, b in zip(actual, expected, strict=True):
            assert_same_bits(a, b, f"{isa}, {threads} threads")


@pytest.mark.parametrize("case", ["lazy AdamW float64", "exact eps_hat"])
def test_rows_that_are_prepared_in_pieces(case: str) -> None:
    test_same_bits(case, 5_000)


@both
def test_hyperparameters_that_rows_could_not_catch_up_with_are_not_loaded(module: Any) -> None:
    opt = module.AdamW({"t": np.ones((3, 2), np.float32)}, sparse={"t": "exact"}, lr=0.1)
    state_dict = opt.state_dict()
    state_dict["param_groups"][0]["weight_decay"] = 10.0
    with pytest.raises(ValueError, match=r"'exact' rows of 't', lr \* weight_decay must be < 1"):
        opt.load_state_dict(state_dict)
    assert opt.param_groups[0]["weight_decay"] == 0.01


@both
def test_lazy_rows_step_by_themselves(module: Any) -> None:
    """Each row is what it would be as a parameter of its own that is stepped when it has a gradient."""
    table = np.random.default_rng(0).standard_normal((6, 5)).astype(np.float32)
    single = [row.copy() for row in table]
    opt, alone = module.AdamW({"t": table}, lr=0.1, sparse={"t": "lazy"}), module.AdamW(single, lr=0.1)
    for step in range(12):
        rows = np.flatnonzero(np.random.default_rng(step).random(6) < 0.4)
        values = np.random.default_rng(step).standard_normal((len(rows), 5)).astype(np.float32)
        opt.step({"t": RowGrad(rows, values)})
        grads: list[Any] = [None] * 6
        for row, value in zip(rows, values, strict=True):
            grads[row] = value
        alone.step(grads)
    for row, expected in zip(table, single, strict=True):
        assert_same_bits(row, expected, "row")
    assert opt.state["t"]["row_step"].tolist() == [entry["step"] for entry in alone.state.values()]


@both
@pytest.mark.parametrize("weight_decay", [0.0, 0.1])
def test_exact_is_dense(module: Any, weight_decay: float) -> None:
    """A thousand steps of a few random rows: as dense steps in float64, to some roundings of float32."""
    rows, columns, steps = (300, 8, 1_000) if module is adamas else (60, 4, 300)
    table = np.random.default_rng(0).standard_normal((rows, columns)).astype(np.float32)
    dense = table.astype(np.float64)
    single = table.copy()
    options: dict[str, Any] = {
        "lr": schedules.WarmUp(schedules.Cosine(0.01, 0.0, steps), 20),
        "weight_decay": weight_decay,
    }
    opt = module.AdamW({"t": table}, sparse={"t": "exact"}, **options)
    wide, narrow = adamas.AdamW(dense, **options), adamas.AdamW(single, **options)
    worst = 0.0
    for step in range(steps):
        rng = np.random.default_rng(step)
        numbers = rng.integers(0, rows, 3)
        values = rng.standard_normal((3, columns)).astype(np.float32)
        grad = np.zeros((rows, columns), np.float32)
        np.add.at(grad, numbers, values)
        opt.step({"t": RowGrad(numbers, values)})
        wide.step(grad)
        narrow.step(grad)
        if step % 50 == 49:
            some = rng.integers(0, rows, 10)
            opt.catch_up("t", some)
            worst = max(worst, float(np.abs(table[some] - dense[some]).max()))
    opt.catch_up()
    worst = max(worst, float(np.abs(table - dense).max()))
    largest = float(np.abs(dense).max())
    theirs = float(np.abs(single - dense).max())
    assert worst < 2.0**-21 * largest, f"dense float32 steps are off by {theirs / largest:.1e}"
    assert worst < theirs, "and rounded at every step"
    assert (opt.state["t"]["row_step"] == steps).all()
    np.testing.assert_allclose(opt.state["t"]["exp_avg"], wide.state[0]["exp_avg"], rtol=1e-5, atol=1e-9)
    np.testing.assert_allclose(opt.state["t"]["exp_avg_sq"], wide.state[0]["exp_avg_sq"], rtol=1e-5, atol=1e-12)


@both
def test_state_dict_catches_up(module: Any) -> None:
    table = np.ones((10, 3), np.float32)
    opt = module.Adam({"t": table}, lr=0.1, sparse={"t": "exact"})
    for step in range(7):
        opt.step({"t": RowGrad(np.array([step]), np.ones((1, 3), np.float32))})
    saved = opt.state_dict()
    assert (saved["state"]["t"]["row_step"] == 7).all()
    copy = table.copy()
    other = module.Adam({"t": copy}, lr=0.1, sparse={"t": "exact"})
    other.load_state_dict(saved)
    for optimizer in (opt, other):
        optimizer.step({"t": RowGrad(np.array([9, 0]), np.ones((2, 3), np.float32))})
        optimizer.step({"t": RowGrad(np.array([9, 1]), np.ones((2, 3), np.float32))})
        optimizer.catch_up()
    assert_same_bits(copy, table, "after loading")
    saved["state"]["t"]["row_step"][2] = 5
    with pytest.raises(ValueError, match=r"\['t'\]\['row_step'\]: expected all to be 7, the step"):
        other.load_state_dict(saved)


@both
def test_skipped_and_raised(module: Any) -> None:
    table = np.ones((10, 3), np.float32)
    opt = module.Adam({"t": table}, lr=0.1, sparse={"t": "exact"})
    opt.step({"t": RowGrad(np.array([1]), np.ones((1, 3), np.float32))})
    opt.step({"t": RowGrad(np.array([2]), np.ones((1, 3), np.float32))})
    bad = RowGrad(np.array([1, 4]), np.array([[1, 1, 1], [1, np.nan, 1]], np.float32))
    arrays = [table, *(v for v in opt.state["t"].values() if isinstance(v, np.ndarray))]
    before = snapshot(arrays)
    assert opt.step({"t": bad}, on_nonfinite="skip").nonfinite == "t"
    with pytest.raises(FloatingPointError, match=r"grads\['t'\]: holds an infinity or NaN"):
        opt.step({"t": bad}, on_nonfinite="raise")
    assert snapshot(arrays) == before
    assert opt.step({"t": RowGrad(np.array([1]), np.ones((1, 3), np.float32))}).step == 3


@both
def test_refusals(module: Any) -> None:
    table = np.ones((10, 3), np.float32)
    opt = module.AdamW({"t": table, "b": np.ones((2, 3))}, sparse={"t": "lazy"})
    one = np.ones((1, 3), np.float32)
    late, early = RowGrad(np.array([10]), one), RowGrad(np.array([3, -1]), np.ones((2, 3)))
    arrays = [table, opt.state["t"]["exp_avg"], opt.state["t"]["row_step"]]
    before = snapshot(arrays)
    refused: list[tuple[Any, type[Exception], str]] = [
        (
            {"t": late, "b": None},
            ValueError,
            r"grads\['t'\].rows: params\['t'\] has rows 0 to 9, got 10",
        ),
        ({"t": early, "b": None}, ValueError, "has rows 0 to 9, got -1"),
        ({"t": RowGrad(np.array([1]), np.ones((1, 4))), "b": None}, ValueError, "expected 3 columns, as"),
        ({"t": RowGrad(np.array([1]), table[:1]), "b": None}, ValueError, "shares memory"),
        (
            {"t": None, "b": RowGrad(np.array([1]), one)},
            TypeError,
            r"grads\['b'\]: for a RowGrad, make the optimizer with",
        ),
    ]
    for grads, error, message in refused:
        with pytest.raises(error, match=message):
            opt.step(grads)
    values = one.copy()
    values.setflags(write=False)
    with pytest.raises(ValueError, match=r"grads\['t'\].values: expected a writeable array"):
        opt.step({"t": RowGrad(np.array([1]), values), "b": None}, zero_grads=True)
    with pytest.raises(ValueError, match="accumulate: 't' takes gradients of single rows"):
        opt.accumulate({"t": RowGrad(np.array([1]), one), "b": None})
    with opt.step_scope(), pytest.raises(TypeError, match="the gradient of 't': expected an array, got a RowGrad"):
        opt.step_param("t", RowGrad(np.array([1]), one))
    with pytest.raises(ValueError, match=r"rows: params\['t'\] has rows 0 to 9, got 77"):
        opt.catch_up("t", np.array([77]))
    with pytest.raises(KeyError, match="no such parameter"):
        opt.catch_up("x")
    assert snapshot(arrays) == before


@both
def test_refused_options(module: Any) -> None:
    params = {"t": np.ones((10, 3), np.float32), "d": np.ones((10, 3)), "b": np.ones(3, np.float32)}
    refused: list[tuple[str, Any, dict[str, Any], type[Exception], str]] = [
        ("Adam", "lazy", {}, TypeError, "sparse: expected a mapping of names to 'lazy' or 'exact', got 'lazy'"),
        ("Adam", {"x": "lazy"}, {}, ValueError, "sparse: no parameter 'x'; there are 't', 'd', 'b'"),
        ("Adam", {"t": "all"}, {}, ValueError, r"sparse\['t'\]: expected 'lazy' or 'exact', got 'all'"),
        ("Adam", {"b": "lazy"}, {}, ValueError, r"parameters of two dimensions, got float32 of shape \(3,\)"),
        ("Adam", {"d": "exact"}, {}, ValueError, r"'exact' is for float32 parameters of two dimensions, got float64"),
        ("LAMB", {"t": "lazy"}, {}, ValueError, "LAMB keeps numbers for the whole parameter"),
        ("NAdam", {"t": "lazy"}, {}, ValueError, "NAdam keeps numbers for the whole parameter"),
        ("Adam", {"t": "exact"}, {"amsgrad": True}, ValueError, "'exact' is for Adam and AdamW without amsgrad"),
        ("Adam", {"t": "lazy"}, {"average": adamas.SWA()}, ValueError, "not for parameters with an average"),
    ]
    for name, sparse, options, error, message in refused:
        with pytest.raises(error, match=message):
            getattr(module, name)(params, sparse=sparse, **options)
    grads = {"t": RowGrad(np.array([1]), np.ones((1, 3))), "d": None, "b": None}
    coupled = module.Adam(params, sparse={"t": "exact"}, weight_decay=0.1)
    with pytest.raises(ValueError, match=r"\['weight_decay'\]: for the 'exact' rows of 't' it must be 0 or decoupled"):
        coupled.step(grads)
    large = module.AdamW(params, sparse={"t": "exact"}, weight_decay=10.0, lr=0.1)
    with pytest.raises(ValueError, match=r"for the 'exact' rows of 't', lr \* weight_decay must be < 1"):
        large.step(grads)


def test_refused_row_gradients() -> None:
    good = np.ones((2, 3))
    refused: list[tuple[Any, Any, type[Exception], str]] = [
        ([0, 1], good, TypeError, "rows: expected a numpy.ndarray, got list"),
        (np.array([0.0, 1.0]), good, TypeError, "rows: expected dtype int64 or int32, got float64"),
        (np.array([[0, 1]]), good, ValueError, "rows: expected a contiguous array of one dimension"),
        (np.arange(4)[::2], good, ValueError, "rows: expected a contiguous array"),
        (np.arange(3), good, ValueError, r"values: expected shape \(3, columns\)"),
        (np.arange(2), [1.0], TypeError, "values: expected a numpy.ndarray, got list"),
    ]
    for rows, values, error, message in refused:
        with pytest.raises(error, match=message):
            RowGrad(rows, values)
    assert repr(RowGrad(np.arange(2), good)) == "RowGrad(2 rows, float64, 3 columns)"


@both
def test_row_gradients_that_have_changed(module: Any) -> None:
    table = np.ones((10, 3), np.float32)
    opt = module.Adam({"t": table, "u": np.ones((10, 3))}, sparse={"t": "lazy", "u": "lazy"})
    rows = np.array([1, 2])
    grad = RowGrad(rows, np.ones((2, 3), np.float32))
    opt.step({"t": grad, "u": RowGrad(rows, np.ones((2, 3)))})  # rows are only read
    grad.values.shape = (6,)
    with pytest.raises(ValueError, match=r"grads\['t'\].values: expected shape \(2, columns\)"):
        opt.step({"t": grad, "u": None})
    grad.values.shape = (2, 3)
    rows.dtype = np.float64  # type: ignore
    with pytest.raises(TypeError, match=r"grads\['t'\].rows: expected dtype int64 or int32, got float64"):
        opt.step({"t": grad, "u": None})
    with pytest.raises(ValueError, match="has rows 0 to 9, got 10"):
        opt.step_async({"t": RowGrad(np.array([10]), np.ones((1, 3))), "u": None})
    for rows_of in (5, np.array(1), [1]):
        with pytest.raises((TypeError, ValueError), match=r"^rows: expected"):
            opt.catch_up("t", rows_of)
    table.shape = (6, 5)
    with pytest.raises(ValueError, match=r"params\['t'\]: was reshaped since this optimizer was made"):
        opt.step({"t": RowGrad(np.array([1]), np.ones((1, 5))), "u": None})
    with pytest.raises(TypeError, match="cannot be subclassed"):
        type("Own", (RowGrad,), {})
