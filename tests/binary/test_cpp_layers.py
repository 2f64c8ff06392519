"""The layers of the C++ code: what may include what. Nothing includes a layer above its own, and nothing itself."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

CPP = Path(__file__).parents[2] / "cpp"

#: Which layers the files of each one may include, beside their own and the public headers.
BELOW = {
    "include/adamas": set(),
    "src/math": set(),
    "src/simd": set(),
    "src/rules": {"src/math", "src/simd"},
    "src/formats": {"src/math", "src/simd"},
    "src/kernel": {"src/rules", "src/formats", "src/math", "src/simd"},
    "src/engine": {"src/kernel", "src/rules", "src/formats", "src/math", "src/simd"},
    # The bindings use the public headers, and the probes what they look at.
    "probes": {"src/engine", "src/kernel", "src/math", "src/simd"},
    "bindings": {"probes"},
}

#: Files that are above the layer that they lie in: with what they may include beside it.
EXCEPTIONS = {"bindings/probes.cpp": {"src/engine"}}

#: Where an include in quotes is looked for, after the folder of its file.
ROOTS = ("src", ".")

INCLUDE = re.compile(r'^\s*#\s*include\s+(?:"([^"]+)"|<(adamas/[^>]+)>)', re.MULTILINE)


def sources(root: Path) -> list[Path]:
    """All C++ files, as paths from ``root``."""
    found = (path.relative_to(root) for path in root.rglob("*") if path.suffix in (".hpp", ".cpp"))
    return sorted(found)


def included(root: Path, source: Path) -> list[Path]:
    """The files of ours that a file includes, as paths from ``root``; ``adamas/version.hpp`` is made by CMake."""
    found = []
    for quoted, public in INCLUDE.findall((root / source).read_text()):
        if public == "adamas/version.hpp":
            continue
        places = [Path("include", public)] if public else [source.parent / quoted, *(Path(r, quoted) for r in ROOTS)]
        existing = [place for place in places if (root / place).is_file()]
        assert existing, f"{source} includes {quoted or public}, which there is not"
        found.append(existing[0])
    return found


def layer_of(path: Path) -> str:
    """The layer that a file belongs to."""
    layers = [layer for layer in BELOW if path.is_relative_to(layer)]
    assert layers, f"{path} is in no layer; add its folder to BELOW"
    return layers[0]


def forbidden(root: Path) -> list[str]:
    """Includes that go up, or across."""
    found = []
    for source in sources(root):
        layer = layer_of(source)
        allowed = {layer, "include/adamas", *BELOW[layer], *EXCEPTIONS.get(source.as_posix(), ())}
        found += [f"{source} includes {file}" for file in included(root, source) if layer_of(file) not in allowed]
    return found


def circle(root: Path) -> list[Path]:
    """Files that include one another in a circle, in order; none if there is none."""
    done: set[Path] = set()

    def search(path: Path, way: list[Path]) -> list[Path]:
        if path in way:
            return [*way[way.index(path) :], path]
        if path in done:
            return []
        for file in included(root, path):
            if found := search(file, [*way, path]):
                return found
        done.add(path)
        return []

    return next((found for source in sources(root) if (found := search(source, []))), [])


def test_no_include_goes_up() -> None:
    assert forbidden(CPP) == []


def test_no_file_includes_itself() -> None:
    assert circle(CPP) == []


def test_exceptions_are_needed() -> None:
    for name, layers in EXCEPTIONS.items():
        assert layers <= {layer_of(file) for file in included(CPP, Path(name))}


def test_there_is_something_to_look_at() -> None:
    assert {layer_of(source) for source in sources(CPP)} == set(BELOW)
    assert sum(len(included(CPP, source)) for source in sources(CPP)) > 200


@pytest.mark.parametrize(
    ("source", "line", "expected"),
    [
        (
            "src/rules/adam.hpp",
            '#include "engine/plan_impl.hpp"',
            "src/rules/adam.hpp includes src/engine/plan_impl.hpp",
        ),
        ("src/formats/half.hpp", '#include "kernel/table.hpp"', "src/formats/half.hpp includes src/kernel/table.hpp"),
        ("src/rules/sgd.hpp", '#include "formats/half.hpp"', "src/rules/sgd.hpp includes src/formats/half.hpp"),
        ("bindings/plan.cpp", '#include "engine/isa.hpp"', "bindings/plan.cpp includes src/engine/isa.hpp"),
        (
            "include/adamas/plan.hpp",
            '#include "kernel/table.hpp"',
            "include/adamas/plan.hpp includes src/kernel/table.hpp",
        ),
    ],
)
def test_a_wrong_include_is_found(tmp_path: Path, source: str, line: str, expected: str) -> None:
    copy_of_all(tmp_path)
    with (tmp_path / source).open("a") as file:
        file.write(f"{line}\n")
    assert forbidden(tmp_path) == [expected]


def test_a_circle_is_found(tmp_path: Path) -> None:
    copy_of_all(tmp_path)
    with (tmp_path / "src/math/power.hpp").open("a") as file:
        file.write('#include "math/random_key.hpp"\n')
    assert circle(tmp_path) == []
    with (tmp_path / "src/math/random_key.hpp").open("a") as file:
        file.write('#include "math/power.hpp"\n')
    assert {path.name for path in circle(tmp_path)} == {"power.hpp", "random_key.hpp"}


def copy_of_all(folder: Path) -> None:
    for source in sources(CPP):
        (folder / source).parent.mkdir(parents=True, exist_ok=True)
        (folder / source).write_bytes((CPP / source).read_bytes())
