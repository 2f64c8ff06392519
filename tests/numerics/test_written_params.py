"""Values that users write into parameters: they count, whatever is kept beside the parameters."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from bits import Array, assert_same_bits
from cases import CASES, DTYPES, RESIDUES, Case
from refusing import both

import adamas
from adamas import _core

#: All ways to keep what rounding to 16 bits cuts off.
KEPT = [
    (dtype, options)
    for dtype in ("bfloat16", "float16")
    for options in RESIDUES[dtype]
    if options.get("master_weights") or options.get("rounding") == "kahan"
]
IDS = [f"{dtype}-{'-'.join(map(str, options.values()))}" for dtype, options in KEPT]
kept = pytest.mark.parametrize(("dtype", "options"), KEPT, ids=IDS)


def trained(module: Any, dtype: str, options: dict[str, Any], size: int = 300) -> tuple[Any, Array]:
    """Take some steps, after which what is kept is no round number."""
    param = np.linspace(-900, 900, size).astype(DTYPES[dtype])
    opt = module.SGD([param], lr=0.25, **options)
    rng = np.random.default_rng(0)
    for _ in range(3):
        opt.step([rng.standard_normal(size).astype(np.float32)])
    return opt, param


@both
@kept
@pytest.mark.parametrize("value", [8.0, 1e-3, 0.0, -0.0])
def test_training_goes_on_from_what_was_written(module: Any, dtype: str, options: dict[str, Any], value: float) -> None:
    """With what is kept of 900, say, 8 would become 900, 10 or 6; a zero with the low bits of 900, no number.

    What was written stands for all numbers that round to it: half a unit in its last place is left open.
    """
    opt, param = trained(module, dtype, options)
    param[...] = value
    written = param.astype(np.float64)
    opt.step([np.zeros(300, np.float32)])
    np.testing.assert_array_equal(param.astype(np.float64), written)
    param[...] = 8.0
    opt.step([np.full(300, 8.0, np.float32)])
    half_unit = 2.0**-8 if dtype == "float16" else 2.0**-5
    assert (np.abs(param.astype(np.float64) - 6.0) <= half_unit).all()
    if options.get("master_weights") is True:
        np.testing.assert_array_equal(opt.state[0]["master"], 6.0)


@both
@kept
def test_infinities_stay_what_they_are(module: Any, dtype: str, options: dict[str, Any]) -> None:
    opt, param = trained(module, dtype, options)
    param[::2] = np.inf
    param[1::2] = -np.inf
    written = param.copy()
    with np.errstate(all="ignore"):
        opt.step([np.zeros(300, np.float32)])
    finite = np.isfinite(param.astype(np.float32))
    assert not np.isnan(param.astype(np.float32)).any()
    # The largest numbers of float32 round to bfloat16's infinity: so halves of one may mean the other.
    assert (np.abs(param[finite].astype(np.float32)) > 3e38).all()
    np.testing.assert_array_equal(np.sign(param.astype(np.float32)), np.sign(written.astype(np.float32)))


@both
@kept
def test_what_was_not_written_keeps_its_master(module: Any, dtype: str, options: dict[str, Any]) -> None:
    """Clamping some elements changes nothing for the others: their small updates are still being summed up."""
    (opt, param), (other, untouched) = trained(module, dtype, options), trained(module, dtype, options)
    np.clip(param, -300, 300, out=param)
    clipped = np.abs(untouched.astype(np.float32)) > 300
    assert 100 < clipped.sum() < 290
    grad = np.full(300, 1e-3, np.float32)
    for _ in range(20):
        opt.step([grad])
        other.step([grad])
    assert_same_bits(param[~clipped], untouched[~clipped], "elements that nobody wrote to")
    assert (np.abs(param[clipped].astype(np.float32)) <= 300.5).all()


@both
@kept
def test_averages_and_frozen_parameters_see_it(module: Any, dtype: str, options: dict[str, Any]) -> None:
    params = [np.full(140, 900.0).astype(DTYPES[dtype]) for _ in range(2)]
    opt = module.SGD(params, lr=0.25, average=adamas.SWA(), **options)
    opt.step([np.full(140, 0.123, np.float32) for _ in params])
    params[1][...] = 8.0
    opt.step([np.zeros(140, np.float32), None])
    before = opt.state["1"]["average"] * 2 - 8
    assert (np.abs(before - 900) < 4).all()


@pytest.mark.parametrize("case", {case.optimizer: case for case in CASES}.values(), ids=lambda case: case.optimizer)
@kept
def test_bits_equal_reference(case: Case, dtype: str, options: dict[str, Any]) -> None:
    """Numbers of all kinds are written over some elements before each step."""
    _core.set_bytes_per_thread(1)
    values = np.array([0.0, -0.0, 1.0, 1.0039, -3e38, 3.39e38, np.inf, np.nan, 1e-40, 65504.0, 7e-8], np.float32)

    def run(make: Callable[..., Any], **more: Any) -> list[Array]:
        rng = np.random.default_rng(1)
        with np.errstate(all="ignore"):
            params = [rng.standard_normal(size).astype(DTYPES[dtype]) for size in (5, 128, 517)]
            opt = make(params, average=adamas.EMA(0.5), **options, **more)
            for _ in range(4):
                for param in params:
                    places = rng.integers(0, param.size, param.size // 4)
                    param[places] = rng.choice(values, places.size).astype(param.dtype)
                opt.step([rng.standard_normal(param.size).astype(np.float32) for param in params])
        return [*params, *(v for e in opt.state.values() for v in e.values() if isinstance(v, np.ndarray))]

    expected = run(case.reference)
    for isa in adamas.available_isas():
        adamas.use_isa(isa)
        for actual, right in zip(run(case.compiled, num_threads=2), expected, strict=True):
            assert_same_bits(actual, right, f"{case.optimizer}, {isa}, {options}")


@both
def test_schedule_free_begins_with_the_parameter_of_the_first_step(module: Any) -> None:
    """Weights are loaded between making the optimizer and the first step."""
    late, early = np.zeros(200, np.float32), np.full(200, 3.0, np.float32)
    opt = module.ScheduleFreeAdamW([late], lr=0.1)
    late[...] = 3.0
    opt.eval()
    np.testing.assert_array_equal(late, 3.0)
    opt.train()
    expected = module.ScheduleFreeAdamW([early], lr=0.1)
    for optimizer in (opt, expected):
        for _ in range(3):
            optimizer.step([np.ones(200, np.float32)])
    assert_same_bits(late, early, "y")
    assert_same_bits(opt.state[0]["z"], expected.state[0]["z"], "z")


@both
def test_copies_of_parameters_without_a_gradient(module: Any) -> None:
    params = [np.ones(600, np.float32) for _ in range(2)]
    copies = [np.zeros(600, np.float16) for _ in range(2)]
    opt = module.SGD(params, lr=1.0, copy_out=copies)
    for written, step in (
        (8.0, lambda: opt.step([None, np.zeros(600, np.float32)])),
        (9.0, lambda: scope_over(opt, 1)),
        (7.0, lambda: opt.load_state_dict(opt.state_dict())),
        (6.0, opt.refresh_copies),
    ):
        params[0][...] = written
        step()
        np.testing.assert_array_equal(copies[0], written)
        np.testing.assert_array_equal(copies[1], params[1])


def scope_over(opt: Any, index: int) -> None:
    with opt.step_scope():
        opt.step_param(index, np.zeros(600, np.float32))


@both
def test_a_skipped_step_leaves_copies(module: Any) -> None:
    param, copy = np.ones(3, np.float32), np.zeros(3, np.float16)
    opt = module.SGD(param, lr=1.0, copy_out=copy, on_nonfinite="skip")
    param[...] = 5.0
    assert opt.step(np.full(3, np.nan, np.float32)).skipped
    np.testing.assert_array_equal(copy, 1.0)


@both
def test_copies_hold_averages_where_parameters_do(module: Any) -> None:
    param, copy = np.zeros(3, np.float32), np.zeros(3, np.float16)
    opt = module.SGD(param, lr=1.0, copy_out=copy, average=adamas.SWA())
    for _ in range(3):
        opt.step(np.full(3, -1.0, np.float32))
    with opt.averaged():
        np.testing.assert_array_equal(copy, 2.0)
    np.testing.assert_array_equal(copy, 3.0)
