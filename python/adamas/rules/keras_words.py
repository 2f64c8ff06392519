"""Keras's names for update rules: classes, arguments, and where Keras's conventions differ from ours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

#: Arguments of Keras's Adam, and their defaults.
ADAM_ARGUMENTS: Mapping[str, Any] = {"learning_rate": 0.001, "beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-7}


class KerasStep(NamedTuple):
    """What a step of Keras is in terms of the rule, where that is not simply the arguments.

    Attributes:
        hyperparameters: By our names.
        weight_decay: Of variables that decay; None for what it is.
        grad_scale: What gradients are divided by.
        offsets: What is added to states after the step.
    """

    hyperparameters: Mapping[str, Any] = {}
    weight_decay: float | None = None
    grad_scale: float | None = None
    offsets: Mapping[str, float] = {}


class KerasWords:
    """An optimizer of `adamas.keras`. A rule that Keras lacks needs none of this; one that it has, the differences.

    The docstring of a subclass has the summary, the equations and the References of the optimizer; without one, they
    are those of the rule.
    """

    #: Of the class; empty for the name of the rule.
    name: str = ""
    #: Arguments in Keras's words, with Keras's defaults, in order; None for those of the rule.
    arguments: Mapping[str, Any] | None = None
    #: What arguments mean that mean something else in Keras, or have other valid values.
    texts: Mapping[str, str] = {}
    #: Hyperparameters, no arguments, that make the rule what Keras has.
    fixed: Mapping[str, Any] = {}
    #: Weight decay is left to the rule even where it does it elsewhere than Keras: Keras's would be another one.
    decays_itself: bool = False

    def check(self, arguments: Mapping[str, Any]) -> None:
        """Raise ValueError for arguments, each valid by itself, that cannot be used."""

    def step(self, arguments: Mapping[str, Any], learning_rate: float, weight_decay: float) -> KerasStep:
        """Return what differs in a step."""
        return KerasStep()

    def first_values(self, arguments: Mapping[str, Any]) -> Mapping[str, float]:
        """Return what states start at, where not at the rule's first values."""
        return {}
