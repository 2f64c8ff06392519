"""Under the training loops of others: each in a process of its own, beside torch.optim.AdamW."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

PROGRAMS = Path(__file__).parent / "programs"


def run(program: str, *arguments: str) -> Any:
    command = [sys.executable, str(PROGRAMS / f"{program}.py"), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout)


def furthest(a: list[list[float]], b: list[list[float]]) -> float:
    return max(float(np.abs(np.subtract(x, y)).max()) for x, y in zip(a, b, strict=True))


@pytest.mark.parametrize(
    ("way", "names"), [("zero", [0, 1, 2, 3]), ("fsdp", ["0.bias", "0.weight", "2.bias", "2.weight"])]
)
def test_two_processes(way: str, names: list[Any]) -> None:
    found = run("two_processes", way)
    (_, saved, first), (_, _, second) = found["adamas"]
    assert saved == names
    assert first == second  # both processes have the same parameters
    assert furthest(first, found["torch"][0][2]) < 1e-6


def test_trainer() -> None:
    found = run("trainer")
    assert len(found["adamas"]["losses"]) == 16
    assert found["adamas"]["losses"][-1] < found["adamas"]["losses"][0]
    assert np.abs(np.subtract(found["adamas"]["losses"], found["torch"]["losses"])).max() < 1e-5
    assert furthest(found["adamas"]["params"], found["torch"]["params"]) < 1e-4
    assert found["resumed"]["params"] == found["adamas"]["params"]


@pytest.fixture(scope="module")
def stages() -> Any:
    return run("deepspeed_zero")


@pytest.mark.parametrize("stage", ["1", "2", "3"])
def test_deepspeed_zero(stages: Any, stage: str) -> None:
    ours, theirs = stages[stage]["adamas"], stages[stage]["torch"]
    assert ours["optimizer"] == "adamas.torch._optimizers"
    assert ours["losses"][-1] < ours["losses"][0]
    assert np.abs(np.subtract(ours["losses"], theirs["losses"])).max() < 1e-3


def test_state_of_deepspeed_cpu_adam() -> None:
    found = run("deepspeed_state")
    assert found["step"] == 6
    assert found["apart"] < 1e-6
