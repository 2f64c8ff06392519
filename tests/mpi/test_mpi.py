"""Optimizers of several processes, run by MPI: the bits of one process, faults, and what is killed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from mpi_processes import PROGRAMS, environment, run_processes
from page_blocks import python_blocks


@pytest.fixture(scope="session")
def expected(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Hashes of what one process without MPI does."""
    path = tmp_path_factory.mktemp("mpi") / "expected.json"
    subprocess.run([sys.executable, str(PROGRAMS / "bits.py"), str(path), "one"], env=environment(), check=True)
    return path


@pytest.mark.parametrize("how", ["messages", "shared", "machines", "scopes"])
@pytest.mark.parametrize("count", [1, 2, 3, 4, 8])
def test_bits_of_one_process(count: int, how: str, expected: Path) -> None:
    """All rules, formats and options, for any number of processes."""
    told = run_processes(count, "bits.py", str(expected), how)
    assert f"comparisons, {count} processes, {how}" in told
    print(told)


@pytest.mark.parametrize("count", [2, 3])
def test_faults(count: int, tmp_path: Path) -> None:
    """Whatever differs between processes is an error on all of them."""
    told = run_processes(count, "faults.py", str(tmp_path))
    print(told)
    assert len(told.splitlines()) > 25 * count


@pytest.mark.parametrize("count", [2, 3, 4])
def test_saving(count: int, tmp_path: Path) -> None:
    """State dicts, checkpoints, averages and evaluation: those of one process, and files byte for byte."""
    assert "saved and loaded" in run_processes(count, "saving.py", str(tmp_path))


@pytest.mark.parametrize("threads", ["multiple", "single"])
@pytest.mark.parametrize("count", [1, 2, 4])
def test_memory_threads_and_arenas(count: int, threads: str) -> None:
    """Each process has its part of the states; MPI without threads takes no steps in the background."""
    assert "all is well" in run_processes(count, "alone.py", threads=threads)


@pytest.mark.parametrize("count", [2, 3])
def test_the_page(count: int, tmp_path: Path) -> None:
    """The blocks of docs/sharded.md, one after the other, by several processes."""
    page = (Path(__file__).parents[2] / "docs" / "sharded.md").read_text(encoding="utf-8")
    blocks = python_blocks(page)
    blocks = [block for block in blocks if "torch" not in block]  # tests/torch_adapter/test_sharded.py
    assert len(blocks) == 4
    program = tmp_path / "train.py"
    program.write_text("\n".join([*blocks, "assert (params['w'] < 0).all()", "assert (arena.params['w'] < 0).all()"]))
    run_processes(count, str(program), folder=tmp_path)
    assert (tmp_path / "run.safetensors").exists()
