"""What users do with ``param.grad`` after a step in the backward pass has used it: it is harmless, or refused."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from test_taken_gradients import assert_equal, every_dtype, grads_of, loss_of, make_model, scaled_steps

import adamas.torch
from adamas.torch._gradient_stand_ins import UsedGradient

#: What cannot be done with a gradient that has been used.
USES: dict[str, Callable[[Any], Any]] = {
    "clip_grad_norm_": lambda model: torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0),
    "clip_grad_norm_, foreach": lambda model: torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0, foreach=True),
    "clip_grad_value_": lambda model: torch.nn.utils.clip_grad_value_(model.parameters(), 1.0),
    "norm": lambda model: model[0].bias.grad.norm(),
    "data": lambda model: model[0].bias.grad.data.mul_(2),
    "clone": lambda model: model[0].bias.grad.clone().sum(),
    "numpy": lambda model: model[0].bias.grad.numpy(),
    "repr": lambda model: repr(model[0].bias.grad),
    "multiplied": lambda model: model[0].bias.grad.mul_(0.5),
    "a factor": lambda model: torch.ones(30).mul_(model[0].bias.grad),
    "add": lambda model: model[0].bias.grad.add_(1),
    "index": lambda model: model[0].bias.grad[0],
}

#: What can.
HARMLESS: dict[str, Callable[[Any], Any]] = {
    "zero_grad": lambda model: model.zero_grad(),
    "zeros": lambda model: model.zero_grad(set_to_none=False),
    "foreach zeros": lambda model: torch._foreach_zero_([*grads_of(model), torch.ones(3)]),
    "metadata": lambda model: [(grad.shape, grad.dtype, grad.device, grad.numel()) for grad in grads_of(model)],
    "times one": lambda model: torch._foreach_mul_([grad.mul_(torch.tensor(1.0)) for grad in grads_of(model)], 1.0),
    "detach": lambda model: [grad.detach().zero_() for grad in grads_of(model)],
    "deepcopy": copy.deepcopy,
    "compile": lambda model: torch.compile(model, backend="eager")(torch.ones(5, 20)),
    "autograd.grad": lambda model: torch.autograd.grad(loss_of(model, 1), list(model.parameters())),
}


def in_backward(way: str, model: Any, **options: Any) -> Any:
    if way == "Offload":
        return adamas.torch.Offload(model.parameters(), adamas.torch.AdamW, in_backward=True, lr=0.01, **options)
    optimizer = adamas.torch.AdamW(model.parameters(), lr=0.01, **options)
    adamas.torch.step_in_backward(model, optimizer)
    return optimizer


every_way = pytest.mark.parametrize("way", ["Offload", "step_in_backward"])


@every_way
@pytest.mark.parametrize("use", USES)
def test_used_gradients_say_so(use: str, way: str) -> None:
    model, other = make_model(), make_model()
    optimizer, peer = in_backward(way, model), in_backward(way, other)
    for seed in range(2):
        loss_of(model, seed).backward()
        with pytest.raises(
            RuntimeError, match=r"used in the backward pass already .*max_norm.*clip_each=True.*Trainer"
        ):
            USES[use](model)
        optimizer.step()
        assert all(grad is None for grad in grads_of(model))
        loss_of(other, seed).backward()
        peer.step()
    assert_equal(model.parameters(), other.parameters())


@every_way
@pytest.mark.parametrize("use", HARMLESS)
def test_used_gradients_are_no_hindrance(use: str, way: str) -> None:
    model, other = make_model(), make_model()
    optimizer, peer = in_backward(way, model), in_backward(way, other)
    for seed in range(3):
        loss_of(model, seed).backward()
        assert all(isinstance(grad, UsedGradient) for grad in grads_of(model))
        HARMLESS[use](model)
        loss_of(other, seed).backward()
        if way == "Offload":
            optimizer.step()
            peer.step()
    assert_equal(model.parameters(), other.parameters())


@every_way
def test_grad_scaler_is_refused_in_backward(way: str) -> None:
    model = make_model()
    optimizer = in_backward(way, model)
    with pytest.raises(RuntimeError, match=r"used in the backward pass already .*GradScaler"):
        scaled_steps(model, optimizer, unscale=False)


@pytest.mark.parametrize("options", [{"max_norm": math.inf}, {"max_norm": 2.0, "previous_norm": True}], ids=str)
@pytest.mark.parametrize("order", [2.0, math.inf])
@every_dtype
def test_norms_of_used_gradients_are_known_if_measured(dtype: torch.dtype, order: float, options: Any) -> None:
    """And no gradient is clipped after it was used: either nothing was to be clipped, or it is an error."""
    options = {**options}
    previous_norm = options.pop("previous_norm", False)
    model, other = make_model(dtype), make_model(dtype)
    optimizer: Any = adamas.torch.AdamW(model.parameters(), lr=0.01, norm_type=order, **options)
    adamas.torch.step_in_backward(model, optimizer, previous_norm=previous_norm)
    for seed in range(3):
        other.load_state_dict(model.state_dict())
        other.zero_grad()
        loss_of(model, seed).backward()
        loss_of(other, seed).backward()
        plain = [param.grad.double() for param in other.parameters()]
        for grad, peer in zip(grads_of(model), plain, strict=True):
            assert float(grad.detach().norm(order)) == pytest.approx(float(peer.norm(order)), rel=1e-6)
        norm = torch.nn.utils.clip_grad_norm_(model.parameters(), math.inf, norm_type=order, foreach=seed == 1)
        assert float(norm) == pytest.approx(float(torch.nn.utils.get_total_norm(plain, order)), rel=1e-6)
        assert float(norm) == pytest.approx(optimizer.report.grad_norm, rel=1e-6)
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1e6, norm_type=order)
        for foreach in (None, True):
            with pytest.raises(RuntimeError, match="used in the backward pass already"):
                torch.nn.utils.clip_grad_norm_(model.parameters(), 0.01, norm_type=order, foreach=foreach)
        with pytest.raises(RuntimeError, match="used in the backward pass already"):
            model[0].bias.grad.norm(3.0)
        optimizer.step()
