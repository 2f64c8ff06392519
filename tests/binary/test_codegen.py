"""What the compiler made of the kernels: nothing that an older processor lacks, nothing that skips a rounding."""

from __future__ import annotations

import platform
import re
import shutil
import subprocess
from pathlib import Path

import pytest

import adamas
from adamas import _core

LIBRARY = Path(adamas.cmake_prefix()) / "lib" / "libadamas.a"
PROBES = LIBRARY.with_name("libadamas_probes.a")
X86 = platform.machine() == "x86_64"
FUSED = re.compile(r"^v?fn?m(add|sub|la|ls)", re.IGNORECASE)  # vfmadd..., fmadd, fmla, fnmsub, ...


def objdump(*options: str | Path) -> str:
    tool = shutil.which("objdump")
    assert tool, "objdump not found: install binutils"
    return subprocess.run([tool, *map(str, options)], capture_output=True, text=True, check=True).stdout


def members() -> dict[str, str]:
    """Disassembly with symbols of each object in the libraries; those with kernels are keyed by their one table."""
    found = {}
    for library in (LIBRARY, PROBES):
        for text in re.split(r"\n(?=\S+:\s+file format )", objdump("-d", "-t", "--no-show-raw-insn", library))[1:]:
            name = text.split(":", 1)[0]
            exported = re.search(r"\bg\s+O .*\d((?:kernels|probes)_\w+?)E\b", text)
            found[exported.group(1) if exported else name] = text
    return found


MEMBERS = members()
TABLES = [f"{table}_{isa}" for table in ("kernels", "probes") for isa in _core.compiled_isas()]


def instructions(text: str) -> list[tuple[str, str]]:
    """Mnemonic and operands of each instruction."""
    pairs = re.findall(r"^\s+[0-9a-f]+:\t(\S+)[ \t]*(.*)$", text, re.MULTILINE)
    assert pairs, "no instructions found"
    return pairs


def test_all_objects_are_looked_at() -> None:
    assert set(TABLES) < set(MEMBERS)
    assert {"plan.cpp.o", "threads.cpp.o", "power.cpp.o", "byte_limit.cpp.o"} < set(MEMBERS)


@pytest.mark.parametrize("name", MEMBERS)
def test_no_fused_multiply_add(name: str) -> None:
    fused = [i for i in instructions(MEMBERS[name]) if FUSED.match(i[0])] if "\t" in MEMBERS[name] else []
    assert not fused


@pytest.mark.skipif(not X86, reason="about x86-64 registers")
@pytest.mark.parametrize("name", [name for name in MEMBERS if not name.endswith(("_avx2", "_avx512"))])
def test_baseline_has_no_avx(name: str) -> None:
    if "Disassembly" not in MEMBERS[name]:
        return  # data alone
    avx = [i for i in instructions(MEMBERS[name]) if i[0].startswith("v") or re.search(r"%[yz]mm", i[1])]
    assert not avx


@pytest.mark.skipif(not X86, reason="about x86-64 registers")
@pytest.mark.parametrize("table", ["kernels", "probes"])
def test_avx2_has_no_avx512(table: str) -> None:
    avx2, avx512 = (instructions(MEMBERS[f"{table}_{isa}"]) for isa in ("avx2", "avx512"))
    beyond = [i for i in avx2 if re.search(r"%zmm|%k[0-7]|[xy]mm(1[6-9]|2\d|3[01])", i[1])]
    assert not beyond
    assert any("%ymm" in operands for _, operands in avx2)
    assert any("%zmm" in operands for _, operands in avx512)


@pytest.mark.parametrize("name", TABLES)
def test_kernels_export_one_symbol(name: str) -> None:
    """So that the linker cannot hand code for one processor to a caller on another."""
    table = MEMBERS[name].split("Disassembly", 1)[0]
    symbols = [line for line in table.splitlines() if re.match(r"^[0-9a-f]+ [gwu!]", line) and "*UND*" not in line]
    assert len(symbols) == 1, symbols
    assert name in symbols[0]


def test_extension_has_no_fused_multiply_add() -> None:
    extension = _core.__file__
    assert extension is not None
    assert not [i for i in instructions(objdump("-d", "--no-show-raw-insn", extension)) if FUSED.match(i[0])]
