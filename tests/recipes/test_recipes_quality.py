"""Each recipe of docs/recipes.md trains on real data as well as the program that it changes."""

from __future__ import annotations

import functools
import tempfile
from pathlib import Path

import pytest
from one_thread import one_thread
from page_blocks import python_blocks
from recipe_page import CHANGES, LAUNCHED, PAGE, SOURCES, Change, launch, load, read_score, write

__all__ = ["one_thread"]

#: What frameworks say of themselves and of each other, whatever the optimizer.
pytestmark = [
    pytest.mark.filterwarnings("ignore:.*LeafSpec.*is deprecated"),  # lightning, of torch
    pytest.mark.filterwarnings("ignore:Stochastic Optimizer. Maximum iterations:UserWarning"),  # scikit-learn
]
OURS = [change for change in CHANGES if change.is_ours]
#: What a program prints: how good the worst may be, and how much worse than with the framework's own optimizer.
LIMITS = {"accuracy": (0.9, 0.03), "reward": (200.0, 150.0), "loss": (-2.4, 0.02)}


@pytest.fixture(autouse=True)
def _in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@functools.cache
def score(name: str) -> float:
    """Return the score of a program; greater is better."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        if name.startswith(tuple(LAUNCHED)):
            printed = launch(str(write(name, folder)))
        else:
            printed = load(name, folder).__dict__["printed"]
    return -read_score(printed) if "loss" in printed.splitlines()[-1] else read_score(printed)


@pytest.mark.parametrize("change", OURS, ids=lambda change: change.new)
def test_quality(change: Change) -> None:
    old, new = change.old, change.new
    worst, less = next(limits for kind, limits in LIMITS.items() if f'print("{kind}"' in SOURCES[old])
    assert score(old) > worst
    assert score(new) > max(worst, score(old) - less)


def test_python_blocks(tmp_path: Path) -> None:
    """They go on where the program of the diff before them ends."""
    found = python_blocks(PAGE)
    for block in found:
        before = PAGE[: PAGE.index(block)]
        name = [change.new for change in OURS if f"+++ {change.new}\n" in before][-1]
        exec(compile(block, "recipes.md", "exec"), load(name, tmp_path).__dict__)
    assert found
