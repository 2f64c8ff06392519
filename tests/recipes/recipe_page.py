"""The programs of docs/recipes.md: those in programs/, and those that its diffs make of them.

A diff begins with ``--- PROGRAM`` and ``+++ NEW PROGRAM``. PROGRAM is a file in programs/, or what an earlier diff has
made. Hunks begin with ``@@``; the old lines of each must stand in the program exactly once, one below the other.
"""

from __future__ import annotations

import contextlib
import importlib.util
import io
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

__all__ = [
    "CHANGES",
    "LAUNCHED",
    "PAGE",
    "PROGRAMS",
    "SOURCES",
    "Change",
    "apply",
    "launch",
    "load",
    "read_score",
    "run",
    "write",
]

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "recipes.md").read_text(encoding="utf-8")
PROGRAMS = Path(__file__).parent / "programs"


@dataclass(frozen=True)
class Change:
    """A diff of the page.

    Attributes:
        old: The name of the program that it changes.
        new: The name of the program that it makes.
        text: Its hunks.
    """

    old: str
    new: str
    text: str

    @property
    def is_ours(self) -> bool:
        """Whether it brings in an optimizer of adamas."""
        return any(line.startswith("+") and "adamas" in line for line in self.text.splitlines())


def apply(text: str, source: str) -> str:
    """Return a program with the hunks of a diff applied.

    Raises:
        ValueError: The old lines of a hunk are not in the program, or more than once.
    """
    for hunk in re.split(r"^@@.*\n", text, flags=re.MULTILINE)[1:]:
        lines = hunk.splitlines(keepends=True)
        old = "".join(line[1:] for line in lines if line[0] != "+")
        new = "".join(line[1:] for line in lines if line[0] != "-")
        parts = re.split(rf"^{re.escape(old)}", source, flags=re.MULTILINE)
        if len(parts) != 2:
            raise ValueError(f"these lines are in the program {len(parts) - 1} times, not once:\n{old}")
        source = new.join(parts)
    return source


def _read_changes() -> list[Change]:
    blocks = re.findall(r"^```diff\n--- ([^\n]+)\n\+\+\+ ([^\n]+)\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    return [Change(*block) for block in blocks]


def _make_sources(changes: list[Change]) -> Mapping[str, str]:
    sources = {path.name: path.read_text(encoding="utf-8") for path in sorted(PROGRAMS.glob("*.py"))}
    for change in changes:
        sources[change.new] = apply(change.text, sources[change.old])
    return sources


#: The diffs of the page, in its order.
CHANGES = _read_changes()
#: Programs that run in several processes.
LAUNCHED = {"text_fsdp.py"}
#: Every program by its name.
SOURCES = _make_sources(CHANGES)


def write(name: str, folder: Path) -> Path:
    """Write a program into a folder, and return its path."""
    path = folder / f"{re.sub(r'[^a-z0-9]+', '_', name.lower())}.py"
    path.write_text(SOURCES[name], encoding="utf-8")
    return path


def load(name: str, folder: Path) -> ModuleType:
    """Run a program in this process, as a module that can be imported while it runs, and return that.

    What it prints is in ``printed``.

    Args:
        name: Of the program.
        folder: Where its file is written.
    """
    path = write(name, folder)
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module  # for pickles of its classes
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        spec.loader.exec_module(module)
    module.__dict__["printed"] = printed.getvalue()
    return module


def read_score(printed: str) -> float:
    """Return the number in the last line that a program printed."""
    return float(printed.splitlines()[-1].split()[-1])


def run(name: str, folder: Path) -> float:
    """Run a program in this process, and return its score."""
    return read_score(load(name, folder).__dict__["printed"])


def launch(*arguments: str, processes: int = 2) -> str:
    """Run a file in several processes, and return what they printed.

    Raises:
        RuntimeError: One of them failed; with what they said last.
        subprocess.TimeoutExpired: They took more than 5 minutes.
    """
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(processes)]
    paths = os.pathsep.join(filter(None, sys.path))
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": paths}
    with subprocess.Popen(
        [*command, *arguments], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as running:
        try:
            printed, errors = running.communicate(timeout=300)
        except subprocess.TimeoutExpired:
            running.terminate()  # it ends the others
            raise
    if running.returncode != 0:
        raise RuntimeError(errors[-3000:])
    return printed
