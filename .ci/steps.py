"""Digests of what every rule makes of the same numbers, in several formats and sizes: equal on all processors."""

from __future__ import annotations

import hashlib

import numpy as np

import adamas


def digest(name: str, dtype: str, state_dtype: str | None) -> str:
    """Take three steps; return a digest of the parameters and states."""
    rng = np.random.default_rng(0)

    def numbers(size: int) -> np.ndarray:
        # Whole numbers: logarithms, of which others are made, differ between processors.
        return (rng.integers(-1000, 1000, size) / 512).astype(dtype)

    params = [numbers(size) for size in (1, 7, 129, 4133, 300_000)]
    opt = getattr(adamas, name)(params, state_dtype=state_dtype, num_threads=2)
    for _ in range(3):
        opt.step([numbers(p.size) for p in params], max_norm=100.0)
    found = hashlib.sha256()
    for index, param in enumerate(params):
        found.update(param.tobytes())
        for state in opt.state[index].values():
            found.update(np.asarray(state).tobytes())
    return found.hexdigest()


FORMATS = [("float32", None), ("float64", None), ("float16", "bfloat16"), ("float32", "int8"), ("float32", "int4")]
for optimizer in adamas.optimizers.__all__:
    for formats in FORMATS:
        print(optimizer, *formats, digest(optimizer, *formats))
