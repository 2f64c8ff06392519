"""The tutorial: its blocks run, what they print and draw is what the pages show, and both languages agree."""

from __future__ import annotations

import importlib
import json
import math
import re
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

import adamas

TUTORIAL = Path(__file__).parents[2] / "docs" / "tutorial"
NAMES = sorted(page.name for page in TUTORIAL.glob("*.md"))
BOTH = [TUTORIAL / folder / name for folder in ("", "zh") for name in NAMES]
FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
FORMULA = re.compile(r"^\$\$.*?\$\$ *\.?,?$", re.MULTILINE | re.DOTALL)
NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e[+-]?\d+)?")


def load(name: str) -> Any:
    """Import a script of the tutorial."""
    sys.path.insert(0, str(TUTORIAL))
    try:
        return importlib.import_module(name)
    finally:
        sys.path.remove(str(TUTORIAL))


figures = load("figures")
FIGURES = [(page, name) for page, of_page in figures.FIGURES.items() for name in of_page]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Run all pages once, in the order in which they are read: variables, and blocks with what they printed."""
    folder = tmp_path_factory.mktemp("reader")
    # One thread: the matrices are small, and threads that wait for one another are slow where something else runs.
    with threadpool_limits(1), figures.reader_folder(folder):
        return {page: figures.run_page(TUTORIAL / page) for page in figures.PAGES}


def alike(text: str, shown: str) -> bool:
    """Compare outputs: the same words, and numbers within 3 %, since a BLAS adds up in an order of its own."""
    if NUMBER.sub("#", " ".join(text.split())) != NUMBER.sub("#", " ".join(shown.split())):
        return False
    pairs = zip(NUMBER.findall(text), NUMBER.findall(shown), strict=True)
    return all(math.isclose(float(a), float(b), rel_tol=0.03, abs_tol=0.006) for a, b in pairs)


def test_comparison_of_outputs() -> None:
    assert alike("loss  0.500\n", "loss 0.501")
    assert not alike("loss 0.500", "loss 0.550")
    assert not alike("loss 0.500", "cost 0.500")
    assert not alike("loss nan", "loss 0.5")


@pytest.mark.parametrize("page", figures.PAGES)
def test_pages_show_what_their_blocks_print(runs: dict[str, Any], page: str) -> None:
    _, printed = runs[page]
    assert len(printed) >= 1
    for block, text in printed:
        shown = block.output or ""
        assert alike(text, shown), f"{page}, line {block.line}, prints:\n{text}"


@pytest.mark.parametrize(("page", "name"), FIGURES)
def test_curves_are_those_that_are_stored(runs: dict[str, Any], page: str, name: str) -> None:
    stored = json.loads(figures.STORED.read_text())
    curves = figures.curves_of(figures.FIGURES[page][name], runs[page][0])
    assert figures.differences(curves, stored[name]) == []


@pytest.mark.parametrize(("page", "name"), FIGURES)
def test_pictures_are_drawn_from_the_stored_curves(page: str, name: str) -> None:
    picture = figures.PICTURES / f"{name}.png"
    assert figures.digest_in(picture) == figures.digest(json.loads(figures.STORED.read_text())[name])
    assert picture.stat().st_size < 100_000
    assert f"](pictures/{name}.png)" in (TUTORIAL / page).read_text(encoding="utf-8")
    assert f"](../pictures/{name}.png)" in (TUTORIAL / "zh" / page).read_text(encoding="utf-8")


def test_no_picture_is_left_over() -> None:
    pictures = {path.stem for path in figures.PICTURES.glob("*.png")}
    assert pictures == {name for _, name in FIGURES} == set(json.loads(figures.STORED.read_text()))
    assert sum(path.stat().st_size for path in figures.PICTURES.iterdir()) < 1_000_000


def test_the_command_compares_and_draws(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["figures.py", "--check", "01-mathematics.md"])
    assert figures.main() == 0
    stored = json.loads(figures.STORED.read_text())
    stored["bias"]["bias"]["without"][40] *= 1.1
    (tmp_path / "curves.json").write_text(json.dumps(stored))
    monkeypatch.setattr(figures, "STORED", tmp_path / "curves.json")
    monkeypatch.setattr(figures, "PICTURES", tmp_path)
    capsys.readouterr()
    assert figures.main() == 1
    assert capsys.readouterr().out.splitlines()[-1] == "bias: bias: without"

    monkeypatch.setattr(sys, "argv", ["figures.py", "01-mathematics.md"])
    assert figures.main() == 0
    drawn = json.loads((tmp_path / "curves.json").read_text())
    for name in ("bias", "ravine"):
        assert figures.digest_in(tmp_path / f"{name}.png") == figures.digest(drawn[name])
    assert drawn.keys() == stored.keys()


def test_differences_are_found() -> None:
    curves = {"panel": {"x": [1.0, 2.0], "a": [1.0, None]}}
    assert figures.differences(curves, curves) == []
    assert figures.differences(curves, {"panel": {"x": [1.0, 2.0], "a": [1.0, 2.0]}}) == ["panel: a"]
    assert figures.differences(curves, {"panel": {"x": [1.0, 2.0], "a": [1.1, None]}}) == ["panel: a"]
    assert figures.differences(curves, {"panel": {"x": [1.0, 2.0]}}) == ["other panels or curves than stored"]


@pytest.mark.parametrize("name", NAMES)
def test_the_chinese_page_has_the_same_code_formulas_and_links(name: str) -> None:
    english, chinese = ((TUTORIAL / folder / name).read_text(encoding="utf-8") for folder in ("", "zh"))
    assert FENCE.findall(chinese) == FENCE.findall(english)
    texts = [FENCE.sub("", text) for text in (english, chinese)]
    headings = [re.findall(r"^(#+) ", text, re.MULTILINE) for text in texts]
    assert headings[0] == headings[1]
    formulas = [[re.sub(r"[\s.,]", "", formula) for formula in FORMULA.findall(text)] for text in texts]
    assert formulas[0] == formulas[1]
    targets = []
    for text, folder in zip(texts, (TUTORIAL, TUTORIAL / "zh"), strict=True):
        links = re.findall(r"\]\((?!http|#)([^)#]+)", text)
        found = [str((folder / link).resolve()).replace("README.zh-CN", "README") for link in links]
        targets.append(sorted(re.sub(r"/tutorial/zh/", "/tutorial/", target) for target in found))
    assert targets[0] == targets[1]


def slug(heading: str) -> str:
    """Return the anchor that GitHub and MyST make of a heading."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


@pytest.mark.parametrize("page", BOTH, ids=lambda page: str(page.relative_to(TUTORIAL)))
def test_links_and_anchors_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!http)([^)#]*)(?:#([^)]+))?\)", FENCE.sub("", page.read_text(encoding="utf-8")))
    assert links
    for path, anchor in links:
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), path
        if anchor:
            text = FENCE.sub("", target.read_text(encoding="utf-8"))
            anchors = [slug(heading) for heading in re.findall(r"^#+ (.*)$", text, re.MULTILINE)]
            assert anchor in anchors, f"{path}#{anchor}"


def test_wrong_lines_are_what_the_runs_use() -> None:
    page = (TUTORIAL / "02-common-errors.md").read_text(encoding="utf-8")
    code = {
        line.strip() for block in figures.blocks(TUTORIAL / "02-common-errors.md") for line in block.code.split("\n")
    }
    pairs = re.findall(r"^```diff\n- (.*)\n\+ (.*)\n```$", page, re.MULTILINE)
    assert len(pairs) == len(re.findall(r"^## \d+\. ", page, re.MULTILINE)) == 10
    for wrong, right in pairs:
        for line in (wrong, right):
            if line.startswith("opt = "):  # the run makes several of them, in a function
                exec(line, {"adamas": adamas, "w": np.zeros(5)})
            else:
                compile(f"def f():\n    {line}", "02-common-errors.md", "exec")
        assert wrong in code or wrong.startswith("opt = "), wrong
