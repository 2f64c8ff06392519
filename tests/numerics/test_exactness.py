"""Bitwise reproducibility: the same bits as the reference, with every instruction set, thread count and layout."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import pytest
from bits import Array, assert_same_bits
from cases import CASES, Case
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import adamas
from adamas import _core

LENGTHS = [0, 1, 2, 3, 7, 8, 15, 16, 17, 31, 32, 33, 63, 64, 65, 1000, 10_007, 70_001]
THREADS = [1, 2, 3, 4, 7]
STEPS = 22
SPECIAL = [0.0, -0.0, 1e-45, -1e-40, 1e-30, 1.0, -1.0, 1e30, -3e38, np.inf, -np.inf, np.nan]
DTYPES = [np.float32, np.float64]


def misaligned(values: Array, offset: int) -> Array:
    """Copy to a place `offset` elements past a 64-byte boundary."""
    memory = np.zeros(values.nbytes + 64 + offset * values.itemsize, np.uint8)
    start = -memory.ctypes.data % 64 + offset * values.itemsize
    copy = memory[start : start + values.nbytes].view(values.dtype)
    copy[...] = values
    return copy


def draw(rng: np.random.Generator, length: int, dtype: Any, special: bool) -> Array:
    values = (rng.standard_normal(length) * 10.0 ** rng.integers(-6, 3, length)).astype(dtype)
    if special and length:
        places = rng.integers(0, length, max(1, length // 8))
        values[places] = rng.choice(np.array(SPECIAL), len(places)).astype(dtype)
    return values


def change_hyperparameters(opt: Any, t: int) -> None:
    """Change what a user may change between two steps, as far as the rule has it."""
    group = opt.param_groups[0]
    changes: dict[int, dict[str, Any]] = {
        5: {"lr": 0.03},
        9: {"betas": (0.8, 0.95, 0.97)[: len(group.get("betas", ()))], "alpha": 0.9},
        13: {"weight_decay": 0.25},
        17: {"eps": 1e-4, "maximize": not group.get("maximize"), "bias_correction": not group.get("bias_correction")},
        19: {"eps_hat": not group.get("eps_hat"), "lr_decay": 0.1, "warmup_steps": 30, "eps_root": 1e-3},
    }
    if group.get("momentum"):
        changes[15] = {"momentum": 0.7}
    if isinstance(group.get("eps"), tuple):
        changes[17]["eps"] = (1e-4, 0.01)
    group.update({key: value for key, value in changes.get(t, {}).items() if key in group})


@functools.cache
def drawn(seed: int, times: int, dtype: Any, special: bool) -> list[list[Array]]:
    rng = np.random.default_rng(seed)
    return [[draw(rng, length, dtype, special) for length in LENGTHS] for _ in range(times)]


def run(opt: Any, params: list[Array], dtype: Any, special: bool, offset: int) -> list[Array]:
    """Take the same steps with any optimizer; return parameters and states."""
    for t, grads in enumerate(drawn(7, STEPS, dtype, special)):
        change_hyperparameters(opt, t)
        placed = [misaligned(g, (offset + 1) % 4) for g in grads]
        opt.step([None if (t, len(p)) in [(3, 17), (4, 1000)] else g for p, g in zip(params, placed, strict=True)])
    kept = [value for entry in opt.state.values() for key, value in entry.items() if key != "step"]
    return [*params, *(np.atleast_1d(value) for value in (*kept, *opt.scalars.values()))]


def initial(dtype: Any, special: bool, offset: int) -> list[Array]:
    return [misaligned(values, (offset + i) % 16) for i, values in enumerate(drawn(3, 1, dtype, special)[0])]


@functools.cache
def expected(index: int, dtype: Any, special: bool) -> list[Array]:
    params = initial(dtype, special, 0)
    with np.errstate(all="ignore"):
        return run(CASES[index].reference(params), params, dtype, special, 0)


@pytest.mark.parametrize("special", [False, True], ids=["normal", "special"])
@pytest.mark.parametrize("dtype", DTYPES, ids=["float32", "float64"])
@pytest.mark.parametrize("index", range(len(CASES)), ids=map(str, CASES))
@pytest.mark.parametrize("isa", adamas.available_isas())
def test_bits_equal_reference(isa: str, index: int, dtype: Any, special: bool) -> None:
    adamas.use_isa(isa)
    _core.set_bytes_per_thread(1)
    for threads in (1, THREADS[1 + index % (len(THREADS) - 1)]):
        params = initial(dtype, special, threads)
        opt = CASES[index].compiled(params, num_threads=threads)
        with np.errstate(all="ignore"):
            results = run(opt, params, dtype, special, threads)
        assert opt._engine.last_threads == threads
        for i, (actual, wanted) in enumerate(zip(results, expected(index, dtype, special), strict=True)):
            assert_same_bits(actual, wanted, f"array {i}, {threads} threads")


@pytest.mark.parametrize("isa", adamas.available_isas())
@pytest.mark.parametrize("dtype", DTYPES, ids=["float32", "float64"])
def test_where_work_is_cut_does_not_matter(isa: str, dtype: Any) -> None:
    """One large array, and the same elements in pieces of every awkward size."""
    adamas.use_isa(isa)
    rng = np.random.default_rng(1)
    size = 300_000
    whole = draw(rng, size, dtype, special=False)
    pieces = [p.copy() for p in np.split(whole, np.cumsum(rng.integers(0, 3000, 190)))]
    one, many = adamas.AdamW(whole, num_threads=3), adamas.AdamW(pieces, num_threads=2)
    for _ in range(20):
        grad = draw(rng, size, dtype, special=False)
        one.step(grad)
        many.step(list(np.split(grad, np.cumsum([len(p) for p in pieces])[:-1])))
    assert_same_bits(np.concatenate(pieces), whole, "pieces against whole")


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("dtype", DTYPES, ids=["float32", "float64"])
def test_nothing_is_written_between_the_arrays(dtype: Any, seed: int) -> None:
    """Thousands of arrays cut at every kind of place, with a guard after each: each element once, no guard ever."""
    rng = np.random.default_rng(seed)
    sizes = rng.integers(0, 1100, 3000)
    guard = 64
    memory = np.full(int(sizes.sum()) + guard * len(sizes), 7.0, dtype)
    starts = np.cumsum([0, *(sizes[:-1] + guard)])
    params = [memory[start : start + size] for start, size in zip(starts, sizes, strict=True)]
    grads = [np.ones(size, dtype) for size in sizes]
    _core.set_bytes_per_thread(1)
    opt = adamas.AdamW(params, lr=0.5, weight_decay=0.0, eps=0.0)
    inside = np.zeros(memory.shape, bool)
    for start, size in zip(starts, sizes, strict=True):
        inside[start : start + size] = True
    expected = np.full(1, 7.0, dtype)
    plain = adamas.reference.AdamW(expected, lr=0.5, weight_decay=0.0, eps=0.0)
    for threads in (2, 3, 5, 16, 61):
        opt.num_threads = threads
        opt.step(grads)
        plain.step(np.ones(1, dtype))
        assert (memory[inside] == expected[0]).all()
        assert (memory[~inside] == 7.0).all()


@pytest.mark.parametrize("dtype", DTYPES, ids=["float32", "float64"])
@settings(deadline=None, max_examples=60)
@given(data=st.data())
def test_random_optimizers(dtype: Any, data: st.DataObject) -> None:
    """Any hyperparameters, any floats: the compiled optimizer and the reference agree."""
    width = np.dtype(dtype).itemsize * 8
    size = data.draw(st.integers(0, 70), label="size")
    floats = hnp.arrays(dtype, size, elements=st.floats(width=width))
    fraction = st.floats(0.0, 1.0, exclude_max=True)
    options = {
        "lr": data.draw(st.floats(0.0, 1e3)),
        "betas": (data.draw(fraction), data.draw(fraction)),
        "eps": data.draw(st.floats(0.0, 10.0)),
        "weight_decay": data.draw(st.floats(0.0, 10.0)),
        "amsgrad": data.draw(st.booleans()),
        "maximize": data.draw(st.booleans()),
        "bias_correction": data.draw(st.booleans()),
        "eps_hat": data.draw(st.booleans()),
        "decoupled_weight_decay": data.draw(st.booleans()),
    }
    start = data.draw(floats, label="param")
    a, b = start.copy(), start.copy()
    case = Case("Adam", None, options)
    compiled, plain = case.compiled([a]), case.reference([b])
    adamas.use_isa(data.draw(st.sampled_from(adamas.available_isas())))
    with np.errstate(all="ignore"):
        for _ in range(3):
            grad = data.draw(floats, label="grad")
            compiled.step([grad])
            plain.step([grad])
    assert_same_bits(a, b, "param")
    for name in plain.state[0]:
        if name != "step":
            assert_same_bits(compiled.state[0][name], plain.state[0][name], name)


@pytest.mark.parametrize("step", [1, 2, 10, 999, 10**6, 2**31 - 2, 2**31 + 5, 2**40])
@pytest.mark.parametrize("betas", [(0.9, 0.999), (0.0, 0.0), (0.999999999, 1 - 2**-53), (1e-300, 5e-324)])
def test_late_steps(step: int, betas: tuple[float, float]) -> None:
    """Bias corrections at any step count, where powers of beta underflow as well."""
    rng = np.random.default_rng(0)
    a = rng.standard_normal(100)
    b = a.copy()
    compiled, plain = adamas.Adam([a], betas=betas), adamas.reference.Adam([b], betas=betas)
    for opt in (compiled, plain):
        state = opt.state_dict()
        state["state"]["0"]["step"] = step
        opt.load_state_dict(state)
        opt.step([np.ones(100)])
        assert opt.state["0"]["step"] == step + 1
    assert_same_bits(a, b, "param")
