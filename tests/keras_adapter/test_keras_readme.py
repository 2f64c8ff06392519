"""What docs/guides/keras.md shows is run, one block after the other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from page_blocks import python_blocks

PAGE = Path(__file__).parents[2] / "docs" / "guides" / "keras.md"


def test_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    blocks = python_blocks(PAGE.read_text(encoding="utf-8"))
    assert len(blocks) > 1
    namespace: dict[str, Any] = {}
    for block in blocks:
        exec(compile(block, PAGE.name, "exec"), namespace)
