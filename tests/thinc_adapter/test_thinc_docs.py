"""The Python code of docs/thinc.md runs, one block after the other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from page_blocks import python_blocks

TEXT = (Path(__file__).parents[2] / "docs" / "thinc.md").read_text(encoding="utf-8")
BLOCKS = python_blocks(TEXT)


def test_blocks() -> None:
    assert len(BLOCKS) == 2
    names: dict[str, Any] = {}
    for block in BLOCKS:
        exec(compile(block, "docs/thinc.md", "exec"), names)
