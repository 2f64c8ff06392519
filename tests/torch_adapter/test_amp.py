"""GradScaler, clipping and gradients that are not finite."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from twins import assert_close, assert_same, bookkeeping_in_float64, every_class, every_twin, make_params, ours, theirs

import adamas

__all__ = ["bookkeeping_in_float64"]


def loss_of(params: Any, step: int) -> Any:
    data = torch.Generator().manual_seed(step)
    weights = [torch.randn(param.shape, generator=data, dtype=param.dtype) for param in params]
    return sum((param * weight).sum() ** 2 for param, weight in zip(params, weights, strict=True))


def train_scaled(optimizer: Any, params: Any, *, unscale: bool, max_norm: float | None = None) -> list[float]:
    """Train, with an overflow in the third step and a NaN in the fifth."""
    scaler = torch.amp.GradScaler("cpu", init_scale=1024.0, growth_interval=2)
    scales = []
    for step in range(8):
        optimizer.zero_grad()
        scaler.scale(loss_of(params, step)).backward()
        if step in (2, 4):
            params[1].grad.fill_(float("inf") if step == 2 else float("nan"))
        if unscale:
            scaler.unscale_(optimizer)
            if max_norm is not None:
                torch.nn.utils.clip_grad_norm_(params, max_norm)
        scaler.step(optimizer)
        scaler.update()
        scales.append(scaler.get_scale())
    return scales


@pytest.mark.usefixtures("bookkeeping_in_float64")
@every_twin
@pytest.mark.parametrize("unscale", [False, True])
def test_grad_scaler(name: str, unscale: bool) -> None:
    a, b = make_params(), make_params()
    mine, other = ours(name, a), theirs(name, b)
    assert train_scaled(mine, a, unscale=unscale) == train_scaled(other, b, unscale=unscale)
    assert_close(a, b)
    assert {int(mine.state[param]["step"]) for param in a} == {6}
    assert mine.report.step == 6


@every_class
def test_grad_scaler_divides_in_the_step(name: str) -> None:
    """By a power of two: the same bits as when the gradients are divided before it."""
    a, b = make_params(torch.float32), make_params(torch.float32)
    assert train_scaled(ours(name, a), a, unscale=True) == train_scaled(ours(name, b), b, unscale=False)
    assert_same(a, b)


def test_a_skipped_step_is_reported() -> None:
    param = torch.nn.Parameter(torch.ones(3))
    optimizer = ours("AdamW", [param])
    scaler = torch.amp.GradScaler("cpu")
    for bad in (False, True):
        param.grad = torch.full((3,), float("nan") if bad else 1.0)
        scaler.scale(torch.ones(()))
        scaler.step(optimizer)
        scaler.update()
        assert optimizer.report.skipped is bad
        assert optimizer.report.step == 1
    assert not hasattr(optimizer, "grad_scale")


@pytest.mark.usefixtures("bookkeeping_in_float64")
@every_twin
@pytest.mark.parametrize("max_norm", [0.1, 1e6])
def test_clipping(name: str, max_norm: float) -> None:
    """In the step, as by clip_grad_norm_ before it; under a scaler as after unscale_."""
    a, b, c, d = (make_params() for _ in range(4))
    mine, other = ours(name, a, max_norm=max_norm), theirs(name, b)
    for step in range(5):
        for optimizer, params in ((mine, a), (other, b)):
            optimizer.zero_grad()
            loss_of(params, step).backward()
        norm = torch.nn.utils.clip_grad_norm_(b, max_norm)
        mine.step()
        other.step()
        assert mine.report.grad_norm == pytest.approx(float(norm), rel=1e-12)
        assert (mine.report.clip_coefficient < 1.0) is (float(norm) > max_norm)
    assert_close(a, b)
    scaled = ours(name, c, max_norm=max_norm)
    train_scaled(scaled, c, unscale=False)
    train_scaled(theirs(name, d), d, unscale=True, max_norm=max_norm)
    assert_close(c, d)


def bad_gradients(params: Any) -> None:
    for param in params:
        param.grad = torch.ones_like(param)
    params[2].grad[1] = float("inf")


def test_on_nonfinite() -> None:
    for choice in ("skip", "raise"):
        params = make_params()
        optimizer = ours("AdamW", [(f"p{i}", param) for i, param in enumerate(params)], on_nonfinite=choice)
        bad_gradients(params)
        if choice == "skip":
            optimizer.step()
            assert optimizer.report.skipped
            assert optimizer.report.nonfinite == "p2"
        else:
            with pytest.raises(FloatingPointError, match="the gradient of 'p2': holds an infinity or NaN; nothing"):
                optimizer.step()
            optimizer.grad_scale = torch.tensor(4.0)  # as GradScaler sets it
            with pytest.raises(FloatingPointError, match=r"or NaN, once it is divided by grad_scale \(4.0\); nothing"):
                optimizer.step()
            optimizer.grad_scale = None
        assert_same(params, make_params())
        assert not optimizer.state
        params[2].grad = torch.ones_like(params[2])
        optimizer.step()
        assert optimizer.report.step == 1
        assert optimizer.state[params[0]]["step"] == 1


def test_nonfinite_gradients_go_through_unless_told_otherwise() -> None:
    params = make_params()
    optimizer = ours("AdamW", params)
    bad_gradients(params)
    optimizer.step()
    assert params[2].isnan().any()


def test_settings_may_change_at_any_time() -> None:
    params, peers = make_params(), make_params()
    optimizer, peer = ours("AdamW", params), ours("AdamW", peers, max_norm=0.5)
    optimizer.step_defaults.max_norm = 0.5
    for step in range(3):
        for each, own in ((optimizer, params), (peer, peers)):
            each.zero_grad()
            loss_of(own, step).backward()
            each.step()
    assert_same(params, peers)
    assert optimizer.report.grad_norm is not None
    optimizer.step_defaults.max_norm = None
    optimizer.step()
    assert optimizer.report.grad_norm is None
    assert isinstance(optimizer.step_defaults, type(adamas.AdamW([params[0].detach().numpy()]).step_defaults))
