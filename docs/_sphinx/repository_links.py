"""Links that lead from a page in ``docs/`` to another file of the repository, as they work on GitHub.

In the site they lead to the page that shows the file, or, where there is none (a folder, a test), become plain text. A
link to a file that does not exist is a warning, and so an error of the build.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from generated import DOCS, ROOT
from source_pages import page_of_source
from sphinx.application import Sphinx
from sphinx.util import logging

_LOGGER = logging.getLogger(__name__)

#: Pages of the site that show a file or folder of the repository.
SHOWN = {
    "README.md": "index.md",
    "README.zh-CN.md": "project/readme_zh.md",
    "CONTRIBUTING.md": "project/contributing.md",
    "TESTING.md": "project/testing.md",
    "SECURITY.md": "project/security.md",
    "CHANGELOG.md": "project/changes.md",
    "CITATION.cff": "project/citation.md",
    "bench/README.md": "project/benchmarks.md",
    "bench": "project/benchmarks.md",
    "examples/README.md": "examples.md",
    "examples": "examples.md",
    "examples/README.zh-CN.md": "examples_zh.md",
}
_CODE = re.compile(r"(^(?P<fence>```+|~~~+).*?^(?P=fence)|(?P<tick>`+)(?!`).+?(?<!`)(?P=tick)(?!`))", re.M | re.S)
_LINK = re.compile(r"(?P<image>!?)\[(?P<text>(?:[^\[\]]|!?\[[^\]]*\](?:\([^)]*\))?)*)\]\((?P<target>[^)\s]+)\)")


def with_site_links(text: str, folder: Path, page: Path) -> str:
    """Return Markdown whose relative links lead to pages of the site.

    Args:
        text: The Markdown.
        folder: Where the file is that it comes from: links are relative to it.
        page: The page of the site that shows it.
    """
    # Code is hidden while links are looked for: the text of a link may have code in it, and code may look like a link.
    hidden: list[str] = []

    def hide(match: re.Match[str]) -> str:
        hidden.append(match[0])
        return f"\0{len(hidden) - 1}\0"

    masked = _LINK.sub(lambda match: _site_link(match, folder, page), _CODE.sub(hide, text))
    return re.sub(r"\0(\d+)\0", lambda match: hidden[int(match[1])], masked)


def _site_link(match: re.Match[str], folder: Path, page: Path) -> str:
    target, _, anchor = match["target"].partition("#")
    if not target or re.match(r"[a-z]+:", target):
        return match[0]
    path = (folder / target).resolve()
    if not path.exists():
        _LOGGER.warning("%s: links to %s, which does not exist", page.relative_to(DOCS), target)
        return match[0]
    if match["image"]:
        return f"![{match['text']}]({_relative(path, page)})"
    inside = path.is_relative_to(DOCS) and path.suffix == ".md"
    shown = path if inside else _page_of(path)
    if shown is None:
        return match["text"]
    if shown == DOCS / "index.md":
        anchor = ""  # the front page has other sections than README.md
    return f"[{match['text']}]({_relative(shown, page)}{'#' * bool(anchor)}{anchor})"


def _page_of(path: Path) -> Path | None:
    name = path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else ""
    if name in SHOWN:
        return DOCS / SHOWN[name]
    source = page_of_source(path) if path.is_relative_to(ROOT) else None
    return source if source is not None and source.exists() else None


def _relative(path: Path, page: Path) -> str:
    return Path(os.path.relpath(path, page.parent)).as_posix()


def _on_source_read(app: Sphinx, docname: str, content: list[str]) -> None:
    page = DOCS / f"{docname}.md"
    if page.exists():
        content[0] = with_site_links(content[0], page.parent, page)


def _on_include_read(app: Sphinx, path: Path, parent: str, content: list[str]) -> None:
    included, page = (DOCS / path).resolve(), DOCS / f"{app.env.docname}.md"  # MyST gives the last part of the name
    if included.suffix == ".md" and page.exists():
        content[0] = with_site_links(content[0], included.parent, page)


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the extension."""
    app.connect("source-read", _on_source_read)
    app.connect("include-read", _on_include_read)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
