"""Every message that adamas can raise or warn with, read from its source.

Python's messages are found in the syntax trees of the package: what is raised, what warnings say, and what functions
return that make a message. A message that a variable holds is looked up where that variable is set. `core_texts` finds
those of the compiled core. `find_messages` returns all of them as texts with placeholders; `unresolved` returns the
raise statements whose message was not found. tests/docs/test_docs_troubleshooting.py demands that there are none.
"""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from core_texts import ROOT, Message, Part, joined, make_message, messages_of_core

PACKAGE = ROOT / "python" / "adamas"

#: Modules whose texts are lines of a message that lists all that does not fit, or constants that the core raises; and
#: the function that has them, if others have texts of other kinds.
_LINES = {
    "_inputs/state_dicts.py": "",
    "checkpoint/_fit.py": "",
    "torch/_state_entries.py": "",
    "_system/exclusion.py": "",
    "flower/_layout.py": "_difference",
}

#: What a function that makes an error for its caller returns.
_ERRORS = (
    *("TypeError", "ValueError", "RuntimeError", "KeyError", "AttributeError", "FloatingPointError", "CheckpointError"),
)

#: Functions that show a value in a message.
_NAMED_BY_THEIR_ARGUMENT = ("shown", "type_name")

#: These make or carry an error, and have its message.
_CARRIERS = {"_Refused", "_refusal", "_unsupported"}

#: Raised only to leave a function of the same module, or with a message of Python's own.
_NO_MESSAGE = {
    "Asked",
    "StopIteration",
    "NotImplementedError",
    "TimeoutError",
    "RuntimeError",
    "AttributeError",
    "OSError",
}


@functools.cache
def find_messages() -> tuple[Message, ...]:
    """Return all messages, each once for each file that has it."""
    found = {message for module in _modules().values() for message in module.messages()}
    return tuple(sorted(found | set(messages_of_core())))


def unresolved() -> list[str]:
    """Return the raise statements whose message was not found: ``file:line: expression``."""
    return [each for module in _modules().values() for each in module.unresolved()]


@functools.cache
def _modules() -> dict[str, _Module]:
    return {str(path.relative_to(PACKAGE)): _Module(path) for path in _trees()}


class _Module:
    """The messages of one source file."""

    def __init__(self, path: Path) -> None:
        self.file = str(path.relative_to(PACKAGE))
        self.tree = _trees()[path]
        self._nodes = list(ast.walk(self.tree))
        self._parents = {child: node for node in self._nodes for child in ast.iter_child_nodes(node)}

    def messages(self) -> Iterator[Message]:
        for _, texts in self._raised():
            yield from (make_message(parts, self.file) for parts in texts)
        if self.file in _LINES:
            yield from (make_message(parts, self.file) for parts in self._lines(_LINES[self.file]))

    def unresolved(self) -> Iterator[str]:
        for node, texts in self._raised():
            if not texts:
                yield f"{self.file}:{node.lineno}: {ast.unparse(node)}"

    def _raised(self) -> Iterator[tuple[ast.expr, list[list[Part]]]]:
        """Yield each expression that is raised or warned with, and the messages that it can have."""
        for node in self._nodes:
            if isinstance(node, ast.Raise) and node.exc is not None:
                if not isinstance(node.exc, ast.Call):
                    continue  # an error that was made elsewhere, or one without a message
                name = _last_name(node.exc.func)
                if name in _NO_MESSAGE and not node.exc.args:
                    continue
                if name in _CARRIERS or self.file == "_system/worker_thread.py":
                    continue
                words = [k.value for k in node.exc.keywords if k.arg == "reason"]
                arguments = [*node.exc.args, *words]
                if name == "OSError" and len(arguments) > 1:
                    continue  # the system's own words
                if name in ("ImportError", "AttributeError") and arguments and _is_name(arguments[0], "__signature__"):
                    continue
                yield node.exc, self.texts(arguments[0], node) if arguments else []
            elif isinstance(node, ast.Call) and _last_name(node.func) in ("warn", "_warn") and node.args:
                if self.file == "_inputs/precision.py" and _last_name(node.func) == "warn":
                    continue  # what _warn is called with
                yield node, self.texts(node.args[0], node)
            elif isinstance(node, ast.Call) and _last_name(node.func) == "Worker":
                yield node, self.texts(node.args[1], node)  # which raises it
            elif isinstance(node, ast.Return) and isinstance(node.value, ast.Call):
                made = node.value
                if _last_name(made.func) in _ERRORS and made.args:
                    yield made, self.texts(made.args[0], node)

    def _lines(self, function: str) -> Iterator[list[Part]]:
        """Yield all texts in this module, or in one function of it, that are no docstring and have several words."""
        within = next((f for f in ast.walk(self.tree) if getattr(f, "name", None) == function), self.tree)
        for node in ast.walk(within):
            parent = self._parents.get(node)
            if isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str)):
                if isinstance(parent, ast.Expr | ast.JoinedStr | ast.FormattedValue | ast.Raise):
                    continue
                parts = _parts(node)
                if parts and sum(len(part.split()) for part in parts if part) > 1:
                    yield parts

    def texts(self, node: ast.expr, where: ast.AST) -> list[list[Part]]:
        """Return what an expression can be, as parts: text, or the name of what is put in."""
        parts = _parts(node)
        if parts:
            return [parts]
        if isinstance(node, ast.IfExp):
            return [*self.texts(node.body, where), *self.texts(node.orelse, where)]
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            ends = self.texts(node.right, where) or [["…"]]
            return [[*start, *end] for start in self.texts(node.left, where) for end in ends]
        if isinstance(node, ast.Call) and _last_name(node.func) in ("format", "replace"):
            assert isinstance(node.func, ast.Attribute)
            return self.texts(node.func.value, where)
        if isinstance(node, ast.Call):
            return _returned(_last_name(node.func))
        name = _last_name(node)
        local = _assigned(name, ast.walk(self._function(where))) if isinstance(node, ast.Name) else []
        return local or _assigned(name, self._nodes) or _assigned_anywhere(name)

    def _function(self, node: ast.AST) -> ast.AST:
        while node in self._parents and not isinstance(node, ast.FunctionDef):
            node = self._parents[node]
        return node


def _assigned(name: str, nodes: Iterable[ast.AST]) -> list[list[Part]]:
    """Return the texts of several words that a variable, an attribute or a keyword argument gets in some nodes."""
    found = []
    for node in nodes:
        if isinstance(node, ast.Call):
            found += [parts for each in node.keywords if each.arg == name for parts in _either(each.value)]
        elif isinstance(node, ast.Assign):
            targets = [t for each in node.targets for t in (each.elts if isinstance(each, ast.Tuple) else [each])]
            if any(_last_name(target) == name for target in targets):
                values = node.value.elts if isinstance(node.value, ast.Tuple) else [node.value]
                found += [parts for value in values for parts in _either(value) if " " in joined(parts)]
    return found


def _either(node: ast.expr) -> list[list[Part]]:
    if isinstance(node, ast.IfExp):
        return [*_either(node.body), *_either(node.orelse)]
    parts = _parts(node)
    return [parts] if parts else []


def _returned(function: str) -> list[list[Part]]:
    return [parts for value in _returns(function) for parts in _either(value)]


def _assigned_anywhere(name: str) -> list[list[Part]]:
    return _assigned(_ELSEWHERE.get(name, name), _that_assign())


@functools.cache
def _that_assign() -> list[ast.AST]:
    nodes = [node for tree in _trees().values() for node in ast.walk(tree)]
    return [node for node in nodes if isinstance(node, ast.Assign | ast.Call)]


#: Attributes that hold what a constructor was given, by the name of the variable in which that was put together.
_ELSEWHERE = {"reason": "_USED", "second_reason": "_SECOND"}


@functools.cache
def _trees() -> dict[Path, ast.Module]:
    return {path: ast.parse(path.read_text(encoding="utf-8")) for path in sorted(PACKAGE.rglob("*.py"))}


@functools.cache
def _functions() -> dict[str, list[ast.FunctionDef]]:
    found: dict[str, list[ast.FunctionDef]] = {}
    for tree in _trees().values():
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef):
                found.setdefault(node.name, []).append(node)
    return found


def _returns(function: str) -> list[ast.expr]:
    nodes = [node for each in _functions().get(function, []) for node in ast.walk(each)]
    return [node.value for node in nodes if isinstance(node, ast.Return) and node.value is not None]


@functools.cache
def _inner(function: str) -> list[Part]:
    """Return what a function puts into a message, if that is always the same text of several words."""
    if function in _NAMED_BY_THEIR_ARGUMENT:
        return []
    texts = [parts for value in _returns(function) for parts in [_parts(value)]]
    return texts[0] if len(texts) == 1 and len(joined(texts[0]).split()) > 1 else []


@functools.cache
def _constants() -> dict[str, str]:
    """Return the texts that have a name in capitals in some module."""
    found: dict[str, str] = {}
    for tree in _trees().values():
        for node in tree.body:
            match node:
                case ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant(value=str(text))) if name.isupper():
                    found[name] = text
    return found


def _is_name(node: ast.expr, text: str) -> bool:
    return isinstance(node, ast.Constant) and node.value == text


def _last_name(node: ast.AST) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _parts(node: ast.expr) -> list[Part]:
    """Return the parts of a text; none if the expression is no text."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        # A constant that is formatted later.
        return [part for text in re.split(r"(\{\w*\})", node.value) for part in _formatted(text)]
    if isinstance(node, ast.JoinedStr):
        found: list[Part] = []
        for value in node.values:
            if isinstance(value, ast.Constant):
                found.append(str(value.value))
            elif isinstance(value, ast.FormattedValue):
                if isinstance(value.value, ast.Call) and (inner := _inner(_last_name(value.value.func))):
                    found += inner
                    continue
                constant = _constants().get(_last_name(value.value))
                name = _named(value.value)
                found += [constant] if constant else [None if name is None else f"\0{name}"]
        return found
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        left, right = _parts(node.left), _parts(node.right)
        if left or right:
            return [*(left or [None]), *(right or [None])]
    return []


def _formatted(text: str) -> list[Part]:
    return [None] if re.fullmatch(r"\{\w*\}", text) else [text] if text else []


def _named(node: ast.expr) -> str | None:
    """Return the name under which a page shows what is put in."""
    if isinstance(node, ast.Call) and len(node.args) == 1 and _last_name(node.func) in _NAMED_BY_THEIR_ARGUMENT:
        return "type" if _last_name(node.func) == "type_name" else _named(node.args[0])
    if isinstance(node, ast.Attribute) and node.attr == "__name__":
        return "class"
    if isinstance(node, ast.Attribute) and node.attr == "value":
        return "expected"  # a Range is named by what it expects
    name = _last_name(node).strip("_").lower()
    return name.replace("_", " ") or None
