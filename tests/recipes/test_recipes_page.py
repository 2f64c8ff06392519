"""docs/recipes.md shows the changes that are tested, for every program, and figures for every change."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from recipe_page import CHANGES, PAGE, PROGRAMS, Change, apply

OURS = [change for change in CHANGES if change.is_ours]


def test_each_program_has_a_recipe() -> None:
    names = {path.name for path in PROGRAMS.glob("*.py")}
    assert {change.old.split(" ")[0] for change in OURS} == names
    for name in names:
        assert "adamas" not in (PROGRAMS / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("change", OURS, ids=lambda change: change.new)
def test_a_recipe_changes_one_statement_and_the_imports(change: Change) -> None:
    hunks = re.split(r"^@@.*\n", change.text, flags=re.MULTILINE)[1:]
    statements = [hunk for hunk in hunks if not re.search(r"^\+(import|from) ", hunk, re.MULTILINE)]
    # With max_norm, the argument for clipping goes as well.
    assert len(statements) <= (2 if "max_norm" in change.text else 1)


def test_the_table_has_a_row_for_each_recipe() -> None:
    rows = re.findall(r"^\| `([^`]+)` \|", PAGE, re.MULTILINE)
    assert rows == [change.new for change in OURS]


def test_every_diff_of_the_page_is_read() -> None:
    assert PAGE.count("```diff\n") == len(CHANGES)


@pytest.mark.parametrize("source", ["a = 1\n", "b = 2\nb = 2\n", "    b = 2\n"])
def test_a_diff_whose_lines_are_not_there_once_is_refused(source: str) -> None:
    with pytest.raises(ValueError, match="times, not once"):
        apply("@@\n-b = 2\n+b = 3\n", source)


def test_a_diff() -> None:
    assert apply("@@ one @@\n a = 1\n+b = 2\n@@\n-c = 3\n", "a = 1\nc = 3\nd = 4\n") == "a = 1\nb = 2\nd = 4\n"


def test_the_benchmark_runs() -> None:
    program = Path(__file__).parents[2] / "bench" / "recipes_speed.py"
    command = [sys.executable, str(program), "pennylane", "--rounds", "1"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    header, _, row = done.stdout.splitlines()
    shares = re.findall(r"([0-9.]+) %", row)
    assert row.count("|") == header.count("|")
    assert all(0.0 < float(share) < 50.0 for share in shares)
    assert len(shares) == 4
