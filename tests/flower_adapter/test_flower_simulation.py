"""Flower's own simulation, of ten clients on real data; and the change of one line."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

APP = Path(__file__).with_name("digits_app.py").read_text(encoding="utf-8")
#: The one line that a user changes.
BEFORE, AFTER = "from flwr.serverapp.strategy import FedAdam\n", "from adamas.flower import FedAdam\n"
ROUNDS = 9


class Run(NamedTuple):
    """What the app has printed."""

    accuracies: list[float]
    checksum: str


def simulate(source: str, folder: Path) -> Run:
    path = folder / "app.py"
    path.write_text(source, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, str(path), str(ROUNDS)], cwd=folder, capture_output=True, text=True, timeout=240, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found = re.findall(r"^round \d+ accuracy (\S+)$", done.stdout, re.MULTILINE)
    assert len(found) == ROUNDS + 1, done.stderr[-3000:]
    (checksum,) = re.findall(r"^checksum (\d+)$", done.stdout, re.MULTILINE)
    return Run([float(each) for each in found], checksum)


@pytest.fixture(scope="module")
def changed(tmp_path_factory: pytest.TempPathFactory) -> Run:
    assert APP.count(BEFORE) == 1
    return simulate(APP.replace(BEFORE, AFTER), tmp_path_factory.mktemp("adamas"))


def test_one_line_is_changed(changed: Run, tmp_path: Path) -> None:
    """With Flower's strategy and with ours, the app has the same accuracy in each round, except for a few images."""
    flowers = simulate(APP, tmp_path)
    for ours, theirs in zip(changed.accuracies, flowers.accuracies, strict=True):
        assert ours == pytest.approx(theirs, abs=0.015)


def test_quality(changed: Run) -> None:
    assert changed.accuracies[0] < 0.3
    assert changed.accuracies[-1] > 0.9


def test_simulations_have_the_same_bits(changed: Run, tmp_path: Path) -> None:
    """Although the nodes have other numbers, and their replies come in another order."""
    assert simulate(APP.replace(BEFORE, AFTER), tmp_path).checksum == changed.checksum
