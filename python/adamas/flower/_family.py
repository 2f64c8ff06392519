"""A strategy for each rule of `adamas.rules`, in either interface of Flower."""

from __future__ import annotations

import functools
import inspect
import re
from typing import Any

from adamas import optimizers as engines
from adamas.adapters.docstrings import LazyDocstring, with_default
from adamas.rules import SPECS, RuleSpec
from adamas.rules.flower_classes import flower_arguments, flower_docstring, flower_name, in_flower


def make_strategies(base: Any, module: str, *, older: bool) -> dict[str, type]:
    """Return the strategies by name, as they appear in a module.

    Args:
        base: The base of all.
        module: The name of the module.
        older: They are of Flower's older interface.
    """
    return {
        flower_name(spec): type(
            flower_name(spec),
            (base,),
            {
                "engine_class": getattr(engines, spec.name),
                "arguments": flower_arguments(spec, older=older),
                "__doc__": LazyDocstring(functools.partial(_docstring, spec, base, older)),
                "__module__": module,
            },
        )
        for spec in SPECS.values()
        if in_flower(spec)
    }


def _docstring(spec: RuleSpec, base: Any, older: bool) -> str | None:
    return flower_docstring(spec, _texts_of(base), older=older)


def _texts_of(base: Any) -> dict[str, str]:
    """Return the texts on Flower's own arguments: what the installed Flower says of them."""
    described = "\n".join(inspect.getdoc(cls) or "" for cls in base.__mro__ if cls.__module__.startswith("flwr."))
    found = re.findall(r"^(\w+) : .*\n((?:    .*\n?|\n)+)", described, re.MULTILINE)
    said = {name: " ".join(text.split()) for name, text in found}
    return {
        name: with_default(f"Argument of Flower's ``FedAvg``. {said.get(name, '')}".strip(), parameter.default)
        for name, parameter in base.flower_parameters.items()
    }
