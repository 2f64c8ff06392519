"""Running a program by several processes of MPI."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from child import VARIABLES

PROGRAMS = Path(__file__).parent / "programs"


def mpiexec() -> str:
    """Return the path of MPI's launcher, beside the interpreter, where PyPI's packages put it."""
    beside = Path(sys.executable).parent / "mpiexec"
    return str(beside) if beside.exists() else "mpiexec"


def environment() -> dict[str, str]:
    """Return the environment of such processes: one thread each."""
    clean = {key: value for key, value in os.environ.items() if key not in VARIABLES}
    paths = [str(Path(__file__).parent), str(Path(__file__).parent.parent / "helpers"), clean.get("PYTHONPATH", "")]
    return clean | {
        "ADAMAS_NUM_THREADS": "1",
        "PYTHONPATH": os.pathsep.join(path for path in paths if path),
        # Of Open MPI: more processes than processors, as root.
        "OMPI_ALLOW_RUN_AS_ROOT": "1",
        "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
        "PRTE_MCA_rmaps_default_mapping_policy": ":oversubscribe",
    }


def command(count: int, program: str, *arguments: str, threads: str = "multiple") -> list[str]:
    """Return the command that runs one of `PROGRAMS` by so many processes, and ends all if one ends by an error."""
    run = [sys.executable, "-W", "error", "-m", "mpi4py", "-rc", f"thread_level={threads}", str(PROGRAMS / program)]
    return [mpiexec(), "-n", str(count), *run, *arguments]


def run_processes(
    count: int,
    program: str,
    *arguments: str,
    timeout: float = 120,
    folder: Path | None = None,
    threads: str = "multiple",
) -> str:
    """Run a program that must succeed by so many processes; return what they printed."""
    done = subprocess.run(
        command(count, program, *arguments, threads=threads),
        env=environment(),
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done.stdout
