"""Steps neither follow the floating-point mode of the thread that calls them, nor change it; flushing is asked for."""

from __future__ import annotations

import contextlib
import ctypes
import ctypes.util
import platform
import struct
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from bits import assert_same_bits
from cases import CASES

import adamas
from adamas import _core

LIBM = ctypes.CDLL(ctypes.util.find_library("m"))
ARM = platform.machine() == "aarch64"
UPWARD, DOWNWARD, TOWARD_ZERO = (1 << 22, 2 << 22, 3 << 22) if ARM else (0x800, 0x400, 0xC00)
# Of fenv_t: its size, and where the register is that rules SIMD arithmetic; in that, flushing and the exceptions seen.
SIZE, PLACE, FLUSH, SEEN = (8, 0, 1 << 24, 0) if ARM else (32, 28, 0x8040, 0x3F)
UNDERFLOW = 0x10
SMALLEST = np.finfo(np.float32).smallest_normal


def register() -> int:
    """Of this thread, without the exceptions that it has seen."""
    environment = ctypes.create_string_buffer(SIZE)
    assert LIBM.fegetenv(environment) == 0
    value: int = struct.unpack_from("<I", environment, PLACE)[0]
    return value & ~SEEN


@contextlib.contextmanager
def default() -> Iterator[Any]:
    """Put the mode back at the end; yields what it was."""
    before = ctypes.create_string_buffer(SIZE)
    assert LIBM.fegetenv(before) == 0
    try:
        yield before
    finally:
        LIBM.fesetenv(before)


@contextlib.contextmanager
def rounding(direction: int) -> Iterator[None]:
    with default():
        assert LIBM.fesetround(direction) == 0
        yield


@contextlib.contextmanager
def flushing() -> Iterator[None]:
    """As ``torch.set_flush_denormal`` does, and libraries built with -ffast-math when they are loaded."""
    with default() as before:
        changed = ctypes.create_string_buffer(before.raw, SIZE)
        struct.pack_into("<I", changed, PLACE, struct.unpack_from("<I", before, PLACE)[0] | FLUSH)
        assert LIBM.fesetenv(changed) == 0
        yield


MODES: dict[str, Callable[[], Any]] = {
    "upward": lambda: rounding(UPWARD),
    "downward": lambda: rounding(DOWNWARD),
    "toward zero": lambda: rounding(TOWARD_ZERO),
    "flushing": flushing,
}


def small(rng: np.random.Generator, size: int) -> Any:
    """Gradients of which many have subnormal squares, and some are subnormal themselves."""
    return (rng.standard_normal(size) * 10.0 ** rng.uniform(-42, -1, size)).astype(np.float32)


def train(mode: Callable[[], Any], index: int, threads: int) -> list[Any]:
    rng = np.random.default_rng(0)
    params = [small(rng, size) for size in (5, 3001, 700)]
    opt = CASES[index].compiled(params, num_threads=threads, average=adamas.EMA(0.9), max_norm=1e-3)
    for _ in range(5):
        grads = [small(rng, p.size) for p in params]
        with mode():
            before = register()
            opt.accumulate(grads)
            opt.step(grads)
            after = register()
        assert before == after
    kept = [value for entry in opt.state.values() for key, value in entry.items() if key != "step"]
    return [*params, *(np.atleast_1d(value) for value in kept)]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("index", range(0, len(CASES), 2), ids=lambda index: str(CASES[index]))
def test_bits_are_the_same_in_any_mode(index: int, mode: str) -> None:
    _core.set_bytes_per_thread(1)
    wanted = train(default, index, 1)
    for threads in (1, 3):
        for i, (actual, expected) in enumerate(zip(train(MODES[mode], index, threads), wanted, strict=True)):
            assert_same_bits(actual, expected, f"array {i}, {threads} threads")


def test_the_modes_of_this_test_do_something() -> None:
    third, tiny = np.full(64, 3, np.float32), np.full(64, 1e-40, np.float32)
    with rounding(UPWARD):
        up = 1 / third
    with rounding(DOWNWARD):
        down = 1 / third
    assert (up > down).all()
    with flushing():
        product = tiny * np.float32(2)
    assert (product.view(np.uint32) == 0).all()


@pytest.mark.skipif(ARM, reason="AArch64 processors need not trap")
def test_traps_of_the_caller_are_not_ours() -> None:
    """In a process of its own, which a trap would kill."""
    program = f"""
import ctypes, ctypes.util, numpy as np, adamas
from adamas import _core
_core.set_bytes_per_thread(1)
p, g = np.ones(5000, np.float32), np.full(5000, 1e-30, np.float32)
opt = adamas.AdamW(p, num_threads=3)
libm = ctypes.CDLL(ctypes.util.find_library("m"))
libm.feenableexcept({UNDERFLOW})
opt.step(g)
libm.fedisableexcept({UNDERFLOW})
print("stepped")
libm.feenableexcept({UNDERFLOW})
print(g * g)
"""
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=60)
    assert result.stdout == "stepped\n"
    assert result.returncode < 0  # the multiplication was trapped


@pytest.fixture
def flush() -> Iterator[None]:
    adamas.set_flush_denormals(True)
    yield
    adamas.set_flush_denormals(False)


def is_subnormal(array: Any) -> Any:
    return (array != 0) & (np.abs(array) < SMALLEST)


@pytest.mark.usefixtures("flush")
@pytest.mark.parametrize("index", range(0, len(CASES), 2), ids=lambda index: str(CASES[index]))
def test_flushed_bits_depend_on_neither_threads_nor_instruction_set(index: int) -> None:
    _core.set_bytes_per_thread(1)
    wanted: list[Any] = []
    for isa in adamas.available_isas():
        adamas.use_isa(isa)
        for threads in (1, 3):
            results = train(default, index, threads)
            wanted = wanted or results
            for i, (actual, expected) in enumerate(zip(results, wanted, strict=True)):
                assert_same_bits(actual, expected, f"array {i}, {isa}, {threads} threads")


def test_flush_is_for_steps_alone() -> None:
    _core.set_bytes_per_thread(1)
    grad = np.full(5000, 1e-20, np.float32)  # (1 - 0.999) * 1e-40 is subnormal
    for enabled in (True, False):
        adamas.set_flush_denormals(enabled)
        assert adamas.get_flush_denormals() is enabled
        assert adamas.info()["denormals"] == ("flushed" if enabled else "kept")
        param = np.zeros(5000, np.float32)
        opt = adamas.Adam(param, num_threads=3)
        before = register()
        opt.step(grad)
        assert register() == before
        assert is_subnormal(opt.state[0]["exp_avg_sq"]).all() == (not enabled)
        assert (opt.state[0]["exp_avg_sq"] == 0).all() == enabled
        assert is_subnormal(grad * grad).all()  # NumPy computes as before


def test_flush_reaches_steps_of_other_threads() -> None:
    param = np.zeros(10, np.float32)
    opt = adamas.Adam(param)
    adamas.set_flush_denormals(True)
    try:
        thread = threading.Thread(target=opt.step, args=(np.full(10, 1e-20, np.float32),))
        thread.start()
        thread.join()
    finally:
        adamas.set_flush_denormals(False)
    assert (opt.state[0]["exp_avg_sq"] == 0).all()


@pytest.mark.parametrize("bad", [1, 0, None, "yes", 1.0])
def test_flush_takes_a_bool(bad: Any) -> None:
    with pytest.raises(TypeError, match="enabled: expected True or False"):
        adamas.set_flush_denormals(bad)
    assert not adamas.get_flush_denormals()
