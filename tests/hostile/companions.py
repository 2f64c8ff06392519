"""Averages, copies, memory for states, arenas."""

# What is given here is of the wrong type on purpose; helpers stand below the tables that need them.
# mypy: disable-error-code="arg-type, assignment, call-overload, func-returns-value, index, misc, no-untyped-call"
# ruff: noqa: PLW0108

from __future__ import annotations

import functools
import itertools
import math
import os
from collections.abc import Callable
from typing import Any

import numpy as np
from hostile.changing import quietly
from hostile.driver import Case, correct, refused
from hostile.liars import AllAttributes, EqualsAll
from hostile.overlaps import aligned
from hostile.scenes import Scene, numbers

import adamas
from adamas import EMA, SWA, Arena

_AVERAGES: dict[str, tuple[Callable[[], Any], type[Exception], str]] = {
    "decay one": (lambda: EMA(1.0), ValueError, r"decay: expected a number in \[0, 1\), got 1.0"),
    "decay NaN": (lambda: EMA(math.nan), ValueError, "decay: expected a number in"),
    "decay text": (lambda: EMA("0.9"), TypeError, "decay: expected a number in"),
    "start zero": (lambda: EMA(start=0), ValueError, "start: expected a whole number >= 1"),
    "start float": (lambda: SWA(start=1.0), TypeError, "start: expected a whole number >= 1"),
    "every never": (lambda: SWA(every=0), ValueError, "every: expected a whole number >= 1"),
    "dtype unknown": (lambda: SWA(dtype="float16"), ValueError, "dtype: expected 'float32' or 'bfloat16'"),
    "two corrections": (lambda: EMA(warmup=True, bias_correction=True), ValueError, "warmup: forgets early parameters"),
    "flag a number": (lambda: EMA(warmup=1), TypeError, "warmup: expected True or False"),
    "class for an average": (lambda: EMA, TypeError, "average: expected adamas.EMA, adamas.SWA or None, got"),
    "number for an average": (lambda: 0.999, TypeError, "average: expected adamas.EMA"),
    "all attributes": (AllAttributes, TypeError, "average: expected adamas.EMA"),
}


def weighing(weight: Any) -> Any:
    """Make an average of a class of one's own."""

    class Weighs(SWA):
        def weight(self, number: int) -> Any:
            return weight() if callable(weight) else weight

    return Weighs()


def _raise() -> Any:
    raise RuntimeError("no weight")


_WEIGHTS: dict[str, tuple[Any, type[Exception], str]] = {
    "above one": (math.nextafter(1, 2), ValueError, "the weight of .*: expected a number from 0 to 1"),
    "negative": (-0.1, ValueError, "the weight of .*: expected a number from 0 to 1"),
    "NaN": (math.nan, ValueError, "the weight of .*: expected a number from 0 to 1"),
    "None": (None, TypeError, "the weight of .*: expected a number from 0 to 1"),
    "array": (np.ones(1), TypeError, "the weight of .*: expected a number from 0 to 1"),
    "that raises": (_raise, RuntimeError, "no weight"),
}


def _weighed(scene: Scene, weight: Any) -> Any:
    param = scene.watch(numbers(3))
    return scene.module.AdamW(param, average=weighing(weight)).step(numbers(3))


def _inside(act: Callable[[Scene], Any]) -> Callable[[Scene], Any]:
    def inside(scene: Scene) -> Any:
        with scene.opt.averaged():
            return act(scene)

    return inside


AVERAGES: dict[str, Case] = {
    **{
        f"average: {name}": refused(error, message, lambda s, make=make: s.module.AdamW([numbers(2)], average=make()))
        for name, (make, error, message) in _AVERAGES.items()
    },
    **{
        f"average: weight {name}": refused(error, message, lambda s, weight=weight: _weighed(s, weight))
        for name, (weight, error, message) in _WEIGHTS.items()
    },
    "averaged: none kept": refused(ValueError, "averaged: this optimizer keeps no averages", _inside(lambda s: None)),
    "averaged: twice": refused(
        RuntimeError, "the parameters hold averages", _inside(_inside(lambda s: None)), scene="averaged"
    ),
    "averaged: before there is one": refused(
        ValueError,
        "averaged: nothing has been averaged before step 5",
        lambda s: s.module.AdamW(numbers(2), average=SWA(start=5)).averaged().__enter__(),
    ),
    **{
        f"averaged: {name} inside": refused(
            RuntimeError, "the parameters hold averages", _inside(act), scene="averaged"
        )
        for name, act in {
            "step": lambda s: s.opt.step(s.grads()),
            "step_async": lambda s: s.opt.step_async(s.grads()),
            "accumulate": lambda s: s.opt.accumulate(s.grads()),
            "scope": lambda s: s.opt.step_scope().__enter__(),
            "state_dict": lambda s: s.opt.state_dict(),
            "load_state_dict": lambda s: s.opt.load_state_dict({}),
            "save": lambda s: s.opt.save(s.folder / "a.npz"),
            "load": lambda s: s.opt.load(s.folder / "a.npz"),
        }.items()
    },
    "averaged: raises inside": refused(ZeroDivisionError, "division", _inside(lambda s: 1 / 0), scene="averaged"),
    "averaged: resized inside": refused(
        ValueError,
        "cannot resize",
        _inside(lambda s: s.params["w"].resize(100_000, refcheck=False)),
        scene="averaged",
    ),
    "averaged: overwritten inside": correct(
        None, _inside(lambda s: s.params["h"].__setitem__(slice(None), np.nan)), scene="averaged"
    ),
    "averaged: reshaped and frozen inside": correct(None, lambda s: _reshaped_inside(s), scene="averaged"),
}


def _reshaped_inside(scene: Scene) -> None:
    param = scene.params["w"]
    with scene.opt.averaged():
        quietly(lambda: setattr(param, "shape", (2, 3)))
        param.flags.writeable = False
    quietly(lambda: setattr(param, "shape", (6,)))
    param.flags.writeable = True


_COPIES: dict[str, tuple[Callable[[], Any], type[Exception], str]] = {
    "text": (lambda: "w", TypeError, "copy_out: expected a mapping"),
    "array": (lambda: np.zeros(6, np.float16), TypeError, "copy_out: expected a mapping"),
    "one missing": (lambda: {"w": None}, ValueError, "copy_out: missing 'd'"),
    "float32": (
        lambda: {"w": numbers(6), "d": None},
        TypeError,
        r"copy_out\['w'\]: expected dtype bfloat16 or float16",
    ),
    "bits": (lambda: {"w": np.zeros(6, np.uint16), "d": None}, TypeError, "if these are the bits of bfloat16"),
    "other shape": (
        lambda: {"w": np.zeros((6, 1), np.float16), "d": None},
        ValueError,
        r"copy_out\['w'\]: expected shape \(6,\), that of params\['w'\], got \(6, 1\)",
    ),
    "strided": (lambda: {"w": np.zeros(12, np.float16)[::2], "d": None}, ValueError, "expected a C-contiguous array"),
    "read-only": (
        lambda: {"w": np.frombuffer(bytes(12), np.float16), "d": None},
        ValueError,
        r"copy_out\['w'\]: expected a writeable array",
    ),
    "other byte order": (
        lambda: {"w": np.zeros(6, np.dtype(np.float16).newbyteorder("S")), "d": None},
        TypeError,
        "expected native byte order",
    ),
    "of float64": (
        lambda: {"w": None, "d": np.zeros(4, np.float16)},
        TypeError,
        r"copies are of float32 parameters; params\['d'\] is float64",
    ),
    "equal to all": (lambda: {"w": EqualsAll(), "d": None}, TypeError, r"copy_out\['w'\]: expected a numpy.ndarray"),
}
COPIES = {
    f"copy: {name}": refused(
        error,
        message,
        lambda s, make=make: s.module.AdamW({"w": numbers(6), "d": numbers(4, dtype=np.float64)}, copy_out=make()),
    )
    for name, (make, error, message) in _COPIES.items()
}

_WRONG = "state_memory: expected it to return a writeable, contiguous array of dtype uint8"
_MEMORY: dict[str, Callable[[int], Any]] = {
    "None": lambda n: None,
    "bytes": lambda n: bytes(n),
    "bytearray": lambda n: bytearray(n),
    "a byte too few": lambda n: aligned(n)[: n - 1],
    "a byte too many": lambda n: aligned(n + 1),
    "a byte off": lambda n: aligned(n + 1)[1:],
    "of floats": lambda n: aligned(n).view(np.float32),
    "of signed bytes": lambda n: aligned(n).view(np.int8),
    "of two dimensions": lambda n: aligned(n).reshape(1, n),
    "backwards": lambda n: aligned(n)[::-1],
    "strided": lambda n: aligned(2 * n)[::2],
    "stride zero": lambda n: np.broadcast_to(np.uint8(0), (n,)),
    "read-only": lambda n: np.frombuffer(aligned(n).tobytes(), np.uint8),
}


def _raise_memory(count: int) -> Any:
    raise MemoryError("none left")


def _given(scene: Scene, memory: Any) -> Any:
    return scene.module.AdamW([scene.watch(numbers(40))], state_memory=memory)


MEMORY: dict[str, Case] = {
    **{
        f"memory: {name}": refused(ValueError, _WRONG, lambda s, make=make: _given(s, make))
        for name, make in _MEMORY.items()
    },
    "memory: array, not a callable": refused(
        TypeError, "state_memory: expected a callable or None", lambda s: _given(s, np.zeros(640, np.uint8))
    ),
    "memory: raises": refused(MemoryError, "none left", lambda s: _given(s, _raise_memory)),
    "memory: of the wrong arity": refused(TypeError, "argument", lambda s: _given(s, lambda: None)),
    "memory: resized afterwards": refused(ValueError, "cannot resize", lambda s: _resized_memory(s)),
    "memory: full of NaN": correct(lambda s: _stepped(s, None), lambda s: _stepped(s, _dirty)),
    "memory: parameter resized while it is asked for": refused(
        ValueError, "was resized since", lambda s: _resized_meanwhile(s)
    ),
}


def _dirty(count: int) -> Any:
    memory = aligned(count)
    memory[...] = 255
    return memory


def _stepped(scene: Scene, memory: Any) -> Any:
    param = numbers(40)
    opt = scene.module.AdamW([param], state_memory=memory)
    opt.step([numbers(40)])
    return param.tobytes(), opt.state[0]["exp_avg"].tobytes()


def _resized_memory(scene: Scene) -> Any:
    kept = []

    def make(count: int) -> Any:
        while True:
            memory = np.zeros(count, np.uint8)
            kept.append(memory)
            if memory.ctypes.data % 64 == 0:
                return memory

    opt = scene.module.AdamW([numbers(4000)], state_memory=make)
    opt.step([numbers(4000)])
    kept[-1].resize(1_000_000, refcheck=False)


def _resized_meanwhile(scene: Scene) -> Any:
    param = numbers(40)

    def make(count: int) -> Any:
        param.resize(100_000, refcheck=False)
        return aligned(count)

    return scene.module.AdamW([param], state_memory=make).step([numbers(40)])


_ARENAS: dict[str, tuple[Callable[[], Any], type[Exception], str]] = {
    "nothing": (lambda: Arena([]), ValueError, "params: expected at least one array or shape"),
    "None": (lambda: Arena(None), TypeError, "params: expected a numpy.ndarray, got None"),
    "text": (lambda: Arena("w"), TypeError, "params: expected a numpy.ndarray, got str"),
    "shape of nothing": (lambda: Arena(()), ValueError, r"params: expected a shape of one dimension or more"),
    "negative length": (lambda: Arena((3, -1)), ValueError, "params: expected lengths >= 0"),
    "length beyond all": (lambda: Arena((1 << 70,)), ValueError, "params: expected at most"),
    "lengths beyond all together": (lambda: Arena((1 << 40, 1 << 40)), ValueError, "params: expected at most"),
    "more than there is": (lambda: Arena((1 << 55,)), OSError, "[Mm]emory"),
    "lengths of float": (lambda: Arena((2.0, 3.0)), TypeError, r"params\[0\]: expected a numpy.ndarray, got float"),
    "itself": (lambda: Arena(_itself()), ValueError, "nested more than 100 levels deep"),
    "integers": (lambda: Arena((3,), dtype=int), TypeError, "params: expected dtype float32"),
    "no dtype": (lambda: Arena((3,), dtype="f99"), TypeError, "dtype: "),
    "integer arrays": (lambda: Arena([np.zeros(3, int)]), TypeError, r"params\[0\]: expected dtype float32"),
    "strided array": (lambda: Arena([numbers(6)[::2]]), ValueError, r"params\[0\]: expected a C-contiguous"),
    "grads a number": (lambda: Arena((3,), grads=1), TypeError, "grads: expected True or False"),
    "optimizer a text": (lambda: Arena((3,), optimizer="AdamW"), TypeError, "optimizer: expected a callable"),
    "optimizer that makes none": (
        lambda: Arena((3,), optimizer=lambda params, **_: None),
        ValueError,
        "optimizer: expected it to pass its keyword state_memory on",
    ),
    "optimizer without the keyword": (lambda: Arena((3,), optimizer=lambda params: None), TypeError, "state_memory"),
    "optimizer that raises the second time": (lambda: Arena((3,), optimizer=_twice()), RuntimeError, "second time"),
    "path a number": (lambda: Arena((3,), path=3), TypeError, "path: expected a path or None, got 3"),
    "path with NUL": (lambda: Arena((3,), path="a\0b"), ValueError, "null"),
    "path that is there": (lambda: Arena((3,), path="/"), OSError, "exist|directory"),
    "path in no folder": (lambda: Arena((3,), path="/no/such/folder/file"), OSError, "No such file"),
}
ARENAS = {
    f"arena: {name}": refused(error, message, lambda s, make=make: make(), modules=("compiled",))
    for name, (make, error, message) in _ARENAS.items()
}
ARENAS["arena: file goes away when the optimizer cannot be made"] = correct(
    lambda s: False, lambda s: _no_file_left(s), modules=("compiled",)
)
ARENAS["arena: buffer resized"] = refused(
    ValueError,
    "resize",
    lambda s: Arena((3,), optimizer=adamas.AdamW).buffer.resize(10, refcheck=False),
    modules=("compiled",),
)


def _itself() -> Any:
    tree: list[Any] = []
    tree.append(tree)
    return tree


def _twice() -> Callable[..., Any]:
    calls = itertools.count()

    def make(params: Any, **options: Any) -> Any:
        if next(calls):
            raise RuntimeError("not a second time")
        return adamas.AdamW(params, **options)

    return make


def _no_file_left(scene: Scene) -> bool:
    path = scene.folder / "arena"
    try:
        Arena((3,), optimizer=functools.partial(_twice()), path=path)
    except RuntimeError:
        return os.path.exists(path)
    return True


CASES: dict[str, Case] = {**AVERAGES, **COPIES, **MEMORY, **ARENAS}
