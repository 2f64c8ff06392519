"""The table at the end of a run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from adamas.demo.mlp import Array


def print_table(rows: Mapping[str, str], *files: Path) -> None:
    """Print names and values, and the paths of the files that the run has written."""
    width = max(map(len, rows))
    print("\n".join(f"{name:<{width}}  {value}" for name, value in rows.items()))
    print("\n" + "\n".join(str(file.resolve()) for file in files))


def check_reloaded(saved: tuple[float, ...], reloaded: tuple[float, ...], path: Path) -> None:
    """Raise ValueError unless the model that was read back gives the figures of the saved one."""
    if saved != reloaded:
        raise ValueError(f"{path}: results after loading are {reloaded}, before saving they were {saved}")


def count_parameters(*arrays: Array) -> int:
    """Return how many numbers there are in all."""
    return sum(array.size for array in arrays)
