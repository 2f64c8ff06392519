"""Checkpoints: the same bits after as before, in any process; damaged files are refused; a save is whole or nothing."""

from __future__ import annotations

import contextlib
import fcntl
import fractions
import json
import os
import shutil
import struct
import subprocess
import sys
import threading
import time
import zipfile
import zlib
from pathlib import Path
from typing import Any

import bits
import numpy as np
import pytest
from child import run_python
from refusing import both

import adamas
from adamas import checkpoint
from adamas._formats import bfloat16
from adamas.checkpoint import CheckpointError
from adamas.cli import main

ENDINGS = [".safetensors", ".npz"]
RULES = [name for name in adamas.optimizers.__all__ if name != "Optimizer"]
FORMATS: dict[str, tuple[Any, dict[str, Any]]] = {
    "float64": (np.float64, {}),
    "bfloat16 states": (np.float32, {"state_dtype": "bfloat16"}),
    "int8": (np.float32, {"state_dtype": "int8"}),
    "int4": (np.float32, {"state_dtype": "int4"}),
    "split24": ("bfloat16", {"state_dtype": "int8", "master_weights": "split24"}),
    "stochastic": ("bfloat16", {"rounding": "stochastic", "seed": 7}),
    "average": (np.float32, {"average": adamas.EMA(0.9, dtype="bfloat16")}),
}


def make_params(dtype: Any = np.float32, seed: int = 0) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    real = bfloat16() if dtype == "bfloat16" else dtype
    return {
        "w": rng.standard_normal((13, 17)).astype(real),
        "in/out": {"b": rng.standard_normal(5).astype(real), "empty": np.zeros((0, 3), real)},
    }


def grads_of(params: Any, step: int) -> Any:
    if isinstance(params, dict):
        return {name: grads_of(value, step) for name, value in params.items()}
    return np.random.default_rng(step).standard_normal(params.shape).astype(params.dtype)


def train(opt: Any, params: Any, first: int, last: int) -> None:
    for step in range(first, last):
        opt.step(grads_of(params, step))


def flat(params: Any) -> list[Any]:
    return [params["w"], *params["in/out"].values()]


def content_of(opt: Any, params: Any) -> bytes:
    """All bytes that a step could change."""
    arrays = [*flat(params), *(a for entry in opt.state.values() for a in entry.values() if isinstance(a, np.ndarray))]
    return (
        b"".join(array.tobytes() for array in arrays)
        + repr([[v for v in entry.values() if not isinstance(v, np.ndarray)] for entry in opt.state.values()]).encode()
    )


def assert_same_bits(a: Any, b: Any) -> None:
    bits.assert_same_bits(a, b, "array")


class TestRoundTrip:
    @both
    @pytest.mark.parametrize("ending", ENDINGS)
    @pytest.mark.parametrize("rule", RULES)
    def test_every_rule_goes_on_with_the_same_bits(self, module: Any, rule: str, ending: str, tmp_path: Path) -> None:
        path = tmp_path / f"run{ending}"
        params = make_params()
        opt = getattr(module, rule)(params, lr=0.01)
        train(opt, params, 0, 3)
        opt.save(path)
        train(opt, params, 3, 6)

        later = make_params(seed=9)
        again = getattr(module, rule)(later, lr=0.5)
        assert again.load(path) == []
        train(again, later, 3, 6)
        assert content_of(again, later) == content_of(opt, params)
        assert again.param_groups[0]["lr"] == 0.01

    @pytest.mark.parametrize("ending", ENDINGS)
    @pytest.mark.parametrize("kind", FORMATS)
    def test_every_format(self, kind: str, ending: str, tmp_path: Path) -> None:
        dtype, options = FORMATS[kind]
        path = tmp_path / f"run{ending}"
        params = make_params(dtype)
        opt = adamas.AdamW(params, **options)
        train(opt, params, 0, 3)
        opt.save(path)
        train(opt, params, 3, 6)
        later = make_params(dtype, seed=9)
        again = adamas.AdamW(later, **options)
        again.load(path)
        train(again, later, 3, 6)
        assert content_of(again, later) == content_of(opt, params)

    @pytest.mark.parametrize("mode", ["lazy", "exact"])
    def test_single_rows(self, mode: Any, tmp_path: Path) -> None:
        def build() -> tuple[Any, Any]:
            table = np.linspace(-1.0, 1.0, 60, dtype=np.float32).reshape(20, 3)
            return table, adamas.AdamW({"t": table}, sparse={"t": mode})

        def step(opt: Any, i: int) -> None:
            opt.step({"t": adamas.RowGrad(np.array([i, i + 5]), np.full((2, 3), 0.5, np.float32))})

        table, opt = build()
        for i in range(4):
            step(opt, i)
        opt.save(tmp_path / "a.safetensors")
        later, again = build()
        again.load(tmp_path / "a.safetensors")
        for i in range(4):
            step(opt, i)
            step(again, i)
        opt.catch_up()
        again.catch_up()
        assert_same_bits(table, later)

    def test_in_another_process_on_another_instruction_set(self, tmp_path: Path) -> None:
        """50 steps, a file, 50 steps: as 100 steps."""
        script = tmp_path / "train.py"
        script.write_text(
            "import sys, numpy as np, adamas\n"
            "path, first, last = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])\n"
            "rng = np.random.default_rng(0)\n"
            "params = {'w': rng.standard_normal((300, 200), dtype=np.float32), 'b': np.zeros(7, np.float32)}\n"
            "opt = adamas.AdamW(params, state_dtype='int8', lr=adamas.schedules.Cosine(0.01, 0.0, 100))\n"
            "if first: opt.load(path)\n"
            "for step in range(first, last):\n"
            "    g = np.random.default_rng(step)\n"
            "    opt.step({'w': g.standard_normal((300, 200), dtype=np.float32), 'b': np.ones(7, np.float32)})\n"
            "opt.save(path)\n"
        )
        isas = adamas.available_isas()
        whole, parts = tmp_path / "whole.safetensors", tmp_path / "parts.safetensors"
        runs = [(whole, 0, 100, isas[0], "1"), (parts, 0, 50, isas[0], "2"), (parts, 50, 100, isas[-1], "3")]
        for path, first, last, isa, threads in runs:
            arguments = (str(script), str(path), str(first), str(last))
            done = run_python(*arguments, ADAMAS_ISA=isa, ADAMAS_NUM_THREADS=threads)
            assert done.returncode == 0, done.stderr
        one, other = checkpoint.read(whole), checkpoint.read(parts)
        assert one.document == other.document  # which has the checksums of all arrays
        assert one.state_dict["step"] == 100

    def test_the_file_is_one_that_safetensors_reads(self, tmp_path: Path) -> None:
        from safetensors.numpy import load_file

        params = make_params()
        opt = adamas.AdamW(params)
        train(opt, params, 0, 1)
        opt.save(tmp_path / "a.safetensors")
        arrays = load_file(tmp_path / "a.safetensors")
        assert_same_bits(arrays["params/in/out.b"], params["in/out"]["b"])
        assert_same_bits(arrays["states/w/exp_avg"], opt.state["w"]["exp_avg"])

    def test_without_parameters(self, tmp_path: Path) -> None:
        params = make_params()
        opt = adamas.AdamW(params)
        train(opt, params, 0, 2)
        opt.save(tmp_path / "a.safetensors", params=False)
        later = make_params(seed=4)
        before = [array.copy() for array in flat(later)]
        again = adamas.AdamW(later)
        again.load(tmp_path / "a.safetensors")
        assert again.state["w"]["step"] == 2
        for array, values in zip(flat(later), before, strict=True):
            assert_same_bits(array, values)
        with pytest.raises(CheckpointError, match="params/w: missing"):
            again.load(tmp_path / "a.safetensors", params=True)

    def test_parameters_may_stay_as_they_are(self, tmp_path: Path) -> None:
        params = make_params()
        opt = adamas.AdamW(params)
        opt.save(tmp_path / "a.safetensors")
        later = make_params(seed=4)
        adamas.AdamW(later).load(tmp_path / "a.safetensors", params=False)
        assert_same_bits(later["w"], make_params(seed=4)["w"])


@pytest.fixture(name="saved", params=ENDINGS)
def _saved(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    params = make_params()
    opt = adamas.AdamW(params, lr=0.01)
    train(opt, params, 0, 2)
    path = tmp_path / f"saved{request.param}"
    opt.save(path)
    return path


def arrays_of(opt: Any) -> list[bytes]:
    """The bytes of its parameters and states."""
    states = [array for entry in opt.state.values() for array in entry.values() if isinstance(array, np.ndarray)]
    return [array.tobytes() for array in (*states, *(leaf.array for leaf in opt._leaves))]


class TestFit:
    def refused(self, opt: Any, path: Path, match: str, **options: Any) -> str:
        before = arrays_of(opt)
        with pytest.raises(CheckpointError, match=match) as caught:
            opt.load(path, **options)
        assert arrays_of(opt) == before
        return str(caught.value)

    def test_all_mismatches_are_listed(self, saved: Path) -> None:
        other = {"w": np.ones((13, 16), np.float32), "new": np.ones(2, np.float32)}
        message = self.refused(adamas.NAdam(other), saved, "does not fit this optimizer; nothing was loaded")
        for part in (
            "it is from AdamW, this is NAdam",
            "param_groups[0]['params']",
            "params/w: expected float32 of shape (13, 16), got float32 of shape (13, 17)",
            "params/new: missing",
            "params/in/out.b: this optimizer has no such parameter",
            "state['w']['exp_avg']: expected float32 of shape (13, 16)",
            "state['new']: missing",
        ):
            assert part in message

    def test_other_formats(self, saved: Path) -> None:
        opt = adamas.AdamW(make_params(), state_dtype="int8")
        message = self.refused(opt, saved, "formats: saved with state_dtype=None")
        assert "exp_avg_scale" in message

    def test_what_fits_can_be_loaded_alone(self, saved: Path) -> None:
        params = make_params(seed=5)
        params["in/out"]["b"] = np.ones(6, np.float32)
        opt = adamas.AdamW(params)
        assert opt.load(saved, strict=False) == ["in/out.b"]
        assert_same_bits(params["w"], checkpoint.read(saved).params["w"])
        assert_same_bits(params["in/out"]["b"], np.ones(6, np.float32))
        assert (opt.state["w"]["step"], opt.state["in/out.b"]["step"]) == (2, 0)
        assert opt.param_groups[0]["lr"] == 0.01  # the groups have the same names

    def test_names_that_only_one_side_has(self, saved: Path) -> None:
        params = {"w": np.zeros((13, 17), np.float32), "new": np.ones(2, np.float32)}
        opt = adamas.AdamW(params, lr=0.3)
        assert sorted(opt.load(saved, strict=False)) == ["in/out.b", "in/out.empty", "new"]
        assert opt.param_groups[0]["lr"] == 0.3
        assert params["w"].any()

    def test_finiteness_on_request(self, tmp_path: Path) -> None:
        params = make_params()
        opt = adamas.AdamW(params)
        params["w"][3, 4] = np.inf
        opt.step(grads_of(params, 0) | {"w": np.full((13, 17), np.nan, np.float32)})
        opt.save(tmp_path / "a.safetensors")
        fresh = adamas.AdamW(make_params())
        message = self.refused(fresh, tmp_path / "a.safetensors", "params/w: is not finite", check_finite=True)
        assert "states/w/exp_avg_sq: is not finite" in message
        fresh.load(tmp_path / "a.safetensors")

    @pytest.mark.parametrize("theirs", [None, "bfloat16", "int8", "int4"])
    @pytest.mark.parametrize("ours", [None, "bfloat16", "int8", "int4"])
    def test_conversion_on_request(self, theirs: Any, ours: Any, tmp_path: Path) -> None:
        """Both sides, decoded, are close; and nothing else changes."""
        params = make_params()
        opt = adamas.AdamW(params, state_dtype=theirs)
        train(opt, params, 0, 4)
        opt.save(tmp_path / "a.safetensors")
        again = adamas.AdamW(make_params(seed=3), state_dtype=ours)
        if theirs != ours:
            self.refused(again, tmp_path / "a.safetensors", "state_dtype")
        again.load(tmp_path / "a.safetensors", convert=True)
        assert again.state["w"]["step"] == 4
        plain = [adamas.AdamW(make_params(), state_dtype=None) for _ in range(2)]
        for source, target in zip((opt, again), plain, strict=True):
            source.save(tmp_path / "b.safetensors")
            target.load(tmp_path / "b.safetensors", convert=True)
        a, b = (np.asarray(side.state["w"]["exp_avg"]) for side in plain)
        allowed = {None: 0.0, "bfloat16": 2.0**-7, "int8": 0.02, "int4": 0.25}
        scale = np.abs(a).max()
        assert np.abs(a - b).max() <= scale * allowed[ours] if theirs != ours else (a == b).all()

    def test_a_readonly_parameter(self, saved: Path) -> None:
        params = make_params()
        opt = adamas.AdamW(params)
        params["w"].flags.writeable = False
        with pytest.raises(ValueError, match="read-only"):
            opt.load(saved)
        assert opt.state["w"]["step"] == 0

    def test_wrong_arguments(self, saved: Path, tmp_path: Path) -> None:
        opt = adamas.AdamW(make_params())
        with pytest.raises(TypeError, match="strict: expected"):
            opt.load(saved, strict="no")  # type: ignore[arg-type]
        with pytest.raises(ValueError, match=r"path: expected one that ends in \.npz or \.safetensors"):
            opt.save(tmp_path / "model.pt")
        with pytest.raises(FileNotFoundError):
            opt.load(tmp_path / "none.safetensors")

    def test_a_pickle_is_not_executed(self, tmp_path: Path) -> None:
        path = tmp_path / "a.npz"
        np.savez(path, adamas=np.array([{"x": 1}], dtype=object), adamas_crc32=np.zeros((), np.uint32))
        with pytest.raises(CheckpointError, match="is not an npz file, or is damaged"):
            checkpoint.read(path)


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
            {"checksums": {}},
            {"optimizer": 3},
            {"previous_norm": "large"},
            {"params": {"w": ["float32", [-1]]}},
            {"param_groups": [{"params": ["w"], "lr": "high"}]},
            {"param_groups": [{"params": ["w", "in/out.b", "in/out.empty"]}]},
            {"param_groups": [None]},
            {"numbers": {"w": {"step": True}}},
        ],
    )
    def test_descriptions_that_lie(self, path: Path, fields: dict[str, Any]) -> None:
        """With the right checksum: somebody wrote them so."""

        def change(text: str) -> str:
            header = json.loads(text)
            described = json.dumps({**json.loads(header["__metadata__"]["adamas"]), **fields})
            header["__metadata__"]["adamas"] = described
            header["__metadata__"]["adamas_crc32"] = f"{zlib.crc32(described.encode()):08x}"
            return json.dumps(header)

        content = with_header(path, change)
        self.assert_refused(path, content)

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

    def test_a_member_that_is_no_array(self, saved: Path, tmp_path: Path) -> None:
        if saved.suffix == ".npz":
            with zipfile.ZipFile(saved, "a") as archive:
                archive.writestr("readme.txt", "hello")
            with pytest.raises(CheckpointError, match="it has other arrays than it says"):
                checkpoint.read(saved)


class TestTogether:
    """A parameter and what belongs to it are loaded together or not at all."""

    @both
    def test_copies_follow(self, module: Any, tmp_path: Path) -> None:
        module.AdamW({"w": np.ones(3, np.float32)}).save(tmp_path / "a.npz")
        params, copies = {"w": np.full(3, 7, np.float32)}, {"w": np.zeros(3, np.float16)}
        module.AdamW(params, copy_out=copies).load(tmp_path / "a.npz")
        assert (copies["w"] == 1).all()

    @pytest.mark.parametrize("average", [adamas.EMA(0.9), adamas.SWA()])
    def test_averages_of_those_left_are_their_own_values(self, average: Any, tmp_path: Path) -> None:
        options = {"lr": 0.0, "weight_decay": 0.0, "average": average}
        ones = np.ones(3, np.float32)
        opt = adamas.AdamW({"w": ones.copy()}, **options)
        for _ in range(10):
            opt.step({"w": ones})
        opt.save(tmp_path / "a.npz")
        params = {"w": np.zeros(3, np.float32), "new": np.full(3, 5, np.float32)}
        again = adamas.AdamW(params, **options)
        assert again.load(tmp_path / "a.npz", strict=False) == ["new"]
        with again.averaged():
            np.testing.assert_allclose(params["new"], 5.0, rtol=1e-6)

    def test_a_parameter_whose_states_do_not_fit_keeps_its_value(self, tmp_path: Path) -> None:
        bf16 = bfloat16()
        adamas.SGD({"w": np.full(4, 1, bf16)}, master_weights=True).save(tmp_path / "a.npz")
        params = {"w": np.full(4, 5, bf16)}
        opt = adamas.SGD(params, momentum=0.9, master_weights=True)
        assert opt.load(tmp_path / "a.npz", strict=False) == ["w"]
        assert (params["w"] == 5).all()

    def test_states_of_a_parameter_that_does_not_fit_stay(self, tmp_path: Path) -> None:
        opt = adamas.AdamW({"w": np.ones(3, np.float32)})
        opt.step({"w": np.ones(3, np.float32)})
        opt.save(tmp_path / "a.npz")
        other = adamas.AdamW({"w": np.zeros(3, bfloat16())})
        assert other.load(tmp_path / "a.npz", strict=False) == ["w"]
        assert other.state["w"]["step"] == 0

    def test_masters_do_not_go_without_their_parameters(self, tmp_path: Path) -> None:
        params = {"w": np.ones(3, bfloat16())}
        opt = adamas.AdamW(params, master_weights=True)
        opt.save(tmp_path / "a.npz")
        with pytest.raises(CheckpointError, match="params=False: what is kept of the rounding"):
            opt.load(tmp_path / "a.npz", params=False)

    def test_codes_belong_to_a_shape(self, tmp_path: Path) -> None:
        """Which the arrays of quantised states do not show."""
        opt = adamas.AdamW({"w": np.ones((10, 12), np.float32)}, state_dtype="int8")
        opt.save(tmp_path / "a.npz", params=False)
        other = adamas.AdamW({"w": np.ones((12, 10), np.float32)}, state_dtype="int8")
        with pytest.raises(CheckpointError, match=r"params/w: expected float32 of shape \(12, 10\)"):
            other.load(tmp_path / "a.npz")

    def test_accumulated_gradients(self, saved: Path, tmp_path: Path) -> None:
        """Cannot be saved, and do not survive a load."""
        params = make_params()
        opt = adamas.AdamW(params)
        opt.accumulate(grads_of(params, 0))
        with pytest.raises(RuntimeError, match="gradients have been accumulated"):
            opt.save(tmp_path / "b.npz")
        opt.load(saved)
        with pytest.raises((TypeError, ValueError)):
            opt.step()

    def test_the_norm_that_a_scope_clips_by(self, tmp_path: Path) -> None:
        def run(opt: Any, steps: int) -> None:
            for _ in range(steps):
                with opt.step_scope(max_norm=0.5, previous_norm=True):
                    opt.step_param("w", np.full(3, 3, np.float32))

        params = [{"w": np.ones(3, np.float32)} for _ in range(2)]
        opt, again = (adamas.SGD(p, lr=0.1) for p in params)
        run(opt, 3)
        opt.save(tmp_path / "a.npz")
        run(opt, 1)
        again.load(tmp_path / "a.npz")
        run(again, 1)
        assert_same_bits(params[0]["w"], params[1]["w"])

    def test_a_step_of_another_thread_never_gets_between(self, tmp_path: Path) -> None:
        """Learning rate 1 and gradient -1: the parameter is the number of steps."""
        params, grads = {"w": np.zeros(64, np.float32)}, {"w": -np.ones(64, np.float32)}
        opt = adamas.SGD(params, lr=1.0, num_threads=1)
        stop = threading.Event()

        def run() -> None:
            while not stop.is_set():
                with contextlib.suppress(RuntimeError):
                    opt.step(grads)
                time.sleep(0)

        thread = threading.Thread(target=run)
        thread.start()
        interval = sys.getswitchinterval()
        sys.setswitchinterval(1e-6)
        try:
            saves = 0
            while saves < 100:
                try:
                    opt.save(tmp_path / "a.npz")
                except RuntimeError:
                    continue
                saves += 1
                found = checkpoint.read(tmp_path / "a.npz")
                assert found.params["w"][0] == found.document.step
        finally:
            sys.setswitchinterval(interval)
            stop.set()
            thread.join()


class TestWrite:
    def state_dict(self) -> dict[str, Any]:
        return adamas.AdamW({"w": np.ones(3, np.float32)}).state_dict()

    @pytest.mark.parametrize("ending", ENDINGS)
    def test_arrays_that_are_not_contiguous(self, ending: str, tmp_path: Path) -> None:
        array = np.arange(12, dtype=np.float32).reshape(3, 4)
        for values in (array[::-1], array.T, array[:, ::2]):
            checkpoint.write(tmp_path / f"a{ending}", self.state_dict(), {"w": values})
            assert_same_bits(checkpoint.read(tmp_path / f"a{ending}").params["w"], np.ascontiguousarray(values))

    @pytest.mark.parametrize("dtype", [">f4", "complex64", "int64", "bool", "U3"])
    def test_arrays_that_files_do_not_have(self, dtype: str, tmp_path: Path) -> None:
        with pytest.raises(TypeError, match="params/w: checkpoints have no arrays of"):
            checkpoint.write(tmp_path / "a.npz", self.state_dict(), {"w": np.zeros(3, dtype)})

    @pytest.mark.parametrize(
        "value", [np.longdouble(0.25), fractions.Fraction(1, 4), np.float32(0.25), np.float64(0.25)]
    )
    def test_numbers_of_any_type(self, value: Any, tmp_path: Path) -> None:
        adamas.AdamW({"w": np.ones(3, np.float32)}, lr=value).save(tmp_path / "a.npz")
        assert checkpoint.read(tmp_path / "a.npz").state_dict["param_groups"][0]["lr"] == 0.25


KILLED = """
import os, random, signal, sys, time
import numpy as np, adamas
path, rounds = sys.argv[1], int(sys.argv[2])
params = [np.full(200_000, 1.0, np.float32)]
opt = adamas.AdamW(params, num_threads=1)
opt.save(path)
random.seed(int(sys.argv[3]))
seen = set()
for i in range(rounds):
    value = float(i + 2)
    child = os.fork()
    if child == 0:
        params[0][:] = value
        opt.save(path)
        os._exit(0)
    time.sleep(random.uniform(0.0, 0.012))
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    values = np.unique(adamas.checkpoint.read(path).params["0"])
    assert len(values) == 1, "a mixture"
    assert values[0] in (value, last) if i else values[0] in (value, 1.0), (values, value)
    last = values[0]
    seen.add("new" if last == value else "old")
folder = os.path.dirname(path)
for name in os.listdir(folder):
    os.utime(os.path.join(folder, name), (1.0, 1.0))  # new ones may be about to be locked
opt.save(path)
print(sorted(seen), len(os.listdir(os.path.dirname(path))))
"""


class TestSaving:
    def test_a_save_that_is_killed_leaves_the_old_file_or_the_new_one(self, tmp_path: Path) -> None:
        """And what it left lying about, the next save removes."""
        rounds = os.environ.get("ADAMAS_TEST_KILLS", "40")
        done = run_python("-c", KILLED, str(tmp_path / "a.safetensors"), rounds, "1")
        assert done.returncode == 0, done.stderr
        assert done.stdout.split() == ["['new',", "'old']", "1"]

    @pytest.mark.parametrize("ending", ENDINGS)
    def test_a_full_disk(self, ending: str, tmp_path: Path) -> None:
        """A limit on the size of files stands for it."""
        script = (
            "import resource, signal, sys, numpy as np, adamas\n"
            "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
            "params = [np.ones(100_000, np.float32)]\n"
            "opt = adamas.AdamW(params)\n"
            "opt.save(sys.argv[1])\n"
            "old = open(sys.argv[1], 'rb').read()\n"
            "resource.setrlimit(resource.RLIMIT_FSIZE, (500_000, 500_000))\n"
            "params[0][:] = 2\n"
            "try: opt.save(sys.argv[1])\n"
            "except OSError as error: print('refused:', error)\n"
            "assert open(sys.argv[1], 'rb').read() == old\n"
        )
        done = run_python("-c", script, str(tmp_path / f"a{ending}"))
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith("refused:")
        assert [file.name for file in tmp_path.iterdir()] == [f"a{ending}"]

    def test_a_missing_folder(self, tmp_path: Path) -> None:
        with pytest.raises(FileNotFoundError):
            adamas.AdamW(make_params()).save(tmp_path / "no" / "a.safetensors")

    def test_without_safetensors(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "safetensors", None)
        with pytest.raises(ImportError, match=r"pip install 'adamas\[checkpoint\]'"):
            adamas.AdamW(make_params()).save(tmp_path / "a.safetensors")
        assert list(tmp_path.iterdir()) == []

    def test_what_was_left_behind_is_removed_unless_it_is_held(self, tmp_path: Path) -> None:
        held, left, fresh = (tmp_path / f".adamas-{name}.tmp" for name in ("held", "left", "fresh"))
        for folder in (held, left, fresh):
            folder.mkdir()
            (folder / "new").write_bytes(b"half")
        for folder in (held, left):
            os.utime(folder, (1.0, 1.0))
        descriptor = os.open(held, os.O_RDONLY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            adamas.AdamW(make_params()).save(tmp_path / "a.npz")
        finally:
            os.close(descriptor)
        assert sorted(file.name for file in tmp_path.iterdir()) == [".adamas-fresh.tmp", ".adamas-held.tmp", "a.npz"]

    @pytest.mark.parametrize("ending", ENDINGS)
    def test_permissions_are_those_of_the_old_file_or_of_any_new_one(self, ending: str, tmp_path: Path) -> None:
        path = tmp_path / f"a{ending}"
        (tmp_path / "any").touch()
        opt = adamas.AdamW(make_params())
        opt.save(path)
        assert path.stat().st_mode == (tmp_path / "any").stat().st_mode
        path.chmod(0o640)
        opt.save(path)
        assert path.stat().st_mode & 0o7777 == 0o640

    def test_a_link_stays_a_link(self, tmp_path: Path) -> None:
        (tmp_path / "disk").mkdir()
        link = tmp_path / "latest.npz"
        link.symlink_to(tmp_path / "disk" / "run.npz")
        adamas.AdamW(make_params()).save(link)
        assert link.is_symlink()
        assert checkpoint.read(tmp_path / "disk" / "run.npz").params

    def test_a_long_name(self, tmp_path: Path) -> None:
        adamas.AdamW(make_params()).save(tmp_path / ("x" * 251 + ".npz"))

    @pytest.mark.parametrize("ending", ENDINGS)
    def test_reading_while_another_process_saves(self, ending: str, tmp_path: Path) -> None:
        """Files of two sizes in turns; each that is read is one of them."""
        path = tmp_path / f"a{ending}"
        script = (
            "import sys, numpy as np, adamas\n"
            "opts = [adamas.AdamW({'w': np.full(n, n, np.float32)}) for n in (3000, 9)]\n"
            "for i in range(200): opts[i % 2].save(sys.argv[1])\n"
        )
        adamas.AdamW({"w": np.full(9, 9, np.float32)}).save(path)
        with subprocess.Popen([sys.executable, "-c", script, str(path)]) as process:
            reads = 0
            while process.poll() is None:
                values = checkpoint.read(path).params["w"]
                assert (values == len(values)).all()
                reads += 1
        assert process.returncode == 0
        assert reads > 5

    def test_while_evaluating(self, tmp_path: Path) -> None:
        opt = adamas.ScheduleFreeAdamW(make_params())
        opt.eval()
        with pytest.raises(RuntimeError, match="saving or loading"):
            opt.save(tmp_path / "a.npz")


class TestInspect:
    def test_table(self, saved: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["inspect", str(saved)]) == 0
        printed = capsys.readouterr().out
        for part in ("AdamW", "lr=0.01", "params/in/out.b", "states/w/exp_avg_sq", "(13, 17)", "float32"):
            assert part in printed

    def test_json(self, saved: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["inspect", "--json", "--fast", str(saved)]) == 0
        assert json.loads(capsys.readouterr().out)["steps"] == 2

    def test_a_damaged_file(self, saved: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        shutil.copy(saved, tmp_path / f"b{saved.suffix}")
        content = bytearray(saved.read_bytes())
        content[len(content) // 2] ^= 1
        saved.write_bytes(bytes(content))
        assert main(["inspect", str(saved)]) == 1
        assert "damaged" in capsys.readouterr().err
