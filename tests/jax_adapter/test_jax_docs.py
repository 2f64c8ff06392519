"""What README and docs/jax.md show is run."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]


def blocks_of(page: str) -> list[str]:
    """Return the Python blocks of a page."""
    text = (ROOT / page).read_text(encoding="utf-8")
    return re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def test_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    namespace: dict[str, Any] = {}
    blocks = blocks_of("docs/jax.md")
    assert len(blocks) > 2
    for block in blocks:
        exec(compile(block, "docs/jax.md", "exec"), namespace)


def test_readme() -> None:
    blocks = [block for block in blocks_of("README.md") if "import jax" in block]
    assert blocks
    for block in blocks:
        exec(compile(block, "README.md", "exec"), {"np": np})
