"""What PyTorch's database of optimizers says: the errors that each must raise, and the arguments that it must take."""

from __future__ import annotations

import inspect
import re
from typing import Any

import pytest
import torch
from torch.testing._internal.common_optimizers import OptimizerErrorEnum
from twins import (
    INFOS,
    NAMES,
    assert_close,
    assert_same,
    bookkeeping_in_float64,
    every_input,
    every_twin,
    make_params,
    ours,
    pair,
    train,
)

import adamas.torch
from adamas.torch._arguments import as_number

__all__ = ["bookkeeping_in_float64"]

ERRORS = [
    pytest.param(name, error, id=f"{name}-{error.optimizer_error_input.desc}")
    for name in NAMES
    for error in INFOS[name].optim_error_inputs_func("cpu", torch.float32)
    if "complex" not in error.optimizer_error_input.desc  # which are refused at construction, as below
]


def test_the_database_has_all_that_both_have() -> None:
    in_both = {name for name in adamas.torch.__all__ if hasattr(torch.optim, name)} - {"Optimizer"}
    assert set(NAMES) == in_both
    assert len(NAMES) == 11


@pytest.mark.parametrize(("name", "error"), ERRORS)
def test_errors(name: str, error: Any) -> None:
    given = error.optimizer_error_input
    params = make_params() if given.params is None else given.params
    if issubclass(error.error_type, Warning):
        with pytest.warns(error.error_type, match=error.error_regex):
            ours(name, params, **given.kwargs)
    elif error.error_on is OptimizerErrorEnum.CONSTRUCTION_ERROR:
        with pytest.raises(error.error_type, match=error.error_regex):
            ours(name, params, **given.kwargs)
    else:
        optimizer = ours(name, params, **given.kwargs)
        with pytest.raises(error.error_type, match=error.error_regex):
            optimizer.step()


@every_twin
def test_complex_parameters_are_refused(name: str) -> None:
    param = torch.nn.Parameter(torch.ones(3, dtype=torch.complex64))
    with pytest.raises(TypeError, match=re.escape("params['phase']: adamas does not support complex parameters")):
        ours(name, [("phase", param)])


@every_twin
def test_same_arguments(name: str) -> None:
    """In the same order, with the same defaults: a call with positions means the same."""
    mine = inspect.signature(getattr(adamas.torch, name)).parameters
    other = inspect.signature(getattr(torch.optim, name)).parameters
    positional = [key for key, p in mine.items() if p.kind is p.POSITIONAL_OR_KEYWORD]
    assert list(other)[: len(positional)] == positional
    for key, parameter in other.items():
        assert mine[key].default == parameter.default, key


@every_input
def test_implementations_are_accepted_and_mean_nothing(name: str, kwargs: dict[str, Any]) -> None:
    plain = ours(name, make_params(), **kwargs)
    train(plain, range(3))
    for implementation in ("foreach", "fused"):
        for value in (True, False, None):
            if value and implementation == "foreach" and isinstance(kwargs.get("lr"), torch.Tensor):
                continue  # which torch refuses, and so do we
            other = ours(name, make_params(), **kwargs, **{implementation: value})
            train(other, range(3))
            assert_same(plain, other)
            assert other.param_groups[0][implementation] is value


@every_twin
@pytest.mark.parametrize("argument", ["capturable", "differentiable"])
def test_graphs_are_refused(name: str, argument: str) -> None:
    ours(name, make_params(), **{argument: False})
    with pytest.raises(ValueError, match=f"{argument}: adamas steps tensors in memory, outside of graphs"):
        ours(name, make_params(), **{argument: True})


@pytest.mark.usefixtures("bookkeeping_in_float64")
@every_input
def test_closures(name: str, kwargs: dict[str, Any]) -> None:
    """They are called once, with gradients on, and what they return is returned."""
    a, b = pair(name, **{key: as_number(value) for key, value in kwargs.items()})
    for optimizer in (a, b):
        params = optimizer.param_groups[0]["params"]
        losses: list[Any] = []

        def closure(optimizer: Any = optimizer, params: Any = params, losses: Any = losses) -> Any:
            assert torch.is_grad_enabled()
            optimizer.zero_grad()
            loss = sum((param**2).sum() for param in params)
            loss.backward()
            losses.append(loss)
            return loss

        with torch.no_grad():
            for _ in range(5):
                assert optimizer.step(closure) is losses[-1]
        assert len(losses) == 5
    assert_close(a, b)


@pytest.mark.usefixtures("bookkeeping_in_float64")
@every_twin
def test_a_long_way_downhill(name: str) -> None:
    """Of a quadratic, under all the schedulers of the database, a float tensor for a learning rate among them."""
    for makers in INFOS[name].scheduler_inputs:
        for lr in (1e-2, torch.tensor(1e-2)):
            a, b = pair(name, lr=lr if isinstance(lr, float) else lr.clone())
            for optimizer in (a, b):
                params = optimizer.param_groups[0]["params"]
                schedulers = [maker(optimizer) for maker in makers]
                first = None
                for _ in range(30):
                    optimizer.zero_grad()
                    loss = sum(((param - 1) ** 2).sum() for param in params)
                    loss.backward()
                    optimizer.step()
                    for scheduler in schedulers:
                        if isinstance(scheduler, torch.optim.lr_scheduler.ReduceLROnPlateau):
                            scheduler.step(loss.detach())
                        else:
                            scheduler.step()
                    first = loss.item() if first is None else first
                assert loss.item() < first
            assert float(a.param_groups[0]["lr"]) == float(b.param_groups[0]["lr"])
            assert_close(a, b)
