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


def test_two_processes_with_gradients_that_were_taken() -> None:
    """The step uses what all processes have found, clipped by the norm of all, or is refused."""
    found = run("two_processes_taken")
    for way in ("copies", "views", "fsdp"):
        for clipped in ("", ", clipped"):
            first, second = found[f"{way}, plain{clipped}"]
            assert first == second
            assert found[f"{way}, offload{clipped}"] == [first, second]
        assert found[f"{way}, plain"] != found[f"{way}, plain, clipped"]
    for kind in ("in backward", "offload, in backward"):
        assert found[f"fsdp, {kind}"] == found["fsdp, plain"]
        assert all("DistributedDataParallel" in error for error in found[f"copies, {kind}"])
        assert found[f"warnings, {kind}"] == [["fsdp"]] * 2


def test_trainer() -> None:
    found = run("trainer")
    assert len(found["adamas"]["losses"]) == 16
    assert found["adamas"]["losses"][-1] < found["adamas"]["losses"][0]
    assert np.abs(np.subtract(found["adamas"]["losses"], found["torch"]["losses"])).max() < 1e-5
    assert furthest(found["adamas"]["params"], found["torch"]["params"]) < 1e-4
    assert found["resumed"]["params"] == found["adamas"]["params"]


def test_trainer_recipes() -> None:
    """Trainer clips the gradients that Offload holds; with those that were used in the backward pass it fails."""
    found = run("trainer_recipes")
    assert min(found["unclipped"]["norms"]) > 0.5
    assert found["offload"] == found["plain"]
    assert found["plain"]["moved"] < 2 * 1e-2 * 0.5 < found["unclipped"]["moved"]
    lossy, peer = found["bfloat16, offload"], found["bfloat16"]  # which adds the gradients of two passes in bfloat16
    assert lossy["norms"] == pytest.approx(peer["norms"], rel=0.02)
    assert lossy["moved"] == pytest.approx(peer["moved"], rel=0.02)
    assert found["in backward"]["params"] == found["unclipped"]["params"]
    assert found["in backward"]["norms"] == pytest.approx(found["unclipped"]["norms"], rel=1e-6)
    assert found["in backward, max_norm"]["moved"] < 0.95 * found["unclipped"]["moved"]
    clipped = found["in backward, clipped"]["error"]
    assert "max_norm" in clipped
    assert "Trainer needs one of these and max_grad_norm=0" in clipped
    assert "second gradient; call step() after each backward pass" in found["offload in backward"]["error"]


def test_lightning_recipes() -> None:
    """Lightning clips and accumulates likewise; its step has the backward pass in a closure."""
    found = run("lightning_recipes")
    assert furthest(found["plain"]["params"], found["torch"]["params"]) < 1e-6
    assert found["offload"] == found["plain"]
    assert found["plain"]["moved"] < 10 * 1e-2 * 0.5 < found["unclipped"]["moved"]
    assert found["in backward"] == found["unclipped"]
    assert "Lightning no gradient_clip_val" in found["in backward, clipped"]["error"]


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
