"""What README and the pages show of PyTorch is run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from page_blocks import python_blocks

ROOT = Path(__file__).parents[2]
PAGES = ["README.md", "docs/guides/pytorch.md", "docs/observe.md"]


@pytest.mark.parametrize("page", PAGES)
def test_page(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    blocks = python_blocks(text)
    if page != "docs/guides/pytorch.md":  # where all are of PyTorch, and go on from one another
        blocks = [block for block in blocks if "import torch" in block]
    assert blocks
    namespace: dict[str, Any] = {}
    for block in blocks:
        exec(compile(block, page, "exec"), namespace)
