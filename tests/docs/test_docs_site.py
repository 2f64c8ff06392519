"""The site in docs/, as far as it can be checked without Sphinx; .ci/run builds it."""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from page_blocks import python_blocks

import adamas

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
sys.path.insert(0, str(DOCS / "_sphinx"))
from state_bytes import shown, state_bytes  # noqa: E402

PAGES = sorted(path for path in DOCS.rglob("*.md") if "generated" not in path.parts)
#: Pages whose Python runs here, each as one program.
RUN = [
    "index",
    "start/install",
    "start/first_steps",
    "reference/reference",
    "reference/environment",
    "reference/checkpoint",
    "deployment",
]
CHOOSING = (DOCS / "start" / "choosing.md").read_text(encoding="utf-8")


def rows(heading: str) -> list[list[str]]:
    """Return the cells of the first table below a heading of the page on choosing, without its head."""
    section = CHOOSING.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def arguments(text: str) -> dict[str, Any]:
    """Return the arguments that a cell in backticks shows; none for ``none``."""
    if text == "none":
        return {}
    call = ast.parse(f"f({text.strip('`')})", mode="eval").body
    assert isinstance(call, ast.Call)
    return {str(each.arg): ast.literal_eval(each.value) for each in call.keywords}


def test_bytes_of_optimizers() -> None:
    table = rows("Which optimizer")
    assert len(table) >= 10
    for _, name, full, quantised in table:
        optimizer = name.strip("`")
        found = [shown(state_bytes(optimizer, dtype)) for dtype in ("float32", "int8")]
        assert [full, quantised] == found, optimizer


def test_bytes_of_state_dtypes() -> None:
    table = rows("Which `state_dtype`")
    assert len(table) == 4
    for dtype, count, _ in table:
        assert count == shown(state_bytes("AdamW", dtype.strip('`"'))), dtype


def test_bytes_beside_weights() -> None:
    plain = state_bytes("AdamW", "float32")
    table = rows("Which format of the weights")
    assert len(table) == 6
    for option, count, _ in table:
        found = state_bytes("AdamW", "float32", param_dtype=ml_dtypes.bfloat16, **arguments(option))
        assert count == shown(found - plain), option


def test_bytes_of_models() -> None:
    dtypes = {"float32": np.dtype(np.float32), "bfloat16": np.dtype(ml_dtypes.bfloat16)}
    table = rows("How much memory for a model")
    assert len(table) >= 6
    for weights, options, count, *models in table:
        dtype = dtypes[weights]
        found = dtype.itemsize + state_bytes("AdamW", param_dtype=dtype, **arguments(options))
        assert [count, *models] == [shown(found), f"{found:.1f} GB", f"{7 * found:.1f} GB"], options


def test_the_word_master_is_the_name_of_the_state() -> None:
    opt = adamas.AdamW({"w": np.zeros(4, ml_dtypes.bfloat16)}, master_weights=True)
    assert opt.state["w"]["master"].dtype == np.float32


@pytest.mark.parametrize("page", RUN)
def test_python_of_page(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    text = (DOCS / f"{page}.md").read_text(encoding="utf-8")
    blocks = python_blocks(text)
    assert blocks
    namespace: dict[str, Any] = {}
    for block in blocks:
        exec(compile(block, page, "exec"), namespace)


def test_every_page_is_in_a_table_of_contents() -> None:
    from section_pages import contents_of, with_contents

    listed: set[Path] = {DOCS / "index.md"}
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        text = with_contents(text, page)
        entries = [
            re.sub(r".*<(.*)>", r"\1", entry)
            for block in re.findall(r"^```\{toctree\}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
            for entry in block.splitlines()
            if entry and not entry.startswith(":")
        ]
        if not entries and page.name == "index.md":
            entries = contents_of(page.parent.relative_to(DOCS).as_posix(), text)
        listed.update((page.parent / f"{entry}.md").resolve() for entry in entries)
    assert sorted(set(PAGES) - listed) == []
    assert sorted(path for path in listed if not path.exists() and "generated" not in path.parts) == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(DOCS).as_posix())
def test_links_and_anchors(page: Path) -> None:
    text = without_code(page.read_text(encoding="utf-8"))
    for target, anchor in re.findall(r"\]\((?!\w+:)([^)\s#]*)(?:#([^)\s]+))?\)", text):
        path = (page.parent / target).resolve() if target else page
        assert path.exists(), target
        if anchor and path.suffix == ".md":
            assert anchor in anchors(path), f"{target}#{anchor}"


def without_code(text: str) -> str:
    """Return Markdown without its blocks of code."""
    return re.sub(r"^(```+|~~~+).*?^\1", "", text, flags=re.MULTILINE | re.DOTALL)


def anchors(page: Path) -> set[str]:
    """Return the anchors of the headings of a page, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", without_code(page.read_text(encoding="utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def read_variables() -> set[str]:
    """Return the environment variables that the core, the package and the tests read."""
    in_c = re.compile(r'(?:getenv|read_count)\("(\w+)"')
    in_python = re.compile(r"""environ(?:\.get\(|\.setdefault\(|\[)["'](ADAMAS_\w+)["']""")
    found = set()
    for folder in ("cpp/src", "cpp/bindings", "python", "tests", "bench", "docs", "examples"):
        for path in (ROOT / folder).rglob("*"):
            if path.suffix in (".cpp", ".hpp", ".py"):
                pattern = in_python if path.suffix == ".py" else in_c
                found |= set(pattern.findall(path.read_text(encoding="utf-8")))
    return found


def test_the_page_on_environment_variables_is_complete() -> None:
    page = (DOCS / "reference" / "environment.md").read_text(encoding="utf-8")
    named = set(re.findall(r"^\| `([A-Z_]+)` \|", page, re.MULTILINE))
    cmake = (ROOT / "CMakeLists.txt").read_text(encoding="utf-8")
    options = set(re.findall(r"option\((\w+)", cmake))
    assert read_variables() >= {"ADAMAS_ISA", "ADAMAS_NUM_THREADS", "ADAMAS_FUZZ_SECONDS"}
    assert named == read_variables() | options | {"KERAS_BACKEND"}  # which Keras reads itself


def test_the_page_on_installing_names_all_extras() -> None:
    page = (DOCS / "start" / "install.md").read_text(encoding="utf-8")
    table = page.split("\n## Extras\n", 1)[1].split("\n## ", 1)[0]
    named = {
        name
        for line in table.splitlines()
        for name in re.findall(r"`([\w-]+)`", line.split("|")[1] if "|" in line else "")
    }
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    section = project.split("[project.optional-dependencies]", 1)[1].split("\n[", 1)[0]
    extras = set(re.findall(r"^([\w-]+) = \[", section, re.MULTILINE))
    assert named == {name for name in extras if not name.endswith("-test") and name != "peers"}


def test_the_citation_is_of_this_version() -> None:
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    version = re.search(r"^version: (\S+)$", citation, re.MULTILINE)
    assert version is not None
    assert version[1] == adamas.__version__
    assert f"version = {{{version[1]}}}" in (DOCS / "project" / "citation.md").read_text(encoding="utf-8")
