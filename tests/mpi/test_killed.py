"""A run whose processes are killed, again and again, and which goes on with another number of them."""

from __future__ import annotations

import os
import random
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from mpi_processes import environment, mpiexec

import adamas

EXAMPLE = Path(__file__).parents[2] / "examples" / "elastic_mpi.py"
#: How often it is killed; ADAMAS_KILLS says otherwise.
KILLS = int(os.environ.get("ADAMAS_KILLS", "6"))


def start(count: int, folder: Path) -> subprocess.Popen[str]:
    options = ["--epochs", "5", "--hidden", "512", "--save-every", "1", "--output-dir", str(folder)]
    command = [mpiexec(), "-n", str(count), sys.executable, "-m", "mpi4py", str(EXAMPLE), *options]
    return subprocess.Popen(
        command,
        env=environment() | {"OPENBLAS_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def workers(folder: Path) -> list[int]:
    """Return the processes that run the example in a folder, without their launcher."""
    found = []
    for process in Path("/proc").iterdir():
        try:
            words = (process / "cmdline").read_bytes().split(b"\0") if process.name.isdigit() else []
        except OSError:  # it is gone
            continue
        if str(folder).encode() in words and b"-n" not in words:
            found.append(int(process.name))
    return found


def finish(count: int, folder: Path) -> str:
    run = start(count, folder)
    out, err = run.communicate(timeout=100)
    assert run.returncode == 0, err
    found = re.search(r"CRC-32 ([0-9a-f]{8})", out)
    assert found is not None, out
    return found[1]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The checksum of the parameters that one process ends with, which nobody disturbs."""
    return finish(1, tmp_path_factory.mktemp("whole"))


def test_killed_and_resumed(tmp_path: Path, whole: str) -> None:
    """SIGKILL to one of four processes at a random moment; two go on; no hang, whole files, the same bits."""
    chance = random.Random(1)
    hit = 0
    for turn in range(KILLS):
        folder = tmp_path / str(turn)
        checkpoint = folder / "model.safetensors"
        run = start(4, folder)
        deadline = time.monotonic() + 60
        while not checkpoint.exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        time.sleep(chance.uniform(0.0, 2.0))
        if running := workers(folder):
            os.kill(chance.choice(running), signal.SIGKILL)
        out, err = run.communicate(timeout=60)
        hit += run.returncode != 0
        assert run.returncode != 0 or "CRC-32" in out, err
        assert not workers(folder)
        adamas.checkpoint.read(checkpoint)
        assert finish(2, folder) == whole
    assert hit > KILLS / 2, hit
