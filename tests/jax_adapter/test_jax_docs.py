"""What docs/jax.md shows is run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from page_blocks import python_blocks

ROOT = Path(__file__).parents[2]


def test_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    namespace: dict[str, Any] = {}
    text = (ROOT / "docs" / "jax.md").read_text(encoding="utf-8")
    blocks = python_blocks(text)
    assert len(blocks) > 2
    for block in blocks:
        exec(compile(block, "docs/jax.md", "exec"), namespace)
