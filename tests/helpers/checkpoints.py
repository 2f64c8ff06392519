"""Helpers for the tests of checkpoints: a small nested model, its training, and all that a step could change."""

from __future__ import annotations

from typing import Any

import bits
import numpy as np

from adamas._numerics.formats import bfloat16

ENDINGS = [".safetensors", ".npz"]


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


def arrays_of(opt: Any) -> list[bytes]:
    """The bytes of its parameters and states."""
    states = [array for entry in opt.state.values() for array in entry.values() if isinstance(array, np.ndarray)]
    return [array.tobytes() for array in (*states, *(parameter.array for parameter in opt._model.parameters))]
