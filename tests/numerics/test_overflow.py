"""Finite gradients whose squares overflow: in 8 and 4 bits, as in float32, only that element does not move."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from bits import Array, assert_same_bits
from cases import CASES, QUANTISED_STATES, Case
from refusing import both

import adamas

#: Its square is infinite, also that of a small share of it, as some rules take it.
HUGE = 1e30
#: In the whole blocks and in the last one; two in one block.
PLACES = [7, 100, 130, 299]


def has_squares(case: Case) -> bool:
    opt = case.reference([np.ones(1)])
    return "square" in opt._model.groups.records[0].formula.states.values()


SQUARES = {case.optimizer: case for case in reversed(CASES) if has_squares(case)}
each_rule = pytest.mark.parametrize("case", SQUARES.values(), ids=SQUARES)
each_format = pytest.mark.parametrize("state_dtype", QUANTISED_STATES)


def run(make: Any, huge_at: tuple[int, ...] = (1,), **options: Any) -> tuple[Array, Any]:
    param = np.linspace(-1, 1, 300).astype(np.float32)
    opt = make([param], **options)
    rng = np.random.default_rng(0)
    for step in range(12):
        grad = rng.standard_normal(300).astype(np.float32)
        if step in huge_at:
            grad[PLACES] = [HUGE, -HUGE, 1e38, HUGE]
        with np.errstate(all="ignore"):
            assert opt.step([grad], on_nonfinite="raise").updated == 1
    return param, opt


def test_most_rules_keep_squares() -> None:
    assert len(SQUARES) >= 11


@both
@each_rule
@each_format
def test_as_in_float32(module: Any, case: Case, state_dtype: str) -> None:
    make = case.compiled if module is adamas else case.reference
    (exact, wide), (param, opt) = run(make), run(make, state_dtype=state_dtype)
    others = np.ones(300, bool)
    others[PLACES] = False
    if case.optimizer == "LAMB":  # whose direction has one norm for all: compare with a step as long
        assert np.isfinite(param).all()
        assert (param != np.linspace(-1, 1, 300, dtype=np.float32))[others].all()
        return
    if case.optimizer == "RAdam":  # whose first steps use the first moment alone: that is kept as its share of the root
        assert np.isfinite(param).all()
    else:
        np.testing.assert_allclose(param[PLACES], exact[PLACES], rtol=0, atol=2e-3)
    anyhow = np.linalg.norm((run(make, (), state_dtype=state_dtype)[0] - exact)[others])
    moved = np.linalg.norm((exact - np.linspace(-1, 1, 300, dtype=np.float32))[others])
    error = np.linalg.norm((param - exact)[others])
    assert error < 1.2 * anyhow + 0.03 * moved, "more than quantisation costs without overflow"
    for name in (name for name, value in wide.state[0].items() if isinstance(value, np.ndarray)):
        scale = opt.state[0].get(f"{name}_scale", np.zeros(1))
        assert not np.isnan(scale).any(), name
        assert np.isposinf(wide.state[0][name][PLACES]).all() == np.signbit(scale).any(), "marked where it is infinite"


@each_rule
@each_format
def test_bits_equal_reference(case: Case, state_dtype: str) -> None:
    expected, reference = run(case.reference, (1, 5), state_dtype=state_dtype)
    for isa in adamas.available_isas():
        adamas.use_isa(isa)
        param, opt = run(case.compiled, (1, 5), state_dtype=state_dtype)
        assert_same_bits(param, expected, isa)
        for name, value in reference.state[0].items():
            if isinstance(value, np.ndarray):
                assert_same_bits(opt.state[0][name], value, f"{name}, {isa}")


@both
@each_format
def test_blocks_of_nothing_else(module: Any, state_dtype: str) -> None:
    """Where all squares overflow, or all others are zero, there is no scale to measure."""
    for size in (1, 128, 200):
        for rest in (HUGE, 0.0):
            param = np.ones(size, np.float32)
            opt = module.Adam([param], lr=0.1, state_dtype=state_dtype)
            grad = np.full(size, rest, np.float32)
            grad[0] = HUGE
            opt.step([grad])
            opt.step([np.ones(size, np.float32)])
            assert np.isfinite(param).all()
            assert param[0] == 1.0, "its square is infinite for good"
            assert np.signbit(opt.state[0]["exp_avg_sq_scale"][0])


@both
def test_saved_and_converted(module: Any, tmp_path: Any) -> None:
    """Infinite squares survive a file, and another format."""
    param, opt = run(module.Adam, state_dtype="int8")
    opt.save(tmp_path / "a.safetensors")
    for state_dtype in (*QUANTISED_STATES, "float32"):
        other = module.Adam([param.copy()], state_dtype=state_dtype)
        other.load(tmp_path / "a.safetensors", convert=True)
        again = np.zeros(300, np.float32)
        target = module.Adam([again], state_dtype=state_dtype)
        target.load_state_dict(other.state_dict())
        before = again.copy()
        target.step([np.ones(300, np.float32)])
        assert (again[PLACES] == before[PLACES]).all()
        assert np.isfinite(again).all()
        assert (np.delete(again, PLACES) != 0).all()
