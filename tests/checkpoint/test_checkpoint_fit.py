"""Partial loads: what fits is loaded, a parameter together with its states; messages name the rest."""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cases import ROUNDED_STATES, STATE_ERRORS
from checkpoints import arrays_of, assert_same_bits, grads_of, make_params, train
from refusing import both

import adamas
from adamas import checkpoint
from adamas._numerics.formats import bfloat16
from adamas.checkpoint import CheckpointError


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

    @pytest.mark.parametrize("theirs", [None, *ROUNDED_STATES])
    @pytest.mark.parametrize("ours", [None, *ROUNDED_STATES])
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
        scale = np.abs(a).max()
        allowed = scale * STATE_ERRORS[ours or "float32"]
        assert np.abs(a - b).max() <= allowed if theirs != ours else (a == b).all()

    @pytest.mark.parametrize("named", ["float32", "float64"])
    @pytest.mark.parametrize("convert", [False, True])
    def test_states_of_the_same_bytes(self, named: Any, convert: bool, tmp_path: Path) -> None:
        """A state_dtype of None is that of the parameters."""
        for theirs, ours in ((None, named), (named, None)):
            params = make_params(np.dtype(named))
            opt = adamas.AdamW(params, state_dtype=theirs)
            train(opt, params, 0, 2)
            opt.save(tmp_path / "a.safetensors")
            again = adamas.AdamW(make_params(np.dtype(named), seed=3), state_dtype=ours)
            again.load(tmp_path / "a.safetensors", convert=convert)
            assert arrays_of(again) == arrays_of(opt)
            again.load_state_dict(opt.state_dict())
        other = "float64" if named == "float32" else "float32"
        self.refused(adamas.AdamW(make_params(np.dtype(other))), tmp_path / "a.safetensors", f"expected {other}")

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
        with pytest.raises(CheckpointError, match="params=False: the stored rounding residues"):
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
