"""Arguments of an optimizer, with the names and the checks of ``torch.optim``."""

from __future__ import annotations

import inspect
import math
from collections.abc import Mapping
from typing import Any

import torch

from adamas.adapters import Optimizer, describe
from adamas.adapters.checks import plain, shown

#: Arguments of ``torch.optim`` that choose among its implementations, and their defaults. Here there is one.
IMPLEMENTATIONS = {"foreach": None, "fused": None, "capturable": False, "differentiable": False}

_WORDS = {"lr": "learning rate", "eps": "epsilon value"}
_BOUNDS = {"d": "Clipping threshold d should be >= 1", "beta2_decay": "beta2_decay should be <= 0"}


def signature_of(optimizer_class: type[Optimizer]) -> inspect.Signature:
    """Return the signature of an optimizer of this package that is stepped by one of adamas."""
    signature = inspect.signature(optimizer_class)
    parameters = list(signature.parameters.values())
    ours = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default)
        for name, default in IMPLEMENTATIONS.items()
    ]
    return signature.replace(parameters=[*parameters[:-1], *ours, parameters[-1]])


def as_number(value: Any) -> Any:
    """Return a tensor of one, or a number of another type, as an int or float; all else as it is.

    Of a sequence that holds such numbers: a tuple of those.
    """
    if isinstance(value, list | tuple):
        parts = tuple(map(as_number, value))
        return value if all(part is given for part, given in zip(parts, value, strict=True)) else parts
    return value.item() if isinstance(value, torch.Tensor) and value.numel() == 1 else plain(value)


def take_numbers(group: dict[str, Any]) -> None:
    """Replace tensors of one in a group by numbers; but not that of `lr`, which schedulers change in place."""
    group.update(
        {
            name: as_number(value)
            for name, value in group.items()
            if name != "params" and not (name == "lr" and isinstance(value, torch.Tensor))
        }
    )


def check_tensors(given: Mapping[str, Any], foreach: bool | None) -> None:
    """Refuse tensors for hyperparameters where ``torch.optim`` refuses them."""
    lr, betas = given["lr"], given.get("betas", ())
    if isinstance(lr, torch.Tensor):
        if foreach:
            raise ValueError("lr as a Tensor is not supported for capturable=False and foreach=True")
        if lr.numel() != 1:
            raise ValueError("Tensor lr must be 1-element")
    if not isinstance(betas, list | tuple):
        return
    are_tensors = [isinstance(beta, torch.Tensor) for beta in betas]
    if any(are_tensors) and not all(are_tensors):
        raise ValueError("betas must be either both floats or both Tensors")
    for i, beta in enumerate(betas):
        if isinstance(beta, torch.Tensor):
            if foreach:
                raise ValueError(f"betas[{i}] as a Tensor is not supported for capturable=False and foreach=True")
            if beta.numel() != 1:
                raise ValueError(f"Tensor betas[{i}] must be 1-element")


def check_hyperparameters(values: Mapping[str, Any], optimizer_class: type[Optimizer]) -> None:
    """Refuse hyperparameters that are not what an optimizer of adamas takes.

    Raises:
        TypeError: Of the wrong type.
        ValueError: Out of range, infinite or not a number.
    """
    info = describe(optimizer_class)
    for name, value in values.items():
        try:
            info.check_hyperparameter(name, value, name)
        except (TypeError, ValueError) as error:
            raise type(error)(f"{_complaint(name, value, error)} ({error})") from None


def _complaint(name: str, value: Any, error: Exception) -> str:
    """Say what is wrong in the words of ``torch.optim``."""
    if isinstance(error, ValueError) and name == "betas":
        i = next(i for i, beta in enumerate(value) if not 0.0 <= beta < 1.0)
        return f"Invalid beta parameter at index {i}: {shown(value[i])}"
    if isinstance(error, ValueError) and name == "eps" and isinstance(value, tuple | list):
        for i, part in enumerate(value, 1):
            if part is not None and not 0.0 <= part < math.inf:
                return f"epsilon{i} should be >= 0 but is: {shown(part)}"
    if name in _BOUNDS:
        return f"{_BOUNDS[name]} but is: {shown(value)}"
    return f"Invalid {_WORDS.get(name, f'{name} value')}: {shown(value)}"
