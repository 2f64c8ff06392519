"""Writes all generated pages before Sphinx looks for sources."""

from __future__ import annotations

from command_pages import write_command_pages
from generated import DOCS, GENERATED, ROOT, Pages
from header_pages import write_header_pages
from offline_math import write_mathjax
from optimizer_pages import write_optimizer_pages
from source_pages import write_source_pages
from sphinx.application import Sphinx
from sphinx.config import Config
from stub_pages import write_stub_pages


def _write_all(app: Sphinx, config: Config) -> None:
    pages = Pages()
    markdown = [path for path in DOCS.rglob("*.md") if GENERATED not in path.parents]
    markdown += [*ROOT.glob("*.md"), *(ROOT / "bench").glob("*.md"), *(ROOT / "examples").glob("*.md")]
    write_optimizer_pages(pages)
    write_stub_pages(pages)
    write_command_pages(pages)
    write_source_pages(pages, markdown)
    write_header_pages(pages)
    write_mathjax(pages)
    pages.delete_others()


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the extension."""
    app.connect("config-inited", _write_all, priority=100)  # before Sphinx checks the static paths
    return {"parallel_read_safe": True, "parallel_write_safe": True}
