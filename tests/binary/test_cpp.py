"""C++ programs that use the wheel's library through find_package."""

from __future__ import annotations

import subprocess
from pathlib import Path

import cmake
import ninja
import pytest

import adamas
from adamas import _core

ROOT = Path(__file__).parents[2]
CMAKE = str(Path(cmake.CMAKE_BIN_DIR) / "cmake")
NINJA = f"-DCMAKE_MAKE_PROGRAM={Path(ninja.BIN_DIR) / 'ninja'}"


def run(*command: str | Path) -> str:
    result = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False, timeout=300)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def build(source: Path, folder: Path, *options: str) -> None:
    run(CMAKE, "-S", source, "-B", folder, "-G", "Ninja", NINJA, *options)
    run(CMAKE, "--build", folder)


@pytest.fixture(scope="module")
def digests(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What the self-check prints with the library of the installed Python package."""
    folder = tmp_path_factory.mktemp("consumer")
    build(ROOT / "tests" / "cpp", folder, f"-DCMAKE_PREFIX_PATH={adamas.cmake_prefix()}")
    return run(folder / "selfcheck")


def test_consumer_of_the_wheel(digests: str) -> None:
    """The digests of any machine and compiler are those of the file."""
    assert digests == (ROOT / "tests" / "cpp" / "digests.txt").read_text()


def test_the_digests_cover_all_rules_and_formats(digests: str) -> None:
    lines = [line.split()[:2] for line in digests.splitlines()]
    rows = [what for rule, what in lines if what.startswith("rows-")]
    assert rows.count("rows-exact") == 1
    assert rows.count("rows-float32") == rows.count("rows-float64") > 10
    formats = [what for rule, what in lines if rule == "adam" and what not in rows]
    assert {"float32", "float64", "bfloat16", "float32-float32-int4", "bfloat16-split24"} < set(formats)
    dense = [[rule, what] for rule, what in lines if what not in rows]
    cautious = {name for name, rule in _core.rules().items() if rule.cautious}
    assert dense == [
        [rule, name] for rule in adamas.info()["rules"] for name in formats if name != "cautious" or rule in cautious
    ]
