"""What type checkers and editors see is what there is."""

from __future__ import annotations

from interface_stubs import outdated


def test_stubs_say_what_the_rules_say() -> None:
    assert outdated() == [], "run: python tests/helpers/interface_stubs.py --write"
