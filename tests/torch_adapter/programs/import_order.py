"""Import libraries that have threads of their own in an order, let each work in parallel before and after.

Prints a digest of what adamas has computed, each time.
"""

from __future__ import annotations

import hashlib
import importlib
import os
import sys
from collections.abc import Callable
from typing import Any

import numpy as np


def with_adamas() -> Callable[[], Any]:
    import adamas

    def work() -> str:
        w = np.ones(300_000, np.float32)
        opt = adamas.AdamW(w, num_threads=2, max_norm=0.5)
        for step in range(3):
            opt.step(np.random.default_rng(step).standard_normal(w.size, dtype=np.float32))
        assert opt._engine.last_threads == 2
        return hashlib.sha256(w.tobytes()).hexdigest()

    return work


def with_torch() -> Callable[[], Any]:
    import torch

    def work() -> None:
        a = torch.ones(400, 400)
        assert float((a @ a).sum() + torch.ones(1_000_000).mul(2).sum()) == 400.0**3 + 2e6

    return work


def with_sklearn() -> Callable[[], Any]:
    from sklearn.cluster import KMeans

    def work() -> None:
        points = np.random.default_rng(0).standard_normal((2_000, 8))
        assert KMeans(8, n_init=1, random_state=0, max_iter=5, tol=0).fit(points).labels_.shape == (2_000,)

    return work


def with_numba() -> Callable[[], Any]:
    numba: Any = importlib.import_module("numba")

    def count(n: int) -> float:
        found = 0.0
        for i in numba.prange(n):
            found += i % 7
        return found

    total = numba.njit(parallel=True)(count)

    def work() -> None:
        assert total(7_000_000) == 21e6
        layer = os.environ.get("NUMBA_THREADING_LAYER", "default")
        assert layer in ("default", numba.threading_layer()), numba.threading_layer()

    return work


def main() -> None:
    works = []
    for name in sys.argv[1].split("-"):
        works.append(globals()[f"with_{name}"]())
        works[-1]()
    found = [work() for _ in range(3) for work in (*works, *works[::-1])]
    print(*sorted({digest for digest in found if digest is not None}))


if __name__ == "__main__":
    main()
