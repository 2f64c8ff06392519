"""Very many steps, and very many groups. Not part of the plain run."""

from __future__ import annotations

import resource
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from bits import assert_same_bits
from many_arrays import check_arrays, check_groups

import adamas
from adamas import reference

STEPS = 1_000_000
SIZE = 33
PIECE = 1_000
#: From here on, 1 - 0.999**t is 1, and so the steps of all pieces are the same.
STEADY = 40_000


def resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


class Training:
    """A small model whose gradients depend on where it is, so that a bit that differs once spreads."""

    def __init__(self, module: Any, name: str, dtype: Any, options: dict[str, Any], pieces: int = 0) -> None:
        self.params = np.ones((pieces, SIZE) if pieces else SIZE, dtype)
        self.target = np.linspace(-1, 1, SIZE).astype(dtype)
        self.opt = getattr(module, name)(self.params, **options)

    def step(self, noise: Any) -> None:
        self.opt.step(self.params - self.target + noise)

    def arrays(self) -> dict[str, Any]:
        states = {k: v for k, v in self.opt.state[0].items() if isinstance(v, np.ndarray)}
        return {"params": self.params, **states}


def test_a_million_steps() -> None:
    """AdamW, and the reference all the way.

    The first 40,000 steps one after another, and then, since steps no longer depend on their number, 960 pieces of
    1,000 steps beside one another, each from where the compiled optimizer was at its beginning to where that was at its
    end. The memory of the process stays as it was.

    15 s on an idle processor; 0.3 GiB.
    """
    rng = np.random.default_rng(0)
    noise = rng.standard_normal((STEPS, SIZE), dtype=np.float32)
    ours, theirs = (Training(module, "AdamW", np.float32, {"lr": 1e-3}) for module in (adamas, reference))
    ends: list[dict[str, Any]] = []
    memory = 0
    for step in range(STEPS):
        ours.step(noise[step])
        if step < STEADY:
            theirs.step(noise[step])
        if step % PIECE == PIECE - 1:
            ends.append({key: array.copy() for key, array in ours.arrays().items()})
            if step < STEADY:
                assert_same(ends[-1], theirs.arrays(), f"after {step + 1} steps")
        if step == STEPS // 10:
            memory = resident()
    assert ours.opt.state[0]["step"] == STEPS
    assert resident() - memory < 2**20 + 4 * SIZE * 4 * len(ends)
    assert np.abs(ours.params - ours.target).max() < 0.2, "it has drifted away"

    first = STEADY // PIECE
    pieces = Training(reference, "AdamW", np.float32, {"lr": 1e-3}, len(ends) - first)
    pieces.params[...] = [end["params"] for end in ends[first - 1 : -1]]
    state = pieces.opt.state_dict()
    state["step"] = state["state"]["0"]["step"] = STEADY
    for key in ("exp_avg", "exp_avg_sq"):
        state["state"]["0"][key][...] = [end[key] for end in ends[first - 1 : -1]]
    pieces.opt.load_state_dict(state)
    by_piece = noise.reshape(-1, PIECE, SIZE)[first:]
    for step in range(PIECE):
        pieces.step(by_piece[:, step])
    assert_same({key: np.array([end[key] for end in ends[first:]]) for key in ends[0]}, pieces.arrays(), "pieces")


def assert_same(ours: dict[str, Any], theirs: dict[str, Any], when: str) -> None:
    for key, array in theirs.items():
        assert_same_bits(ours[key], array, f"{key}, {when}")


CASES: list[tuple[str, Any, dict[str, Any]]] = [
    ("AdamW", np.float32, {"lr": 1e-3, "state_dtype": "int8", "average": adamas.EMA(0.999)}),
    ("AdamW", ml_dtypes.bfloat16, {"lr": 1e-3, "state_dtype": "bfloat16", "rounding": "stochastic"}),
    ("NAdam", np.float64, {"lr": 1e-3}),
]


@pytest.mark.parametrize(("name", "dtype", "options"), CASES, ids=str)
def test_many_steps(name: str, dtype: Any, options: dict[str, Any]) -> None:
    """20,000 steps of each. 15 s each on an idle processor; no memory to speak of."""
    rng = np.random.default_rng(0)
    ours, theirs = (Training(module, name, dtype, options) for module in (adamas, reference))
    for step in range(20_000):
        noise = rng.standard_normal(SIZE).astype(dtype)
        ours.step(noise)
        theirs.step(noise)
        if step % PIECE == PIECE - 1:
            assert_same(ours.arrays(), theirs.arrays(), f"after {step + 1} steps")


def test_memory_of_very_many_steps() -> None:
    """Ten million steps of the compiled optimizer alone: the memory of the process stays as it was. Half a minute."""
    params, grad = np.ones(SIZE, np.float32), np.ones(SIZE, np.float32)
    opt = adamas.AdamW(params, lr=0.0)
    memory = 0
    for step in range(10 * STEPS):
        opt.step(grad)
        if step == STEPS:
            memory = resident()
    assert resident() - memory < 2**18


def test_very_many_arrays() -> None:
    """100,000 arrays. Three seconds."""
    check_arrays(100_000)


def test_very_many_groups() -> None:
    """100,000 groups of one array each. Half a minute."""
    check_groups(100_000)
