"""Misplaced settings: attributes of an optimizer that have no effect."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from adamas.adapters.checks import SETTINGS


class _Misplaced:
    """A setting that is no attribute: it can be neither read nor, once there are groups, set as one.

    A ``__setattr__`` would do as well, and be called for the report of each step.
    """

    def __init__(self, name: str, refuse: Callable[[Any, str, Any], None]) -> None:
        self._name = name
        self._refuse = refuse

    def __get__(self, optimizer: Any, owner: type[Any]) -> Any:
        if optimizer is None:
            return self
        if self._name in optimizer.__dict__:
            return optimizer.__dict__[self._name]
        raise AttributeError(f"{owner.__name__!r} object has no attribute {self._name!r}")

    def __set__(self, optimizer: Any, value: Any) -> None:
        if self._name not in optimizer.__dict__ and hasattr(optimizer, "param_groups"):
            self._refuse(optimizer, self._name, value)
        optimizer.__dict__[self._name] = value

    def __delete__(self, optimizer: Any) -> None:
        optimizer.__dict__.pop(self._name, None)


def refuse_as_attributes(cls: type[Any], refuse: Callable[[Any, str, Any], None]) -> None:
    """Let a class refuse all hyperparameters and options as attributes.

    Args:
        cls: The class.
        refuse: Called with an object, the name and the value; raises AttributeError if the object has such a setting.
    """
    for name in SETTINGS - {"grad_scale"}:  # which `GradScaler` sets
        setattr(cls, name, _Misplaced(name, refuse))
