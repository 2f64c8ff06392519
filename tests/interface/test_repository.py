"""Conventions of the repository: where tests lie, and that documentation and comments name files that exist."""

from __future__ import annotations

import functools
import os
import re
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TESTS = ROOT / "tests"
FOLDERS = sorted(path.name for path in TESTS.iterdir() if path.is_dir() and path.name[0] not in "._")
PAGES = ["CONTRIBUTING.md", "TESTING.md", "README.md", "bench/README.md", "docs/combinations.md", "pyproject.toml"]


def test_no_test_lies_outside_a_folder() -> None:
    assert [path.name for path in TESTS.glob("*.py")] == ["conftest.py"]


def test_names_of_test_files_are_unique() -> None:
    """Each is imported as a module of that name."""
    names = Counter(path.name for path in TESTS.rglob("test_*.py"))
    assert [name for name, count in names.items() if count > 1] == []


def test_helpers_hide_no_other_module() -> None:
    """Helper modules, tests and examples are on one path."""
    names = Counter(path.stem for folder in (TESTS / "helpers", ROOT / "examples") for path in folder.glob("*.py"))
    assert [name for name, count in names.items() if count > 1] == []
    assert names.keys().isdisjoint(FOLDERS)


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_folder_is_named(folder: str) -> None:
    assert f"`tests/{folder}`" in (ROOT / "TESTING.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("page", [*PAGES, *(f"tests/{folder}" for folder in FOLDERS)])
def test_paths_of_tests_exist(page: str) -> None:
    path = ROOT / page
    for file in [path] if path.is_file() else path.rglob("*.py"):
        text = file.read_text(encoding="utf-8").replace("\\", "").replace("{project}/", "")
        for found in re.findall(r"(?<![\w/-])tests/[\w/.]*\w", text):
            assert (ROOT / found).exists(), f"{file}: {found}"


@functools.cache
def all_files() -> list[str]:
    """Return the paths of all files of the repository, but for what is built and installed in it."""
    found = []
    for folder, folders, files in os.walk(ROOT):
        folders[:] = [name for name in folders if name not in (".git", ".venv", "build", "__pycache__")]
        found += [f"/{Path(folder, name).relative_to(ROOT).as_posix()}" for name in files]
    return found


def named_files(text: str) -> set[str]:
    """Return the names of source files in a text, as far as they are given: ``engine/step.cpp``."""
    return set(re.findall(r"(?<![\w*<>/{.-])[\w-][\w/-]*\.(?:py|pyi|hpp|cpp)\b(?!\w)", text))


@pytest.mark.parametrize(
    "place", ["cpp", "python", "CONTRIBUTING.md", "TESTING.md", "docs", "bench/native", "tests/cpp"]
)
def test_files_that_comments_and_pages_name_exist(place: str) -> None:
    path = ROOT / place
    wrong = {}
    texts = [page.read_text(encoding="utf-8") for page in path.rglob("*.md")]
    # Blocks that readers save as a file.
    saved = {name for text in texts for name in re.findall(r"^```python\n# ([\w-]+\.py): ", text, re.MULTILINE)}
    for file in [path] if path.is_file() else sorted(path.rglob("*")):
        if file.suffix in (".py", ".pyi", ".hpp", ".cpp", ".md"):
            named = (
                named_files(file.read_text(encoding="utf-8")) - saved - {"simd/ADAMAS_ISA.hpp"}
            )  # the last is a macro
            missing = {name for name in named if not any(end.endswith(f"/{name}") for end in all_files())}
            if missing:
                wrong[str(file.relative_to(ROOT))] = missing
    assert wrong == {}
