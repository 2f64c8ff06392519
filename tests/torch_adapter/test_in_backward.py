"""Stepping inside the backward pass."""

from __future__ import annotations

import copy
import weakref
from typing import Any

import pytest
import torch
from twins import assert_close, assert_same, every_class, ours, params_of

import adamas
from adamas.torch import step_in_backward
from adamas.torch._gradient_stand_ins import UsedGradient


def make_model(dtype: torch.dtype = torch.float32) -> Any:
    torch.manual_seed(0)
    return torch.nn.Sequential(torch.nn.Linear(6, 5), torch.nn.Tanh(), torch.nn.Linear(5, 1)).to(dtype)


def backward(model: Any, seed: int, scale: float = 1.0) -> None:
    dtype = next(model.parameters()).dtype
    x = torch.randn(4, 6, generator=torch.Generator().manual_seed(seed)).to(dtype)
    (model(x).pow(2).sum() * scale).backward()


def train_after(optimizer: Any, model: Any, seeds: range) -> None:
    for seed in seeds:
        optimizer.zero_grad()
        backward(model, seed)
        optimizer.step()


def test_gradients_are_freed() -> None:
    model = make_model()
    seen: list[weakref.ref[Any]] = []
    for param in model.parameters():
        param.register_post_accumulate_grad_hook(lambda p: seen.append(weakref.ref(p.grad)))
    step_in_backward(model, ours("AdamW", model.parameters()))
    for seed in range(2):
        backward(model, seed)
    assert len(seen) == 8
    assert all(grad() is None for grad in seen)


OPTIONS: list[dict[str, Any]] = [
    {},
    {"weight_decay": 0.1, "maximize": True},
    {"state_dtype": "int8"},
    {"average": adamas.EMA(0.9)},
    {"max_norm": 0.1, "clip_each": True},
    {"max_value": 0.01},
]


def both(name: str, dtype: torch.dtype = torch.float32, **options: Any) -> tuple[Any, Any, Any, Any]:
    a, b = make_model(dtype), make_model(dtype)
    return a, ours(name, a.named_parameters(), **options), b, ours(name, b.named_parameters(), **options)


@every_class
def test_same_bits_as_step(name: str) -> None:
    a, one, b, other = both(name)
    if one.scalars:
        with pytest.raises(ValueError, match=f"{name} needs sums over the gradients of all parameters"):
            step_in_backward(a, one)
        return
    step_in_backward(a, one)
    for seed in range(5):
        backward(a, seed)
        assert all(isinstance(param.grad, UsedGradient) for param in a.parameters())
    train_after(other, b, range(5))
    assert_same(a.parameters(), b.parameters())
    assert one.report == other.report


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
def test_same_bits_under_options(options: dict[str, Any], dtype: torch.dtype) -> None:
    a, one, b, other = both("AdamW", dtype, **options)
    step_in_backward(a, one)
    for seed in range(5):
        backward(a, seed)
    train_after(other, b, range(5))
    assert_same(a.parameters(), b.parameters())
    assert copy.deepcopy(one.state_dict()).keys() == other.state_dict().keys()
    for mine, peer in zip(a.parameters(), b.parameters(), strict=True):
        for key, value in other.state[peer].items():
            assert torch.equal(one.state[mine][key], value), key


def test_a_scheduler_between_the_passes() -> None:
    a, one, b, other = both("AdamW", lr=0.1)
    step_in_backward(a, one)
    schedulers = [torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.5) for optimizer in (one, other)]
    for seed in range(4):
        backward(a, seed)
        one.step()
        train_after(other, b, range(seed, seed + 1))
        for scheduler in schedulers:
            scheduler.step()
    assert_same(a.parameters(), b.parameters())


def test_parameters_that_are_left_out_go_on_collecting() -> None:
    a, one, b, other = both("AdamW")
    steps = step_in_backward(list(a[2].parameters()), one)
    backward(a, 0)
    assert isinstance(a[2].bias.grad, UsedGradient)
    assert a[0].bias.grad is not None
    assert torch.equal(a[0].bias, b[0].bias)
    one.step()
    train_after(other, b, range(1))
    assert_same(a.parameters(), b.parameters())
    steps.remove()
    assert a[2].bias.grad is None
    backward(a, 1)
    assert type(a[2].bias.grad) is torch.Tensor


def test_a_parameter_that_is_used_twice_is_stepped_once() -> None:
    class Tied(torch.nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            torch.manual_seed(0)
            self.layer = torch.nn.Linear(6, 6)

        def forward(self, x: Any) -> Any:
            return self.layer(torch.tanh(self.layer(x)))

    a, b = Tied(), Tied()
    one, other = ours("AdamW", a.parameters()), ours("AdamW", b.parameters())
    step_in_backward(a, one)
    for seed in range(3):
        backward(a, seed)
    train_after(other, b, range(3))
    assert_same(a.parameters(), b.parameters())
    assert one.state[a.layer.weight]["step"] == 3


def test_autograd_sees_it() -> None:
    model = make_model()
    step_in_backward(model, ours("AdamW", model.parameters()))
    loss = model(torch.ones(1, 6)).sum()
    loss.backward(retain_graph=True)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()


class Failing(torch.autograd.Function):  # type: ignore[misc]
    """Whose backward pass fails."""

    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        return x.clone()

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        raise ZeroDivisionError("in the middle of it")


def fail_half_way(model: Any) -> None:
    """Run a backward pass that reaches the last layer, and not the first."""
    hidden = Failing.apply(torch.tanh(model[0](torch.ones(1, 6))))
    with pytest.raises(ZeroDivisionError):
        model[2](hidden).sum().backward()


@pytest.mark.filterwarnings("ignore:step_in_backward")  # it steps after several passes
@pytest.mark.parametrize("what", ["backward", "step", "state_dict", "load", "copy", "remove", "averaged", "group"])
def test_after_a_backward_pass_that_failed(what: str) -> None:
    """What was updated stays so, the rest is not; and everything works as before."""
    model = make_model()
    optimizer = ours("AdamW", model.parameters(), average=adamas.EMA(0.5))
    steps = step_in_backward(model, optimizer)
    backward(model, 0)
    first = [param.detach().clone() for param in model[0].parameters()]
    last = [param.detach().clone() for param in model[2].parameters()]
    fail_half_way(model)
    assert_same(first, model[0].parameters())
    assert not torch.equal(last[0], model[2].weight)
    if what == "backward":
        backward(model, 1)
    elif what == "step":
        model[0].bias.grad = torch.ones(5)
        optimizer.step()
    elif what == "state_dict":
        saved = optimizer.state_dict()
        assert [int(saved["state"][i]["step"]) for i in range(4)] == [1, 1, 2, 2]
    elif what == "load":
        optimizer.load_state_dict(copy.deepcopy(optimizer.state_dict()))
    elif what == "copy":
        copy.deepcopy(optimizer)
    elif what == "remove":
        steps.remove()
        train_after(optimizer, model, range(1, 2))
    elif what == "averaged":
        with optimizer.averaged():
            pass
    else:
        optimizer.add_param_group({"params": [torch.nn.Parameter(torch.ones(3))]})
        backward(model, 1)
    count = int(optimizer.state[model[2].weight]["step"])
    train_after(optimizer, model, range(2, 4))
    assert int(optimizer.state[model[2].weight]["step"]) == count + 2


def test_a_gradient_that_is_not_finite() -> None:
    """It concerns the one parameter; the pass raises, and the next one is a step again."""
    model = make_model()
    optimizer = ours("AdamW", model.named_parameters(), on_nonfinite="raise")
    step_in_backward(model, optimizer)
    backward(model, 0)
    before = [param.detach().clone() for param in model.parameters()]
    with pytest.raises(FloatingPointError, match=r"the gradient of '2\.(weight|bias)': holds an infinity or NaN"):
        backward(model, 1, scale=float("nan"))
    assert_same(before, model.parameters())
    optimizer.zero_grad()
    backward(model, 1)
    for one, param in zip(before, model.parameters(), strict=True):
        assert not torch.equal(one, param)


def test_a_norm_of_all_is_refused() -> None:
    model = make_model()
    with pytest.raises(ValueError, match="max_norm: the norm of all gradients is not known before the end"):
        step_in_backward(model, ours("AdamW", model.parameters(), max_norm=1.0))
    optimizer = ours("AdamW", model.parameters())
    step_in_backward(model, optimizer)
    optimizer.step_defaults.max_norm = 1.0
    with pytest.raises(ValueError, match="max_norm: the norm of all gradients is not known before the end"):
        backward(model, 0)


def test_the_norm_of_the_step_before() -> None:
    """As torch clips by it: the first step is not clipped, the second by the norm of the first."""
    a, b = make_model(torch.float64), make_model(torch.float64)
    one, other = ours("SGD", a.parameters(), lr=0.1, max_norm=0.5), ours("SGD", b.parameters(), lr=0.1)
    step_in_backward(a, one, previous_norm=True)
    previous = None
    for seed in range(5):
        backward(a, seed)
        other.zero_grad()
        backward(b, seed)
        norm = torch.nn.utils.get_total_norm([param.grad for param in b.parameters()])
        for param in b.parameters():
            if previous is not None:
                param.grad *= min(1.0, 0.5 / (float(previous) + 1e-6))
        other.step()
        previous = norm
        assert one.report.grad_norm == pytest.approx(float(norm), rel=1e-12)
    assert_close(a.parameters(), b.parameters())


def test_rows_are_refused() -> None:
    torch.manual_seed(0)
    table = torch.nn.Embedding(10, 4, sparse=True)
    layer = torch.nn.Linear(4, 1)
    model = torch.nn.Sequential(table, layer)
    optimizer = ours("AdamW", model.named_parameters())
    steps = step_in_backward(model, optimizer)
    with pytest.raises(ValueError, match=r"the gradient of '0\.weight' is of single rows, which only step\(\)"):
        model(torch.tensor([1, 2])).sum().backward()
    steps.remove()
    optimizer.zero_grad()
    step_in_backward(layer, optimizer)
    before = table.weight.detach().clone()
    model(torch.tensor([1, 2])).sum().backward()
    optimizer.step()
    assert (table.weight != before).any(1).tolist() == [False, True, True] + [False] * 7


def test_only_optimizers_of_this_package() -> None:
    model = make_model()
    with pytest.raises(TypeError, match=r"optimizer: expected an optimizer of adamas\.torch that steps .* AdamW$"):
        step_in_backward(model, torch.optim.AdamW(model.parameters()))


def test_frozen_parameters() -> None:
    model = make_model()
    model[0].weight.requires_grad_(False)
    optimizer = ours("AdamW", model.parameters())
    step_in_backward(model, optimizer)
    before = model[0].weight.detach().clone()
    backward(model, 0)
    assert torch.equal(before, model[0].weight)
    assert len(optimizer.state) == 3
    assert len(params_of(optimizer)) == 4
