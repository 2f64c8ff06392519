"""What docs/flower.md shows is run, with a grid of ten nodes in this process; and the example."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flower_rounds import Grid, Model, arrays_of, in_a_run
from flwr.app import ArrayRecord, ConfigRecord
from page_blocks import python_blocks

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "flower.md").read_text(encoding="utf-8")


def client(arrays: ArrayRecord, config: ConfigRecord, number: int) -> tuple[Model, int]:
    model = arrays_of(arrays)
    return {name: array + np.float32(number) for name, array in model.items()}, 5


def test_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    first, second, third = python_blocks(PAGE)
    names: dict[str, Any] = {}
    grid = Grid(client, 10)
    exec(compile(first, "flower.md", "exec"), names)
    with in_a_run():
        names["main"](grid, None)
    assert (tmp_path / "server.safetensors").exists()
    exec(compile(second, "flower.md", "exec"), names)
    assert capsys.readouterr().out == "3 0.01\n"
    with in_a_run():
        assert names["go_on"](grid).keys() == {"0", "1"}
    assert names["strategy"].completed_rounds == 5
    exec(compile(third, "flower.md", "exec"), names)
    assert names["strategy"].min_fit_clients == 10


def test_the_example(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "examples" / "federated_digits.py"), "--quick", "--output-dir", str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
        cwd=tmp_path,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stderr[-3000:]
    table = dict(re.findall(r"^(\S.*?) {2,}(\S.*)$", done.stdout, re.MULTILINE))
    for name in ("FedLion", "FedAdagrad", "FedYogi", "FedAdam"):
        assert float(table[f"{name} accuracy"]) > 0.6
    assert table["stopped and resumed"].startswith("the same bits, ")
    assert (tmp_path / "accuracies.png").read_bytes().startswith(b"\x89PNG")
