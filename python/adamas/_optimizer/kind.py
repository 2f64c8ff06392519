"""What the optimizers of one class have in common."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Kind:
    """What the optimizers of one class have in common."""

    name: str
    frozen: tuple[str, ...]
    fixed: tuple[str, ...]
    fractions: tuple[str, ...]
    beta_count: int
    formula: Callable[[Mapping[str, Any]], str]
    initial: Callable[[Mapping[str, Any]], Mapping[str, float | None]]
    check_combination: Callable[[Mapping[str, Any], str], None]
    foreign: bool
    #: States without which a hyperparameter must stay zero.
    states_needed: Mapping[str, str]

    @classmethod
    def of(cls, optimizer: Any) -> Kind:
        """Read the attributes of a class."""
        return cls(
            optimizer.__name__,
            optimizer._frozen,
            optimizer._fixed,
            optimizer._fractions,
            optimizer._beta_count,
            optimizer._rule,
            optimizer._initial,
            optimizer._check_combination,
            optimizer._foreign_groups,
            {"momentum": "momentum_buffer"},
        )
