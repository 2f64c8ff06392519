"""Optimizer classes by name, for libraries whose users choose an optimizer by a string."""

from __future__ import annotations

from typing import Any

from adamas import optimizers
from adamas._inputs.names import likely
from adamas._inputs.values import shown, type_name
from adamas._optimizer.base import Optimizer
from adamas.rules import SPECS

#: The names of all rules: those of the functions in `adamas.functional`, without the underscore at their end.
RULE_NAMES = {spec.function.rstrip("_"): spec.name for spec in SPECS.values()}


def is_optimizer_class(value: Any) -> bool:
    """Tell whether this is an optimizer class with a rule.

    Args:
        value: Anything.
    """
    return isinstance(value, type) and issubclass(value, Optimizer) and hasattr(value, "spec")


def class_named(rule: Any, argument: str) -> type[Optimizer]:
    """Return the optimizer class of a name such as ``"adamw"`` or ``"schedule_free_sgd"``.

    A class is returned as it is.

    Args:
        rule: One of `RULE_NAMES`, or a class of adamas.
        argument: What messages call it.

    Raises:
        TypeError: It is neither.
        ValueError: There is no such name.

    Example:
        >>> class_named("adamw", "rule")
        <class 'adamas.optimizers.AdamW'>
    """
    if is_optimizer_class(rule):
        chosen: type[Optimizer] = rule
        return chosen
    if not isinstance(rule, str):
        raise TypeError(f"{argument}: expected the name of a rule or a class of adamas, got {type_name(rule)}")
    if rule not in RULE_NAMES:
        found = likely(rule, RULE_NAMES)
        advice = f"did you mean {found!r}?" if found else f"expected one of {', '.join(map(repr, RULE_NAMES))}"
        raise ValueError(f"{argument}: there is no rule {shown(rule)}; {advice}")
    made: type[Optimizer] = getattr(optimizers, RULE_NAMES[rule])
    return made
