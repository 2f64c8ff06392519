"""A strategy for each rule of `adamas.rules`, in either interface of Flower."""

from __future__ import annotations

from adamas import optimizers as engines
from adamas.rules import SPECS
from adamas.rules.flower_classes import flower_arguments, flower_docstring, flower_name, in_flower


def make_strategies(base: type, module: str, *, older: bool) -> dict[str, type]:
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
                "__doc__": flower_docstring(spec, older=older),
                "__module__": module,
            },
        )
        for spec in SPECS.values()
        if in_flower(spec)
    }
