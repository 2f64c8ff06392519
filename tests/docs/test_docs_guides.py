"""The pages in docs/guides: their code runs, their tables are what is computed, and what they list is complete."""

from __future__ import annotations

import inspect
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from guide_tables import COMMAND, GUIDES, ROOT, TABLES, blocks, kept_bytes, with_table

import adamas

#: Run by tests/torch_adapter/test_readme.py and tests/keras_adapter/test_keras_readme.py.
OF_FRAMEWORKS = {"keras.md", "pytorch.md"}
PAGES = sorted({page.name for page in GUIDES.glob("*.md")} - OF_FRAMEWORKS)


@pytest.fixture(autouse=True)
def instruction_set() -> Any:
    """Leave the instruction set as it was, should a page fail."""
    before = adamas.active_isa()
    yield
    adamas.use_isa(before)


@pytest.mark.parametrize("page", PAGES)
def test_blocks_run(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    namespace: dict[str, Any] = {}
    found = blocks(GUIDES / page)
    assert found
    for block in found:  # later blocks go on from earlier ones
        exec(compile(block, page, "exec"), namespace)


@pytest.mark.parametrize(("page", "name"), TABLES, ids="-".join)
def test_tables_are_computed(page: str, name: str) -> None:
    text = (GUIDES / page).read_text(encoding="utf-8")
    assert with_table(text, name, TABLES[page, name]()) == text, f"out of date; run: {COMMAND}"


def test_every_table_is_written() -> None:
    pages = {page.name: page.read_text(encoding="utf-8") for page in GUIDES.glob("*.md")}
    marked = {(page, name) for page, text in pages.items() for name in re.findall(r"<!-- begin (\w+) -->", text)}
    assert marked == set(TABLES)


def test_a_place_that_is_missing_is_refused() -> None:
    with pytest.raises(ValueError, match="0 places"):
        with_table("no markers", "host", "")


def first_cells(text: str) -> set[str]:
    """Return the names in code in the first columns of all tables."""
    cells = re.findall(r"^\| ([^|]*) \|", text, re.MULTILINE)
    return {name for cell in cells for name in re.findall(r"`(\w+)", cell)}


def test_the_page_on_options_names_them_all() -> None:
    text = (GUIDES / "options.md").read_text(encoding="utf-8")
    arguments = set(inspect.signature(adamas.AdamW.step).parameters) - {"self"}
    expected = arguments | set(adamas.Options.__annotations__)
    assert expected <= first_cells(text)
    assert "clip_eps" in text


def test_options_of_construction_are_not_those_of_steps() -> None:
    text = (GUIDES / "options.md").read_text(encoding="utf-8")
    defaults = vars(adamas.AdamW([np.zeros(1)]).step_defaults)
    listed = first_cells(text.split("## Options of construction")[1].split("\n## ")[0])
    assert listed
    assert listed.isdisjoint(defaults)


def test_bytes_that_keep_small_updates() -> None:
    text = (GUIDES / "low_precision.md").read_text(encoding="utf-8")
    rows = re.findall(r'^\| `(master_weights|rounding)=("?)(\w+)"?` \| (\d) \|', text, re.MULTILINE)
    assert len(rows) == 6
    for option, quoted, value, size in rows:
        options = {option: value if quoted else value == "True"}
        kept = kept_bytes("SGD", "bfloat16", **options)
        assert kept == float(size), option


def test_the_cost_of_the_whole_phase() -> None:
    text = " ".join((GUIDES / "options.md").read_text(encoding="utf-8").split())
    said = re.search(r"takes ([0-9.]+) times as long as moving its bytes, for 200 tensors with 16.7M", text)
    rows = json.loads((ROOT / "bench" / "results" / "scenarios.json").read_text(encoding="utf-8"))
    found = [
        row["of_limit"][0] for row in rows if row["scenario"] == "200 tensors, 16.7M, whole phase, average, copies"
    ]
    assert said is not None
    assert said[1] == f"{sorted(found)[len(found) // 2]:.2f}"
