"""Optimizers of very many small arrays or groups, checked against the same elements in few arrays."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
from bits import assert_same_bits

import adamas
from adamas import reference


@functools.cache
def rows(count: int, seed: int) -> Any:
    return np.random.default_rng(seed).standard_normal((count, 3), dtype=np.float32)


def check_arrays(count: int) -> None:
    """The bits of the same elements in one array."""
    params, whole = rows(count, 0).copy(), rows(count, 0).copy()
    opt, plain = adamas.AdamW(list(params)), reference.AdamW(whole)
    for seed in (1, 2):
        opt.step(list(rows(count, seed)))
        plain.step(rows(count, seed))
    assert_same_bits(params, whole, "params")
    assert len(opt.state) == count
    assert_same_bits(opt.state[count - 1]["exp_avg_sq"], plain.state[0]["exp_avg_sq"][-1], "exp_avg_sq of the last")


def check_groups(count: int) -> None:
    """Two learning rates, used alternately: the bits of two arrays."""
    rates = (0.1, 0.01)
    params, given = rows(count, 0).copy(), rows(count, 1)
    halves = [params[k::2].copy() for k in (0, 1)]
    opt = adamas.AdamW([{"params": p, "lr": rates[k % 2]} for k, p in enumerate(params)])
    opt.step(list(given))
    for k in (0, 1):
        reference.AdamW(halves[k], lr=rates[k]).step(given[k::2].copy())
        assert_same_bits(params[k::2].copy(), halves[k], f"group {k} of two")
    assert list(opt.state) == [str(k) for k in range(count)]
