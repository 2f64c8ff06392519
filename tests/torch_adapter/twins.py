"""Optimizers of adamas.torch and of torch.optim on models that are equal."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
import torch
from torch.testing._internal.common_optimizers import optim_db

import adamas
import adamas.torch

#: Every class of adamas.torch that steps parameters where they are.
CLASSES = [name for name in adamas.torch.__all__ if name != "Optimizer" and hasattr(adamas, name)]
#: What PyTorch's own tests know of its optimizers, for each that both have.
INFOS = {info.optim_cls.__name__: info for info in optim_db if info.optim_cls.__name__ in CLASSES}
NAMES = sorted(INFOS)

every_class = pytest.mark.parametrize("name", CLASSES)
every_twin = pytest.mark.parametrize("name", NAMES)

#: Options that the inputs of the database leave out.
MORE: dict[str, list[dict[str, Any]]] = {
    "Adam": [{"amsgrad": True, "maximize": True, "weight_decay": 0.3, "lr": 0.05}, {"betas": (0.5, 0.6), "eps": 1e-3}],
    "AdamW": [{"amsgrad": True, "maximize": True, "weight_decay": 0.3, "lr": 0.05}, {"betas": (0.0, 0.0)}],
    "NAdam": [{"maximize": True, "decoupled_weight_decay": True, "weight_decay": 0.2}, {"momentum_decay": 0.5}],
    "RAdam": [{"maximize": True, "decoupled_weight_decay": True, "weight_decay": 0.2}, {"betas": (0.5, 0.6)}],
    "Adamax": [{"maximize": True, "weight_decay": 0.3, "eps": 0.1}, {"betas": (0.5, 0.6)}],
    "Adagrad": [{"maximize": True, "lr_decay": 0.2, "initial_accumulator_value": 0.3, "eps": 1e-3}],
    "RMSprop": [{"centered": True, "momentum": 0.7, "alpha": 0.8, "eps": 1e-2}, {"momentum": 0.9}],
    "SGD": [
        {"momentum": 0.9, "nesterov": True, "maximize": True},
        {"momentum": 0.9, "dampening": 0.3, "maximize": True, "weight_decay": 0.3},
    ],
    "Rprop": [{"maximize": True, "etas": (0.3, 1.5), "step_sizes": (1e-3, 0.1)}],
    "Adadelta": [{"maximize": True, "weight_decay": 0.3, "rho": 0.5, "eps": 1e-2}],
    "Adafactor": [{"maximize": True, "weight_decay": 0.3, "d": 1.5, "eps": (1e-3, 0.1), "beta2_decay": -0.5}],
}


#: An option that a group may have for itself.
OF_A_GROUP: dict[str, dict[str, Any]] = {
    name: {"maximize": True} if name == "Rprop" else {"weight_decay": 0.3} for name in NAMES
}


def _cases() -> list[Any]:
    cases = []
    for name in NAMES:
        inputs = [(given.desc, dict(given.kwargs)) for given in INFOS[name].optim_inputs_func("cpu", torch.float32)]
        inputs += [(",".join(f"{key}={value}" for key, value in more.items()), more) for more in MORE[name]]
        cases += [pytest.param(name, kwargs, id=f"{name}-{description}") for description, kwargs in inputs]
    return cases


#: All optimizers with all inputs.
every_input = pytest.mark.parametrize(("name", "kwargs"), _cases())

SHAPES = ((7, 5), (), (3,), (2, 3, 4), (33,))

Params = list[torch.nn.Parameter]


def make_params(dtype: torch.dtype = torch.float64, shapes: Sequence[tuple[int, ...]] = SHAPES) -> Params:
    data = torch.Generator().manual_seed(1)
    return [torch.nn.Parameter(torch.randn(shape, generator=data, dtype=torch.float64).to(dtype)) for shape in shapes]


def give_gradients(params: Sequence[torch.Tensor], step: int) -> None:
    """Set the gradients of a step, which depend on its number alone."""
    data = torch.Generator().manual_seed(100 + step)
    for param in params:
        param.grad = torch.randn(param.shape, generator=data, dtype=torch.float64).to(param.dtype)


def train(optimizer: Any, steps: range, after: Callable[[], None] | None = None) -> None:
    """Step the parameters that an optimizer has now."""
    for step in steps:
        give_gradients(params_of(optimizer), step)
        optimizer.step()
        if after is not None:
            after()


def params_of(optimizer: Any) -> list[torch.Tensor]:
    return [param for group in optimizer.param_groups for param in group["params"]]


def ours(name: str, params: Any, **kwargs: Any) -> Any:
    return getattr(adamas.torch, name)(params, **kwargs)


def theirs(name: str, params: Any, **kwargs: Any) -> Any:
    return getattr(torch.optim, name)(params, **{"foreach": False, **kwargs})


def pair(name: str, dtype: torch.dtype = torch.float64, **kwargs: Any) -> tuple[Any, Any]:
    """Make both optimizers, each of parameters of its own."""
    more = copy.deepcopy(kwargs)  # a learning rate in a tensor is changed in place
    return ours(name, make_params(dtype), **kwargs), theirs(name, make_params(dtype), **more)


def assert_same(a: Any, b: Any) -> None:
    """Demand the same bits of the parameters of two optimizers, or of two lists of tensors."""
    for one, other in zip(_tensors(a), _tensors(b), strict=True):
        assert one.dtype == other.dtype
        assert torch.equal(one, other)


def assert_close(a: Any, b: Any, rtol: float = 1e-12, atol: float = 1e-14) -> None:
    """Demand the same numbers up to rounding."""
    for one, other in zip(_tensors(a), _tensors(b), strict=True):
        torch.testing.assert_close(one.detach(), other.detach(), rtol=rtol, atol=atol)


def assert_moved(a: Any, b: Any) -> None:
    """Demand that something has become of every parameter."""
    for one, other in zip(_tensors(a), _tensors(b), strict=True):
        assert not torch.equal(one, other)


def _tensors(given: Any) -> list[torch.Tensor]:
    return params_of(given) if isinstance(given, torch.optim.Optimizer) else list(given)


@pytest.fixture
def bookkeeping_in_float64() -> Iterator[None]:
    """Torch keeps step counts, and the product of NAdam's mu, in the default dtype."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(before)
