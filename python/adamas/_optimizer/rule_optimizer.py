"""Optimizer classes made from the specifications of rules."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from adamas._inputs.formats import RESIDUES
from adamas._numerics.param_formats import load_param
from adamas._numerics.state_formats import store_states
from adamas._optimizer.base import Optimizer
from adamas._optimizer.engine import RuleInfo
from adamas._types import Array
from adamas.rules import FORMULAS, SPECS, RuleSpec


class _Signature:
    """The signature of the rule, for classes whose `__init__` is the one below; it is made when somebody asks."""

    def __get__(self, instance: object, owner: type[RuleOptimizer]) -> inspect.Signature:
        if owner.__init__ is not RuleOptimizer.__init__ or not hasattr(owner, "spec"):
            raise AttributeError("__signature__")  # a subclass with arguments of its own
        return owner.spec.signature


class RuleOptimizer(Optimizer):
    """An optimizer by a rule, which is given as data."""

    #: The rule.
    spec: ClassVar[RuleSpec]

    __signature__ = _Signature()

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if "spec" in cls.__dict__:
            cls._frozen = cls.spec.frozen
            cls._fixed = cls.spec.fixed
            cls._later_states = cls.spec.later_states
            cls._beta_count = cls.spec.beta_count

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        params, defaults, options = bind(self.spec, args, kwargs)
        super().__init__(params, defaults, options)  # type: ignore[arg-type]  # which names those that it does not know

    @classmethod
    def _rule(cls, group: Mapping[str, Any]) -> str:
        return cls.spec.choose(group)

    def _rule_info(self, rule: str) -> RuleInfo:
        return FORMULAS[rule]

    def _initial(self, group: Mapping[str, Any]) -> Mapping[str, float | None]:
        return self.spec.first_values(group)

    @classmethod
    def _check_combination(cls, group: Mapping[str, Any], path: str) -> None:
        cls.spec.check_combination(group, path)

    def _start_states(self, index: int, param: Array, initial: Mapping[str, float | None]) -> None:
        state_format, residue = self._formats_of(index)
        kept = self._plan.residue(index)
        if residue == RESIDUES[True, "nearest"]:
            kept[...] = param
        if not initial:
            return
        kinds, arrays = self._info_of_group[self._group_of[index]].states, self._states_of(index)
        values = load_param(param, residue, kept)
        states = {name: np.zeros_like(values) for name in kinds}
        for name, value in initial.items():
            states[name][...] = values if value is None else value
        store_states(kinds, state_format, arrays, states, step=0)


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


def make_optimizers(base: type[RuleOptimizer], module: str) -> dict[str, type[RuleOptimizer]]:
    """Make the class of each rule, as it appears in a module."""
    from adamas._optimizer.evaluation import EvaluatedElsewhere  # noqa: PLC0415 (it is one of these)

    return {
        name: type(
            name,
            (base,) if spec.evaluation is None else (EvaluatedElsewhere, base),
            {"spec": spec, "__doc__": spec.__doc__, "__module__": module},
        )
        for name, spec in SPECS.items()
    }
