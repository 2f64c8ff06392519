"""What users do with ``param.grad`` after `Offload` has taken it: clip, unscale, drop, look."""

from __future__ import annotations

import copy
import gc
import io
import math
import weakref
from collections.abc import Callable
from typing import Any

import pytest
import torch

import adamas.torch
from adamas.torch._gradient_stand_ins import HeldGradient
from adamas.torch._host_params import host_param
from adamas.torch.tensors import DTYPES as ALL_DTYPES

DTYPES = [dtype for dtype in ALL_DTYPES if dtype != torch.float64]
every_dtype = pytest.mark.parametrize("dtype", DTYPES, ids=str)


def make_model(dtype: torch.dtype = torch.float32) -> Any:
    torch.manual_seed(0)
    return torch.nn.Sequential(torch.nn.Linear(20, 30), torch.nn.Tanh(), torch.nn.Linear(30, 3)).to(dtype)


def loss_of(model: Any, seed: int) -> Any:
    x = torch.randn(16, 20, generator=torch.Generator().manual_seed(seed))
    return (10 * model(x.to(model[0].weight.dtype)).float()).pow(2).mean()


def grads_of(model: Any) -> list[Any]:
    return [param.grad for param in model.parameters()]


def values(model: Any) -> list[torch.Tensor]:
    return [param.detach().clone() for param in model.parameters()]


def assert_equal(a: Any, b: Any) -> None:
    for one, other in zip(a, b, strict=True):
        assert torch.equal(one, other)


def assert_other(a: Any, b: Any) -> None:
    for one, other in zip(a, b, strict=True):
        assert not torch.equal(one, other)


class Peer:
    """Offload by hand: float32 masters and gradients in memory."""

    def __init__(self, model: Any, rule: Any = adamas.torch.AdamW, **options: Any) -> None:
        self.params = list(model.parameters())
        self.masters = [torch.nn.Parameter(param.detach().float().clone()) for param in self.params]
        self.optimizer = rule(self.masters, **options)

    def step(self) -> None:
        for param, master in zip(self.params, self.masters, strict=True):
            master.grad, param.grad = None if param.grad is None else param.grad.float(), None
        self.optimizer.step()
        with torch.no_grad():
            for param, master in zip(self.params, self.masters, strict=True):
                param.copy_(master)


def both(dtype: torch.dtype, **options: Any) -> tuple[Any, Any, Any, Any]:
    a, b = make_model(dtype), make_model(dtype)
    return a, adamas.torch.Offload(a.parameters(), adamas.torch.AdamW, **options), b, Peer(b, **options)


def clip_by_hand(model: Any) -> None:
    norm = math.sqrt(sum(float(grad.data.float().norm()) ** 2 for grad in grads_of(model)))
    for grad in grads_of(model):
        grad.data.mul_(min(1.0, 0.1 / norm))


def replace_by_half(model: Any) -> None:
    for param in model.parameters():
        param.grad = param.grad / 2


def mask_rows(model: Any) -> None:
    model[0].weight.grad[3:7] = 0
    model[2].weight.grad.view(-1)[::2].mul_(-1)
    model[2].bias.grad.detach()[0] = 5


def write_into(model: Any) -> None:
    for grad in grads_of(model):
        grad.copy_(torch.ones_like(grad))
        grad.add_(torch.full(grad.shape, 0.25, dtype=grad.dtype), alpha=2)
    model[0].weight.grad *= 3


#: What is done to gradients between the backward pass and the step.
CHANGES: dict[str, Callable[[Any], Any]] = {
    "clip_grad_norm_": lambda model: torch.nn.utils.clip_grad_norm_(model.parameters(), 0.1),
    "clip_grad_norm_, foreach": lambda model: torch.nn.utils.clip_grad_norm_(model.parameters(), 0.1, foreach=True),
    "clip_grad_norm_, inf": lambda model: torch.nn.utils.clip_grad_norm_(model.parameters(), 0.1, norm_type=math.inf),
    "clip_grad_value_": lambda model: torch.nn.utils.clip_grad_value_(model.parameters(), 1e-3),
    "clip_grad_value_, foreach": lambda model: torch.nn.utils.clip_grad_value_(model.parameters(), 1e-3, foreach=True),
    "get_total_norm": lambda model: torch.nn.utils.get_total_norm(grads_of(model)),
    "by hand": clip_by_hand,
    "replaced": replace_by_half,
    "rows": mask_rows,
    "written": write_into,
    "zeros": lambda model: model.zero_grad(set_to_none=False),
    "foreach": lambda model: list(map(float, torch._foreach_norm(grads_of(model)))),
    "foreach zeros": lambda model: torch._foreach_zero_(grads_of(model)) and None,
    "real tensor": lambda model: setattr(model[0].bias, "grad", torch.ones_like(model[0].bias)),
    "one dropped": lambda model: setattr(model[0].bias, "grad", None),
    "all dropped": lambda model: model.zero_grad(),
}


@every_dtype
@pytest.mark.parametrize("options", [{}, {"max_norm": 1.0}, {"on_nonfinite": "skip"}], ids=str)
@pytest.mark.parametrize("change", CHANGES)
def test_changes_reach_the_step(change: str, options: dict[str, Any], dtype: torch.dtype) -> None:
    """As changes of gradients in memory do, bit for bit; what they return too."""
    a, optimizer, b, peer = both(dtype, lr=0.01, **options)
    for seed in range(3):
        loss_of(a, seed).backward()
        loss_of(b, seed).backward()
        mine, other = CHANGES[change](a), CHANGES[change](b)
        assert mine == other
        optimizer.step()
        peer.step()
    assert_equal(a.parameters(), b.parameters())
    assert optimizer.report == peer.optimizer.report
    assert all(grad is None for grad in grads_of(a))


def test_clipping_clips() -> None:
    model = make_model()
    before = values(model)
    optimizer = adamas.torch.Offload(model.parameters(), adamas.torch.SGD, lr=1.0)
    loss_of(model, 0).backward()
    assert torch.nn.utils.clip_grad_norm_(model.parameters(), 1e-4) > 1.0
    optimizer.step()
    moved = [one - other.detach() for one, other in zip(before, model.parameters(), strict=True)]
    assert float(torch.nn.utils.get_total_norm(moved)) == pytest.approx(1e-4, rel=1e-2)


@every_dtype
@pytest.mark.parametrize("whose", ["model", "optimizer"])
def test_zero_grad_drops_what_has_arrived(whose: str, dtype: torch.dtype) -> None:
    """At once, before a step, and before another gradient arrives."""
    model, other = make_model(dtype), make_model(dtype)
    optimizer = adamas.torch.Offload(model.parameters(), adamas.torch.AdamW, lr=0.01)
    peer = adamas.torch.Offload(other.parameters(), adamas.torch.AdamW, lr=0.01)
    drop = (model if whose == "model" else optimizer).zero_grad
    before = values(model)
    loss_of(model, 0).backward()
    drop()
    optimizer.step()
    assert_equal(model.parameters(), before)
    assert optimizer.report is None
    loss_of(model, 1).backward()
    drop()
    for each, its in ((model, optimizer), (other, peer)):
        loss_of(each, 2).backward()
        its.step()
    assert_equal(model.parameters(), other.parameters())


@pytest.mark.filterwarnings("ignore:Using backward.. with create_graph=True")
@pytest.mark.parametrize("create_graph", [False, True])
def test_passes_are_added_in_float32(create_graph: bool) -> None:
    model = make_model(torch.bfloat16)
    optimizer = adamas.torch.Offload(model.parameters(), adamas.torch.SGD, lr=1.0)
    masters = [master.detach().clone() for master in optimizer.optimizer.param_groups[0]["params"]]
    sums = [torch.zeros_like(master) for master in masters]
    for seed in range(3):
        other = make_model(torch.bfloat16)
        loss_of(other, seed).backward()
        for total, grad in zip(sums, grads_of(other), strict=True):
            total.add_(grad.float())
        loss_of(model, seed).backward(create_graph=create_graph and seed == 0)
    for grad in grads_of(model):
        assert grad.dtype == torch.bfloat16
        assert (grad / 2).dtype == torch.bfloat16
    optimizer.step()
    expected = [master - total for master, total in zip(masters, sums, strict=True)]
    assert_equal(optimizer.optimizer.param_groups[0]["params"], expected)


def test_torch_autograd_grad_takes_nothing_away() -> None:
    a, optimizer, b, peer = both(torch.float32, lr=0.01)
    for model in (a, b):
        loss_of(model, 0).backward()
        torch.autograd.grad(loss_of(model, 1), list(model.parameters()))
    optimizer.step()
    peer.step()
    assert_equal(a.parameters(), b.parameters())


def test_hooks_of_users_see_the_gradient() -> None:
    model = make_model()
    seen: list[float] = []
    model[0].bias.register_post_accumulate_grad_hook(lambda param: seen.append(float(param.grad.sum())))
    optimizer = adamas.torch.Offload(model.parameters(), adamas.torch.AdamW, lr=0.0)
    model[0].bias.register_post_accumulate_grad_hook(lambda param: seen.append(float(param.grad.sum())))
    for _ in range(2):
        loss_of(model, 0).backward()
    optimizer.step()
    assert seen == pytest.approx([seen[0], seen[0], 2 * seen[0], 2 * seen[0]])


def test_looks_like_a_gradient() -> None:
    model, other = make_model(), make_model()
    adamas_optimizer = adamas.torch.Offload(model.parameters(), adamas.torch.AdamW)
    loss_of(model, 0).backward()
    loss_of(other, 0).backward()
    for mine, theirs in zip(grads_of(model), grads_of(other), strict=True):
        assert isinstance(mine, HeldGradient)
        assert (mine.shape, mine.stride(), mine.dtype) == (theirs.shape, theirs.stride(), theirs.dtype)
        assert (mine.device, mine.layout, mine.is_leaf) == (theirs.device, theirs.layout, theirs.is_leaf)
        assert repr(mine) == repr(theirs)
        assert (mine.numpy() == theirs.numpy()).all()
        assert mine.tolist() == theirs.tolist()
        assert torch.equal(copy.deepcopy(mine), theirs)
        assert torch.equal(mine.flatten().clone(), theirs.flatten())
        assert mine.norm().item() == theirs.norm().item()
        assert mine.to(torch.float64).dtype == torch.float64
        file = io.BytesIO()
        torch.save(mine, file)
        file.seek(0)
        assert torch.equal(torch.load(file), theirs)
        with pytest.raises(RuntimeError, match="data pointer"):
            mine.data_ptr()
    kept = model[0].bias.grad
    copy.deepcopy(model)
    adamas_optimizer.step()
    with pytest.raises(RuntimeError, match=r"this gradient was used by step\(\), or dropped"):
        kept.norm()


def test_nothing_is_kept_alive() -> None:
    """Python's collector cannot look into ``param.grad``: what is there must not lead back to the parameter."""
    param = torch.nn.Parameter(torch.ones(3))
    host = host_param(param)
    param.grad = torch.ones(3)
    host.receive()
    assert float(param.grad.sum()) == 3.0
    refs = [weakref.ref(param), weakref.ref(host)]
    grad = param.grad
    del param, host
    gc.collect()
    assert all(ref() is None for ref in refs)
    with pytest.raises(RuntimeError, match="was dropped with the optimizer"):
        grad.sum()


def scaled_steps(model: Any, optimizer: Any, *, clip: bool = False, passes: int = 1, unscale: bool = True) -> list[Any]:
    """Train under a scaler, with an overflow in the second step; return what every step told."""
    scaler = torch.amp.GradScaler("cpu", init_scale=64.0, growth_interval=2)
    told = []
    for step in range(5):
        for part in range(passes):
            scaler.scale(loss_of(model, 10 * step + part) * (math.inf if step == 1 else 1)).backward()
        if unscale:
            scaler.unscale_(optimizer)
            if clip:
                torch.nn.utils.clip_grad_norm_(model.parameters(), 0.5)
        scaler.step(optimizer)
        scaler.update()
        optimizer.zero_grad()
        report = getattr(optimizer, "report", None)
        told.append((scaler.get_scale(), report and report.step, report and report.skipped))
    return told


@every_dtype
@pytest.mark.parametrize("options", [{}, {"max_norm": 0.5}, {"bucket_bytes": 100}], ids=str)
def test_grad_scaler(options: dict[str, Any], dtype: torch.dtype) -> None:
    """Also for float16, which torch does not unscale; as adamas with masters beside the parameters, bit for bit."""
    a, b = make_model(dtype), make_model(dtype)
    mine = adamas.torch.Offload(a.parameters(), adamas.torch.AdamW, lr=0.01, **options)
    kept = {name: value for name, value in options.items() if name != "bucket_bytes"}
    if dtype != torch.float32:
        kept["master_weights"] = True
    told = scaled_steps(a, mine, unscale=False)
    assert told == scaled_steps(b, adamas.torch.AdamW(b.parameters(), lr=0.01, **kept), unscale=False)
    assert [skipped for _, _, skipped in told] == [False, True, False, False, False]
    assert_equal(a.parameters(), b.parameters())


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
@pytest.mark.parametrize("clip", [False, True])
@pytest.mark.parametrize("passes", [1, 2])
def test_unscale_and_clip(passes: int, clip: bool, dtype: torch.dtype) -> None:
    a, b = make_model(dtype), make_model(torch.float32)
    b.load_state_dict(a.state_dict())
    mine = adamas.torch.Offload(a.parameters(), adamas.torch.AdamW, lr=0.01)
    other = torch.optim.AdamW(b.parameters(), lr=0.01)
    told, theirs = (scaled_steps(*pair, clip=clip, passes=passes) for pair in ((a, mine), (b, other)))
    assert [scale for scale, _, _ in told] == [scale for scale, _, _ in theirs]
    for param, peer in zip(mine.optimizer.param_groups[0]["params"], b.parameters(), strict=True):
        torch.testing.assert_close(param, peer, rtol=0.0, atol=1e-6 if dtype == torch.float32 else 2e-2)


def test_unscale_refuses_float16_as_ever() -> None:
    model = make_model(torch.float16)
    optimizer = adamas.torch.Offload(model.parameters(), adamas.torch.AdamW)
    with pytest.raises(ValueError, match="Attempting to unscale FP16 gradients"):
        scaled_steps(model, optimizer)
