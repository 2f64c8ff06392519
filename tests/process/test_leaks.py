"""Leaks: nothing is left of deleted optimizers, after errors, threads, files and reference cycles either.

ADAMAS_LEAK_CYCLES sets the number of cycles; the default is large enough to find a leak.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from child import run_python

PROGRAM = Path(__file__).parent / "programs" / "leaks.py"
CYCLES = int(os.environ.get("ADAMAS_LEAK_CYCLES", "160"))
#: What the allocator and the interpreter may take meanwhile, whatever the number of cycles.
SLACK = 2 << 20
FEW = 20


def run(cycles: int, *arguments: str) -> Any:
    result = run_python(str(PROGRAM), str(cycles), *arguments, timeout=60 + cycles // 4)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def test_nothing_is_left(capsys: pytest.CaptureFixture[str]) -> None:
    found = run(CYCLES)
    assert found["after"]["references"] == found["before"]["references"]
    assert found["after"]["ours"] == found["before"]["ours"] == 0
    assert found["after"]["objects"] - found["before"]["objects"] < FEW
    assert found["grown"] < SLACK
    if "ADAMAS_LEAK_CYCLES" in os.environ:
        with capsys.disabled():
            print(f"\n{found}")


def test_a_leak_is_found() -> None:
    """Of one optimizer's states in each cycle."""
    found = run(120, "planted")
    assert found["grown"] > SLACK
    assert found["after"]["objects"] - found["before"]["objects"] > FEW
