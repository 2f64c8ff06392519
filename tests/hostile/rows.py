"""Gradients of single rows, and the tables that take them."""

# What is given here is of the wrong type on purpose; helpers stand below the tables that need them.
# mypy: disable-error-code="arg-type, assignment, call-overload, func-returns-value, index, misc, no-untyped-call"
# ruff: noqa: PLW0108

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from bits import Array
from hostile.changing import quietly
from hostile.driver import Case, correct, refused
from hostile.liars import Interface, SaysRowGrad
from hostile.scenes import Scene, numbers

from adamas import SWA, RowGrad

ONE = numbers(1, 3)


def swapped(array: Array) -> Any:
    return array.astype(array.dtype.newbyteorder("S"))


_PAIRS: dict[str, tuple[Callable[[], tuple[Any, Any]], type[Exception], str]] = {
    "rows in a list": (lambda: ([0], ONE), TypeError, "^rows: expected a numpy.ndarray, got list"),
    "rows a number": (lambda: (0, ONE), TypeError, "^rows: expected a numpy.ndarray, got int"),
    "rows None": (lambda: (None, ONE), TypeError, "^rows: expected a numpy.ndarray, got None"),
    "rows that say where they are": (
        lambda: (Interface(typestr="<i8", shape=(1,)), ONE),
        TypeError,
        "^rows: expected a numpy.ndarray, got",
    ),
    "rows of float": (lambda: (np.zeros(1), ONE), TypeError, "^rows: expected dtype int64 or int32, got float64"),
    "rows of bool": (lambda: (np.zeros(1, bool), ONE), TypeError, "^rows: expected dtype int64 or int32, got bool"),
    "rows of uint64": (lambda: (np.zeros(1, np.uint64), ONE), TypeError, "^rows: expected dtype int64 or int32"),
    "rows of int16": (lambda: (np.zeros(1, np.int16), ONE), TypeError, "^rows: expected dtype int64 or int32"),
    "rows of times": (lambda: (np.zeros(1, "m8[s]"), ONE), TypeError, "^rows: expected dtype int64 or int32"),
    "rows of objects": (lambda: (np.zeros(1, object), ONE), TypeError, "^rows: expected dtype int64 or int32"),
    "rows in the other byte order": (
        lambda: (swapped(np.zeros(1, np.int64)), ONE),
        TypeError,
        "^rows: expected dtype int64",
    ),
    "rows of a subclass": (
        lambda: (np.zeros(1, np.int64).view(np.recarray), ONE),
        TypeError,
        "^rows: expected a numpy",
    ),
    "rows of two dimensions": (
        lambda: (np.zeros((1, 1), np.int64), ONE),
        ValueError,
        "^rows: expected a contiguous array of",
    ),
    "rows of none": (lambda: (np.array(0), ONE), ValueError, "^rows: expected a contiguous array of one dimension"),
    "rows strided": (
        lambda: (np.zeros(4, np.int64)[::2], numbers(2, 3)),
        ValueError,
        "^rows: expected a contiguous array of one dimension",
    ),
    "rows backwards": (lambda: (np.arange(4)[::-1], numbers(4, 3)), ValueError, "^rows: expected a contiguous array"),
    "rows misaligned": (
        lambda: (np.ndarray(1, np.int64, bytearray(64), 1), ONE),
        ValueError,
        "^rows: expected a contiguous array of one dimension",
    ),
    "more rows than values": (lambda: (np.arange(2), ONE), ValueError, r"^values: expected shape \(2, columns\)"),
    "fewer rows than values": (
        lambda: (np.arange(1), numbers(2, 3)),
        ValueError,
        r"^values: expected shape \(1, columns\)",
    ),
    "values in a list": (lambda: (np.arange(1), [[1.0]]), TypeError, "^values: expected a numpy.ndarray, got list"),
    "values None": (lambda: (np.arange(1), None), TypeError, "^values: expected a numpy.ndarray, got None"),
    "values of integers": (lambda: (np.arange(1), ONE.astype(int)), TypeError, "^values: expected dtype float32"),
    "values of one dimension": (
        lambda: (np.arange(3), numbers(3)),
        ValueError,
        r"^values: expected shape \(3, columns\)",
    ),
    "values strided": (
        lambda: (np.arange(1), numbers(1, 6)[:, ::2]),
        ValueError,
        "^values: expected a C-contiguous array",
    ),
}
PAIRS = {
    f"pair: {name}": refused(error, message, lambda s, make=make: RowGrad(*make()), scene="rows")
    for name, (make, error, message) in _PAIRS.items()
}

_LEAST, _MOST = np.iinfo(np.int64).min, np.iinfo(np.int64).max


def rows_of(*rows: int, dtype: Any = np.int64) -> RowGrad:
    return RowGrad(np.array(rows, dtype), numbers(len(rows), 3))


def edited(change: Callable[[RowGrad], Any]) -> Any:
    grad = rows_of(1, 2)
    quietly(lambda: change(grad))
    return grad


_STEPS: dict[str, tuple[Callable[[], Any], type[Exception], str]] = {
    "one too far": (lambda: rows_of(0, 10), ValueError, r"grads\['t'\].rows: params\['t'\] has rows 0 to 9, got 10"),
    "minus one": (lambda: rows_of(-1), ValueError, "has rows 0 to 9, got -1"),
    "minus one of int32": (lambda: rows_of(3, -1, dtype=np.int32), ValueError, "has rows 0 to 9, got -1"),
    "least": (lambda: rows_of(_LEAST), ValueError, f"got {_LEAST}"),
    "most": (lambda: rows_of(_MOST), ValueError, f"got {_MOST}"),
    "two to the 32 and a good one": (lambda: rows_of(2**32 + 1), ValueError, "got 4294967297"),
    "one column too few": (lambda: RowGrad(np.array([0]), numbers(1, 2)), ValueError, "expected 3 columns, as params"),
    "one column too many": (lambda: RowGrad(np.array([0]), numbers(1, 4)), ValueError, "expected 3 columns, as params"),
    "no columns": (lambda: RowGrad(np.array([0]), np.ones((1, 0))), ValueError, "expected 3 columns, as params"),
    "pair in a tuple": (lambda: (np.array([0]), ONE), TypeError, "expected a numpy.ndarray, got tuple"),
    "says it is one": (SaysRowGrad, TypeError, "expected a numpy.ndarray, got"),
    "rows edited": (
        lambda: edited(lambda g: g.rows.__setitem__(0, 10)),
        ValueError,
        "has rows 0 to 9, got 10",
    ),
    "rows reshaped later": (
        lambda: edited(lambda g: setattr(g.rows, "shape", (2, 1))),
        ValueError,
        "rows: expected a contiguous array of one dimension",
    ),
    "rows read as another dtype later": (
        lambda: edited(lambda g: setattr(g.rows, "dtype", np.int32)),
        ValueError,
        r"values: expected shape \(4, columns\)",
    ),
    "rows resized later": (
        lambda: edited(lambda g: g.rows.resize(1, refcheck=False)),
        ValueError,
        r"values: expected shape \(1, columns\)",
    ),
    "values resized later": (
        lambda: edited(lambda g: g.values.resize((1, 3), refcheck=False)),
        ValueError,
        r"values: expected shape \(2, columns\)",
    ),
    "values reshaped later": (
        lambda: edited(lambda g: setattr(g.values, "shape", (3, 2))),
        ValueError,
        r"values: expected shape \(2, columns\)",
    ),
    "values read as integers later": (
        lambda: edited(lambda g: setattr(g.values, "dtype", np.int32)),
        TypeError,
        "values: expected dtype float32",
    ),
}
STEPS = {
    f"step: {name}": refused(
        error,
        message,
        lambda s, make=make: s.step(t=make()),
        lambda s, make=make: s.opt.step_async(s.grads() | {"t": make()}),
        scene=scene,
    )
    for scene in ("rows",)
    for name, (make, error, message) in _STEPS.items()
}


def _dense(scene: Scene, rows: list[int], values: Any) -> Any:
    """The same rows, each once and in order, as gradients of float32."""
    summed: dict[int, Any] = {}
    for row, value in zip(rows, values, strict=True):
        summed[row] = summed[row] + value if row in summed else value
    return scene.step(t=RowGrad(np.array(sorted(summed)), np.array([summed[row] for row in sorted(summed)])))


def _sorted_like(rows: list[int]) -> Case:
    values = numbers(len(rows), 3)
    return correct(
        lambda s: _dense(s, rows, values),
        lambda s: s.step(t=RowGrad(s.watch(np.array(rows)), s.watch(values.copy()))),
        scene="rows",
    )


def _over_the_table(scene: Scene) -> Any:
    """Rows that lie in the memory of the table, which the step writes."""
    table = np.zeros((4, 2), np.float32)
    opt = scene.module.SGD({"t": table}, lr=1.0, sparse={"t": "lazy"})
    opt.step({"t": RowGrad(table.view(np.int64)[1:3].reshape(-1), np.ones((2, 2), np.float32))})
    return table.tolist()


def _over_the_values(scene: Scene) -> Any:
    """Rows that lie in the memory of the values, which the step sets to zero."""
    table = np.zeros((4, 2), np.float32)
    opt = scene.module.SGD({"t": table}, lr=1.0, sparse={"t": "lazy"})
    memory = np.zeros(1, np.int64)
    opt.step({"t": RowGrad(memory, memory.view(np.float32).reshape(1, 2))}, zero_grads=True)
    return table.tolist()


def _over_the_counts(scene: Scene) -> Any:
    """Rows that lie where rows count their steps."""
    counts = scene.opt.state["t"]["row_step"].view(np.int32)
    return scene.step(t=RowGrad(counts[:2], numbers(2, 3)))


USES: dict[str, Case] = {
    "use: rows of none": correct(
        lambda s: s.step(t=RowGrad(np.array([], np.int32), np.ones((0, 3)))),
        lambda s: s.step(t=RowGrad(np.array([], np.int64), np.ones((0, 3), np.float32))),
        scene="rows",
    ),
    "use: rows from last to first": _sorted_like([9, 7, 3, 0]),
    "use: rows twice": _sorted_like([4, 4, 4, 1, 4]),
    "use: all rows many times": _sorted_like([*range(10)] * 7),
    "use: rows in the memory of the table": correct(
        lambda s: [[-2.0, -2.0], [0.0, 0.0], [0.0, 0.0], [0.0, 0.0]], _over_the_table
    ),
    "use: rows in the memory of their values": correct(
        lambda s: [[0.0, 0.0]] * 4, _over_the_values, modules=("compiled",)
    ),
    "use: rows in the memory of their counts": correct(
        lambda s: s.step(t=RowGrad(np.array([1, 1], np.int32), numbers(2, 3))), _over_the_counts, scene="rows"
    ),
    "use: in a scope": refused(
        TypeError, "the gradient of 't': expected an array, got a RowGrad", lambda s: _scoped(s), scene="rows"
    ),
    "use: accumulated": refused(
        ValueError,
        "accumulate: 't' takes gradients of single rows",
        lambda s: s.opt.accumulate(s.grads() | {"t": rows_of(1)}),
        scene="rows",
    ),
    "use: for a parameter that is not sparse": refused(
        TypeError, "for a RowGrad, make the optimizer with sparse", lambda s: s.step(b=rows_of(1)), scene="rows"
    ),
    "use: subclass": refused(TypeError, "RowGrad cannot be subclassed", lambda s: type("Mine", (RowGrad,), {})),
    "use: without its arrays": refused(
        AttributeError, "_rows|_values", lambda s: s.step(t=RowGrad.__new__(RowGrad)), scene="rows"
    ),
    "use: holds NaN": refused(
        FloatingPointError,
        r"grads\['t'\]: holds an infinity or NaN",
        lambda s: s.opt.step({"t": RowGrad(np.array([1]), np.full((1, 3), np.nan)), "b": None}, on_nonfinite="raise"),
        scene="exact",
    ),
}


def _scoped(scene: Scene) -> Any:
    with scene.opt.step_scope():
        scene.opt.step_param("t", rows_of(1))


_CATCH: dict[str, tuple[Any, Any, type[Exception], str]] = {
    "row too far": ("t", np.array([10]), ValueError, r"rows: params\['t'\] has rows 0 to 9, got 10"),
    "row below": ("t", np.array([-1], np.int32), ValueError, "has rows 0 to 9, got -1"),
    "rows in a list": ("t", [1], TypeError, "rows: expected a numpy.ndarray, got list"),
    "rows a RowGrad": ("t", RowGrad(np.array([1]), ONE), TypeError, "rows: expected a numpy.ndarray, got adamas"),
    "rows of float": ("t", np.array([1.0]), TypeError, "rows: expected dtype int64 or int32"),
    "no such parameter": ("x", None, KeyError, "'x': no such parameter"),
    "no such number": (7, None, KeyError, "no such parameter"),
    "name of bytes": (b"t", None, TypeError, "expected a parameter's name or number"),
}
CATCH = {
    f"catch up: {name}": refused(
        error, message, lambda s, which=which, rows=rows: s.opt.catch_up(which, rows), scene="exact"
    )
    for name, (which, rows, error, message) in _CATCH.items()
}
CATCH["catch up: rows many times"] = correct(
    lambda s: s.opt.catch_up(), lambda s: s.opt.catch_up("t", np.arange(10).repeat(9)), scene="exact"
)

_SPARSE: dict[str, tuple[Any, type[Exception], str]] = {
    "text": ("t", TypeError, "sparse: expected a mapping of names"),
    "pairs": ([("t", "lazy")], TypeError, "sparse: expected a mapping of names"),
    "True": (True, TypeError, "sparse: expected a mapping of names"),
    "name unknown": ({"x": "lazy"}, ValueError, "sparse: no parameter 'x'"),
    "name a number": ({0: "lazy"}, ValueError, "sparse: no parameter 0"),
    "mode a flag": ({"t": True}, ValueError, r"sparse\['t'\]: expected 'lazy' or 'exact', got True"),
    "mode None": ({"t": None}, ValueError, r"sparse\['t'\]: expected 'lazy' or 'exact', got None"),
    "mode in capitals": ({"t": "LAZY"}, ValueError, r"sparse\['t'\]: expected 'lazy' or 'exact'"),
    "vector": ({"b": "lazy"}, ValueError, r"parameters of two dimensions, got float32 of shape \(3,\)"),
    "half": ({"h": "lazy"}, ValueError, "parameters of two dimensions, got float16"),
    "no columns": ({"e": "lazy"}, ValueError, r"parameters of two dimensions, got float32 of shape \(3, 0\)"),
}
SPARSE = {
    f"sparse: {name}": refused(error, message, lambda s, value=value: s.module.AdamW(_tables(), sparse=value))
    for name, (value, error, message) in _SPARSE.items()
}
SPARSE["sparse: with an average"] = refused(
    ValueError,
    "not for parameters with an average",
    lambda s: s.module.AdamW(_tables(), sparse={"t": "lazy"}, average=SWA()),
)


def _tables() -> Any:
    return {"t": numbers(4, 2), "b": numbers(3), "h": numbers(4, 2, dtype=np.float16), "e": numbers(3, 0)}


CASES: dict[str, Case] = {**PAIRS, **STEPS, **USES, **CATCH, **SPARSE}
