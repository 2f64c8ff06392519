"""Cautious updates, and decay that does not go with the learning rate alone, in torch's groups."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest
import torch

import adamas
import adamas.torch


def table(sparse: bool) -> Any:
    data = torch.Generator().manual_seed(0)
    return torch.nn.Embedding(10, 4, sparse=sparse, _weight=torch.randn(10, 4, generator=data))


def train(optimizer: Any, param: Any, seeds: range) -> None:
    for seed in seeds:
        param.grad = torch.randn(param.shape, generator=torch.Generator().manual_seed(seed), dtype=param.dtype)
        optimizer.step()


@pytest.mark.parametrize("name", ["AdamW", "Lion", "MARS", "NAdam"])
def test_same_bits_as_adamas(name: str) -> None:
    param = torch.nn.Parameter(torch.linspace(-1, 1, 700))
    array = param.detach().numpy().copy()
    optimizer = getattr(adamas.torch, name)([param], lr=0.01, cautious=True)
    engine = getattr(adamas, name)([array], lr=0.01, cautious=True)
    for seed in range(4):
        train(optimizer, param, range(seed, seed + 1))
        engine.step([param.grad.numpy()])
    assert param.detach().numpy().tobytes() == array.tobytes()


def test_the_mask_in_a_backward_pass_is_that_of_a_step() -> None:
    models = [torch.nn.Linear(30, 20, dtype=torch.float64) for _ in range(2)]
    models[1].load_state_dict(models[0].state_dict())
    whole, inside = (adamas.torch.AdamW(model.parameters(), lr=0.1, cautious=True) for model in models)
    adamas.torch.step_in_backward(models[1], inside)
    for seed in range(4):
        for model, optimizer in zip(models, (whole, inside), strict=True):
            inputs = torch.randn(8, 30, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
            model(inputs).pow(2).sum().backward()
            if optimizer is whole:
                whole.step()
                whole.zero_grad()
    for a, b in zip(models[0].parameters(), models[1].parameters(), strict=True):
        assert torch.equal(a, b)


def test_gradients_of_single_rows_become_whole() -> None:
    """The mask is one of the whole matrix: so rows without a gradient take part, as with a dense one."""
    tables = [table(sparse) for sparse in (True, False)]
    for each in tables:
        optimizer = adamas.torch.AdamW(each.parameters(), lr=0.1, cautious=True)
        for batch in ([1, 1, 3], [0, 3, 9], [7, 1, 2]):
            optimizer.zero_grad()
            each(torch.tensor(batch)).pow(2).sum().backward()
            optimizer.step()
    assert torch.equal(tables[0].weight, tables[1].weight)


def test_turned_on_after_steps_of_single_rows() -> None:
    each = table(sparse=True)
    optimizer = adamas.torch.AdamW(each.parameters(), lr=0.1)
    each(torch.tensor([1, 2])).pow(2).sum().backward()
    optimizer.step()
    optimizer.param_groups[0]["cautious"] = True
    before = each.weight.detach().clone()
    with pytest.raises(ValueError, match=r"cautious.*takes gradients of single rows"):
        optimizer.step()
    assert torch.equal(each.weight, before)


def test_the_largest_rate() -> None:
    """It is that of the group at construction, whatever a scheduler or a rebinding finds later."""
    param = torch.nn.Parameter(torch.ones(3))
    optimizer = adamas.torch.AdamW([param], lr=torch.tensor(0.5), weight_decay=0.5, decay="corrected")
    assert optimizer.param_groups[0]["max_lr"] == 0.5
    assert optimizer.defaults["max_lr"] is None
    optimizer.param_groups[0]["lr"] = 0.25
    again = copy.deepcopy(optimizer)
    for each in (optimizer, again):
        (own,) = each.param_groups[0]["params"]
        own.grad = torch.zeros(3)
        each.step()
        np.testing.assert_array_equal(own.detach().numpy(), np.full(3, 1 - 0.25 * 0.5 * 0.5, np.float32))
    other = adamas.torch.AdamW([torch.nn.Parameter(torch.ones(3))], lr=2.0)
    other.load_state_dict(optimizer.state_dict())
    assert (other.param_groups[0]["decay"], other.param_groups[0]["max_lr"]) == ("corrected", 0.5)


def test_one_cycle_says_it() -> None:
    """The scheduler puts the largest rate into groups under the same name."""
    param = torch.nn.Parameter(torch.ones(3))
    optimizer = adamas.torch.AdamW([param], lr=0.1, weight_decay=0.5, decay="independent")
    scheduler = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=0.4, total_steps=10)
    group = optimizer.param_groups[0]
    assert group["max_lr"] == 0.4
    param.grad = torch.zeros(3)
    optimizer.step()
    scheduler.step()
    expected = np.float32(1.0) * np.float32(1 - 0.4 / 25 / 0.4 * 0.5)
    np.testing.assert_allclose(param.detach().numpy(), expected, rtol=1e-6)
    lamb = adamas.torch.LAMB([torch.nn.Parameter(torch.ones(3))], lr=0.1)
    torch.optim.lr_scheduler.OneCycleLR(lamb, max_lr=0.4, total_steps=10)
    lamb.load_state_dict(lamb.state_dict())


def test_dicts_of_torch() -> None:
    """They lack the options, which stay what they are; the largest rate too, whatever the rate is that they bring."""
    theirs = torch.optim.AdamW([torch.nn.Parameter(torch.ones(3))], lr=0.125)
    ours = adamas.torch.AdamW([torch.nn.Parameter(torch.ones(3))], lr=0.5, decay="corrected", cautious=True)
    ours.load_state_dict(theirs.state_dict())
    group = ours.param_groups[0]
    assert (group["lr"], group["decay"], group["max_lr"], group["cautious"]) == (0.125, "corrected", 0.5, True)
    theirs.load_state_dict(ours.state_dict())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"decay": "AdamC"}, "decay: expected 'scaled', 'corrected' or 'independent', got 'AdamC'"),
        ({"max_lr": 0.0}, "max_lr: expected None or a finite number > 0, got 0.0"),
        ({"decay": "corrected", "lr": 0.0}, "max_lr: decay='corrected' needs the largest learning rate"),
    ],
)
def test_wrong_values(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        adamas.torch.AdamW([torch.nn.Parameter(torch.ones(3))], **options)
    with pytest.raises(ValueError, match="cautious: needs momentum"):
        adamas.torch.SGD([torch.nn.Parameter(torch.ones(3))], cautious=True)


def test_offload_passes_them_on() -> None:
    param, twin = (torch.nn.Parameter(torch.linspace(-1, 1, 300)) for _ in range(2))
    options: dict[str, Any] = {"lr": 0.1, "cautious": True, "decay": "independent", "weight_decay": 0.01}
    offload = adamas.torch.Offload([param], adamas.torch.AdamW, **options)
    plain = adamas.torch.AdamW([twin], **options)
    assert offload.param_groups[0]["max_lr"] == 0.1
    for seed in range(4):
        for optimizer, own in ((offload, param), (plain, twin)):
            train(optimizer, own, range(seed, seed + 1))
    assert torch.equal(param, twin)
