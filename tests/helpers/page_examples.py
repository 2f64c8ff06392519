"""The examples of a page that are written as a session of Python: ``pycon`` blocks, run as doctests."""

from __future__ import annotations

import doctest
import functools
import io
import re
from dataclasses import dataclass

import numpy as np
from error_texts import find_messages
from troubleshooting import PAGE, Entry, assign, look_up, read_entries

import adamas

_BLOCK = re.compile(r"^```pycon\n(.*?)^```", re.MULTILINE | re.DOTALL)

#: Frameworks that an example may import; the examples that import none are run with adamas alone.
FRAMEWORKS = ("torch", "jax", "keras", "thinc")


@dataclass(frozen=True)
class Example:
    """A block of an entry.

    Attributes:
        entry: The entry's title.
        code: The block.
        framework: What it needs, of `FRAMEWORKS`; or None.
    """

    entry: str
    code: str
    framework: str | None

    def __str__(self) -> str:
        return re.sub(r"\W+", "-", self.entry).strip("-").lower()[:40]


def page_examples(framework: str | None) -> list[Example]:
    """Return the examples of docs/troubleshooting.md that need a framework, or none."""
    found = []
    for entry in read_entries(PAGE.read_text(encoding="utf-8")):
        for code in _BLOCK.findall(entry.body):
            imported = re.findall(r"^>>> (?:import|from) (.*)$", code, re.MULTILINE)
            needs = next((name for name in FRAMEWORKS if any(name in line for line in imported)), None)
            found.append(Example(entry.title, code, needs))
    return [example for example in found if example.framework == framework]


def run_example(example: Example) -> None:
    """Run an example; its output and its errors must be those that it shows.

    Raises:
        AssertionError: Something else came.
    """
    names = {"np": np, "adamas": adamas}
    test = doctest.DocTestParser().get_doctest(example.code, names, example.entry, str(PAGE), 0)
    told = io.StringIO()
    results = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(test, out=told.write)
    assert results.failed == 0, told.getvalue()


def raised_messages(example: Example) -> list[str]:
    """Return the messages that an example raises, as it shows them."""
    shown = [each.exc_msg for each in doctest.DocTestParser().get_examples(example.code) if each.exc_msg]
    return [message.split(": ", 1)[1].rstrip("\n") for message in shown]


@functools.cache
def _entries() -> list[Entry]:
    entries = read_entries(PAGE.read_text(encoding="utf-8"))
    assign(entries, find_messages())
    return entries


def check_that_it_leads(example: Example) -> None:
    """Demand that each message that an example raises leads to the entry where the example stands."""
    entries = _entries()
    shown = raised_messages(example)
    assert shown, "the example raises nothing"
    for message in shown:
        found = look_up(message, entries) or look_up(message.strip("\"'"), entries)
        assert found is not None, message
        assert found.title == example.entry, message
