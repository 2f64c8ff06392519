"""The table at the end of a run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from adamas.demo.mlp import Array


def print_table(rows: Mapping[str, str], *files: Path) -> None:
    """Print names and values, and the files that the run has left."""
    width = max(map(len, rows))
    print("\n".join(f"{name:<{width}}  {value}" for name, value in rows.items()))
    print("\n" + "\n".join(str(file.resolve()) for file in files))


def check_reloaded(saved: tuple[float, ...], reloaded: tuple[float, ...], path: Path) -> None:
    """Raise ValueError unless a checkpoint gives the figures it was saved with."""
    if saved != reloaded:
        raise ValueError(f"{path}: gave {saved} when it was saved, and {reloaded} when it was read back")


def count_parameters(*arrays: Array) -> int:
    """Return how many numbers there are in all."""
    return sum(array.size for array in arrays)
