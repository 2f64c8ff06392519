"""The page on the format of checkpoints: its reader reads what adamas writes, bit by bit."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from checkpoints import grads_of, make_params
from page_blocks import python_blocks

import adamas
from adamas import checkpoint
from adamas._numerics.formats import StateFormat, bfloat16
from adamas._numerics.state_formats import load_states
from adamas.checkpoint import _DTYPES as _WRITTEN
from adamas.checkpoint._checksums import bytes_of
from adamas.checkpoint._parts import Part, Processes
from adamas.checkpoint._safetensors import _DTYPES
from adamas.rules import SPECS

PAGE = (Path(__file__).parents[2] / "docs" / "checkpoint_format.md").read_text(encoding="utf-8")
BLOCKS = python_blocks(PAGE)

CASES: dict[str, tuple[str, Any, dict[str, Any]]] = {
    "float32": ("AdamW", np.float32, {}),
    "float64": ("LAMB", np.float64, {}),
    "bfloat16 states": ("AdamW", np.float32, {"state_dtype": "bfloat16"}),
    "int8": ("AdamW", np.float32, {"state_dtype": "int8"}),
    "int4": ("AdamW", np.float32, {"state_dtype": "int4", "amsgrad": True}),
    "master": ("AdamW", "bfloat16", {"master_weights": True}),
    "split24": ("AdamW", "bfloat16", {"master_weights": "split24"}),
    "split32": ("AdamW", "bfloat16", {"master_weights": "split32"}),
    "kahan": ("Adam", np.float16, {"rounding": "kahan"}),
    "average": ("Adam", np.float32, {"average": adamas.EMA(0.9)}),
    "sparse": ("Adam", np.float32, {"sparse": {"w": "lazy"}}),
    "by row and column": ("Adafactor", np.float32, {}),
    "numbers": ("NAdam", np.float32, {}),
    "shared numbers": ("Prodigy", np.float32, {}),
    "schedule": ("Adam", np.float32, {"lr": lambda step: 1e-3 / (step + 1)}),
}


@pytest.fixture(scope="module")
def page() -> dict[str, Any]:
    """What the programs of the page define."""
    namespace: dict[str, Any] = {}
    for block in BLOCKS:
        exec(compile(block, "checkpoint_format.md", "exec"), namespace)
    return namespace


def trained(case: str) -> tuple[Any, Any]:
    rule, dtype, options = CASES[case]
    params = make_params(dtype)
    opt = getattr(adamas, rule)(params, **options)
    for step in range(3):
        opt.step(grads_of(params, step))
    return opt, params


def words(array: Any) -> Any:
    """As the reader returns arrays: without a dtype that NumPy lacks."""
    return array.view(np.uint16) if array.dtype.name == "bfloat16" else array


def test_the_reader_is_short_and_needs_little() -> None:
    reader = BLOCKS[0]
    assert len(reader.strip().splitlines()) <= 40
    assert re.findall(r"^(?:import|from) (\w+)", reader, re.MULTILINE) == ["json", "struct", "zlib", "numpy"]


@pytest.mark.parametrize("ending", [".safetensors", ".npz"])
@pytest.mark.parametrize("case", CASES)
def test_the_reader_reads_what_is_written(case: str, ending: str, page: dict[str, Any], tmp_path: Path) -> None:
    opt, _ = trained(case)
    path = tmp_path / f"a{ending}"
    opt.save(path)
    document, arrays = page["read_checkpoint"](path)
    expected = checkpoint.read(path)
    assert arrays.keys() == expected.arrays.keys()
    for name, array in expected.arrays.items():
        assert (arrays[name].dtype, arrays[name].shape) == (words(array).dtype, array.shape), name
        assert arrays[name].tobytes() == array.tobytes(), name
    assert document == json.loads(expected.document.dump())


def test_the_page_names_all_keys_and_arrays(page: dict[str, Any], tmp_path: Path) -> None:
    """Each key of the description has a row, and each array that is no state of a rule."""
    rows = dict(re.findall(r"^\| `(\w+)` \| (.*) \|$", PAGE.split("## The description")[1], re.MULTILINE))
    known = set(re.findall(r"`states/NAME/(\w+)`", PAGE))
    for case in CASES:
        opt, _ = trained(case)
        opt.save(tmp_path / "a.safetensors")
        document, arrays = page["read_checkpoint"](tmp_path / "a.safetensors")
        assert [*document] == [*rows][: len(document)]
        assert set(re.findall(r"`(\w+)`", rows["formats"])) >= document["formats"].keys()
        states = {state for formula in SPECS[type(opt).__name__].formulas for state in formula.states}
        ends = {name.rpartition("/")[2] for name in arrays if name.startswith("states/")}
        assert {end.removesuffix("_scale") for end in ends} - states <= known


def test_the_reader_reads_what_several_processes_write(page: dict[str, Any], tmp_path: Path) -> None:
    """Their file is, byte by byte, that of one process."""
    opt, params = trained("int8")
    opt.save(tmp_path / "one.safetensors")
    arrays = checkpoint.read(tmp_path / "one.safetensors").arrays
    path = tmp_path / "many.safetensors"
    processes = Processes(0, lambda own: [own])  # the parts of three, in one
    parts = [
        Part(name, begin, bytes_of(array)[begin : begin + length])
        for name, array in arrays.items()
        for length in [max(1, -(-array.nbytes // 3))]
        for begin in range(0, array.nbytes, length)
    ]
    flat = {"w": params["w"], **{f"in/out.{name}": array for name, array in params["in/out"].items()}}
    checkpoint.write_together(path, opt.state_dict(), flat, parts[::-1], processes, with_params=True)
    assert path.read_bytes() == (tmp_path / "one.safetensors").read_bytes()
    _, found = page["read_checkpoint"](path)
    assert {name: array.tobytes() for name, array in found.items()} == {n: a.tobytes() for n, a in arrays.items()}


def test_the_header_is_as_the_page_says(tmp_path: Path) -> None:
    opt, _ = trained("average")
    opt.save(tmp_path / "a.safetensors")
    content = (tmp_path / "a.safetensors").read_bytes()
    length = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + length])
    assert length % 8 == 0
    assert next(iter(header)) == "__metadata__"
    assert [*header["__metadata__"]] == ["adamas", "adamas_crc32", "format"]
    assert sum(end - begin for begin, end in (entry["data_offsets"] for entry in [*header.values()][1:])) == (
        len(content) - 8 - length
    )


def test_the_page_lists_dtypes_in_order(page: dict[str, Any]) -> None:
    listed = re.findall(r"`([A-Z]+\d+)`", PAGE.split("from 8-byte to 1-byte types (")[1].split(")")[0])
    assert listed == [name for name in _DTYPES if name in listed]
    assert {*listed} == page["DTYPES"].keys()
    assert {np.dtype(page["DTYPES"][name]).name for name in listed} | {"bfloat16"} == {*_WRITTEN}


@pytest.mark.parametrize("ending", [".safetensors", ".npz"])
def test_the_reader_finds_damage(ending: str, page: dict[str, Any], tmp_path: Path) -> None:
    opt, params = trained("int8")
    path = tmp_path / f"a{ending}"
    opt.save(path)
    content = bytearray(path.read_bytes())
    place = content.index(params["w"].tobytes()) + 100
    content[place] ^= 1
    path.write_bytes(content)
    with pytest.raises(Exception, match=r"params/w is damaged|CRC"):  # of a zip file, NumPy compares one of its own
        page["read_checkpoint"](path)
    content[place] ^= 1
    content[content.index(b"betas")] ^= 1
    path.write_bytes(content)
    with pytest.raises(Exception, match=r"the description is damaged|CRC"):
        page["read_checkpoint"](path)


@pytest.mark.parametrize("state_dtype", ["int8", "int4"])
@pytest.mark.parametrize("rule", ["AdamW", "Lion", "Adamax", "AdEMAMix", "RMSprop"])
def test_quantised_states_are_decoded(rule: str, state_dtype: str, page: dict[str, Any]) -> None:
    """To the same bits."""
    rng = np.random.default_rng(0)
    params = [rng.standard_normal((30, 20)).astype(np.float32)]
    opt = getattr(adamas, rule)(params, state_dtype=state_dtype)
    for _ in range(4):
        opt.step(
            [rng.standard_normal((30, 20)).astype(np.float32) * 10 ** rng.uniform(-6, 0, (30, 20)).astype(np.float32)]
        )
    kinds = opt._model.parameters[0].formula.states
    arrays = opt.state_dict()["state"]["0"]
    expected = load_states(kinds, StateFormat(state_dtype), arrays, params[0])
    values = {}
    for name, kind in kinds.items():
        sort, _, divisor = kind.partition(" / ")
        codes, scales = arrays[name], arrays[f"{name}_scale"]
        values[name] = page["decode"](codes, scales, signed=sort == "signed", divided=bool(divisor))
    for name, kind in kinds.items():
        sort, _, divisor = kind.partition(" / ")
        found = values[name] * (values[divisor] if divisor else values[name] if sort == "square" else np.float32(1))
        assert found.reshape(-1)[:600].tobytes() == expected[name].tobytes(), name


def test_the_table_of_quantised_states_is_complete() -> None:
    """Each state of each rule is in the row of its kind."""
    part = PAGE.split("## Quantised states")[1].split("Magnitudes have")[0]
    rows = {row[0]: row[1] for row in re.findall(r"^\| (\w[^|]*) \|[^|]*\| (.*) \|$", part, re.MULTILINE)}
    row_of = {"signed": "signed", "square": "square", "magnitude": "magnitude"}
    for spec in SPECS.values():
        for formula in spec.formulas:
            for state, kind in formula.states.items():
                sort, _, divisor = kind.partition(" / ")
                if sort not in row_of:
                    continue
                row = rows["signed, divided by a root" if divisor else row_of[sort]]
                assert f"`{state}`" in row, (spec.name, state, kind)
                if (state, kind) == ("exp_avg", "signed"):
                    assert spec.name in part, spec.name


@pytest.mark.parametrize(("split", "shift"), [("split32", 0), ("split24", 8)])
def test_low_bits_are_joined_as_the_page_says(split: Any, shift: int) -> None:
    rng = np.random.default_rng(0)
    params = [rng.standard_normal(1000).astype(bfloat16())]
    opt = adamas.AdamW(params, master_weights=split)
    opt.step([rng.standard_normal(1000).astype(np.float32)])
    low = opt.state["0"]["low_bits"].astype(np.uint32) << shift
    high = params[0].view(np.uint16).astype(np.uint32) << 16
    number = ((high | (low ^ 0x8000)) - 0x8000).view(np.float32)
    assert number.astype(bfloat16()).tobytes() == params[0].tobytes()
    assert not np.array_equal(number, params[0].astype(np.float32))
