"""Hostile inputs: each ends in its error with nothing changed, or in the right result; none in a crash or a hang.

The table is in the folder ``hostile``: `driver` says what is compared, and ``cd tests && python -m hostile`` prints
what came of each case.
"""

from __future__ import annotations

import re

import pytest
from hostile.planted import PLANTED
from hostile.run import CORRECT, REFUSED, outcomes, summary
from hostile.table import CASES


@pytest.fixture(scope="module")
def found(request: pytest.FixtureRequest) -> dict[str, str]:
    """What came of the cases that were chosen, all tried in one process of their own (or more, if they end it)."""
    chosen = (item for item in request.session.items if isinstance(item, pytest.Function))
    return outcomes(str(item.callspec.params["name"]) for item in chosen if item.originalname == "test_attack")


@pytest.mark.parametrize("name", CASES)
def test_attack(name: str, found: dict[str, str]) -> None:
    assert found[name] == (CORRECT if CASES[name].error is None else REFUSED)


def test_there_are_enough() -> None:
    assert len(CASES) >= 250
    acts = {act for case in CASES.values() for act in case.acts}
    assert len(acts) >= len(CASES)


def test_attacks_that_succeed_are_seen() -> None:
    came = outcomes(name for name in PLANTED if name != "hang") | outcomes(["hang"], patience=0.5)
    for name, outcome in came.items():
        assert re.search(name, outcome)
    assert summary(came) == (
        "hostile inputs: 11; refused with their error: 0; correct result: 0; crashes: 1; hangs: 1; silent changes: 6; "
        "other failures: 3"
    )
