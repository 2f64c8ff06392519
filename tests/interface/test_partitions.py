"""Parameters divided by their names. tests/peers holds `adamas.partitions` against the authors' code."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import adamas
from adamas.partitions import transformer_blocks

MODEL = {
    "model.embed_tokens.weight": np.ones((10, 8)),
    "layers.0.self_attn.q_proj.weight": np.ones((8, 8)),
    "layers.0.self_attn.k_proj.weight": np.ones((4, 8)),
    "layers.0.self_attn.v_proj.weight": np.ones((4, 8)),
    "layers.0.self_attn.q_proj.bias": np.ones(8),
    "layers.0.MLP.up.weight": np.ones((16, 8)),
    "layers.0.mlp.norm.weight": np.ones(8),
    "layers.0.input_norm.weight": np.ones(8),
}
COUNTS = [10, 4, 2, 4, 8, 16, 1, 1]


def test_blocks_of_a_transformer() -> None:
    groups = transformer_blocks(MODEL, 4, 2)
    assert [group["blocks"] for group in groups] == ["rows", 4, 2, "elements", "tensor"]
    state = adamas.AdamMini(groups).state
    assert [state[name]["exp_avg_sq"].size for name in MODEL] == COUNTS
    assert all(array is MODEL[name] for group in groups for name, array in group["params"].items())


def test_pairs_stay_pairs() -> None:
    groups = transformer_blocks(iter(MODEL.items()), 4)
    assert sorted(pair[0] for group in groups for pair in group["params"]) == sorted(MODEL)
    assert {group["blocks"] for group in groups} == {"rows", 4, "elements", "tensor"}


@pytest.mark.parametrize(
    ("arguments", "error", "match"),
    [
        ((MODEL, 0), ValueError, "heads: expected a whole number >= 1"),
        ((MODEL, 2.5), TypeError, "heads: expected a whole number >= 1"),
        ((MODEL, 4, 3), ValueError, "key_value_heads: expected a divisor of heads=4, got 3"),
        (([np.ones(3)], 4), TypeError, r"params: expected pairs of a name and a parameter, got array\("),
        (({1: np.ones(3)}, 4), TypeError, r"params: expected pairs of a name and a parameter, got \(1, array"),
        ((3, 4), TypeError, "params: expected a mapping, or pairs of a name and a parameter, got int"),
    ],
)
def test_bad_input(arguments: tuple[Any, ...], error: type[Exception], match: str) -> None:
    with pytest.raises(error, match=match):
        transformer_blocks(*arguments)
