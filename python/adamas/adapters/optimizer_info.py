"""Information about an optimizer class that an adapter needs before there are parameters."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import Any

from adamas._inputs.hyperparameters import check_group, scalar
from adamas._inputs.sparse import check_sparse_rule
from adamas._numerics.formats import RowMode
from adamas._optimizer.base import Optimizer
from adamas._optimizer.compiled import CompiledOptimizer
from adamas.rules import FORMULAS, Formula, RuleSpec
from adamas.rules.common import with_largest_rate

__all__ = ["OptimizerInfo", "all_state_names", "describe"]


class OptimizerInfo:
    """What an adapter may ask of an optimizer class before there are parameters. Made by `describe`.

    Attributes:
        optimizer_class: The class.
        spec: The rule: its hyperparameters, states, equations and papers.
        fixed: Names of hyperparameters that the class sets itself, to True, and that nobody chooses
            (``decoupled_weight_decay`` of `adamas.AdamW`).
        later_states: Names of states that a group has with some values of its hyperparameters alone, and that may
            appear later (``momentum_buffer`` of `adamas.SGD`); they begin at zero then.
    """

    def __init__(self, optimizer_class: type[Optimizer]) -> None:
        self.optimizer_class = optimizer_class
        self.spec: RuleSpec = optimizer_class.spec
        self.fixed: tuple[str, ...] = self.spec.fixed
        self.later_states: tuple[str, ...] = self.spec.later_states

    def check_hyperparameter(self, name: str, value: Any, path: str) -> Any:
        """Return the value of a hyperparameter as a plain float or bool, or a tuple of floats.

        Args:
            name: Its name in adamas, such as ``"lr"``.
            value: The value; a callable learning rate is returned as it is.
            path: What messages call it.

        Raises:
            TypeError: A value of the wrong type.
            ValueError: A value out of range, infinite or not a number.
        """
        return check_group({name: value}, path, [self.spec.by_name[name]], None)[name]

    def check_shared_scalar(self, name: str, value: Any, path: str) -> float:
        """Return one of the numbers that the rule keeps for all parameters together, as a float.

        Args:
            name: Its name, such as ``"d"``.
            value: The value.
            path: What messages call it.

        Raises:
            TypeError: It is no number.
            ValueError: It is not finite, or negative where it may not be.
        """
        return scalar(value, path, signed=name in self.spec.signed_scalars)

    def check_combination(self, group: Mapping[str, Any], path: str = "{}") -> None:
        """Refuse hyperparameters of a group, each acceptable by itself, that do not go together.

        Args:
            group: All hyperparameters, by name; other entries are ignored.
            path: What messages call one of them, with ``{}`` for its name.

        Raises:
            TypeError: A callable where the rule needs a number.
            ValueError: Naming one of them.
        """
        self.spec.check_group(group, path)

    def at_construction(self, group: Mapping[str, Any]) -> dict[str, Any]:
        """Return the hyperparameters of a group as they are once it is made: ``max_lr``, if it was None, may be there.

        A `BoundOptimizer` does not do that to groups of another library, which may have been stepped before.

        Args:
            group: All hyperparameters, by name.
        """
        return with_largest_rate(group)

    @property
    def by_shape(self) -> bool:
        """Whether what is kept for a parameter depends on its shape: `BoundOptimizer` must know that then."""
        return self.spec.by_shape

    def check_together(self, groups: Sequence[Mapping[str, Any]], path: str = "param_groups[{}][{!r}]") -> None:
        """Refuse groups, each acceptable by itself, that do not go together.

        Args:
            groups: The hyperparameters of each.
            path: What messages call one of them, with ``{}`` for the number of its group and for its name.

        Raises:
            ValueError: Naming a hyperparameter that must be the same in all groups.
        """
        self.spec.check_together(groups, path)

    def formula(self, group: Mapping[str, Any]) -> Formula:
        """Return the form of the rule that serves a group with these hyperparameters: its states, and what it needs.

        Args:
            group: All hyperparameters, by name.
        """
        return self.spec.formula_for(group)

    def state_key(self, group: Mapping[str, Any]) -> tuple[Any, ...]:
        """Return what decides which states a group has: while it stays equal, a `BoundOptimizer` can be kept.

        Args:
            group: All hyperparameters, by name.
        """
        return (self.spec.choose(group), *[group[name] for name in self.spec.frozen])

    def can_step_rows(self, group: Mapping[str, Any], *, keeps_more: bool) -> bool:
        """Tell whether single rows of parameters in a group can be updated (``sparse={name: "lazy"}``).

        Args:
            group: All hyperparameters, by name.
            keeps_more: The parameter has an average, a copy or states in low precision.
        """
        if group.get("cautious"):  # the mask is one of the whole parameter
            return False
        try:
            check_sparse_rule("", RowMode.LAZY, self.formula(group), "", keeps_more=keeps_more)
        except ValueError:
            return False
        return True


@functools.cache
def describe(optimizer_class: type[Optimizer]) -> OptimizerInfo:
    """Return what an adapter may ask of an optimizer class of adamas before there are parameters.

    Args:
        optimizer_class: A class of `adamas`, such as `adamas.AdamW`.

    Raises:
        TypeError: It is none.

    Example:
        >>> import adamas
        >>> info = describe(adamas.SGD)
        >>> info.check_hyperparameter("lr", 1, "learning_rate")
        1.0
        >>> list(info.formula({"momentum": 0.9, "nesterov": False}).states)
        ['momentum_buffer']
    """
    if not isinstance(optimizer_class, type) or not issubclass(optimizer_class, CompiledOptimizer):
        raise TypeError(f"optimizer_class: expected an optimizer class of adamas, got {optimizer_class!r}")
    return OptimizerInfo(optimizer_class)


def all_state_names() -> frozenset[str]:
    """Return the names of all state arrays and scalars that any rule keeps."""
    return frozenset(name for formula in FORMULAS.values() for name in (*formula.states, *formula.scalars))
