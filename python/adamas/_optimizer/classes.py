"""Optimizer classes, made from the specifications of rules."""

from __future__ import annotations

import functools
from collections.abc import Callable

from adamas._optimizer.base import Optimizer
from adamas._optimizer.evaluation import EvaluatedElsewhere
from adamas.rules import SPECS, RuleSpec
from adamas.rules.lazy_docstring import LazyDocstring


def make_optimizers(
    base: type[Optimizer], module: str, docstring: Callable[[RuleSpec], str | None] | None = None
) -> dict[str, type[Optimizer]]:
    """Make the class of each rule, as it appears in a module.

    Args:
        base: An optimizer with an engine.
        module: The name of the module.
        docstring: Returns the docstring of the class of a rule. None: `numpy_docstring`.
    """
    return {
        name: type(
            name,
            (base,) if spec.evaluation is None else (EvaluatedElsewhere, base),
            {
                "spec": spec,
                "__doc__": LazyDocstring(functools.partial(docstring or _docstring, spec)),
                "__module__": module,
            },
        )
        for name, spec in SPECS.items()
    }


def _docstring(spec: RuleSpec) -> str | None:
    from adamas._optimizer.docstrings import numpy_docstring  # noqa: PLC0415 (few programs read docstrings)

    return numpy_docstring(spec)
