"""Observed steps of `adamas.torch`: at once, in the backward pass, in `Offload`, and with parameters bound anew."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest
import torch

import adamas
import adamas.torch
from adamas.adapters import Observed


def network() -> torch.nn.Module:
    torch.manual_seed(0)
    return torch.nn.Sequential(torch.nn.Linear(8, 16), torch.nn.Tanh(), torch.nn.Linear(16, 1))


def backward(model: torch.nn.Module, step: int) -> None:
    torch.manual_seed(step)
    model(torch.randn(32, 8)).pow(2).mean().backward()


def bits(observed: Observed | None) -> bytes:
    assert observed is not None
    return b"".join(np.asarray(getattr(observed, each)).tobytes() for each in Observed.quantities)


def test_numbers_are_those_of_numpy() -> None:
    model = network()
    optimizer = adamas.torch.AdamW(model.named_parameters(), observe=2)
    assert optimizer.observed is None
    arrays = {name: param.detach().numpy().copy() for name, param in model.named_parameters()}
    ours = adamas.AdamW(arrays, observe=2)
    for step in range(4):
        optimizer.zero_grad()
        backward(model, step)
        ours.step({name: param.grad.numpy() for name, param in model.named_parameters() if param.grad is not None})
        optimizer.step()
        assert optimizer.observed is not None
        assert ours.observed is not None
        assert (optimizer.observed.step, optimizer.observed.names) == (1 + step // 2 * 2, ours.observed.names)
        assert bits(optimizer.observed) == bits(ours.observed)


@pytest.mark.parametrize("way", ["step_in_backward", "Offload"])
def test_other_ways_of_stepping(way: str) -> None:
    plain = network()
    expected = adamas.torch.AdamW(plain.parameters(), observe=1)
    model = network()
    made: Any = adamas.torch.AdamW(model.parameters(), observe=1)
    stepper: Any = made
    if way == "Offload":
        stepper = adamas.torch.Offload(model.parameters(), adamas.torch.AdamW, observe=1)
        made = stepper.optimizer
    else:
        adamas.torch.step_in_backward(model, made)
    for step in range(3):
        expected.zero_grad()
        stepper.zero_grad()
        backward(plain, step)
        expected.step()
        backward(model, step)
        stepper.step()
    assert made.observed.step == 3
    assert bits(made.observed) == bits(expected.observed)


def test_parameters_that_are_bound_anew() -> None:
    """What was observed before stays until the next observed step; copies and state dicts have nothing of it."""
    model = network()
    optimizer = adamas.torch.AdamW(model.parameters(), observe=3)
    log = adamas.observe.Log(optimizer)
    for step in range(5):
        optimizer.zero_grad()
        backward(model, step)
        if step == 1:
            with torch.no_grad():
                for param in model.parameters():
                    param.data = param.data.clone()
        optimizer.step()
        log.add()
    assert log.steps == [1, 4]
    assert "observe" not in str(optimizer.state_dict()["param_groups"])
    copied = copy.deepcopy(optimizer)
    assert copied.observed is None
    assert copied.step_defaults.observe == 3


def test_gradients_of_single_rows_are_not_observed() -> None:
    table = torch.nn.Embedding(10, 4, sparse=True)
    linear = torch.nn.Linear(4, 1)
    optimizer = adamas.torch.AdamW([*table.parameters(), *linear.parameters()], observe=1)
    linear(table(torch.tensor([1, 2]))).sum().backward()
    optimizer.step()
    assert optimizer.observed is not None
    assert np.isnan(optimizer.observed.grad_rms).tolist() == [True, False, False]
