"""Checkpoints that an adapter writes, with entries and arrays of its own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import adamas
from adamas.adapters import BoundOptimizer
from adamas.adapters.checkpoints import CheckpointError, read_checkpoint, write_checkpoint


@pytest.mark.parametrize("ending", ["safetensors", "npz"])
def test_entries_and_arrays_come_back(ending: str, tmp_path: Path) -> None:
    weights = {"w": np.array([1.0, -2.0], np.float32)}
    bound = BoundOptimizer(adamas.Adam, [{"params": weights, "lr": 0.1}])
    bound.step([np.array([0.5, 0.25], np.float32)])
    state = bound.optimizer.state_dict(copy=False)
    state["param_groups"][0] |= {"library.round": 7, "library.mode": "fast", "library.none": None}
    extra = np.frombuffer(b"anything", np.uint8)
    path = tmp_path / f"server.{ending}"
    write_checkpoint(path, state, {**weights, "of the library": extra})

    read = read_checkpoint(path)
    (group,) = read.state_dict["param_groups"]
    assert (group["library.round"], group["library.mode"], group["library.none"]) == (7, "fast", None)
    assert read.params["of the library"].tobytes() == b"anything"
    assert read.params["w"].tobytes() == weights["w"].tobytes()
    other = BoundOptimizer(adamas.Adam, [{"params": {"w": weights["w"].copy()}, "lr": 0.5}])
    other.optimizer.load_state_dict(read.state_dict)
    assert other.completed == 1
    assert other.param_groups[0]["lr"] == 0.1
    assert other.states(0)["exp_avg"].tobytes() == bound.states(0)["exp_avg"].tobytes()


def test_damage_is_found(tmp_path: Path) -> None:
    bound = BoundOptimizer(adamas.Adam, [{"params": {"w": np.ones(2, np.float32)}}])
    write_checkpoint(tmp_path / "a.safetensors", bound.optimizer.state_dict(), {"w": np.ones(2, np.float32)})
    content = bytearray((tmp_path / "a.safetensors").read_bytes())
    content[-1] ^= 1
    (tmp_path / "a.safetensors").write_bytes(bytes(content))
    with pytest.raises(CheckpointError, match="damaged"):
        read_checkpoint(tmp_path / "a.safetensors")
