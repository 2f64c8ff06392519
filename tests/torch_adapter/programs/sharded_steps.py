"""`adamas.sharded.torch` by several processes of torch.distributed: bits of one process, state dicts, and faults."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
import torch.distributed as dist
from torch.distributed.fsdp.sharded_grad_scaler import ShardedGradScaler

import adamas
import adamas.sharded.torch
import adamas.torch

LANES = 4


def make_model(seed: int = 1) -> torch.nn.Module:
    torch.manual_seed(seed)
    return torch.nn.Sequential(torch.nn.Linear(40, 100), torch.nn.Tanh(), torch.nn.Linear(100, 10))


def loss_of(model: torch.nn.Module, step: int, lane: int) -> Any:
    generator = torch.Generator().manual_seed(100 * step + lane)
    x, y = torch.randn(8, 40, generator=generator), torch.randint(0, 10, (8,), generator=generator)
    return torch.nn.functional.cross_entropy(model(x), y)


def backward(model: torch.nn.Module, step: int, lane: int) -> None:
    model.zero_grad()
    loss_of(model, step, lane).backward()


def check_steps(rule: str, **options: Any) -> None:
    """Compare with one process, and hand states over to `adamas.torch` and back."""
    rank = dist.get_rank()
    model, alone = make_model(1 + rank), make_model()  # those of other processes become those of process 0
    made: Any = getattr(adamas.sharded.torch, rule)
    opt = made(model.parameters(), lanes=LANES, **options)
    arrays = [param.detach().numpy() for param in alone.parameters()]
    one = getattr(adamas, rule)(arrays, accumulation="tree", **options)
    scheduler = torch.optim.lr_scheduler.StepLR(opt, 2)

    def step(number: int) -> None:
        for lane in range(LANES):
            backward(alone, number, lane)
            grads = [param.grad.numpy() for param in alone.parameters()]
            one.step(grads) if lane == LANES - 1 else one.accumulate(grads)
        for lane in opt.lanes:
            backward(model, number, lane)
            opt.step() if lane == opt.lanes[-1] else opt.accumulate()
        for param, array in zip(model.parameters(), arrays, strict=True):
            assert param.detach().numpy().tobytes() == array.tobytes(), (rule, options, number)

    for number in range(3):
        step(number)
        scheduler.step()
        one.param_groups[0]["lr"] = opt.param_groups[0]["lr"]
    saved = opt.state_dict()
    copy = make_model()
    other = getattr(adamas.torch, rule)(copy.parameters(), **options)
    other.load_state_dict(saved)
    for number, param in enumerate(copy.parameters()):
        for key, value in one.state[number].items():
            if isinstance(value, np.ndarray):
                theirs = other.state[param][key]
                assert theirs.contiguous().view(torch.uint8).numpy().tobytes() == value.tobytes(), (rule, key)
    step(3)
    opt.load_state_dict(other.state_dict())
    again = opt.state_dict()
    for number, entry in saved["state"].items():
        for key, value in entry.items():
            assert torch.equal(value, again["state"][number][key]), (rule, key)


def check_sending() -> None:
    """Gradients that travel in the backward pass give the same bits."""
    rank = dist.get_rank()
    models = [torch.nn.Sequential(torch.nn.Linear(40, 2000), torch.nn.Linear(2000, 300)) for _ in range(2)]
    models[1].load_state_dict(models[0].state_dict())
    cls: Any = adamas.sharded.torch.__dict__["AdamW"]
    opts = [cls(model.parameters(), max_norm=0.5) for model in models]
    opts[1].send_in_backward()
    for number in range(3):
        x = torch.randn(8, 40, generator=torch.Generator().manual_seed(10 * number + rank))
        for model, opt in zip(models, opts, strict=True):
            opt.zero_grad()
            layers = model if number != 1 else model[:1]  # the second layer has no gradient in the second step
            layers(x).square().mean().backward()
            opt.step()
        assert opts[0].report == opts[1].report
        for a, b in zip(models[0].parameters(), models[1].parameters(), strict=True):
            assert torch.equal(a, b), number


def expect(act: Callable[[], Any], word: str) -> None:
    """Check that `act` raises on every process, and that one of them says this."""
    said = ""
    try:
        act()
    except (ValueError, TypeError, RuntimeError) as error:
        said = str(error)
    everywhere: list[Any] = [None] * dist.get_world_size()
    dist.all_gather_object(everywhere, said)
    assert all(everywhere), everywhere
    assert any(word in text for text in everywhere), everywhere


def check_faults() -> None:
    rank = dist.get_rank()
    cls: Any = adamas.sharded.torch.__dict__["AdamW"]
    model = make_model()

    def one_is_complex() -> None:
        params = [torch.nn.Parameter(torch.ones(3, dtype=torch.complex64))] if rank == 0 else model.parameters()
        cls(params)

    expect(one_is_complex, "cannot take part")
    expect(lambda: cls(model.parameters() if rank else list(model.parameters())[:2]), "must be the same")
    expect(lambda: cls(model.parameters(), lr=-1.0 if rank else 0.1), "learning rate")
    expect(lambda: cls(model.parameters(), sparse="lazy"), "sparse")
    opt = cls(model.parameters())
    expect(lambda: opt.add_param_group({"params": [torch.nn.Parameter(torch.ones(2))]}), "have been divided")
    backward(model, 0, 0)
    if rank == 0:
        next(model.parameters()).grad = None
    before = [param.detach().clone() for param in model.parameters()]
    expect(opt.step, "must be the same on all processes")
    expect(opt.accumulate, "computes the gradients of 1 lane")
    other = adamas.torch.SGD(make_model().parameters(), lr=0.1).state_dict()
    saved = opt.state_dict()
    expect(lambda: opt.load_state_dict(other if rank else saved), "it is of another rule")
    for param, value in zip(model.parameters(), before, strict=True):
        assert torch.equal(param, value)
    backward(model, 0, 0)
    opt.step()
    assert opt.report is not None
    assert opt.report.step == 1


def check_scaler() -> None:
    """A scaled gradient that is infinite in one process makes all of them skip; scales must not differ."""

    def step(number: int, scaler: Any, model: torch.nn.Module, opt: Any) -> None:
        model.zero_grad()
        scaler.scale(loss_of(model, number, dist.get_rank())).backward()
        if number == 0 and dist.get_rank() == 1:
            next(model.parameters()).grad[0] = np.inf
        if isinstance(scaler, ShardedGradScaler):
            scaler.unscale_(opt)
        scaler.step(opt)
        scaler.update()

    for kind in (torch.amp.GradScaler, ShardedGradScaler):
        scaler, model = kind("cpu", init_scale=4.0), make_model()
        opt = adamas.sharded.torch.__dict__["AdamW"](model.parameters())
        step(0, scaler, model, opt)
        assert opt.report.skipped
        if kind is ShardedGradScaler:
            step(1, scaler, model, opt)
            assert not opt.report.skipped
        else:
            again = functools.partial(step, 1, scaler, model, opt)
            expect(again, "grad_scale must be the same on all processes")


def main() -> None:
    dist.init_process_group("gloo")
    torch.set_num_threads(1)
    check_steps("AdamW", lr=1e-2, max_norm=0.5)
    check_steps("AdamW", lr=1e-2, state_dtype="int8")
    check_steps("SGD", lr=1e-2, momentum=0.9)
    check_steps("LAMB", lr=1e-2)
    check_steps("Prodigy")
    check_sending()
    if dist.get_world_size() > 1:
        check_faults()
        check_scaler()
    dist.barrier()
    if dist.get_rank() == 0:
        print("all as by one process")
    dist.destroy_process_group()


if __name__ == "__main__":
    main()
