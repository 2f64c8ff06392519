"""Docstrings of an adapter's optimizers: texts about arguments and options, and functions that combine them."""

from __future__ import annotations

from adamas._optimizer.docstrings import option_texts
from adamas.rules.class_docstring import argument_texts, class_docstring
from adamas.rules.docstring import described, entries, joined, listed, sections, with_default, wrapped
from adamas.rules.lazy_docstring import LazilyDocumented, LazyDocstring

__all__ = [
    "LazilyDocumented",
    "LazyDocstring",
    "argument_texts",
    "class_docstring",
    "described",
    "entries",
    "joined",
    "listed",
    "option_texts",
    "sections",
    "with_default",
    "wrapped",
]
