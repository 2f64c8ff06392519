"""The numbers: those of torch.optim up to rounding, those of the optimizers for arrays bit for bit."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

import ml_dtypes
import numpy as np
import pytest
import torch
from twins import (
    assert_close,
    assert_moved,
    bookkeeping_in_float64,
    every_class,
    every_input,
    give_gradients,
    make_params,
    ours,
    pair,
    params_of,
    train,
)

import adamas
from adamas.torch._arguments import as_number

__all__ = ["bookkeeping_in_float64"]


@pytest.mark.usefixtures("bookkeeping_in_float64")
@every_input
def test_as_torch_in_float64(name: str, kwargs: dict[str, Any]) -> None:
    a, b = pair(name, **{key: as_number(value) for key, value in kwargs.items()})
    train(a, range(10))
    train(b, range(10))
    assert_moved(a, make_params())
    assert_close(a, b)


@every_input
def test_as_torch_in_float32(name: str, kwargs: dict[str, Any]) -> None:
    """Within 4 ulp, after one step, of what is added up: the parameter before, its decay and its update."""
    a, b = pair(name, torch.float32, **kwargs)
    before = [param.detach().clone() for param in params_of(a)]
    train(a, range(1))
    train(b, range(1))
    for start, mine, other in zip(before, params_of(a), params_of(b), strict=True):
        largest = np.maximum(np.abs(start.numpy()), np.abs(other.detach().numpy()))
        off = np.abs(mine.detach().numpy().astype(np.float64) - other.detach().numpy())
        assert (off <= 4 * np.spacing(largest)).all()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
@every_input
def test_bits_of_the_optimizers_for_arrays(name: str, kwargs: dict[str, Any], dtype: torch.dtype) -> None:
    numbers = {key: as_number(value) for key, value in kwargs.items()}
    assert_bits(name, numbers, dtype)


@every_class
def test_bits_of_all_classes(name: str) -> None:
    assert_bits(name, {}, torch.float32)


def assert_bits(name: str, kwargs: dict[str, Any], dtype: torch.dtype) -> None:
    optimizer = ours(name, make_params(dtype), **kwargs)
    params = params_of(optimizer)
    arrays = [np.atleast_1d(param.detach().numpy().copy()) for param in params]
    peer = getattr(adamas, name)(arrays, **kwargs)
    for step in range(10):
        give_gradients(params, step)
        peer.step([np.atleast_1d(param.grad.numpy()) for param in params if param.grad is not None])
        optimizer.step()
    for i, (param, array) in enumerate(zip(params, arrays, strict=True)):
        assert param.detach().numpy().tobytes() == array.tobytes()
        for key, value in peer.state[i].items():
            kept = optimizer.state[param][key]
            if isinstance(value, np.ndarray):
                assert kept.numpy().tobytes() == value.tobytes(), key
            else:
                assert kept.item() == value, key


NUMBERS: dict[str, Any] = {
    "tensor": torch.tensor,
    "bfloat16 tensor": lambda value: torch.tensor(value, dtype=torch.bfloat16),
    "tensor of one": lambda value: torch.tensor([value]),
    "numpy.float16": np.float16,
    "0-d array": np.array,
    "ml_dtypes.bfloat16": ml_dtypes.bfloat16,
    "Fraction": Fraction,
    "Decimal": Decimal,
}


@pytest.mark.parametrize("make", NUMBERS.values(), ids=NUMBERS)
def test_numbers_of_any_type(make: Any) -> None:
    results = []
    for convert in (float, make):
        numbers = {name: convert(0.25) for name in ("lr", "eps", "weight_decay")}
        optimizer = ours("AdamW", make_params(), betas=(convert(0.5), convert(0.25)), **numbers)
        train(optimizer, range(2))
        group = optimizer.param_groups[0]
        assert all(type(value) is float for value in (group["eps"], group["weight_decay"], *group["betas"]))
        group["lr"] = convert(0.125)
        if make is not NUMBERS["tensor of one"]:  # which torch.optim knows as a learning rate alone
            group.update(eps=convert(0.25), weight_decay=convert(0.25))
        train(optimizer, range(2, 4))
        loaded = ours("AdamW", make_params())
        loaded.load_state_dict(optimizer.state_dict())
        assert loaded.param_groups[0]["betas"] == (0.5, 0.25)
        assert float(loaded.param_groups[0]["lr"]) == 0.125
        results.append([param.detach() for param in params_of(optimizer)])
    for one, two in zip(*results, strict=True):
        assert torch.equal(one, two)


def test_tensors_for_the_arrays_optimizers() -> None:
    """A tensor without dimensions is one number there too, at construction and from a callable."""
    results = []
    for lr in (0.25, torch.tensor(0.25), torch.tensor(0.25, dtype=torch.bfloat16), lambda step: torch.tensor(0.25)):
        param = np.ones(3)
        opt = adamas.AdamW(param, lr=lr)
        opt.step(np.arange(3.0))
        opt.state_dict()
        results.append(param.tobytes())
    assert len(set(results)) == 1
    for wrong in (torch.ones(1), torch.tensor(True), torch.tensor(1j)):
        with pytest.raises(TypeError, match=r"^lr: expected a finite number >= 0"):
            adamas.AdamW(np.ones(3), lr=wrong)
