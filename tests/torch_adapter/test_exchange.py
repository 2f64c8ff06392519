"""State dicts to and from torch.optim, and from DeepSpeed."""

from __future__ import annotations

import copy
import io
from typing import Any

import pytest
import torch
from twins import (
    OF_A_GROUP,
    assert_close,
    assert_moved,
    assert_same,
    bookkeeping_in_float64,
    every_input,
    every_twin,
    give_gradients,
    make_params,
    ours,
    params_of,
    theirs,
    train,
)

from adamas.torch._arguments import as_number

__all__ = ["bookkeeping_in_float64"]


def hand_over(old: Any, new: Any) -> None:
    """Bring parameters and state dict from one optimizer to another, through a file."""
    file = io.BytesIO()
    torch.save(old.state_dict(), file)
    file.seek(0)
    new.load_state_dict(torch.load(file, weights_only=True))
    with torch.no_grad():
        for param, value in zip(params_of(new), params_of(old), strict=True):
            param.copy_(value)


@pytest.mark.usefixtures("bookkeeping_in_float64")
@every_input
def test_there_and_back(name: str, kwargs: dict[str, Any]) -> None:
    """Torch, adamas, torch, adamas: as torch alone."""
    kwargs = {key: as_number(value) for key, value in kwargs.items()}
    alone = theirs(name, make_params(), **kwargs)
    train(alone, range(12))
    old = theirs(name, make_params(), **kwargs)
    train(old, range(3))
    for i, make in enumerate((ours, theirs, ours), 1):
        new = make(name, make_params(), **kwargs)
        hand_over(old, new)
        train(new, range(3 * i, 3 * i + 3))
        old = new
    assert_close(old, alone)
    for param, peer in zip(params_of(old), params_of(alone), strict=True):
        for key, value in alone.state[peer].items():
            assert_close([old.state[param][key]], [torch.as_tensor(value)])


@pytest.mark.usefixtures("bookkeeping_in_float64")
@every_twin
def test_groups_are_exchanged(name: str) -> None:
    def groups() -> list[dict[str, Any]]:
        params = make_params()
        return [{"params": params[:2], "lr": 0.1}, {"params": params[2:], **OF_A_GROUP[name]}]

    old = theirs(name, groups())
    new = ours(name, [{"params": group["params"]} for group in groups()])
    train(old, range(2))
    hand_over(old, new)
    for mine, other in zip(new.param_groups, old.param_groups, strict=True):
        assert all(mine[key] == value for key, value in other.items() if key != "params")
    train(old, range(2, 4))
    train(new, range(2, 4))
    assert_close(old, new)


@pytest.mark.usefixtures("bookkeeping_in_float64")
@every_twin
def test_with_parameters_that_had_no_gradient(name: str) -> None:
    def skip(optimizer: Any, step: int) -> None:
        params = params_of(optimizer)
        give_gradients(params, step)
        if step < 3:
            params[1].grad = None
        optimizer.step()

    old = theirs(name, make_params())
    for step in range(3):
        skip(old, step)
    new = ours(name, make_params())
    hand_over(old, new)
    for step in range(3, 5):
        skip(old, step)
        skip(new, step)
    assert_close(old, new)
    assert [new.state[param].get("step", 0) for param in params_of(new)][1] in (0, 2)


def test_what_torch_prepares_before_the_first_step() -> None:
    """Adagrad's states are there at once, with no step counted; they are the live ones afterwards."""
    old, new = theirs("Adagrad", make_params(), initial_accumulator_value=0.5), ours("Adagrad", make_params())
    hand_over(old, new)
    train(old, range(2))
    train(new, range(2))
    assert_close(old, new)
    for param, peer in zip(params_of(new), params_of(old), strict=True):
        assert new.state[param]["step"] == 2
        assert_close([new.state[param]["sum"]], [old.state[peer]["sum"]])


def test_from_a_peer_whose_hyperparameters_are_tensors() -> None:
    betas = (torch.tensor(0.5, dtype=torch.float64), torch.tensor(0.75, dtype=torch.float64))
    old = theirs("AdamW", make_params(), lr=torch.tensor(0.125, dtype=torch.float64), betas=betas)
    train(old, range(2))
    new = ours("AdamW", make_params())
    hand_over(old, new)
    train(old, range(2, 4))
    train(new, range(2, 4))
    assert_close(old, new)
    assert isinstance(new.param_groups[0]["lr"], torch.Tensor)


@pytest.mark.parametrize("bias_correction", [True, False])
def test_from_deepspeed(bias_correction: bool) -> None:
    """Of its CPUAdam: counts are ints, and the groups say what torch's do not."""
    hyperparameters = {"lr": 0.01, "betas": (0.8, 0.9), "eps": 1e-6, "weight_decay": 0.1}
    whole = ours("AdamW", make_params(torch.float32), **hyperparameters, bias_correction=bias_correction)
    train(whole, range(4))
    saved = {
        "state": {
            i: {"step": 4, **{key: whole.state[param][key].clone() for key in ("exp_avg", "exp_avg_sq")}}
            for i, param in enumerate(params_of(whole))
        },
        "param_groups": [
            {
                **hyperparameters,
                "bias_correction": bias_correction,
                "amsgrad": False,
                "params": list(range(len(params_of(whole)))),
            }
        ],
    }
    resumed = ours("AdamW", [param.detach().clone().requires_grad_() for param in params_of(whole)])
    resumed.load_state_dict(copy.deepcopy(saved))
    assert resumed.param_groups[0]["bias_correction"] is bias_correction
    assert resumed.param_groups[0]["decoupled_weight_decay"] is True
    train(whole, range(4, 8))
    train(resumed, range(4, 8))
    assert_same(whole, resumed)


def test_a_moved_learning_rate_is_noticed() -> None:
    """The bounds above are not so wide that one step more or less would pass."""
    one, other = ours("AdamW", make_params()), ours("AdamW", make_params())
    train(one, range(3))
    train(other, range(4))
    assert_moved(one, other)
