"""Stubs for type checkers and editors agree with the package."""

from __future__ import annotations

from interface_stubs import outdated


def test_stubs_say_what_the_rules_say() -> None:
    assert outdated() == [], "run: python tests/helpers/interface_stubs.py --write"
