"""Arrays of every kind of number, layout and owner, as a parameter and as a gradient."""

# What is given here is of the wrong type on purpose; helpers stand below the tables that need them.
# mypy: disable-error-code="arg-type, assignment, call-overload, func-returns-value, index, misc, no-untyped-call"
# ruff: noqa: PLW0108

from __future__ import annotations

import array as stdlib_array
import ctypes
import mmap
import types
from collections.abc import Callable, Iterator
from typing import Any

import ml_dtypes
import numpy as np
from bits import Array
from hostile.driver import Act, Case, correct, refused
from hostile.scenes import Scene, numbers

import adamas

SHAPE = (3, 4)
W = numbers(*SHAPE)


def as_gradient(make: Callable[[], Any]) -> tuple[Act, ...]:
    """Every way in which a gradient comes in."""

    def in_scope(scene: Scene) -> None:
        with scene.opt.step_scope():
            scene.opt.step_param("w", make())

    return (
        lambda s: s.step(w=make()),
        lambda s: s.step(w=make(), deep=[None, None]),
        lambda s: s.opt.step_async(s.grads() | {"w": make()}),
        lambda s: s.opt.accumulate(s.grads() | {"w": make()}),
        in_scope,
    )


def as_parameter(make: Callable[[], Any]) -> Act:
    """As a parameter of a new optimizer."""
    return lambda s: s.module.AdamW([numbers(2), make()])


def as_both(make: Callable[[], Any]) -> tuple[Act, ...]:
    """As a gradient, and as a parameter."""
    return (*as_gradient(make), as_parameter(make))


#: Arrays of anything else than the numbers that parameters have.
_NUMBERS: dict[str, Any] = {
    "bool": np.bool_,
    "int8": np.int8,
    "uint8": np.uint8,
    "int16, maybe bits": np.int16,
    "uint32": np.uint32,
    "int64": np.int64,
    "uint64": np.uint64,
    "complex128": np.complex128,
    "long complex": np.clongdouble,
    "text": "U3",
    "bytes": "S4",
    "void": "V4",
    "datetime": "M8[s]",
    "timedelta": "m8[ms]",
    "one field": [("x", "f4")],
    "aligned record": np.dtype([("x", "f4"), ("y", "u1")], align=True),
    "float8 e4m3": ml_dtypes.float8_e4m3fn,
    "float8 e5m2": ml_dtypes.float8_e5m2,
    "float8 e4m3b11": ml_dtypes.float8_e4m3b11fnuz,
    "int4": ml_dtypes.int4,
    "uint4": ml_dtypes.uint4,
}


def _blank(dtype: Any) -> Callable[[], Any]:
    return lambda: np.zeros(SHAPE, dtype)


def _swapped(code: str) -> Callable[[], Any]:
    return lambda: W.astype(np.dtype(code).newbyteorder("S"))


NUMBERS = {
    **{
        f"dtype {name}": refused(
            TypeError, r": expected dtype float32, float64, float16 or bfloat16", *as_both(_blank(d))
        )
        for name, d in _NUMBERS.items()
    },
    **{
        f"dtype swapped {code}": refused(TypeError, "expected native byte order", *as_both(_swapped(code)))
        for code in ("f2", "f8")
    },
    "dtype objects that are floats": refused(
        TypeError, "expected dtype .* got object", *as_both(lambda: np.full(SHAPE, 1.0, object))
    ),
    "dtype with a name for its bits": correct(
        lambda s: s.step(),
        lambda s: s.step(w=s.grads()["w"].view(np.dtype((np.float32, {"bits": (np.uint32, 0)})))),
    ),
    "dtype with metadata": correct(
        lambda s: s.step(), lambda s: s.step(w=s.grads()["w"].view(np.dtype("f4", metadata={"unit": "m"})))
    ),
}


def _window(array: Array) -> Array:
    return np.lib.stride_tricks.sliding_window_view(np.ones((3, 7), np.float32), 4, 1)[:, 0]


def _strided(shape: tuple[int, ...], strides: tuple[int, ...]) -> Any:
    return np.lib.stride_tricks.as_strided(np.ones(64, np.float32), shape, strides)


def _at_byte(offset: int) -> Any:
    return np.ndarray(SHAPE, np.float32, bytearray(64), offset)


_LAYOUTS: dict[str, Callable[[], Any]] = {
    "transposed": lambda: numbers(4, 3).T,
    "columns backwards": lambda: W[:, ::-1],
    "both backwards": lambda: W[::-1, ::-1],
    "turned": lambda: np.rot90(numbers(4, 3)),
    "every second row": lambda: numbers(6, 4)[::2],
    "left half": lambda: numbers(3, 8)[:, :4],
    "inner slice": lambda: numbers(3, 4, 2)[:, :, 0],
    "sliding window": lambda: _window(W),
    "stride zero": lambda: _strided(SHAPE, (0, 4)),
    "all strides zero": lambda: _strided(SHAPE, (0, 0)),
    "strides of a byte": lambda: _strided(SHAPE, (4, 1)),
    "one row, repeated": lambda: np.broadcast_to(numbers(4), SHAPE),
    "part of a record": lambda: np.zeros(SHAPE, [("x", "f4"), ("y", "f4")])["y"],
    "real part": lambda: np.zeros(SHAPE, np.complex64).real,
    "Fortran, reshaped": lambda: np.zeros(12, np.float32).reshape(SHAPE, order="F"),
    "moved axis": lambda: np.moveaxis(numbers(4, 3), 0, 1),
    "1 byte off": lambda: _at_byte(1),
    "2 bytes off": lambda: _at_byte(2),
    "3 bytes off": lambda: _at_byte(3),
    "said to be unaligned": lambda: _unaligned(),
}
LAYOUTS = {
    **{
        f"layout {name} of a parameter": refused(
            ValueError, "expected an? (C-contiguous array, got a|array aligned to its element size)", as_parameter(make)
        )
        for name, make in _LAYOUTS.items()
    },
    **{
        f"layout {name} of a gradient": correct(
            lambda s, make=make: s.step(w=make().copy()),
            lambda s, make=make: s.step(w=make())._replace(copied=0),
            lambda s, make=make: s.opt.step_async(s.grads() | {"w": make()}).result()._replace(copied=0),
        )
        for name, make in _LAYOUTS.items()
    },
    **{
        f"layout {name} of a gradient that is to be zeroed": refused(
            ValueError,
            "expected an? (C-contiguous array, got a|array aligned to its element size)",
            lambda s, make=make: s.opt.step(s.grads() | {"w": make()}, zero_grads=True),
        )
        for name, make in _LAYOUTS.items()
    },
    "layout huge, of stride zero": refused(
        ValueError,
        "expected (a C-contiguous array|shape)",
        *as_both(lambda: np.broadcast_to(np.float32(1), (1 << 40, 1 << 20))),
    ),
    "layout with odd strides of an axis of one": correct(
        lambda s: s.step(), lambda s: s.step(w=_strange_but_contiguous(s.grads()["w"])), scene="single"
    ),
    "layout read-only gradient": correct(lambda s: s.step(), lambda s: s.step(w=s.watch(_frozen(s.grads()["w"])))),
    "layout read-only gradient to be zeroed": refused(
        ValueError,
        r"grads\['w'\]: expected a writeable array",
        lambda s: s.opt.step(s.grads() | {"w": s.watch(_frozen(W.copy()))}, zero_grads=True),
    ),
}


def _unaligned() -> Any:
    array = W.copy()
    array.flags.aligned = False
    return array


def _frozen(array: Any) -> Any:
    array.flags.writeable = False
    return array


def _strange_but_contiguous(grad: Array) -> Any:
    """An axis of length one has any stride."""
    return np.lib.stride_tricks.as_strided(grad, (1, 6), (12_345, 4))[0]


_SHAPES: dict[str, tuple[int, ...]] = {
    "flat": (12,),
    "one axis more": (1, 3, 4),
    "one axis more, last": (3, 4, 1),
    "the other way round": (4, 3),
    "one row too many": (4, 4),
    "one column too few": (3, 3),
    "empty": (0,),
    "no rows": (0, 4),
    "no columns": (3, 0),
    "one number": (1,),
    "32 axes": (3, 4, *[1] * 30),
}
SHAPES = {
    f"shape {name}": refused(
        ValueError,
        r"expected shape \(3, 4\), that of params\['w'\], got",
        *as_gradient(lambda shape=shape: np.ones(shape, np.float32)),
    )
    for name, shape in _SHAPES.items()
}


def _mock() -> Any:
    from unittest import mock

    return mock.MagicMock(spec=np.ndarray)


def _generator() -> Iterator[Any]:
    yield W


_OTHERS: dict[str, Callable[[], Any]] = {
    "NaN": lambda: float("nan"),
    "nested lists": lambda: W.tolist(),
    "set": lambda: {1.0},
    "range": lambda: range(12),
    "generator": _generator,
    "memoryview": lambda: memoryview(W),
    "bytes": lambda: W.tobytes(),
    "bytearray": lambda: bytearray(48),
    "array of the standard library": lambda: stdlib_array.array("f", [1.0] * 12),
    "ctypes": lambda: (ctypes.c_float * 12)(),
    "mapped memory": lambda: mmap.mmap(-1, 48),
    "class of arrays": lambda: np.ndarray,
    "dtype": lambda: np.dtype(np.float32),
    "flat iterator": lambda: W.flat,
    "broadcast": lambda: np.broadcast(W, W),
    "masked constant": lambda: np.ma.masked,
    "scalar of bfloat16": lambda: ml_dtypes.bfloat16(1.0),
    "record scalar": lambda: np.zeros(1, [("x", "f4")])[0],
    "function": lambda: numbers,
    "module": lambda: types,
    "Ellipsis": lambda: ...,
    "NotImplemented": lambda: NotImplemented,
    "mock of an array": _mock,
    "RowGrad for a dense parameter": lambda: adamas.RowGrad(np.array([0]), W[:1]),
}
OTHERS = {
    f"not an array: {name}": refused(
        TypeError, r"expected (a numpy.ndarray|a list or tuple|a mapping|an array)|for a RowGrad", *as_gradient(make)
    )
    for name, make in _OTHERS.items()
}


def _buffer(kind: str) -> Callable[[Scene], Any]:
    """Gradients in the memory of other libraries."""

    def make(scene: Scene) -> Any:
        grad = scene.grads()["w"]
        if kind == "bytes":
            return np.frombuffer(grad.tobytes(), np.float32).reshape(SHAPE)
        if kind == "ctypes":
            memory = (ctypes.c_float * 12)(*grad.reshape(-1))
            return np.ctypeslib.as_array(memory).reshape(SHAPE)
        if kind == "mapped file":
            path = scene.folder / "grad"
            path.write_bytes(grad.tobytes())
            return np.memmap(path, np.float32, "r", shape=SHAPE)
        memory_of = mmap.mmap(-1, 48)
        memory_of.write(grad.tobytes())
        return np.frombuffer(memory_of, np.float32).reshape(SHAPE)

    return make


OWNERS = {
    f"memory of {kind}": correct(lambda s: s.step(), lambda s, kind=kind: s.step(w=_buffer(kind)(s)))
    for kind in ("bytes", "ctypes", "mapped file", "anonymous map")
}

CASES: dict[str, Case] = {**NUMBERS, **LAYOUTS, **SHAPES, **OTHERS, **OWNERS}
