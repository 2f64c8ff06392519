"""The extension as the loader sees it: hardened, self-contained, and exporting nothing but its entry."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import elf
import pytest

import adamas
from adamas import _core

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="about ELF files")

EXTENSION = Path(str(_core.__file__))
LIBRARIES = [Path(adamas.cmake_prefix()) / "lib" / name for name in ("libadamas.a", "libadamas_probes.a")]


@pytest.fixture(scope="module")
def binary() -> elf.Elf:
    return elf.Elf(EXTENSION)


def test_all_symbols_are_bound_before_the_first_call(binary: elf.Elf) -> None:
    """So that the table of imported functions is read-only from then on."""
    assert any(flags & elf.BIND_NOW for flags in binary.values(elf.FLAGS)) or any(
        flags & elf.NOW for flags in binary.values(elf.FLAGS_1)
    )
    assert len(binary.of_kind(elf.GNU_RELRO)) == 1


def test_no_memory_is_both_written_and_executed(binary: elf.Elf) -> None:
    both = elf.WRITE | elf.EXECUTE
    assert [flags & elf.EXECUTE for _, flags, *_ in binary.of_kind(elf.GNU_STACK)] == [0]
    assert not [segment for segment in binary.of_kind(elf.LOAD) if segment[1] & both == both]
    assert not binary.values(elf.TEXTREL)
    assert not any(flags & elf.HAS_TEXTREL for flags in binary.values(elf.FLAGS))


def test_stack_is_guarded(binary: elf.Elf) -> None:
    assert binary.symbols().get("__stack_chk_fail") is False


def test_libraries_are_looked_for_in_the_wheel_and_the_system_alone(binary: elf.Elf) -> None:
    """A path of the machine that built it would let whoever can write there run code here."""
    places = [place for tag in (elf.RPATH, elf.RUNPATH) for entry in binary.strings(tag) for place in entry.split(":")]
    assert all(re.fullmatch(r"\$ORIGIN/\.\./adamas\.libs", place) for place in places), places
    assert not [name for name in binary.strings(elf.NEEDED) if "/" in name]


def test_only_the_entry_is_exported(binary: elf.Elf) -> None:
    """No template of the standard library that another extension could be handed, or that ours could be swapped for."""
    assert [name for name, defined in binary.symbols().items() if defined] == ["PyInit__core"]


@pytest.mark.parametrize("path", [EXTENSION, *LIBRARIES], ids=lambda p: p.name)
def test_no_path_of_the_build_is_inside(path: Path) -> None:
    """Whoever builds it, wherever: the same bytes."""
    found = re.findall(rb"/[\w./+-]+\.[ch]pp\b", path.read_bytes())
    assert not found, found[:3]
