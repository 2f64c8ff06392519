"""Damaged checkpoints by the hundred, from fixed seeds; tests/fuzz/fuzz_checkpoint.py looks for more of them."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from checkpoints import ENDINGS
from damage import damaged_npz, damaged_safetensors
from judging import KINDS, judge_file, judge_state_dict, trained

DAMAGE: dict[str, Callable[[random.Random, bytes], bytes]] = {".safetensors": damaged_safetensors, ".npz": damaged_npz}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("ending", ENDINGS)
def test_files(ending: str, kind: str, tmp_path: Path) -> None:
    rng = random.Random(f"{ending} {kind}")
    path = tmp_path / f"whole{ending}"
    trained(kind).save(path)
    content = path.read_bytes()
    outcomes = Counter({judge_file(path, kind, {}): 1})
    assert outcomes["loaded"] == 1
    path = tmp_path / f"damaged{ending}"
    for _ in range(60):
        path.write_bytes(DAMAGE[ending](rng, content))
        flags = {name: rng.random() < 0.5 for name in ("strict", "convert", "check_finite")}
        outcomes[judge_file(path, kind, flags)] += 1
    assert outcomes["refused"] > 10, outcomes
    assert outcomes["read"] + outcomes["loaded"] > 3, outcomes


@pytest.mark.parametrize("kind", KINDS)
def test_state_dicts(kind: str) -> None:
    rng = random.Random(kind)
    outcomes = Counter(judge_state_dict(rng, kind) for _ in range(120))
    assert outcomes["refused"] > 50, outcomes
    assert outcomes["loaded"] > 3, outcomes
