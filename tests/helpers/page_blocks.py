"""Code blocks of pages in Markdown."""

from __future__ import annotations

import re


def python_blocks(text: str) -> list[str]:
    """Return the code of all Python blocks of a page, in order."""
    return re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
