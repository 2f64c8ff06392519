"""Writes the lists of messages into docs/troubleshooting.md, from the source.

``python tests/helpers/write_troubleshooting.py`` replaces the list of each entry; ``--check`` only says whether that
would change anything. Both say which messages lead to no entry, and which patterns match no message.
"""

from __future__ import annotations

import argparse
import sys

from error_texts import find_messages
from troubleshooting import PAGE, assign, read_entries, stale_patterns, with_lists


def main() -> int:
    """Run the command; return its exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="change nothing; fail if something would change")
    check = parser.parse_args().check
    messages, page = find_messages(), PAGE.read_text(encoding="utf-8")
    entries = read_entries(page)
    problems = [f"no entry for {each.shown!r} ({each.file})" for each in assign(entries, messages)]
    problems += [f"no message for the pattern {each}" for each in stale_patterns(entries, messages)]
    written = with_lists(page, messages)
    if check and written != page:
        problems.append(f"{PAGE.name} is not up to date: run python tests/helpers/write_troubleshooting.py")
    elif written != page:
        PAGE.write_text(written, encoding="utf-8")
    print("\n".join(problems) or f"{PAGE.name}: {len(entries)} entries for {len(messages)} messages")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
