"""Formulas without a network: MathJax becomes a file of the site.

The package sphinx-mathjax-offline has MathJax's files. One of them suffices: it draws by SVG, and so needs no fonts.
"""

from __future__ import annotations

from importlib import metadata
from pathlib import Path

from generated import Pages

_FILE = "tex-svg-full.js"
#: For Sphinx's ``mathjax_path``: below ``_static``.
MATHJAX_PATH = f"mathjax/{_FILE}"


def write_mathjax(pages: Pages) -> None:
    """Write the file into ``docs/generated/static``, a folder of static files."""
    found = next(file for file in metadata.files("sphinx-mathjax-offline") or [] if file.name == _FILE)
    pages.write(f"static/{MATHJAX_PATH}", Path(str(found.locate())).read_text(encoding="utf-8"))
