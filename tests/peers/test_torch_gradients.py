"""Clipping and loss scaling against torch."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

import adamas

STEPS = 200


@pytest.mark.parametrize("max_norm", [0.1, 3.0, 100.0])
def test_clipping(max_norm: float) -> None:
    rng = np.random.default_rng(0)
    starts = [rng.standard_normal(shape) for shape in ((30, 7), (11,), (1,))]
    ours = [start.copy() for start in starts]
    theirs = [torch.nn.Parameter(torch.from_numpy(start.copy())) for start in starts]
    opt, peer = adamas.AdamW(ours, max_norm=max_norm), torch.optim.AdamW(theirs)
    for _ in range(STEPS):
        grads = [rng.standard_normal(start.shape) for start in starts]
        for parameter, grad in zip(theirs, grads, strict=True):
            parameter.grad = torch.from_numpy(grad.copy()) / 8
        norm = torch.nn.utils.clip_grad_norm_(theirs, max_norm)
        peer.step()
        report = opt.step(grads, grad_scale=8.0)
        assert report.grad_norm == pytest.approx(norm.item(), rel=1e-13)
    for array, parameter in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(array, parameter.detach().numpy(), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize(
    "options",
    [
        {"growth_interval": 5},
        {"init_scale": 2.0**126, "growth_interval": 1},
        {"growth_factor": 4.0, "backoff_factor": 0.25},
    ],
    ids=str,
)
def test_loss_scaler(options: dict[str, Any]) -> None:
    overflows = np.random.default_rng(1).random(STEPS) < 0.2
    options = {"growth_interval": 3, **options}
    scaler, peer = adamas.LossScaler(**options), torch.amp.GradScaler("cpu", **options)
    array, parameter = np.ones(3, np.float32), torch.nn.Parameter(torch.ones(3))
    opt, torchs = adamas.SGD([array], lr=0.1), torch.optim.SGD([parameter], lr=0.1)
    for overflow in overflows:
        scale = peer.scale(torch.ones(())).item()
        assert scaler.scale == scale
        grad = np.full(3, np.inf if overflow else scale, np.float32)
        parameter.grad = torch.from_numpy(grad.copy())
        peer.step(torchs)
        peer.update()
        assert scaler.step(opt, [grad]).skipped == overflow
    assert array.tobytes() == parameter.detach().numpy().tobytes()
