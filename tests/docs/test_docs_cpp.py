"""The pages on C++: their commands, programs and tables, and the example, are built and run."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import cmake
import ninja
import numpy as np
import pytest
from safetensors.numpy import load_file

import adamas

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "cpp"
PAGE = (ROOT / "docs" / "cpp.md").read_text()
README = (EXAMPLE / "README.md").read_text()
MAIN = (EXAMPLE / "main.cpp").read_text()


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", page, re.MULTILINE | re.DOTALL)


def table(page: str, first: str) -> list[list[str]]:
    """Return the cells of the table whose first heading is ``first``."""
    rows = re.search(rf"^\| {first} \|.*\n\|[-|]+\n((?:\|.*\n)+)", page, re.MULTILINE)
    assert rows is not None
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows[1].splitlines()]


def run(*command: str | Path, cwd: Path | None = None, **variables: str) -> subprocess.CompletedProcess[str]:
    tools = [Path(sys.executable).parent, Path(cmake.CMAKE_BIN_DIR), Path(ninja.BIN_DIR)]
    environment = os.environ | {
        "PATH": os.pathsep.join([*map(str, tools), os.environ["PATH"]]),
        "PYTHONPATH": str(Path(adamas.__file__).parents[1]),
        "CMAKE_GENERATOR": "Ninja",
    }
    return subprocess.run(
        list(map(str, command)),
        cwd=cwd,
        env=environment | variables,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def succeeds(*command: str | Path, cwd: Path | None = None, **variables: str) -> str:
    done = run(*command, cwd=cwd, **variables)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A folder in which the first commands of the page were typed, and what they printed last."""
    folder = tmp_path_factory.mktemp("example")
    shutil.copytree(EXAMPLE, folder / "examples" / "cpp")
    *build, program = blocks(PAGE, "bash")[0].splitlines()
    succeeds(
        "bash", "-euo", "pipefail", "-c", "\n".join(build), cwd=folder, CXXFLAGS="-Wall -Wextra -Wpedantic -Werror"
    )
    return folder, succeeds("bash", "-c", program, cwd=folder)


def test_both_pages_have_the_same_commands() -> None:
    assert blocks(README, "bash") == blocks(PAGE, "bash")
    assert len(blocks(PAGE, "bash")) == 2


def test_the_example_prints_what_the_page_says(built: tuple[Path, str]) -> None:
    (expected,) = blocks(README, "text")
    assert built[1] == expected


def test_the_example_prints_the_same_on_every_instruction_set(built: tuple[Path, str]) -> None:
    for isa in adamas.available_isas():
        assert succeeds(built[0] / "build-example" / "spirals", cwd=built[0], ADAMAS_ISA=isa) == built[1]


def test_the_example_saves_what_python_reads(built: tuple[Path, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(built[0])
    (block,) = blocks(README, "python")
    namespace: dict[str, object] = {}
    exec(compile(block, "README.md", "exec"), namespace)
    weights = namespace["weights"]
    assert isinstance(weights, dict)
    shapes = {name: array.shape for name, array in weights.items()}
    assert shapes == {"w1": (32, 2), "b1": (32, 1), "w2": (32, 32), "b2": (32, 1), "w3": (1, 32), "b3": (1, 1)}
    assert all(np.isfinite(array).all() and array.any() for array in weights.values())


def test_the_example_saves_where_it_is_told_or_says_why_not(built: tuple[Path, str], tmp_path: Path) -> None:
    program = built[0] / "build-example" / "spirals"
    succeeds(program, tmp_path / "other.safetensors")
    theirs, ours = load_file(tmp_path / "other.safetensors"), load_file(built[0] / "spirals.safetensors")
    assert {name: array.tobytes() for name, array in theirs.items()} == {n: a.tobytes() for n, a in ours.items()}
    failed = run(program, tmp_path / "no such folder" / "x.safetensors")
    assert failed.returncode == 1
    assert "no such folder" in failed.stderr


PUSH = "grads.push_back(tensor.gradient.data());"


@pytest.mark.parametrize(
    ("line", "change", "says"),
    [
        (
            f"    for (const Tensor& tensor : network_.tensors) {PUSH}\n",
            "    grads[3] = grads[1];\n",
            next(block for block in blocks(PAGE, "text") if "overlap" in block),
        ),
        (
            f"    for (const Tensor& tensor : network_.tensors) {PUSH}\n",
            "    grads[2] = static_cast<const char*>(grads[2]) + 2;\n",
            "step: a pointer is not aligned to its element size\n  parameter w2, array gradient\n",
        ),
        (
            "    for (adamas::Hyperparameters& group : groups_) group.lr = lr;\n",
            "    groups_[kBiases].lr = -lr;\n",
            "step: a hyperparameter is out of range, infinite or not a number\n  group 1\n",
        ),
        (
            "      parameter.states[k] = memory.states.back().data();\n",
            "      if (index == 4) parameter.states[1] = nullptr;\n",
            "add: an argument is null, or an array of a parameter that is not empty\n"
            "  parameter w3, array exp_avg_sq\n",
        ),
    ],
    ids=["overlap", "misaligned", "hyperparameter", "null"],
)
def test_an_error_says_which_tensor(built: tuple[Path, str], line: str, change: str, says: str) -> None:
    main = built[0] / "examples" / "cpp" / "main.cpp"
    assert MAIN.count(line) == 1
    try:
        main.write_text(MAIN.replace(line, line + change))
        succeeds("cmake", "--build", "build-example", cwd=built[0])
        failed = run(built[0] / "build-example" / "spirals", cwd=built[0])
    finally:
        main.write_text(MAIN)
        succeeds("cmake", "--build", "build-example", cwd=built[0])
    assert failed.returncode == 1
    assert failed.stderr == says


@pytest.mark.parametrize("flags", ["-O1 -Wall -Wextra -Werror", "-Ofast -march=native"])
def test_programs_of_the_page(flags: str, tmp_path: Path) -> None:
    """They print what the page says, whatever flags they are compiled with."""
    programs = [block for block in blocks(PAGE, "cpp") if "int main(" in block]
    assert programs
    expected = [PAGE.split(block)[1].split("```text\n")[1].split("```")[0] for block in programs]
    lines = [
        "cmake_minimum_required(VERSION 3.18)",
        "project(page LANGUAGES CXX)",
        "find_package(adamas CONFIG REQUIRED)",
    ]
    for i, block in enumerate(programs):
        (tmp_path / f"{i}.cpp").write_text(block)
        lines += [f"add_executable(p{i} {i}.cpp)", f"target_link_libraries(p{i} PRIVATE adamas::adamas)"]
    (tmp_path / "CMakeLists.txt").write_text("\n".join(lines))
    prefix = f"-DCMAKE_PREFIX_PATH={adamas.cmake_prefix()}"
    succeeds("cmake", "-S", tmp_path, "-B", tmp_path / "build", prefix, CXXFLAGS=flags)
    succeeds("cmake", "--build", tmp_path / "build")
    assert [succeeds(tmp_path / "build" / f"p{i}") for i in range(len(programs))] == expected


def test_excerpts_are_those_of_the_example() -> None:
    excerpts = [block for block in blocks(PAGE, "cpp") if "int main(" not in block]
    assert len(excerpts) >= 4
    for block in excerpts:
        assert block in MAIN
    lines = (EXAMPLE / "CMakeLists.txt").read_text().splitlines()
    for block in blocks(PAGE, "cmake"):
        assert set(block.splitlines()) <= set(lines)


def test_the_table_of_statuses_is_complete() -> None:
    header = (ROOT / "cpp" / "include" / "adamas" / "types.hpp").read_text()
    names = re.findall(r"^  (k\w+),", header.split("enum class Status")[1].split("};")[0], re.MULTILINE)
    source = (ROOT / "cpp" / "src" / "engine" / "status.cpp").read_text()
    messages = re.findall(r"case Status::(k\w+):\s+return ((?:\"[^\"]*\"\s*)+);", source)
    expected = [[f"`{name}`", "".join(re.findall(r'"([^"]*)"', text))] for name, text in messages]
    assert [f"`{name}`" for name in names] == [name for name, _ in expected]
    rows = table(PAGE, "Status")
    assert [row[:2] for row in rows] == expected
    assert all(len(row) == 4 and row[2] for row in rows)
    assert all(row[3] for row in rows[1:])


def test_the_table_of_options_is_complete() -> None:
    options = re.findall(r"option\((ADAMAS_\w+) .* (ON|OFF)\)", (ROOT / "CMakeLists.txt").read_text())
    # Where Python builds the wheel, the extension is part of it; the page speaks of builds without.
    expected = {(name, value) for name, value in options if (name, value) != ("ADAMAS_PYTHON", "ON")}
    assert {(row[0].strip("`"), row[1].strip("`")) for row in table(PAGE, "Option")} == expected


def test_headers_compute_no_floating_point_numbers() -> None:
    """As the page says of them: the only arithmetic is that of sizes."""
    for path in sorted((ROOT / "cpp" / "include" / "adamas").glob("*.hpp")):
        code = re.sub(r"//.*", "", path.read_text())
        for function in re.findall(r"[^;{}]*\bnoexcept(?: const)? \{.*?\n\}", code, re.DOTALL):
            assert not re.search(r"(?<!\()\b(float|double)\b|\d\.\d", function), (path, function)
