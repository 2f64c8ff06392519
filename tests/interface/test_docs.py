"""Everything that the documentation shows is run: README's Python, and the examples in docstrings."""

from __future__ import annotations

import doctest
import importlib
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from page_blocks import python_blocks

import adamas

ROOT = Path(__file__).parents[2]
PAGES = [
    page
    for folder in (ROOT, ROOT / "bench", ROOT / "docs", ROOT / "docs" / "guides", ROOT / "examples")
    for page in sorted(folder.glob("*.md"))
]
#: Pages that are in Chinese, too.
CHINESE = {
    "examples/README.md": "examples/README.zh-CN.md",
    "docs/tutorial/index.md": "docs/tutorial/zh/index.md",
}
README = (ROOT / "README.md").read_text()
ALL_BLOCKS = python_blocks(README)
#: Others are run where their library is: tests/torch_adapter, tests/jax_adapter, tests/keras_adapter, tests/mpi.
BLOCKS = [
    block
    for block in ALL_BLOCKS
    if not any(f"import {library}" in block for library in ("torch", "jax", "keras", "MPI"))
]
OPTIMIZERS = [getattr(adamas, name) for name in adamas.optimizers.__all__]
MODULES = [
    *(
        "adamas",
        "adamas.functional",
        "adamas.runtime",
        "adamas.optimizers",
        "adamas.reference",
        "adamas.averaging",
        "adamas.checkpoint",
        "adamas.loss_scaler",
        "adamas.schedules",
        "adamas.adapters.evaluation",
        "adamas.adapters.host",
        "adamas.adapters.naming",
        "adamas.autograd._optimizers",
        "adamas.scipy._minimize",
        "adamas.sklearn._optimizers",
        "adamas.observe",
        "adamas.adapters.optimizer_info",
        "adamas.rules.spec",
    ),
]


def test_the_page_on_optimizers_names_them_all() -> None:
    page = (ROOT / "docs" / "optimizers.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`(\w+)`", page.split("## What is not here")[0]))
    assert set(adamas.optimizers.__all__) <= named


@pytest.mark.parametrize("number", range(len(BLOCKS)))
def test_readme_block(number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    namespace: dict[str, Any] = {}
    for block in BLOCKS[: number + 1]:  # later blocks go on from earlier ones
        exec(compile(block, "README.md", "exec"), namespace)


@pytest.mark.parametrize("page", ["autograd.md", "observe.md", "scipy.md", "sklearn.md"])
def test_page(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    blocks = python_blocks((ROOT / "docs" / page).read_text())
    namespace: dict[str, Any] = {}
    for block in blocks:
        if "import torch" not in block:  # tests/torch_adapter/test_readme.py
            exec(compile(block, page, "exec"), namespace)
    assert len(blocks) >= 2


def test_readme_has_blocks() -> None:
    assert BLOCKS


@pytest.mark.parametrize("page", ["README.md", "README.zh-CN.md"])
def test_readme_is_short(page: str) -> None:
    assert len((ROOT / page).read_text(encoding="utf-8").splitlines()) <= 200


def test_readme_starts_with_the_two_commands() -> None:
    first = README.split("```", 2)[1].splitlines()[1:]
    assert len(first) == 2
    assert "adamas demo" in first[0]
    assert "pytest" in first[1]


@pytest.mark.parametrize("page", ["README.md", "README.zh-CN.md", "docs/guides/reproducibility.md"])
def test_pages_cite_this_version(page: str) -> None:
    version = re.search(r"README, version ([0-9.]+[0-9])", (ROOT / page).read_text())
    assert version is not None
    assert version[1] == adamas.__version__


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for target, anchor in re.findall(r"\]\((?!http)([^)#]*)#?([^)]*)\)", page.read_text(encoding="utf-8")):
        path = page.parent / target if target else page
        assert path.exists(), target
        if anchor:
            assert anchor in anchors_of(path), f"{target}#{anchor}"


def anchors_of(page: Path) -> set[str]:
    """Return the anchors that GitHub and the site give to the headings of a page."""
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("folder", [ROOT, ROOT / "examples"], ids=["readme", "gallery"])
def test_the_chinese_edition_keeps_step(folder: Path) -> None:
    """It has the same code, headings, tables and numbers, and the same links, to Chinese pages where there are any."""
    english, chinese = ((folder / name).read_text() for name in ("README.md", "README.zh-CN.md"))
    code = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
    assert code.findall(chinese) == code.findall(english)
    parts = []
    for text in (chinese, english):
        prose = code.sub("", text)
        headings = re.findall(r"^(#+) ", prose, re.MULTILINE)
        tables = [len(table.splitlines()) for table in re.findall(r"(?:^\|.*\n)+", prose, re.MULTILINE)]
        links = re.findall(r"\]\(((?!http|#|README)[^)]+)\)", prose)
        if text is english:
            links = [CHINESE.get(link, link) for link in links]
        parts.append((headings, tables, sorted(links), sorted(re.findall(r"\d+\.\d+", prose))))
    assert parts[0] == parts[1]


@pytest.mark.parametrize("name", MODULES)
def test_docstring_examples(name: str) -> None:
    module = importlib.import_module(name)
    for each in getattr(module, "__all__", ()):  # some are made when they are first asked for
        getattr(module, each)
    with np.printoptions(legacy=False):
        results = doctest.testmod(module)
    assert results.failed == 0


def test_public_names_are_documented() -> None:
    for name in adamas.__all__:
        if not name.startswith("__"):
            assert (getattr(adamas, name).__doc__ or "").strip(), name
    for cls in OPTIMIZERS:
        for section in ("Args:", "Raises:", "Example:", "References:"):
            assert section in (cls.__doc__ or ""), cls


def test_docstrings_name_all_arguments() -> None:
    import inspect

    functions = [getattr(adamas.functional, name) for name in adamas.functional.__all__]
    documented = [*OPTIMIZERS, *functions]
    for item in documented:
        text = inspect.getdoc(item) or ""
        names = [str(p).split(":")[0].split("=")[0].strip() for p in inspect.signature(item).parameters.values()]
        names = [name for name in names if name not in ("self", "*")]
        assert [n for n in names if f"    {n}: " not in text] == []
