"""The page that says which option goes with which way of stepping."""

from __future__ import annotations

import combinations


def test_the_page_says_what_happens() -> None:
    """What comes out otherwise than by a plain step has a reason there, and refusals have their messages."""
    assert combinations.page() == combinations.PAGE.read_text(encoding="utf-8"), f"run: {combinations.COMMAND}"
