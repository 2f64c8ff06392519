"""The tables of docs/combinations.md are true."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import combinations
import combinations_numpy
import combinations_torch
import pytest
from combinations_cells import find_out

import adamas
import adamas.torch
from adamas._optimizer.options import Options
from adamas.torch._backward import step_in_backward

#: Each is tried in a row that has its name.
EVERY_OPTION = list(Options.__annotations__)


def test_the_page_is_what_is_found_by_trying() -> None:
    """In a process of its own, since training loops change the settings of theirs."""
    command = [sys.executable, str(Path(combinations.__file__))]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    advice = f"docs/combinations.md is not what is found by trying; if that is meant, run: {combinations.COMMAND}"
    assert done.stdout.splitlines() == combinations.PAGE.read_text().splitlines(), advice


@pytest.mark.parametrize("module", [combinations_numpy, combinations_torch], ids=["numpy", "torch"])
def test_every_option_has_a_row(module: Any) -> None:
    labels = " ".join(row.label for row in module.ROWS_OF_TABLE)
    assert [name for name in EVERY_OPTION if f"{name}=" not in labels] == []


def test_every_argument_of_a_step_has_a_row() -> None:
    import inspect

    numpy, torch = (
        " ".join(row.label for row in module.ROWS_OF_TABLE) for module in (combinations_numpy, combinations_torch)
    )
    arguments = [
        *inspect.signature(adamas.AdamW.step).parameters,
        *inspect.signature(adamas.AdamW.step_scope).parameters,
    ]
    assert [name for name in arguments if name not in ("self", "grads") and f"`{name}" not in numpy] == []
    assert [name for name in inspect.signature(step_in_backward).parameters if name not in ("model", "optimizer")] == [
        name for name in ("previous_norm", "gradient_accumulation_steps") if f"`{name}=" in torch
    ]


def test_no_row_stands_twice() -> None:
    for module in (combinations_numpy, combinations_torch):
        labels = [row.label for row in module.ROWS_OF_TABLE]
        assert len(labels) == len(set(labels))


def test_differences_are_found() -> None:
    """A row that differs from the plain step, which nobody explains, is a fault."""
    table = combinations.Table(_Planted, {}, {})
    assert table.faults == ["planted under backwards: other parameters than the plain step's"]
    explained = combinations.Table(_Planted, {("planted", "backwards"): "it is planted"}, {})
    assert explained.faults == []
    assert "1. It is planted." in str(explained)
    stale = combinations.Table(_Planted, {("planted", "backwards"): "it is", ("gone", "backwards"): "it was"}, {})
    assert stale.faults == ["gone under backwards: does not differ"]


class _Planted:
    """A table of one cell."""

    ROWS_OF_TABLE = (combinations_numpy.Row("planted"),)
    COLUMNS = ("backwards",)

    @staticmethod
    def cell(row: combinations_numpy.Row, column: str) -> Any:
        plain = combinations_numpy.Run(row).train(lambda run, grads: run.opt.step(grads))
        other = combinations_numpy.Run(row, maximize=True).train(lambda run, grads: run.opt.step(grads))
        return find_out(lambda: other, lambda: plain)
