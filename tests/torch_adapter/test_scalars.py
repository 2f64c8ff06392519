"""Numbers that all parameters share, as d of Prodigy: shown, saved, copied, and kept when parameters are bound anew."""

from __future__ import annotations

import copy
import io
import pickle
from typing import Any

import numpy as np
import pytest
import torch

import adamas.torch

SIZES = (3, 700, 1)
#: d rises within a few steps.
FAST: dict[str, Any] = {"d0": 1e-2, "d_coef": 4.0}


def parameters() -> list[torch.nn.Parameter]:
    torch.manual_seed(0)
    return [torch.nn.Parameter(2.0 * torch.randn(size)) for size in SIZES]


def train(optimizer: Any, steps: range) -> None:
    for step in steps:
        noise = torch.Generator().manual_seed(step)
        for i, p in enumerate(optimizer.param_groups[0]["params"]):
            slope = p.detach() - 1.0 + 0.1 * torch.randn(p.shape, generator=noise)
            p.grad = None if i == 1 and step == 2 else slope
        optimizer.step()


def assert_same(a: Any, b: Any) -> None:
    assert a.scalars == b.scalars
    for p, q in zip(a.param_groups[0]["params"], b.param_groups[0]["params"], strict=True):
        assert torch.equal(p, q)
        for name, value in a.state[p].items():
            assert torch.equal(value, b.state[q][name]), name


def test_same_bits_as_arrays() -> None:
    params = parameters()
    arrays = [p.detach().numpy().copy() for p in params]
    optimizer, opt = adamas.torch.Prodigy(params, **FAST), adamas.Prodigy(arrays, **FAST)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 12)
    for step in range(12):
        noise = torch.Generator().manual_seed(step)
        grads = [p.detach() - 1.0 + 0.1 * torch.randn(p.shape, generator=noise) for p in params]
        for p, grad in zip(params, grads, strict=True):
            p.grad = grad
        opt.param_groups[0]["lr"] = optimizer.param_groups[0]["lr"]
        optimizer.step()
        scheduler.step()
        opt.step([grad.numpy() for grad in grads])
    assert optimizer.scalars == opt.scalars
    assert optimizer.scalars["d"] > 2 * FAST["d0"]
    for p, array in zip(params, arrays, strict=True):
        assert p.detach().numpy().tobytes() == array.tobytes()


def test_they_are_shown() -> None:
    optimizer = adamas.torch.Prodigy(parameters())
    assert optimizer.scalars == {"d": 0.0, "d_max": 0.0, "d_numerator": 0.0, "k": 0.0}
    train(optimizer, range(1))
    assert optimizer.scalars["d"] == 1e-6
    assert adamas.torch.AdamW(parameters()).scalars == {}


def through_a_file(optimizer: Any) -> Any:
    file = io.BytesIO()
    torch.save(optimizer.state_dict(), file)
    file.seek(0)
    params = [torch.nn.Parameter(p.detach().clone()) for p in optimizer.param_groups[0]["params"]]
    loaded = adamas.torch.Prodigy(params)
    loaded.load_state_dict(torch.load(file, weights_only=True))
    return loaded


def through_a_pickle(optimizer: Any) -> Any:
    return pickle.loads(pickle.dumps(optimizer))


@pytest.mark.parametrize("copied", [through_a_file, through_a_pickle, copy.deepcopy])
def test_copies_go_on_with_the_same_bits(copied: Any) -> None:
    optimizer = adamas.torch.Prodigy(parameters(), **FAST)
    train(optimizer, range(7))
    again = copied(optimizer)
    assert again.scalars == optimizer.scalars
    assert optimizer.scalars["d"] > 2 * FAST["d0"]
    train(optimizer, range(7, 12))
    train(again, range(7, 12))
    assert_same(optimizer, again)


def test_they_stay_when_parameters_are_bound_anew() -> None:
    one, other = adamas.torch.Prodigy(parameters(), **FAST), adamas.torch.Prodigy(parameters(), **FAST)
    train(one, range(12))
    train(other, range(6))
    for p in other.param_groups[0]["params"]:
        p.data = p.data.clone()
    train(other, range(6, 9))
    extra = torch.nn.Parameter(torch.zeros(2))
    other.add_param_group({"params": [extra]})
    train(other, range(9, 12))
    assert_same(one, other)


def test_state_dicts_must_have_them() -> None:
    optimizer = adamas.torch.Prodigy(parameters(), **FAST)
    train(optimizer, range(8))
    before = optimizer.scalars
    for change, message in [
        (None, r"param_groups\[0\]\['d'\]: missing; Prodigy keeps d, d_max, d_numerator, k in each group"),
        ("much", r"param_groups\[0\]\['d'\]: expected a finite number >= 0, got 'much'"),
        (float("nan"), r"param_groups\[0\]\['d'\]: expected a finite number >= 0, got nan"),
    ]:
        saved = copy.deepcopy(optimizer.state_dict())
        assert saved["param_groups"][0]["d"] == before["d"]
        del saved["param_groups"][0]["d"]
        if change is not None:
            saved["param_groups"][0]["d"] = change
        with pytest.raises((TypeError, ValueError), match=message):
            optimizer.load_state_dict(saved)
        assert optimizer.scalars == before
    assert "d" not in optimizer.param_groups[0]


def test_groups_must_agree() -> None:
    optimizer = adamas.torch.Prodigy(parameters())
    with pytest.raises(ValueError, match=r"param_groups\[1\]\['lr'\]: expected 1.0, as in group 0, or 0, got 0.5"):
        optimizer.add_param_group({"params": [torch.nn.Parameter(torch.zeros(2))], "lr": 0.5})
    assert len(optimizer.param_groups) == 1
    rests = torch.nn.Parameter(torch.ones(2))
    optimizer.add_param_group({"params": [rests], "lr": 0.0, "betas": [0.9, 0.999]})
    rests.grad = torch.ones(2)
    train(optimizer, range(3))
    assert rests.tolist() == [1.0, 1.0]
    optimizer.param_groups[1]["lr"] = 0.1
    with pytest.raises(ValueError, match=r"param_groups\[1\]\['lr'\]: expected 1.0, as in group 0, or 0, got 0.1"):
        optimizer.step()


def test_steps_in_parts_are_refused() -> None:
    params = parameters()
    optimizer = adamas.torch.Prodigy(params)
    with pytest.raises(ValueError, match="optimizer: Prodigy needs sums over the gradients of all parameters"):
        adamas.torch.step_in_backward(params, optimizer)
    train(optimizer, range(2))  # no hooks are left
    with pytest.raises(ValueError, match="in_backward: Prodigy needs sums over the gradients of all parameters"):
        adamas.torch.Offload(params, adamas.torch.Prodigy, in_backward=True)


def test_offload_steps_all_at_once() -> None:
    params, masters = parameters(), parameters()
    optimizer = adamas.torch.Offload(params, adamas.torch.Prodigy, bucket_bytes=16, **FAST)
    plain = adamas.torch.Prodigy(masters, **FAST)
    train(optimizer, range(8))
    train(plain, range(8))
    assert optimizer.optimizer.scalars == plain.scalars
    assert plain.scalars["d"] > 2 * FAST["d0"]
    for p, master in zip(params, masters, strict=True):
        assert torch.equal(p, master)
    again = adamas.torch.Offload(parameters(), adamas.torch.Prodigy)
    again.load_state_dict(copy.deepcopy(optimizer.state_dict()))
    assert again.optimizer.scalars == plain.scalars


def test_d_is_found_with_gradients_of_a_model() -> None:
    """Least squares, with lr=1: as near as the gradient's noise lets it come."""
    torch.manual_seed(1)
    x = torch.randn(200, 5)
    y = x @ torch.arange(1.0, 6.0)
    layer = torch.nn.Linear(5, 1)
    optimizer = adamas.torch.Prodigy(layer.parameters())
    for _ in range(300):
        optimizer.zero_grad()
        (layer(x).squeeze(1) - y).pow(2).mean().backward()
        optimizer.step()
    np.testing.assert_allclose(layer.weight.detach().numpy()[0], np.arange(1.0, 6.0), atol=1e-2)
