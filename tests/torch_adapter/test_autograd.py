"""Autograd sees that parameters have changed; and people change parameters and states behind an optimizer's back."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from twins import (
    assert_close,
    assert_same,
    bookkeeping_in_float64,
    every_class,
    every_twin,
    give_gradients,
    make_params,
    ours,
    pair,
    params_of,
    theirs,
    train,
)

import adamas
from adamas.rules import SPECS

__all__ = ["bookkeeping_in_float64"]


@pytest.mark.parametrize("make", [ours, theirs])
def test_backward_over_stale_values_is_refused(make: Any) -> None:
    param = torch.nn.Parameter(torch.ones(3))
    optimizer = make("AdamW", [param])
    loss = (param**3).sum()
    loss.backward(retain_graph=True)
    optimizer.step()
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()


@every_class
def test_versions(name: str) -> None:
    """Of what was stepped, and of nothing else."""
    optimizer = ours(name, make_params())
    params = params_of(optimizer)
    for _ in range(2):
        give_gradients(params, 0)
        params[1].grad = None
        before = [param._version for param in params]
        grads = [param.grad._version for param in params if param.grad is not None]
        optimizer.step()
        after = [param._version for param in params]
        assert [b > a for a, b in zip(before, after, strict=True)] == [True, False, True, True, True]
        assert grads == [param.grad._version for param in params if param.grad is not None]


def test_versions_of_averages_and_copies() -> None:
    param = torch.nn.Parameter(torch.ones(3))
    out = torch.empty(3, dtype=torch.bfloat16)
    optimizer = ours("AdamW", [param], average=adamas.EMA(0.5), copy_out=[out])
    version = out._version
    train(optimizer, range(1))
    assert out._version > version
    for error in (None, KeyError):
        loss = (param**3).sum()
        try:
            with optimizer.averaged():
                inside = (param**3).sum()
                with pytest.raises(RuntimeError, match="modified by an inplace operation"):
                    loss.backward()
                if error is not None:
                    raise error
        except KeyError:
            pass
        with pytest.raises(RuntimeError, match="modified by an inplace operation"):
            inside.backward()


def test_versions_of_schedule_free() -> None:
    param = torch.nn.Parameter(torch.ones(3))
    optimizer = ours("ScheduleFreeAdamW", [param])
    train(optimizer, range(2))
    for switch in (optimizer.eval, optimizer.train):
        loss = (param**3).sum()
        switch()
        with pytest.raises(RuntimeError, match="modified by an inplace operation"):
            loss.backward()


@pytest.mark.parametrize("create_graph", [False, True])
def test_parameters_stay_leaves(create_graph: bool) -> None:
    param = torch.nn.Parameter(torch.ones(3))
    optimizer = ours("AdamW", [param])
    with torch.enable_grad():
        (grad,) = torch.autograd.grad((param**3).sum(), param, create_graph=create_graph)
        param.grad = grad
        optimizer.step()
    assert param.is_leaf
    assert param.requires_grad
    assert param.grad_fn is None


@pytest.mark.usefixtures("bookkeeping_in_float64")
@every_twin
def test_other_data_in_a_parameter(name: str) -> None:
    optimizers = pair(name)
    for optimizer in optimizers:
        train(optimizer, range(3))
        for param in params_of(optimizer):
            param.data = param.data.clone() + 1
        train(optimizer, range(3, 6))
        if not SPECS[name].by_shape:
            params_of(optimizer)[0].data = params_of(optimizer)[0].data.t().contiguous().t()
        train(optimizer, range(6, 9))
    assert_close(*optimizers)


def test_data_of_another_dtype() -> None:
    """A model is cast while it trains: states go on in the precision that they have now."""
    model = torch.nn.Linear(4, 3)
    optimizer = ours("AdamW", model.parameters())
    for dtype in (torch.float32, torch.bfloat16, torch.float64):
        model.to(dtype)
        optimizer.zero_grad()
        model(torch.ones(2, 4, dtype=dtype)).sum().backward()
        optimizer.step()
        kept = torch.float64 if dtype == torch.float64 else torch.float32
        assert optimizer.state[model.bias]["exp_avg"].dtype == kept
    assert optimizer.state[model.bias]["step"] == 3


def test_data_of_another_shape() -> None:
    param = torch.nn.Parameter(torch.ones(3))
    optimizer = ours("AdamW", [("w", param)])
    train(optimizer, range(1))
    param.data = torch.ones(5)
    give_gradients([param], 0)
    with pytest.raises(ValueError, match=r"of 'w': 'exp_avg': expected shape \(5,\), got \(3,\)"):
        optimizer.step()
    assert torch.equal(param, torch.ones(5))
    del optimizer.state[param]
    optimizer.step()
    assert optimizer.state[param]["step"] == 1


@pytest.mark.usefixtures("bookkeeping_in_float64")
@pytest.mark.parametrize("name", ["Adam", "AdamW", "RMSprop", "Adamax"])
def test_points_are_added_and_pruned(name: str) -> None:
    """As codes for Gaussian splatting do: the parameter and its states are replaced by longer and shorter ones."""

    def replace(optimizer: Any, change: Any) -> None:
        for group in optimizer.param_groups:
            old = group["params"][0]
            entry = optimizer.state.pop(old, None)
            new = torch.nn.Parameter(change(old.detach()))
            assert entry is not None
            for key, value in entry.items():
                if value.dim():
                    fill = torch.zeros_like if len(change(value)) > len(value) else None
                    entry[key] = torch.cat([value, fill(value[:2])]) if fill else change(value)
            group["params"][0] = new
            optimizer.state[new] = entry

    optimizers = []
    for make in (ours, theirs):
        params = make_params(shapes=((6, 3), (6,)))
        optimizer = make(name, [{"params": [param], "name": str(i)} for i, param in enumerate(params)], lr=0.1)
        train(optimizer, range(3))
        replace(optimizer, lambda old: torch.cat([old, old[:2]]))
        train(optimizer, range(3, 5))
        replace(optimizer, lambda old: old[1::2].clone())
        train(optimizer, range(5, 8))
        optimizers.append(optimizer)
    assert params_of(optimizers[0])[0].shape == (4, 3)
    assert_close(*optimizers)


@pytest.mark.usefixtures("bookkeeping_in_float64")
@every_twin
def test_states_behind_the_back(name: str) -> None:
    """Replaced, deleted, changed in place: all is seen by the next step."""

    def first_state(optimizer: Any, param: Any) -> str:
        return next(str(key) for key, value in optimizer.state[param].items() if value is not None and value.dim())

    optimizers = pair(name, **({"momentum": 0.9} if name in ("SGD", "RMSprop") else {}))
    for optimizer in optimizers:
        params = params_of(optimizer)
        train(optimizer, range(3))
        key = first_state(optimizer, params[0])
        optimizer.state[params[0]][key] = torch.full_like(optimizer.state[params[0]][key], 0.25)
        train(optimizer, range(3, 5))
        optimizer.state[params[0]][key].fill_(0.5)
        train(optimizer, range(5, 6))
        optimizer.state[params[3]] = {
            key: value.clone() for key, value in optimizer.state[params[3]].items() if value is not None
        }
        train(optimizer, range(6, 7))
        if name != "Adagrad":  # torch's makes its states at construction, and cannot do without
            del optimizer.state[params[2]]
            train(optimizer, range(7, 9))
            optimizer.state.clear()
        train(optimizer, range(9, 11))
    assert_close(*optimizers)


@pytest.mark.usefixtures("bookkeeping_in_float64")
@pytest.mark.parametrize("name", ["Adam", "AdamW", "RAdam", "Adamax", "Adagrad"])
def test_step_counts_behind_the_back(name: str) -> None:
    optimizers = pair(name, **({"lr_decay": 0.1} if name == "Adagrad" else {}))
    for optimizer in optimizers:
        params = params_of(optimizer)
        train(optimizer, range(3))
        optimizer.state[params[0]]["step"].fill_(100)
        optimizer.state[params[4]]["step"] = torch.tensor(7.0)
        optimizer.state[params[3]]["step"] -= 2
        train(optimizer, range(3, 5))
        assert [int(optimizer.state[param]["step"]) for param in params] == [102, 5, 5, 3, 9]
    assert_close(*optimizers)


@pytest.mark.parametrize("count", [float("nan"), float("inf"), -1.0])
def test_impossible_step_counts(count: float) -> None:
    optimizer = ours("AdamW", [("a", make_params()[0]), ("w", make_params()[1])])
    train(optimizer, range(2))
    before = [param.detach().clone() for param in params_of(optimizer)]
    optimizer.state[params_of(optimizer)[1]]["step"].fill_(count)
    with pytest.raises(ValueError, match="state of 'w': 'step': expected a number"):
        optimizer.step()
    assert_same(before, optimizer)
    optimizer.state[params_of(optimizer)[1]]["step"].fill_(2)
    optimizer.step()
    assert optimizer.state[params_of(optimizer)[1]]["step"] == 3


@every_class
def test_looking_for_a_state_that_is_not_there(name: str) -> None:
    """The dict makes an empty one then, as in torch."""
    optimizer, peer = ours(name, make_params()), ours(name, make_params())
    for param in params_of(optimizer):
        assert optimizer.state[param] == {}
    train(optimizer, range(2))
    optimizer.state["stranger"] = {"step": 3}
    train(optimizer, range(2, 4))
    train(peer, range(4))
    assert_same(optimizer, peer)
    assert optimizer.state.pop("stranger") == {"step": 3}
    assert all(optimizer.state[param]["step"] == 4 for param in params_of(optimizer))


def test_something_else_kept_in_a_state() -> None:
    optimizer, peer = ours("AdamW", make_params()), ours("AdamW", make_params())
    train(optimizer, range(2))
    optimizer.state[params_of(optimizer)[0]]["note"] = "mine"
    train(optimizer, range(2, 4))
    train(peer, range(4))
    assert_same(optimizer, peer)
    assert optimizer.state[params_of(optimizer)[0]]["note"] == "mine"
    assert optimizer.state_dict()["state"][0]["note"] == "mine"
