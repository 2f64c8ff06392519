"""The entries of docs/troubleshooting.md: the messages that lead to each, and the search for one.

A section of the page with a comment ``<!-- messages ... -->`` is an entry. Each line of the comment is a pattern.
In it, ``…`` stands for any text; ``in FILES: PATTERN`` is for messages of those files alone. A message belongs to the
entry whose pattern describes it best: by its file, and by the most characters that match literally.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from core_texts import GAP, Message

PAGE = Path(__file__).parents[2] / "docs" / "troubleshooting.md"

_ENTRY = re.compile(r"^### (?P<title>[^\n]+)\n\n<!-- messages\n(?P<patterns>.*?)-->\n", re.MULTILINE | re.DOTALL)
_LISTED = re.compile(r"(?<=-->\n)\n```text\n.*?\n```\n", re.DOTALL)


#: As many literal characters a pattern for some files is worth in addition: more than "expected ..., got ..." has.
_OF_FILE = 20


@dataclass(frozen=True)
class Pattern:
    """One line of an entry's comment.

    Attributes:
        files: The files whose messages it is for, as `fnmatch` has it.
        text: What the message has to be; a `GAP` stands for any text.
    """

    files: str
    text: str

    def weight(self, message: Message) -> int:
        """Return how well it describes a message: by how many literal characters, and whether by its file; 0: not."""
        if not fnmatch.fnmatch(message.file, self.files) or not matches(self.text, message.text):
            return 0
        of_file = 0 if self.files == "*" else _OF_FILE + len(self.files)
        return 1 + len(self.text.replace(GAP, "")) + of_file


@dataclass
class Entry:
    """A section of the page.

    Attributes:
        title: Its heading.
        patterns: Of its messages.
        body: What follows the patterns, up to the next heading.
        messages: Those that lead here, once `assign` has been called.
    """

    title: str
    patterns: list[Pattern]
    body: str
    messages: list[Message] = field(default_factory=list)


def read_entries(page: str) -> list[Entry]:
    """Return the entries of a page, in order."""
    found = list(_ENTRY.finditer(page))
    entries = []
    for match in found:
        rest = page[match.end() :]
        end = re.search(r"^##+ ", rest, re.MULTILINE)
        body = rest[: end.start()] if end else rest
        entries.append(Entry(match["title"], [_pattern(line) for line in match["patterns"].splitlines()], body))
    return entries


def _pattern(line: str) -> Pattern:
    scoped = re.fullmatch(r"in (\S+): (.*)", line)
    return Pattern(scoped[1], scoped[2]) if scoped else Pattern("*", line)


def matches(pattern: str, text: str) -> bool:
    """Tell whether a text is a pattern, with any text in its gaps; a regular expression would take exponential time."""
    first, *others = pattern.split(GAP)
    if not others:
        return pattern == text
    *between, last = others
    if not text.startswith(first) or not text.endswith(last):
        return False
    place, end = len(first), len(text) - len(last)
    for piece in between:
        found = text.find(piece, place, end)
        if found < 0:
            return False
        place = found + len(piece)
    return place <= end


def assign(entries: Sequence[Entry], messages: Sequence[Message]) -> list[Message]:
    """Give each entry its messages; return those that lead to none."""
    lost = []
    for message in messages:
        best = max(entries, key=lambda entry: _weight(entry, message))
        if _weight(best, message):
            best.messages.append(message)
        else:
            lost.append(message)
    return lost


def _weight(entry: Entry, message: Message) -> int:
    return max(pattern.weight(message) for pattern in entry.patterns)


def stale_patterns(entries: Sequence[Entry], messages: Sequence[Message]) -> list[str]:
    """Return the patterns that are the best for no message of the source, with the titles of their entries."""
    patterns = [(entry, pattern) for entry in entries for pattern in entry.patterns]
    best: set[int] = set()
    for message in messages:
        weights = [pattern.weight(message) for _, pattern in patterns]
        if max(weights):
            best.add(weights.index(max(weights)))
    return [f"{entry.title}: {each.text}" for i, (entry, each) in enumerate(patterns) if i not in best]


def look_up(raised: str, entries: Sequence[Entry]) -> Entry | None:
    """Return the entry to which a message leads by its first line; None if no message of the source can be this one."""
    line = raised.partition("\n")[0]
    found: list[tuple[int, Entry]] = []
    for entry in entries:
        for message in entry.messages:
            if matches(message.text.partition("\n")[0], line):
                found.append((len(message.text.partition("\n")[0].replace(GAP, "")), entry))
    return max(found, key=lambda each: each[0])[1] if found else None


def with_lists(page: str, messages: Sequence[Message]) -> str:
    """Return the page with the list of its messages in each entry, below the patterns."""
    entries = read_entries(page)
    assign(entries, messages)
    by_title = {entry.title: entry for entry in entries}
    assert len(by_title) == len(entries), "two entries have the same title"

    def listed(match: re.Match[str]) -> str:
        lines = dict.fromkeys(" ".join(message.shown.split("\n")) for message in by_title[match["title"]].messages)
        return match[0] + "\n```text\n" + "\n".join(lines) + "\n```\n"

    return _ENTRY.sub(listed, _LISTED.sub("", page))
