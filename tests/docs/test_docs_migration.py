"""The pages of docs/migration as they stand; the adapters' tests run what is in them."""

from __future__ import annotations

import ast
import inspect
import re
from typing import Any

import numpy as np
import pytest
from migration_tables import FOLDER, RESULTS, Line, Side, Table, blocks_of, check_line, distance, tables_of

INDEX = "index.md"
PAGES = sorted(path.name for path in FOLDER.glob("*.md") if path.name != INDEX)
#: Which tests run the tables of each page.
TESTS = {
    **dict.fromkeys(("torch.md", "sparse-adam.md", "deepspeed.md", "bitsandbytes.md", "torchao.md"), "torch"),
    "optax.md": "jax",
    "keras.md": "keras",
    "scikit-learn.md": "sklearn",
    "thinc.md": "thinc",
}


def test_the_index_lists_all_pages() -> None:
    text = (FOLDER / INDEX).read_text(encoding="utf-8")
    assert sorted(re.findall(r"^\| \[[^]]+\]\(([\w-]+\.md)\)", text, re.MULTILINE)) == PAGES


def test_the_index_explains_all_results() -> None:
    rows = dict(re.findall(r"^\| ([a-z ]+) \| (.+) \|$", (FOLDER / INDEX).read_text(encoding="utf-8"), re.MULTILINE))
    assert {name: rows.get(name) for name in RESULTS} == RESULTS


@pytest.mark.parametrize("page", PAGES)
def test_every_table_is_run_by_a_test(page: str) -> None:
    folder = FOLDER.parents[1] / "tests" / f"{TESTS[page]}_adapter"
    assert f'"{page}"' in (folder / f"test_{TESTS[page]}_migration.py").read_text(encoding="utf-8")
    tables = tables_of(page)
    assert tables
    text = (FOLDER / page).read_text(encoding="utf-8")
    assert text.count("<!-- compare ") == len(tables)
    for table in tables:
        assert 0.0 <= table.tolerance <= 1e-4
        assert len(table.lines) >= 5
        for line in table.lines:
            assert line.result in RESULTS, line
            assert line.theirs or line.ours, line
            ast.parse(f"dict({line.tried_there})")
            ast.parse(f"dict({line.tried_here})")


@pytest.mark.parametrize("page", PAGES)
def test_a_page_shows_the_change(page: str) -> None:
    text = (FOLDER / page).read_text(encoding="utf-8")
    assert re.search(r"(before|Before):\n\n```", text)
    assert "After:\n\n```python" in text
    assert any("adamas" in block for block in blocks_of(page))


@pytest.mark.parametrize("page", [INDEX, *PAGES])
def test_links_lead_somewhere(page: str) -> None:
    for target in re.findall(r"\]\((?!http)([^)#]+)\)", (FOLDER / page).read_text(encoding="utf-8")):
        assert (FOLDER / target).exists(), target


def side(factor: float) -> Side:
    def train(lr: float = 1.0, own: float = 0.0) -> list[Any]:
        return [np.array([lr * factor])]

    return Side(inspect.signature(train), train, [np.zeros(1)])


@pytest.mark.parametrize(
    ("result", "factor", "is_true"),
    [
        ("same", 1.0, True),
        ("same", 1.001, False),
        ("close", 1.05, True),
        ("close", 1.0, False),
        ("close", 1.2, False),
        ("other", 1.2, True),
        ("other", 1.0, False),
        ("refused", 1.0, False),
        ("no effect", 1.0, False),
    ],
)
def test_a_line_that_is_not_true_is_noticed(result: str, factor: float, is_true: bool) -> None:
    line = Line("lr=1.0", "lr=1.0", "lr=2.0", "lr=2.0", result)
    table = Table("page.md", "theirs", "ours", 1e-6, (line,))
    if is_true:
        check_line(table, line, side(1.0), side(factor), {})
    else:
        with pytest.raises((AssertionError, pytest.fail.Exception)):
            check_line(table, line, side(1.0), side(factor), {})


def test_a_wrong_default_is_noticed() -> None:
    line = Line("lr=1.0", "lr=3.0", "lr=2.0", "lr=2.0", "same")
    with pytest.raises(AssertionError, match=r"the default is 1\.0"):
        check_line(Table("page.md", "theirs", "ours", 1e-6, (line,)), line, side(1.0), side(1.0), {})


def test_distance() -> None:
    assert distance([np.array([2.0, 1.0])], [np.array([2.5, 1.0])], [np.array([0.0, 0.0])]) == 0.25
