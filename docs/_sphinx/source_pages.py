"""A page with the source of each file that pages link to, so that the site needs no other one."""

from __future__ import annotations

import re
from pathlib import Path

from generated import GENERATED, ROOT, Pages, heading

_LANGUAGES = {".py": "python", ".cpp": "cpp", ".hpp": "cpp", ".txt": "text", ".sh": "bash"}
_FENCE = re.compile(r"^(```|~~~|:::).*?^\1", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"(?<!!)\]\(([^)\s#]+)[^)]*\)")


def page_of_source(path: Path) -> Path:
    """Return the generated page of a source file."""
    return GENERATED / "sources" / f"{path.relative_to(ROOT)}.rst"


def write_source_pages(pages: Pages, markdown: list[Path]) -> None:
    """Write a page for each source file that one of these Markdown files links to, and for each example."""
    wanted = {path for path in (ROOT / "examples").rglob("*") if path.suffix in _LANGUAGES}
    for page in markdown:
        for target in _LINK.findall(_FENCE.sub("", page.read_text(encoding="utf-8"))):
            path = (page.parent / target).resolve()
            if path.is_file() and path.suffix in _LANGUAGES and path.is_relative_to(ROOT):
                wanted.add(path)
    for path in sorted(wanted):
        _write(pages, path)


def _write(pages: Pages, path: Path) -> None:
    name = path.relative_to(ROOT).as_posix()
    place = page_of_source(path)
    up = "/".join([".."] * len(place.relative_to(ROOT).parts[:-1]))
    text = f":orphan:\n:nosearch:\n\n{heading(name)}.. literalinclude:: {up}/{name}\n"
    text += f"   :language: {_LANGUAGES[path.suffix]}\n"
    pages.write(place.relative_to(GENERATED).as_posix(), text)
