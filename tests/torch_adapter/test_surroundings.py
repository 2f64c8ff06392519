"""adamas beside others that have threads and processes: import orders, parallel regions, loaders with workers."""

from __future__ import annotations

import functools
import hashlib
import itertools
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from twins import assert_same

import adamas
import adamas.torch

PROGRAM = Path(__file__).parent / "programs" / "import_order.py"
LIBRARIES = ["adamas", "torch", "sklearn", "numba"]
#: Each library first, and last, and each before each other; all 24 if that is asked for.
TURNS = [LIBRARIES[k:] + LIBRARIES[:k] for k in range(4)]
ALL = [list(order) for order in itertools.permutations(LIBRARIES)]
ORDERS = ["-".join(order) for order in (ALL if os.environ.get("ADAMAS_ALL_IMPORT_ORDERS") else TURNS)]
#: Numba's own threads, and those of OpenMP.
LAYERS = ["workqueue", "omp"]


@functools.cache
def expected() -> str:
    w = np.ones(300_000, np.float32)
    opt = adamas.reference.AdamW(w, max_norm=0.5)
    for step in range(3):
        opt.step(np.random.default_rng(step).standard_normal(w.size, dtype=np.float32))
    return hashlib.sha256(w.tobytes()).hexdigest()


@pytest.mark.parametrize("order", ORDERS)
def test_import_order(order: str) -> None:
    layer = LAYERS[ORDERS.index(order) % len(LAYERS)]
    environment = {**os.environ, "NUMBA_NUM_THREADS": "2", "NUMBA_THREADING_LAYER": layer}
    environment.pop("OMP_NUM_THREADS", None)
    done = subprocess.run(
        [sys.executable, str(PROGRAM), order], env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    assert (done.returncode, done.stdout) == (0, expected() + "\n"), done.stderr[-3000:]


def test_steps_from_threads_of_numba() -> None:
    """Steps taken from inside a parallel loop of numba, whose threads come back to Python for it."""
    program = """
import hashlib, os
import numba, numpy as np, adamas

SIZE = 100_000
grad = np.linspace(-1, 1, SIZE, dtype=np.float32)
params = [np.ones(SIZE, np.float32) for _ in range(4)]
opts = [adamas.AdamW(p, num_threads=2) for p in params]

def step(k):
    opts[k].step(grad)

@numba.njit(parallel=True)
def work(n):
    for k in numba.prange(n):
        with numba.objmode():
            step(k)

work(4), work(4)
expected = np.ones(SIZE, np.float32)
plain = adamas.reference.AdamW(expected)
plain.step(grad), plain.step(grad)
assert all(p.tobytes() == expected.tobytes() for p in params)
"""
    for layer in LAYERS:
        environment = {**os.environ, "NUMBA_NUM_THREADS": "2", "NUMBA_THREADING_LAYER": layer}
        done = subprocess.run(
            [sys.executable, "-c", program], env=environment, capture_output=True, text=True, timeout=300, check=False
        )
        assert done.returncode == 0, done.stderr[-3000:]


class Points:
    def __len__(self) -> int:
        return 64

    def __getitem__(self, index: int) -> Any:
        x = torch.randn(6, generator=torch.Generator().manual_seed(index))
        return x, x.sum().reshape(1)


class Fitted(Points):
    """Whoever makes a point takes a step with an optimizer, made before or after the fork."""

    def __init__(self) -> None:
        self.param = np.ones(200_000, np.float32)

    def __getitem__(self, index: int) -> Any:
        adamas.AdamW(self.param, num_threads=2).step(np.full_like(self.param, index))
        return super().__getitem__(index)


@pytest.mark.parametrize(
    ("way", "dataset"), [("fork", Points), ("fork", Fitted), ("forkserver", Fitted), ("spawn", Fitted)]
)
def test_data_loader_with_workers(way: str, dataset: Any) -> None:
    """The model trains, threads and all, while workers come and go; the bits are those without workers."""

    def train(workers: int) -> Any:
        torch.manual_seed(0)
        model = torch.nn.Sequential(torch.nn.Linear(6, 300), torch.nn.Tanh(), torch.nn.Linear(300, 1))
        optimizer = adamas.torch.AdamW(model.parameters(), lr=1e-2, num_threads=2)
        options: dict[str, Any] = {"num_workers": workers, "multiprocessing_context": way} if workers else {}
        for _ in range(2):
            for x, y in torch.utils.data.DataLoader(dataset(), batch_size=16, **options):
                optimizer.zero_grad()
                torch.nn.functional.mse_loss(model(x), y).backward()
                optimizer.step()
        return [p.detach().clone() for p in model.parameters()]

    for a, b in zip(train(2), train(0), strict=True):
        assert_same(a, b)
