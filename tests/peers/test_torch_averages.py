"""Averages over steps, and the other ways to clip, against torch."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

import adamas

STEPS = 200


@pytest.mark.parametrize("kind", ["EMA", "SWA"])
def test_averages(kind: str) -> None:
    rng = np.random.default_rng(0)
    model = torch.nn.Linear(5, 3, dtype=torch.float64)
    with torch.no_grad():
        params = [p.numpy().copy() for p in model.parameters()]
    average = adamas.EMA(0.99) if kind == "EMA" else adamas.SWA()
    opt, peer = adamas.AdamW(params, lr=0.1, average=average), torch.optim.AdamW(model.parameters(), lr=0.1)
    averaged = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(0.99) if kind == "EMA" else None)
    for _ in range(STEPS):
        grads = [rng.standard_normal(p.shape) for p in params]
        for parameter, grad in zip(model.parameters(), grads, strict=True):
            parameter.grad = torch.from_numpy(grad.copy())
        peer.step()
        averaged.update_parameters(model)
        opt.step(grads)
    theirs = [p.detach().numpy() for p in averaged.module.parameters()]
    for i, expected in enumerate(theirs):
        np.testing.assert_allclose(opt.state[i]["average"], expected, rtol=1e-12, atol=1e-14)
    with opt.averaged():
        for param, expected in zip(params, theirs, strict=True):
            np.testing.assert_allclose(param, expected, rtol=1e-12, atol=1e-14)


def _by_value(parameters: Any) -> None:
    torch.nn.utils.clip_grad_value_(parameters, 0.3)


def _by_largest(parameters: Any) -> None:
    torch.nn.utils.clip_grad_norm_(parameters, 0.7, norm_type=math.inf)


def _each(parameters: Any) -> None:
    for parameter in parameters:
        torch.nn.utils.clip_grad_norm_([parameter], 0.7)


@pytest.mark.parametrize(
    ("clip", "options"),
    [
        (_by_value, {"max_value": 0.3}),
        (_by_largest, {"max_norm": 0.7, "norm_type": math.inf}),
        (_each, {"max_norm": 0.7, "clip_each": True}),
    ],
    ids=["value", "infinity norm", "each by its own norm"],
)
def test_clipping(clip: Any, options: dict[str, Any]) -> None:
    rng = np.random.default_rng(0)
    starts = [rng.standard_normal(shape) for shape in ((30, 7), (11,), (1,))]
    ours = [start.copy() for start in starts]
    theirs = [torch.nn.Parameter(torch.from_numpy(start.copy())) for start in starts]
    opt, peer = adamas.AdamW(ours, **options), torch.optim.AdamW(theirs)
    for _ in range(STEPS):
        grads = [rng.standard_normal(start.shape) * rng.choice([0.1, 3.0]) for start in starts]
        for parameter, grad in zip(theirs, grads, strict=True):
            parameter.grad = torch.from_numpy(grad.copy())
        clip(theirs)
        peer.step()
        opt.step(grads)
    for array, parameter in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(array, parameter.detach().numpy(), rtol=1e-12, atol=1e-14)


def test_accumulated_gradients() -> None:
    """As ``backward`` adds to ``grad``."""
    rng = np.random.default_rng(0)
    array, parameter = np.ones((4, 3)), torch.nn.Parameter(torch.ones(4, 3, dtype=torch.float64))
    opt, peer = adamas.AdamW(array), torch.optim.AdamW([parameter])
    for _ in range(STEPS):
        parts = rng.standard_normal((3, 4, 3))
        parameter.grad = torch.zeros(4, 3, dtype=torch.float64)
        for part in parts:
            parameter.grad += torch.from_numpy(part)
        peer.step()
        opt.accumulate(parts[0])
        opt.accumulate(parts[1])
        opt.step(parts[2])
    np.testing.assert_allclose(array, parameter.detach().numpy(), rtol=1e-12, atol=1e-14)


def test_sparse_adam() -> None:
    """``torch.optim.SparseAdam`` has one step count for all rows: alike if all come in each step, with rows twice."""
    rng = np.random.default_rng(0)
    array, parameter = np.ones((6, 3)), torch.nn.Parameter(torch.ones(6, 3, dtype=torch.float64))
    opt = adamas.Adam(
        {"t": array}, eps_hat=True, sparse={"t": "lazy"}
    )  # SparseAdam adds eps before the bias correction
    peer = torch.optim.SparseAdam([parameter])
    for _ in range(STEPS):
        rows = np.concatenate([rng.permutation(6), rng.integers(0, 6, 4)])
        values = rng.standard_normal((10, 3))
        parameter.grad = torch.sparse_coo_tensor(
            torch.from_numpy(rows[None]), torch.from_numpy(values), (6, 3), check_invariants=True
        )
        peer.step()
        opt.step({"t": adamas.RowGrad(rows, values)})
    np.testing.assert_allclose(array, parameter.detach().numpy(), rtol=1e-12, atol=1e-14)
