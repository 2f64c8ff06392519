"""Signatures of optimizers, made from the specifications of their rules."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import Any

from adamas.rules import RuleSpec


class Signature:
    """The signature of the rule, as an attribute of its optimizers; it is made when somebody asks.

    Args:
        init: The ``__init__`` that takes these arguments; a subclass may have another.
    """

    def __init__(self, init: Any) -> None:
        self._init = init

    def __get__(self, instance: object, owner: Any) -> inspect.Signature:
        if owner.__init__ is not self._init or not hasattr(owner, "spec"):
            raise AttributeError("__signature__")
        spec: RuleSpec = owner.spec
        return spec.signature


def bind(spec: RuleSpec, args: Sequence[Any], kwargs: Mapping[str, Any]) -> tuple[Any, dict[str, Any], dict[str, Any]]:
    """Return the parameters, the hyperparameters and the options among the arguments of an optimizer.

    Raises:
        TypeError: In Python's words, if there are too many by position, or one is missing or given twice.
    """
    names = spec.positional
    if len(args) > len(names):
        given = f"takes from 2 to {len(names) + 1} positional arguments but {len(args) + 1} were given"
        raise TypeError(f"{spec.name}.__init__() {given}")
    by_name = dict(zip(names, args, strict=False))
    for name in kwargs:
        if name in by_name:
            raise TypeError(f"{spec.name}.__init__() got multiple values for argument {name!r}")
    by_name.update(kwargs)
    if "params" not in by_name:
        raise TypeError(f"{spec.name}.__init__() missing 1 required positional argument: 'params'")
    params = by_name.pop("params")
    chosen = {each.name: by_name.pop(each.name, each.default) for each in spec.arguments}
    return params, chosen | {name: spec.by_name[name].default for name in spec.fixed}, by_name
