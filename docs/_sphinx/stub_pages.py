"""Pages of classes that need a framework, made from the type stubs, so that no framework is imported.

The stubs are made from the rules (tests/helpers/interface_stubs.py), and a test compares them with the rules and with
the classes.
"""

from __future__ import annotations

import ast
import textwrap
from pathlib import Path

from docstrings import as_rst
from generated import Pages
from sphinx.ext.napoleon import Config, GoogleDocstring

import adamas
from adamas.rules import SPECS
from adamas.rules.flower_classes import flower_name
from adamas.rules.keras_classes import keras_name

PACKAGE = Path(adamas.__file__).parent
#: Public module, its stub, and what is said about all that it has.
MODULES = {
    "torch": ("adamas.torch", "torch/_optimizers.pyi"),
    "keras": ("adamas.keras", "keras/_optimizers.pyi"),
    "jax": ("adamas.jax", "jax/_optimizers.pyi"),
    "jax_functions": ("adamas.jax", "jax/_transforms.pyi"),
    "sharded": ("adamas.sharded", "sharded/_optimizers.pyi"),
    "thinc": ("adamas.thinc", "thinc/_optimizers.pyi"),
    "flower": ("adamas.flower", "flower/_strategies.pyi"),
    "flower_older": ("adamas.flower.older", "flower/_older_strategies.pyi"),
}

#: Rules by the names that classes have in frameworks, as references.
_RULES = {name: f"adamas.{name}" for name in SPECS}
_RULES |= {keras_name(spec): f"adamas.{name}" for name, spec in SPECS.items()}
_RULES |= {flower_name(spec): f"adamas.{name}" for name, spec in SPECS.items()}


def write_stub_pages(pages: Pages) -> None:
    """Write what the pages of the frameworks include."""
    for name, (module, stub) in MODULES.items():
        tree = ast.parse((PACKAGE / stub).read_text(encoding="utf-8"))
        pages.write(f"frameworks/{name}.rst", f".. py:currentmodule:: {module}\n\n" + _members(tree))


def _members(tree: ast.Module) -> str:
    found = {node.name: node for node in tree.body if isinstance(node, ast.ClassDef | ast.FunctionDef)}
    return "".join(_member(found[name]) for name in sorted(found, key=str.lower))


def _member(node: ast.ClassDef | ast.FunctionDef) -> str:
    function = _constructor(node) if isinstance(node, ast.ClassDef) else node
    kind = "class" if isinstance(node, ast.ClassDef) else "function"
    signature = _signature(function, skip_first=isinstance(node, ast.ClassDef))
    text = (ast.get_docstring(node) or "") + (f"\n\nThe rule: `{_RULES[node.name]}`." if node.name in _RULES else "")
    body = str(GoogleDocstring(as_rst(text.splitlines()), Config()))
    return f".. py:{kind}:: {node.name}({signature})\n\n" + textwrap.indent(body, "   ") + "\n\n"


def _constructor(node: ast.ClassDef) -> ast.FunctionDef:
    return next(item for item in node.body if isinstance(item, ast.FunctionDef) and item.name == "__init__")


def _signature(function: ast.FunctionDef, *, skip_first: bool) -> str:
    """Return the arguments with their defaults; annotations, which are mostly ``Any``, are left out."""
    arguments = function.args
    positional = [*arguments.posonlyargs, *arguments.args]
    defaults: list[ast.expr | None] = [None] * (len(positional) - len(arguments.defaults)) + list(arguments.defaults)
    parts = [_argument(arg.arg, default) for arg, default in zip(positional, defaults, strict=True)][skip_first:]
    if arguments.vararg:
        parts.append(f"*{arguments.vararg.arg}")
    elif arguments.kwonlyargs:
        parts.append("*")
    parts += [_argument(arg.arg, each) for arg, each in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)]
    if arguments.kwarg:
        parts.append(f"**{arguments.kwarg.arg}")
    return ", ".join(parts)


def _argument(name: str, default: ast.expr | None) -> str:
    return name if default is None else f"{name}={ast.unparse(default)}"
