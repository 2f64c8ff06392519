"""What README shows of PyTorch is run."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
README, OBSERVE = ((ROOT / page).read_text() for page in ("README.md", "docs/observe.md"))
BLOCKS = [
    block
    for page in (README, OBSERVE)
    for block in re.findall(r"^```python\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    if "import torch" in block
]


@pytest.mark.parametrize("block", BLOCKS)
def test_readme_block(block: str) -> None:
    exec(compile(block, "README.md", "exec"), {})


def test_readme_has_blocks() -> None:
    assert BLOCKS
