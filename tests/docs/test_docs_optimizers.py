"""docs/optimizers.md says what the rules say, and its program runs."""

from __future__ import annotations

from typing import Any

import pytest
from optimizers_page import PAGE, paper, rewritten, states
from page_blocks import python_blocks

from adamas.rules import SPECS

TEXT = PAGE.read_text(encoding="utf-8")


def test_tables_are_up_to_date() -> None:
    assert rewritten(TEXT) == TEXT, "run: python tests/helpers/optimizers_page.py --write"
    assert rewritten(TEXT.replace("| `Lion` |", "| `Tiger` |")) == TEXT


def test_program() -> None:
    blocks = python_blocks(TEXT)
    namespace: dict[str, Any] = {}
    for block in blocks:
        exec(compile(block, PAGE.name, "exec"), namespace)
    assert len(blocks) == 1


@pytest.mark.parametrize("name", SPECS)
def test_each_rule_has_a_line_with_advice(name: str) -> None:
    assert SPECS[name].advice.endswith(".")
    (line,) = [line for line in TEXT.splitlines() if line.startswith(f"| `{name}` | ") and line.endswith("|")][:1]
    assert SPECS[name].advice in line


def test_papers_and_states() -> None:
    assert paper(SPECS["Rprop"]) == "Riedmiller and Braun 1993"
    assert paper(SPECS["Lion"]) == "[Chen et al. 2023](https://arxiv.org/abs/2302.06675)"
    assert states(SPECS["SGD"]) == "none; `momentum_buffer` with `momentum`"
    assert states(SPECS["NAdam"]) == "`exp_avg`, `exp_avg_sq`; 1 number"
