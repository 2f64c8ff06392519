"""Checkpoints: the same bits after as before, in any process, on any instruction set."""

from __future__ import annotations

import json
import shutil
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cases import DTYPES, ROUNDED_STATES
from checkpoints import ENDINGS, assert_same_bits, content_of, flat, make_params, train
from child import run_python
from refusing import both

import adamas
from adamas import checkpoint
from adamas.checkpoint import CheckpointError
from adamas.cli import main

RULES = [name for name in adamas.optimizers.__all__ if name != "Optimizer"]
FORMATS: dict[str, tuple[Any, dict[str, Any]]] = {
    "float64": (np.float64, {}),
    **{f"{name} states" if name in DTYPES else name: (np.float32, {"state_dtype": name}) for name in ROUNDED_STATES},
    "split24": ("bfloat16", {"state_dtype": "int8", "master_weights": "split24"}),
    "stochastic": ("bfloat16", {"rounding": "stochastic", "seed": 7}),
    "average": (np.float32, {"average": adamas.EMA(0.9, dtype="bfloat16")}),
}


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


def test_repr_of_a_checkpoint(tmp_path: Path) -> None:
    """Names, dtypes and shapes, and no weights."""
    opt = adamas.SGD({"w": np.full((2, 3), 7.25, np.float32), "b": np.ones(3)}, momentum=0.5)
    opt.save(tmp_path / "a.safetensors")
    assert repr(checkpoint.read(tmp_path / "a.safetensors")).splitlines() == [
        f"Checkpoint({str(tmp_path / 'a.safetensors')!r}: SGD, step 0",
        "  'params/b': float64 (3,)",
        "  'params/w': float32 (2, 3)",
        "  'states/b/momentum_buffer': float64 (3,)",
        "  'states/w/momentum_buffer': float32 (2, 3)",
        ")",
    ]
    adamas.SGD([np.ones(1) for _ in range(100)]).save(tmp_path / "b.npz")
    lines = repr(checkpoint.read(tmp_path / "b.npz")).splitlines()
    assert len(lines) == 43
    assert lines[-2] == "  ... and 60 more"


class TestInspect:
    def test_table(self, saved: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["inspect", str(saved)]) == 0
        printed = capsys.readouterr().out
        for part in ("AdamW", "lr=0.01", "params/in/out.b", "states/w/exp_avg_sq", "(13, 17)", "float32"):
            assert part in printed

    def test_json(self, saved: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """Numbers are numbers."""
        read = checkpoint.read(saved)
        for fast in (True, False):
            assert main(["inspect", "--json", *(["--fast"] if fast else []), str(saved)]) == 0
            content = json.loads(capsys.readouterr().out)
            assert content["steps"] == 2
            assert content["parameters"] == sum(array.size for array in read.params.values()) > 0
            assert content["bytes"] == sum(array.nbytes for array in read.arrays.values()) > 0
            assert content["formats"] == read.document.formats
            assert content["valid"] is (None if fast else True)

    def test_without_parameters(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        adamas.AdamW(make_params()).save(tmp_path / "a.npz", params=False)
        assert main(["inspect", "--json", str(tmp_path / "a.npz")]) == 0
        assert json.loads(capsys.readouterr().out)["parameters"] is None
        assert main(["inspect", str(tmp_path / "a.npz")]) == 0
        assert "parameters  not in the file\n" in capsys.readouterr().out

    def test_says_that_the_file_is_valid(self, saved: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["inspect", str(saved)]) == 0
        assert "\nvalid       yes: all checksums match\n" in capsys.readouterr().out
        assert main(["inspect", "--fast", str(saved)]) == 0
        assert "\nvalid       not checked (--fast)\n" in capsys.readouterr().out

    @pytest.mark.parametrize("ending", ENDINGS)
    def test_fast_does_not_read_the_arrays(
        self, ending: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        path = tmp_path / f"a{ending}"
        adamas.SGD({"w": np.ones(20_000_000, np.float32)}).save(path)
        tracemalloc.start()
        try:
            assert main(["inspect", "--fast", str(path)]) == 0
            assert tracemalloc.get_traced_memory()[1] < 10_000_000
        finally:
            tracemalloc.stop()
        assert "20,000,000" in capsys.readouterr().out

    @pytest.mark.parametrize("ending", ENDINGS)
    def test_names_that_a_terminal_would_obey(
        self, ending: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        path = tmp_path / f"a{ending}"
        adamas.AdamW({"w\x1b[2J\n\u202ex\u00e9": np.ones(3, np.float32)}).save(path)
        assert main(["inspect", str(path)]) == 0
        printed = capsys.readouterr().out
        assert all(c.isprintable() for c in printed.replace("\n", ""))
        assert "params/w\\x1b[2J\\n\\u202ex\u00e9 " in printed

    def test_a_damaged_file(self, saved: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        shutil.copy(saved, tmp_path / f"b{saved.suffix}")
        content = bytearray(saved.read_bytes())
        content[len(content) // 2] ^= 1
        saved.write_bytes(bytes(content))
        assert main(["inspect", str(saved)]) == 1
        assert "damaged" in capsys.readouterr().err
