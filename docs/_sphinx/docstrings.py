"""Docstrings as reStructuredText.

They are written to be read by ``help()``: a bar means an absolute value, text in single backticks names something of
adamas, an argument or a value.
"""

from __future__ import annotations

import re
from typing import Any

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

#: Where a short name is looked for: `step`, `AdamW`, `Optimizer.catch_up`.
_PLACES = (
    "adamas",
    "adamas.Optimizer",
    "adamas.averaging",
    "adamas.functional",
    "adamas.schedules",
    "adamas.observe",
    "adamas.adapters",
)

#: Sections of docstrings that napoleon does not know. Their entries are ``name: text``, and paragraphs may follow.
SECTIONS = ("States", "Defaults of other libraries")
HEADS = tuple(f"{section}:" for section in SECTIONS)


def as_rst(lines: list[str]) -> list[str]:
    """Return the lines of a docstring with what reStructuredText and napoleon would take for something else."""
    return _with_escapes(_with_lists(lines))


def _with_lists(lines: list[str]) -> list[str]:
    """Make a list of the entries of sections that are ours."""
    done: list[str] = []
    inside = entry = False
    for line in lines:
        if line and not line.startswith(" "):
            inside = line.removesuffix(":") in SECTIONS
        first = re.match(r" {4}`*([\w.]+)`*: (.*)", line) if inside and (entry or done[-1] in HEADS) else None
        entry = bool(first) or (entry and line.startswith(" " * 8))
        if first:
            done.append(f"    - ``{first[1]}``: {first[2]}")
        elif entry:
            done.append(f"      {line.lstrip()}")
        else:
            done.append(line)
    return done


def _with_escapes(lines: list[str]) -> list[str]:
    """Escape bars, which reStructuredText takes for substitutions, and initials, which begin lists, outside of code."""
    done: list[str] = []
    literal = -1  # the indentation of the line that a literal block belongs to
    for line in lines:
        indent = len(line) - len(line.lstrip())
        if line.strip() and literal >= 0 and indent <= literal:
            literal = -1
        code = literal >= 0 or line.lstrip().startswith(">>>")
        without_bars = re.sub(r"(``.*?``)|\|", lambda match: match[1] or r"\|", line)
        done.append(line if code else re.sub(r"^( *[A-Z])\. ", r"\1\. ", without_bars))
        if literal < 0 and line.rstrip().endswith("::"):
            literal = indent
    return done


def _on_docstring(app: Sphinx, what: str, name: str, item: Any, options: Any, lines: list[str]) -> None:
    lines[:] = as_rst(lines)
    if what in ("attribute", "property", "data") and lines and ":" in lines[0]:
        lines[:0] = ["..", ""]  # an empty comment: else napoleon takes what is before a colon for the type


def _on_skip(app: Sphinx, what: str, name: str, item: Any, skip: bool, options: Any) -> bool | None:
    # A field of a NamedTuple: the docstring of the class describes it.
    return True if type(item).__name__ == "_tuplegetter" else None


def _on_missing_reference(
    app: Sphinx, env: BuildEnvironment, node: pending_xref, content: nodes.TextElement
) -> nodes.Node | None:
    """Make a link of a short name of what is public and on a page; leave any other name as code."""
    if node.get("refdomain") != "py" or node.get("reftype") not in ("obj", "class"):
        return None
    objects = env.domains.python_domain.objects
    target = node["reftarget"].removesuffix("()")
    # A public class, by where it is defined, or a public name that belongs to a module of `adamas`.
    public = target.rsplit(".", 1)[-1] if "._" in target else target.removeprefix("adamas.")
    for name in (f"{place}.{public}" for place in _PLACES):
        if name in objects:
            found = objects[name]
            place = app.builder.get_relative_uri(node["refdoc"], found.docname)
            return nodes.reference("", "", content, internal=True, refuri=f"{place}#{found.node_id}")
    return content if node["reftype"] == "obj" or "._" in target else None


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the extension."""
    app.connect("autodoc-process-docstring", _on_docstring, priority=400)  # before napoleon
    app.connect("autodoc-skip-member", _on_skip)
    app.connect("missing-reference", _on_missing_reference)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
