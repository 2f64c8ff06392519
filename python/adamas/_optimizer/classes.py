"""Optimizer classes, made from the specifications of rules."""

from __future__ import annotations

from adamas._optimizer.base import Optimizer
from adamas._optimizer.evaluation import EvaluatedElsewhere
from adamas.rules import SPECS


def make_optimizers(base: type[Optimizer], module: str) -> dict[str, type[Optimizer]]:
    """Make the class of each rule, as it appears in a module.

    Args:
        base: An optimizer with an engine.
        module: The name of the module.
    """
    return {
        name: type(
            name,
            (base,) if spec.evaluation is None else (EvaluatedElsewhere, base),
            {"spec": spec, "__doc__": spec.__doc__, "__module__": module},
        )
        for name, spec in SPECS.items()
    }
