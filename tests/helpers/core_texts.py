"""Messages of the compiled core, read from its source, and what a message is."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
CORE = ROOT / "cpp"

#: What stands for a part of a message that is known only when it is raised.
GAP = "…"

#: A part of a message: text; what is put in, as a zero byte and its name; or None for what is put in and has no name.
Part = str | None


@dataclass(frozen=True, order=True)
class Message:
    """One message, as the source has it.

    Attributes:
        text: The message; each part that is put in is a `GAP`.
        shown: The message; each part that is put in is ``<name>`` if it has one, else a `GAP`.
        file: Where it stands, relative to ``python/adamas`` or, for the compiled core, ``cpp/...``.
    """

    text: str
    shown: str
    file: str


def joined(parts: Iterable[Part]) -> str:
    """Return the text of a message, with a `GAP` for each part that is put in."""
    text = "".join(GAP if part is None or part.startswith("\0") else part for part in parts)
    return re.sub(f"{GAP}+", GAP, text).strip()


def make_message(parts: Iterable[Part], file: str) -> Message:
    """Make a message of its parts."""
    parts = list(parts)
    shown = "".join(GAP if part is None else f"<{part[1:]}>" if part.startswith("\0") else part for part in parts)
    return Message(joined(parts), re.sub(f"{GAP}+", GAP, shown).strip(), file)


_LITERAL = r'"(?:[^"\\]|\\.)*"'
_THROWN = re.compile(
    r"(?:throw [\w:]+|PyErr_SetString|refuse|throw_isa_error|return)\s*\(?(?:PyExc_\w+,)?"
    rf"((?:[^;{{}}\"]|{_LITERAL})*);",
    re.DOTALL,
)


def messages_of_core() -> Iterator[Message]:
    """Yield the messages of the compiled core: what the bindings throw, and what its statuses say."""
    status = CORE / "src" / "engine" / "status.cpp"
    for path in [*sorted((CORE / "bindings").rglob("*.cpp")), *sorted((CORE / "bindings").rglob("*.hpp")), status]:
        for statement in _THROWN.finditer(path.read_text(encoding="utf-8")):
            if statement[0].startswith("return") and path != status:
                continue
            pieces = re.split(rf"({_LITERAL}(?:\s*{_LITERAL})*)", statement[1])
            texts = [piece for piece in pieces if piece.startswith('"')]
            if not texts or " " not in "".join(texts):
                continue
            parts: list[Part] = []
            for piece in pieces:
                if piece.startswith('"'):
                    parts.append("".join(text[1:-1] for text in re.findall(_LITERAL, piece)))
                elif "+" in piece:
                    parts.append(None)
            yield make_message(parts, str(path.relative_to(ROOT)))
