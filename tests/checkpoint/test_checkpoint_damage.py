"""Files that are damaged, or that lie, are refused with one kind of error, and nothing changes."""

from __future__ import annotations

import json
import pickle
import struct
import traceback
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from checkpoints import ENDINGS, make_params, train

import adamas
from adamas import checkpoint
from adamas.checkpoint import CheckpointError


def test_error_is_shown_by_its_public_name() -> None:
    error = CheckpointError("run.npz: is damaged")
    assert traceback.format_exception_only(error) == ["adamas.checkpoint.CheckpointError: run.npz: is damaged\n"]
    assert type(pickle.loads(pickle.dumps(error))) is CheckpointError


def with_header(path: Path, change: Any) -> bytes:
    """Return the file with another header, which `change` makes of the text of the old one."""
    content = path.read_bytes()
    length = int.from_bytes(content[:8], "little")
    header: bytes = change(content[8 : 8 + length].decode()).encode()
    return len(header).to_bytes(8, "little") + header + content[8 + length :]


def in_header(**changes: Any) -> Any:
    def change(text: str) -> str:
        header = json.loads(text)
        for name, fields in changes.items():
            header[name.replace("_", "/")].update(fields)
        return json.dumps(header)

    return change


def in_description(**fields: Any) -> Any:
    """With the right checksum: somebody wrote it so."""

    def change(text: str) -> str:
        header = json.loads(text)
        described = json.dumps({**json.loads(header["__metadata__"]["adamas"]), **fields})
        header["__metadata__"]["adamas"] = described
        header["__metadata__"]["adamas_crc32"] = f"{zlib.crc32(described.encode()):08x}"
        return json.dumps(header)

    return change


class TestDamage:
    @pytest.fixture
    def path(self, tmp_path: Path) -> Path:
        params = make_params()
        opt = adamas.AdamW(params)
        train(opt, params, 0, 2)
        opt.save(tmp_path / "a.safetensors")
        return tmp_path / "a.safetensors"

    def assert_refused(self, path: Path, content: bytes) -> None:
        path.write_bytes(content)
        opt = adamas.AdamW(make_params(seed=8))
        with pytest.raises(CheckpointError, match=r"."):
            opt.load(path)
        assert opt.state["w"]["step"] == 0

    @pytest.mark.parametrize("ending", ENDINGS)
    def test_truncated_anywhere(self, ending: str, tmp_path: Path) -> None:
        params = make_params()
        adamas.AdamW(params).save(tmp_path / f"a{ending}")
        content = (tmp_path / f"a{ending}").read_bytes()
        for length in [*range(0, 40), *range(40, len(content), max(1, len(content) // 60)), len(content) - 1]:
            self.assert_refused(tmp_path / f"b{ending}", content[:length])

    def test_a_flipped_bit_anywhere(self, path: Path) -> None:
        content = path.read_bytes()
        begin = 8 + int.from_bytes(content[:8], "little")
        places = [*range(0, 12), *range(12, begin, begin // 90), *range(begin, len(content), len(content) // 40)]
        harmless = 0
        for place in places:
            flipped = bytearray(content)
            flipped[place] ^= 1 << (place % 7)
            try:
                self.assert_refused(path, bytes(flipped))
            except pytest.fail.Exception:  # a space that pads the header, say, or the note on who wrote it
                path.write_bytes(bytes(flipped))
                assert checkpoint.read(path).state_dict["step"] == 2
                harmless += 1
        assert harmless <= 3

    @pytest.mark.parametrize(
        "change",
        [
            in_header(params_w={"shape": [1 << 62, 4]}),
            in_header(params_w={"shape": [1 << 40]}),
            in_header(params_w={"shape": [-13, -17]}),
            in_header(params_w={"dtype": "F64"}),
            in_header(params_w={"dtype": "U32"}),
            in_header(params_w={"dtype": "BOOL"}),
            in_header(params_w={"dtype": "no such"}),
            in_header(params_w={"data_offsets": [0, 1 << 60]}),
            in_header(params_w={"data_offsets": [-8, 876]}),
            in_header(params_w={"shape": [1] * 65}),
            in_header(params_w={"shape": [0, 2**62]}),
            in_header(params_w={"shape": None}),
            lambda text: json.dumps({**json.loads(text), "__metadata__": None}),
            lambda text: text.replace('"params/w"', '"params/../../w"', 1),
            lambda text: text.replace('"params/w"', '"params/in/out.b"', 1),  # twice
            lambda text: text.replace('"params/w"', '"somewhere/w"', 1),
            lambda text: text.rstrip()[:-1],
            lambda text: "[" * 100_000,
            lambda text: "{}",
            lambda text: '{"__metadata__": {"adamas": "{}", "adamas_crc32": "no"}}',
            lambda text: " " * 10,
        ],
    )
    def test_headers_that_lie(self, path: Path, change: Any) -> None:
        self.assert_refused(path, with_header(path, change))

    @pytest.mark.parametrize("length", [0, 1, 2**31, 2**62, 2**64 - 1])
    def test_header_lengths_that_lie(self, path: Path, length: int) -> None:
        self.assert_refused(path, struct.pack("<Q", length) + path.read_bytes()[8:])

    @pytest.mark.parametrize(
        "fields",
        [
            {"schema": 2},
            {"schema": "1"},
            {"step": "2"},
            {"step": -1},
            {"numbers": [1]},
            {"numbers": {"w": 3}},
            {"param_groups": ["x"]},
            {"param_groups": []},
            {"formats": None},
            {"formats": {"state_dtype": []}},
            {"formats": {"state_dtype": [1], "block_size": [2]}},
            {"checksums": {}},
            {"optimizer": 3},
            {"previous_norm": "large"},
            {"previous_norm": 10**400},
            {"numbers": {"w": {"step": 1, "mu_product": -(10**400)}}},
            {"params": {"w": ["float32", [-1]]}},
            {"param_groups": [{"params": ["w"], "lr": "high"}]},
            {"param_groups": [{"params": ["w", "in/out.b", "in/out.empty"]}]},
            {"param_groups": [None]},
            {"numbers": {"w": {"step": True}}},
        ],
    )
    def test_descriptions_that_lie(self, path: Path, fields: dict[str, Any]) -> None:
        self.assert_refused(path, with_header(path, in_description(**fields)))

    def test_states_without_a_step_are_not_converted(self, path: Path) -> None:
        path.write_bytes(with_header(path, in_description(numbers={})))
        opt = adamas.AdamW(make_params(), state_dtype="int8")
        with pytest.raises(CheckpointError, match=r"state\['w'\]\['step'\]: expected a count"):
            opt.load(path, convert=True)

    def test_another_safetensors_file(self, tmp_path: Path) -> None:
        from safetensors.numpy import save_file

        save_file({"w": np.ones(3)}, tmp_path / "a.safetensors")
        with pytest.raises(CheckpointError, match="not a checkpoint of adamas"):
            checkpoint.read(tmp_path / "a.safetensors")

    def test_another_npz_file(self, tmp_path: Path) -> None:
        np.savez(tmp_path / "a.npz", w=np.ones(3))
        with pytest.raises(CheckpointError, match="not a checkpoint of adamas"):
            checkpoint.read(tmp_path / "a.npz")


class TestNpz:
    @pytest.mark.parametrize(
        "names", [["w@bfloat16"], ["w", "w.npy"], ["w\0x", "w\0y"], ["adamas", "0"], ["x" * 70_000]]
    )
    def test_any_name(self, names: list[str], tmp_path: Path) -> None:
        params = {name: np.full(3, i, np.float32) for i, name in enumerate(names)}
        adamas.AdamW(params).save(tmp_path / "a.npz")
        for array in params.values():
            array[...] = -1
        adamas.AdamW(params).load(tmp_path / "a.npz")
        assert [int(array[0]) for array in params.values()] == list(range(len(names)))

    def test_damage_anywhere_raises_one_kind_of_error(self, tmp_path: Path) -> None:
        adamas.AdamW(make_params()).save(tmp_path / "a.npz")
        content = (tmp_path / "a.npz").read_bytes()
        rng = np.random.default_rng(0)
        for _ in range(300):
            damaged = bytearray(content)
            for place in rng.integers(0, len(content), 3):
                damaged[place] = rng.integers(0, 256)
            path = tmp_path / "b.npz"
            path.write_bytes(bytes(damaged))
            opt = adamas.AdamW(make_params(seed=8))
            try:
                opt.load(path)
            except CheckpointError:
                assert opt.state["w"]["step"] == 0

    def test_members_that_lie_on_one_another(self, tmp_path: Path) -> None:
        """Together they would be larger than the file."""
        adamas.AdamW(make_params()).save(tmp_path / "a.npz")
        with zipfile.ZipFile(tmp_path / "b.npz", "w") as archive:
            archive.writestr("big", b"0" * 100_000)
            first = archive.infolist()[0]
            for i in range(5):
                twin = zipfile.ZipInfo(f"m{i}.npy")
                for field in ("file_size", "compress_size", "CRC", "header_offset"):
                    setattr(twin, field, getattr(first, field))
                archive.filelist.append(twin)
        with pytest.raises(CheckpointError, match="its arrays are larger than it is"):
            checkpoint.read(tmp_path / "b.npz")

    def test_names_that_are_none(self, tmp_path: Path) -> None:
        """With the right checksum, as above."""
        adamas.AdamW(make_params()).save(tmp_path / "a.npz")
        with np.load(tmp_path / "a.npz") as archive:
            members = {name: archive[name] for name in archive.files}
        content = json.loads(members["adamas"].tobytes())
        content["arrays"][0][0] = 3
        encoded = json.dumps(content).encode()
        members.update(adamas=np.frombuffer(encoded, np.uint8), adamas_crc32=np.uint32(zlib.crc32(encoded)))
        np.savez(tmp_path / "b.npz", **members)
        with pytest.raises(CheckpointError, match="names and dtypes of its arrays are texts"):
            checkpoint.read(tmp_path / "b.npz")

    def test_a_member_that_is_no_array(self, saved: Path, tmp_path: Path) -> None:
        if saved.suffix == ".npz":
            with zipfile.ZipFile(saved, "a") as archive:
                archive.writestr("readme.txt", "hello")
            with pytest.raises(CheckpointError, match="it has other arrays than it says"):
                checkpoint.read(saved)
