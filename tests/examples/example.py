"""Running an example as a person does, who has copied its file into an empty folder; and reading its table."""

from __future__ import annotations

import functools
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from child import run_python

FOLDER = Path(__file__).parents[2] / "examples"
PNG = b"\x89PNG"


@functools.cache
def alone(name: str) -> Path:
    """Copy an example into an empty folder, which is deleted when the tests end; return the path of the copy."""
    folder = tempfile.TemporaryDirectory(prefix="adamas-example-")
    _FOLDERS.append(folder)
    return Path(shutil.copy(FOLDER / f"{name}.py", folder.name))


_FOLDERS: list[tempfile.TemporaryDirectory[str]] = []


def run_example(name: str, *options: object) -> subprocess.CompletedProcess[str]:
    """Run the copy of an example in a process of its own; a minute at most."""
    # One thread: torch's wait for each other in loops, which takes minutes where something else runs.
    return run_python(str(alone(name)), *map(str, options), OMP_NUM_THREADS="1")


def figures(name: str, *options: object) -> dict[str, str]:
    """Run an example that must succeed; return its last table."""
    result = run_example(name, *options)
    assert result.returncode == 0, result.stderr
    return table(result.stdout)


def table(text: str) -> dict[str, str]:
    """Return names and values."""
    return dict(re.findall(r"^(\S.*?) {2,}(\S.*)$", text, re.MULTILINE))


def refusal(name: str, *options: object) -> str:
    """Run an example that must refuse in one line; return what it says."""
    result = run_example(name, *options)
    assert result.returncode == 1, result.stdout + result.stderr
    last = result.stderr.strip().splitlines()[-1]
    assert last.startswith(f"{name}.py: error: "), result.stderr
    assert "Traceback" not in result.stderr
    return last.removeprefix(f"{name}.py: error: ")


def without(module: str, name: str, *options: object) -> str:
    """Return what an example says where a module is not installed."""
    code = (
        "import importlib.util, runpy, sys; find = importlib.util.find_spec\n"
        f"importlib.util.find_spec = lambda name, *rest: None if name == {module!r} else find(name, *rest)\n"
        f"sys.argv = {[str(alone(name)), *map(str, options)]!r}\n"
        "runpy.run_path(sys.argv[0], run_name='__main__')"
    )
    result = run_python("-c", code)
    assert result.returncode == 1, result.stdout + result.stderr
    assert "Traceback" not in result.stderr
    return result.stderr.strip().splitlines()[-1]
