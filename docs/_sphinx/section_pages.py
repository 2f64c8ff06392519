"""Sections: an ``index.md`` that links to its pages in plain Markdown gets its table of contents from these links.

So the page reads well on GitHub, too, and a page of the folder that is not linked to comes at the end.
"""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from generated import DOCS

if TYPE_CHECKING:  # a test uses this module where Sphinx is not installed
    from sphinx.application import Sphinx


def contents_of(section: str, text: str) -> list[str]:
    """Return the pages of a section in the order in which its index page links to them, then the others.

    Args:
        section: Folder in ``docs/``.
        text: The index page.
    """
    folder = DOCS / section
    there = {path.stem for path in folder.glob("*.md")} - {"index"}
    linked = [PurePosixPath(target).stem for target in re.findall(r"\]\((?:\./)?([\w-]+\.md)", text)]
    order = [name for name in dict.fromkeys(linked) if name in there]
    return [*order, *sorted(there - set(order))]


def with_contents(text: str, page: Path) -> str:
    """Return a page with its tables of contents filled in.

    A line ``guides/`` in one stands for that folder: its index page, or all its pages where there is none. A pattern
    (``cpp*``) stands for the pages that it matches. What matches nothing, or has been named before, is
    left out.

    Args:
        text: The page, as it is in ``docs/``.
        page: Its path: entries are relative to it.
    """

    def contents(match: re.Match[str]) -> str:
        names = [name for line in match[2].splitlines() for name in _entries(line, page.parent)]
        return match[1] + "".join(f"{name}\n" for name in dict.fromkeys(names)) + match[3]

    return re.sub(r"(^```\{toctree\}\n(?:^:[^\n]*\n)*\n)(.*?)(^```$)", contents, text, flags=re.MULTILINE | re.DOTALL)


def _entries(line: str, folder: Path) -> list[str]:
    if line.endswith("/"):
        line = f"{line}index" if (folder / line / "index.md").exists() else f"{line}*"
    if "*" not in line:
        return [line]
    place, _, pattern = line.rpartition("/")
    return [f"{place}/{path.stem}".lstrip("/") for path in sorted((folder / place).glob(f"{pattern}.md"))]


def _on_source_read(app: Sphinx, docname: str, content: list[str]) -> None:
    section = PurePosixPath(docname)
    if "{toctree}" in content[0]:
        content[0] = with_contents(content[0], DOCS / f"{docname}.md")
    if section.name != "index" or len(section.parts) == 1 or "{toctree}" in content[0]:
        return
    entries = "\n".join(contents_of(section.parent.as_posix(), content[0]))
    content[0] += f"\n\n```{{toctree}}\n:hidden:\n\n{entries}\n```\n"


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the extension."""
    app.connect("source-read", _on_source_read)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
