"""No step touches a byte outside its arrays: each lies between pages that end the process when they are touched."""

from __future__ import annotations

import re
from pathlib import Path

from cases import STATES
from child import run_python

import adamas

SCRIPT = str(Path(__file__).parents[1] / "helpers" / "guarded_steps.py")


def test_steps_stay_inside() -> None:
    result = run_python("-X", "faulthandler", SCRIPT)
    assert result.returncode == 0, f"ended with {result.returncode}\n{result.stderr[-3000:]}"
    counts = {name: int(count) for name, count in re.findall(r"^(.*): (\d+)$", result.stdout, re.MULTILINE)}
    places = 2 * len(adamas.available_isas())
    assert counts.pop("steps") > 1_500 * places
    assert set(counts) == {f"{kind} states that end at the guard" for kind in STATES}
    assert all(count >= 10 * places for count in counts.values())


def test_what_is_outside_is_found() -> None:
    result = run_python(SCRIPT, "--planted")
    assert result.returncode == 0, result.stderr
    ended = dict(line.rsplit(": ", 1) for line in result.stdout.splitlines())
    assert len(ended) == 4 + 5 * len(adamas.available_isas())
    for name, how in ended.items():
        assert how == ("0" if "inside" in name else "SIGSEGV"), name
