"""A small transformer on characters, trained with both: the losses are the same except for rounding."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

BENCH = Path(__file__).parents[2] / "bench"


@pytest.fixture(autouse=True)
def bench_on_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [*sys.path, str(BENCH)])


def test_losses_of_a_transformer() -> None:
    from torch_training import pair

    ours, theirs = pair(seed=0, steps=100, width=64, layers=2)
    losses = [(ours.step(), theirs.step()) for _ in range(100)]
    assert losses[0][0] == losses[0][1]
    assert losses[-1][0] < 0.7 * losses[0][0]
    for mine, other in losses:
        assert mine == pytest.approx(other, rel=1e-3)
