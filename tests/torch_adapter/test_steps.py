"""Features around a step: hooks, the profiler, groups, names, and parameters without a gradient."""

from __future__ import annotations

import gc
import threading
from typing import Any

import pytest
import torch
from torch.optim.optimizer import register_optimizer_step_post_hook, register_optimizer_step_pre_hook
from twins import (
    OF_A_GROUP,
    assert_close,
    assert_same,
    bookkeeping_in_float64,
    every_class,
    every_twin,
    give_gradients,
    make_params,
    ours,
    params_of,
    theirs,
    train,
)

import adamas.torch

__all__ = ["bookkeeping_in_float64"]


@every_class
def test_it_is_an_optimizer(name: str) -> None:
    optimizer = ours(name, make_params())
    assert isinstance(optimizer, torch.optim.Optimizer)
    assert repr(optimizer).startswith(f"{name} (\nParameter Group 0\n")
    assert optimizer.defaults.keys() <= optimizer.param_groups[0].keys()


@pytest.mark.usefixtures("bookkeeping_in_float64")
@every_twin
def test_step_hooks(name: str) -> None:
    """In the order of torch: those of all optimizers around those of this one."""
    seen: dict[str, list[str]] = {}
    for make in (ours, theirs):
        log = seen.setdefault(make.__name__, [])
        optimizer = make(name, make_params())

        def note(what: str, log: list[str] = log, own: Any = optimizer) -> Any:
            def hook(which: Any, args: Any, kwargs: Any) -> None:
                assert which is own
                log.append(f"{what} {len(args)} {sorted(kwargs)}")

            return hook

        handles = [
            optimizer.register_step_pre_hook(note("pre")),
            optimizer.register_step_post_hook(note("post")),
            register_optimizer_step_pre_hook(note("global pre")),
            register_optimizer_step_post_hook(note("global post")),
        ]
        try:
            give_gradients(params_of(optimizer), 0)
            optimizer.step()
            optimizer.step(None)
            optimizer.step(closure=lambda: None)
        finally:
            for handle in handles:
                handle.remove()
        optimizer.step()
    assert [line.split()[0] for line in seen["ours"]] == [line.split()[0] for line in seen["theirs"]]
    assert len(seen["ours"]) == 12


@every_twin
def test_a_hook_can_change_the_gradients(name: str) -> None:
    one, other = ours(name, make_params()), ours(name, make_params())

    def halve(optimizer: Any, args: Any, kwargs: Any) -> None:
        for param in params_of(optimizer):
            assert param.grad is not None
            param.grad = param.grad / 2

    one.register_step_pre_hook(halve)
    train(one, range(3))
    for step in range(3):
        give_gradients(params_of(other), step)
        halve(other, (), {})
        other.step()
    assert_same(one, other)


@every_class
def test_the_profiler_sees_steps_and_zero_grad(name: str) -> None:
    optimizer = ours(name, make_params())
    give_gradients(params_of(optimizer), 0)
    optimizer.step()
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU]) as profile:
        optimizer.step()
        optimizer.zero_grad()
    names = [event.name for event in profile.events()]
    assert names.count(f"Optimizer.step#{name}.step") == 1
    assert names.count(f"Optimizer.zero_grad#{name}.zero_grad") == 1


@pytest.mark.parametrize("set_to_none", [True, False])
def test_zero_grad(set_to_none: bool) -> None:
    optimizer = ours("AdamW", make_params())
    give_gradients(params_of(optimizer), 0)
    optimizer.zero_grad(set_to_none=set_to_none)
    for param in params_of(optimizer):
        assert (param.grad is None) if set_to_none else (param.grad is not None and not param.grad.any())


@every_class
def test_without_a_gradient_nothing_happens(name: str) -> None:
    optimizer = ours(name, make_params())
    optimizer.step()
    assert_same(optimizer, make_params())
    assert not optimizer.state
    first, *others = params_of(optimizer)
    give_gradients([first], 0)
    optimizer.step()
    assert_same(others, make_params()[1:])
    assert list(optimizer.state) == [first]
    assert optimizer.state[first]["step"] == 1


@pytest.mark.usefixtures("bookkeeping_in_float64")
@every_twin
def test_groups_with_hyperparameters_of_their_own(name: str) -> None:
    optimizers = []
    for make in (ours, theirs):
        params = make_params()
        groups = [
            {"params": params[:1], "lr": 0.1},
            {"params": iter(params[1:3]), **OF_A_GROUP[name]},
            {"params": params[3], "lr": 0.0, "unknown": "kept"},
        ]
        optimizer = make(name, groups, lr=1e-3)
        train(optimizer, range(2))
        optimizer.add_param_group({"params": params[4:], "lr": 0.2})
        train(optimizer, range(2, 5))
        optimizer.param_groups[1]["lr"] = 0.05
        train(optimizer, range(5, 7))
        optimizers.append(optimizer)
    assert_close(*optimizers)
    assert optimizers[0].param_groups[2]["unknown"] == "kept"
    assert optimizers[0].state[params_of(optimizers[0])[-1]]["step"] == 5


def test_a_group_that_is_refused_is_not_added() -> None:
    optimizer = ours("AdamW", make_params())
    for bad in (
        {"params": torch.ones(3, dtype=torch.int32)},
        {"params": torch.ones(3), "lr": -1.0},
        {"params": torch.ones(3), "betas": (0.9, 1.0)},
        {"params": torch.ones(3), "capturable": True},
        {"params": params_of(optimizer)[0]},
    ):
        with pytest.raises((TypeError, ValueError)):
            optimizer.add_param_group(bad)
        assert len(optimizer.param_groups) == 1
    train(optimizer, range(1))


@every_class
def test_named_parameters(name: str) -> None:
    """Names are those of messages, and in state dicts."""
    model = torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.Linear(3, 2))
    optimizer = ours(name, model.named_parameters())
    assert optimizer.param_groups[0]["param_names"] == ["0.weight", "0.bias", "1.weight", "1.bias"]
    model(torch.ones(2, 4)).sum().backward()
    optimizer.step()
    assert optimizer.state_dict()["param_groups"][0]["param_names"][-1] == "1.bias"
    model[1].bias.grad = None
    model[1].bias.grad_dtype = None
    model[1].bias.grad = torch.ones(2, dtype=torch.int32)
    before = [param.detach().clone() for param in model.parameters()]
    with pytest.raises(TypeError, match=r"the gradient of '1\.bias': expected dtype"):
        optimizer.step()
    assert_same(before, model.parameters())


@every_twin
def test_hyperparameters_in_tensors(name: str) -> None:
    """Of one element: a learning rate stays one, and is read in each step; the others become numbers."""
    lr = torch.tensor(0.0625)
    given: dict[str, Any] = {"lr": lr}
    numbers: dict[str, Any] = {"lr": 0.0625}
    a = ours(name, make_params())
    if "weight_decay" in a.defaults:
        given["weight_decay"], numbers["weight_decay"] = torch.tensor(0.25), 0.25
    if "betas" in a.defaults:
        given["betas"], numbers["betas"] = (torch.tensor(0.5), torch.tensor(0.75)), (0.5, 0.75)
    a, b = ours(name, make_params(), **given), ours(name, make_params(), **numbers)
    c = ours(name, [{"params": make_params(), **given}])
    for optimizer in (a, b, c):
        train(optimizer, range(2))
    assert_same(a, b)
    assert_same(a, c)
    assert a.param_groups[0]["lr"] is lr
    lr.fill_(0.5)
    b.param_groups[0]["lr"] = 0.5
    train(a, range(2, 4))
    train(b, range(2, 4))
    assert_same(a, b)


@pytest.mark.usefixtures("bookkeeping_in_float64")
@pytest.mark.parametrize(
    "changes",
    [
        {"lr": 0.5},
        {"lr": torch.tensor(0.5, dtype=torch.float64)},
        {"lr": 1},
        {"betas": (0.5, 0.75)},
        {"weight_decay": 0.25},
        {"maximize": True},
        {"amsgrad": True},
    ],
    ids=str,
)
def test_what_changes_in_a_group_after_some_steps_is_seen(changes: dict[str, Any]) -> None:
    """Entries that are the objects of the last step are not read again; all others are."""
    optimizers = [make("AdamW", make_params(), lr=0.01) for make in (ours, theirs)]
    for optimizer in optimizers:
        train(optimizer, range(3))
        optimizer.param_groups[0].update(changes)
        if "amsgrad" in changes:
            for param, state in optimizer.state.items():
                state["max_exp_avg_sq"] = torch.zeros_like(param)
        train(optimizer, range(3, 6))
    assert_close(*optimizers)


def test_numbers_in_a_list_may_change_where_they_are() -> None:
    a, b = ours("AdamW", make_params(), lr=0.01), ours("AdamW", make_params(), lr=0.01)
    a.param_groups[0]["betas"] = [0.9, 0.999]
    train(a, range(3))
    train(b, range(3))
    a.param_groups[0]["betas"][0] = 0.5
    b.param_groups[0]["betas"] = (0.5, 0.999)
    train(a, range(3, 6))
    train(b, range(3, 6))
    assert_same(a, b)


def test_a_parameter_given_twice_is_updated_once() -> None:
    param, other = torch.nn.Parameter(torch.ones(3)), torch.nn.Parameter(torch.ones(3))
    with pytest.warns(UserWarning, match="duplicate parameters"):
        optimizer = ours("AdamW", [param, param])
    train(optimizer, range(1))
    alone = ours("AdamW", [other])
    give_gradients([other], 0)
    other.grad = param.grad
    alone.step()
    assert_same([param], [other])
    assert optimizer.state[param]["step"] == 1


def test_tied_layers_are_updated_once() -> None:
    class Tied(torch.nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.first, self.last = torch.nn.Linear(4, 4, bias=False), torch.nn.Linear(4, 4, bias=False)
            self.last.weight = self.first.weight

        def forward(self, x: Any) -> Any:
            return self.last(self.first(x))

    models = []
    for make in (ours, theirs):
        torch.manual_seed(0)
        model = Tied().double()
        optimizer = make("AdamW", model.parameters())
        for _ in range(5):
            optimizer.zero_grad()
            model(torch.ones(2, 4, dtype=torch.float64)).sum().backward()
            optimizer.step()
        models.append(model)
    assert_close(*(model.parameters() for model in models))


def test_threads_get_an_error_or_a_step() -> None:
    """And no step is lost."""
    param = torch.nn.Parameter(torch.ones(100_000))
    param.grad = torch.ones(100_000)
    optimizer = ours("AdamW", [param])
    refused = []

    def go() -> None:
        for _ in range(100):
            try:
                optimizer.step()
            except RuntimeError as error:
                refused.append(str(error))

    threads = [threading.Thread(target=go) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert optimizer.state[param]["step"] == 300 - len(refused)
    assert all("by another thread" in message for message in refused)


def test_subclasses_step_through_the_same_hooks() -> None:
    class Mine(adamas.torch.AdamW):
        """Doubles its learning rate."""

        def __init__(self, params: Any, lr: float) -> None:
            super().__init__(params, lr=2 * lr)

    mine, plain = Mine(make_params(), lr=0.01), ours("AdamW", make_params(), lr=0.02)
    train(mine, range(3))
    train(plain, range(3))
    assert_same(mine, plain)


@pytest.mark.parametrize("is_on", [True, False])
def test_the_collector_is_left_as_it_was(is_on: bool) -> None:
    """A step over many parameters does without Python's collector."""
    params = [torch.nn.Parameter(torch.ones(3)) for _ in range(1000)]
    optimizer = adamas.torch.AdamW(params)
    was_on = gc.isenabled()
    try:
        (gc.enable if is_on else gc.disable)()
        for _ in range(2):
            for param in params:
                param.grad = torch.ones(3)
            optimizer.step()
            assert gc.isenabled() == is_on
        optimizer.param_groups[0]["lr"] = -1.0
        with pytest.raises(ValueError, match="lr"):
            optimizer.step()
        assert gc.isenabled() == is_on
    finally:
        (gc.enable if was_on else gc.disable)()
