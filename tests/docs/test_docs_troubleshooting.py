"""Every message of the library has an entry in docs/troubleshooting.md, and every entry is about a message."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from error_texts import find_messages, unresolved
from page_examples import FRAMEWORKS, Example, check_that_it_leads, page_examples, run_example
from troubleshooting import PAGE, assign, look_up, read_entries, stale_patterns, with_lists

from adamas._inputs import precision

HELPERS = Path(__file__).parents[1] / "helpers"
MESSAGES = find_messages()

#: Entries whose errors need what a test cannot bring about in a line: a fork, little memory, several processes, ...
WITHOUT_EXAMPLE = {
    '"an input changed while it was being checked"',
    '"needs the package ml_dtypes"',
    '"in use, by another thread or by a step under way"',
    '"this process was forked"',
    '"there is no memory for a thread"',
    '"steps have been taken, and no more can be counted"',
    '"is of schema ..., this version reads up to"',
    '"a checkpoint holds numbers, texts, lists and mappings"',
    '"cannot flush subnormal numbers"',
    '"the main interpreter of a process alone"',
    '"needs ...; install it with"',
    "Statuses of the C++ library",
    "Messages about internal calls",
    '"object has no attribute": settings that torch.optim does not have',
    'DTensor: "each process has a part of it"',
    '"this program was compiled with another version of adamas", messages of compiled steps',
    '"The reply of ... does not fit": replies of clients',
    '"mode", "averaged", "arrays", "state_dict": strategies of Flower',
    '"must be the same on all processes", "cannot take part"',
    '"comm", "process_group": communicators',
    '"lanes": parts of the global batch',
    '"not for optimizers of several processes"',
    '"adamas demo": data and arguments',
    '"adamas bench": peers and memory',
}


def page() -> str:
    return PAGE.read_text(encoding="utf-8")


def test_the_message_of_every_raise_statement_is_found() -> None:
    assert unresolved() == []
    assert len(MESSAGES) > 600


def test_every_message_has_an_entry() -> None:
    assert assign(read_entries(page()), MESSAGES) == []


def test_every_pattern_matches_a_message() -> None:
    entries = read_entries(page())
    assert stale_patterns(entries, MESSAGES) == []
    assign(entries, MESSAGES)
    assert [entry.title for entry in entries if not entry.messages] == []


def test_every_section_is_an_entry() -> None:
    assert re.findall(r"^### (.+)$", page(), re.MULTILINE) == [entry.title for entry in read_entries(page())]


def test_the_lists_are_up_to_date() -> None:
    assert with_lists(page(), MESSAGES) == page()
    command = [sys.executable, str(HELPERS / "write_troubleshooting.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout
    assert f"{len(read_entries(page()))} entries" in done.stdout


def test_a_message_without_an_entry_is_noticed() -> None:
    """The tests above fail when a message is added, or one changes."""
    entries = read_entries(page().replace("… shares memory with …\n", ""))
    assert [message.file for message in assign(entries, MESSAGES)] == ["_inputs/arrays.py"]
    assert stale_patterns(read_entries(page().replace("… shares memory with …", "… shares bytes with …")), MESSAGES)


def test_a_constant_part_of_every_message_is_in_the_page() -> None:
    text = page()
    for message in MESSAGES:
        for part in re.split(r"<[^<>]*>|…|\n\s*", message.shown):
            assert part.strip() in text, message


def test_what_overlaps_is_found_by_that_word() -> None:
    """A reader searches for what the C++ core says, for "overlap", or for the words of Python's message."""
    entries = read_entries(page())
    assign(entries, MESSAGES)
    message = "grads['w'] shares memory with params['w']: each array must have memory of its own; copy one"
    found = look_up(message, entries)
    assert found is not None
    assert "overlap" in found.title
    assert found is entries[0]


@pytest.mark.parametrize("example", page_examples(None), ids=str)
def test_example(example: Example, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(precision, "_told", [])
    run_example(example)
    check_that_it_leads(example)


def test_an_example_that_shows_something_else_is_noticed() -> None:
    wrong = Example(
        "wrong", ">>> adamas.AdamW([])\nTraceback (most recent call last):\n    ...\nValueError: no\n", None
    )
    with pytest.raises(AssertionError, match="expected at least one array"):
        run_example(wrong)


def test_entries_have_examples() -> None:
    with_one = {example.entry for framework in (None, *FRAMEWORKS) for example in page_examples(framework)}
    without = {entry.title for entry in read_entries(page())} - with_one
    assert without == WITHOUT_EXAMPLE
