"""The example for spaCy."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

EXAMPLE = Path(__file__).parents[2] / "examples" / "spacy_textcat.py"


def test_both_optimizers_reach_the_same_score(tmp_path: Path) -> None:
    command = [sys.executable, str(EXAMPLE), "--quick", "--compare", "--output-dir", str(tmp_path)]
    run = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert run.returncode == 0, run.stderr
    found = dict(re.findall(r"^(\S.*?) {2,}(\S.*)$", run.stdout, re.MULTILINE))
    ours, theirs = (float(value.split()[0]) for value in found["validation accuracy"].split(", "))
    assert ours == theirs > 0.6
    assert found["test accuracy"].endswith("the same after reloading")
    assert any(path.suffix == ".png" for path in tmp_path.rglob("*"))
