"""The strategies of the older interface, one for each rule of `adamas.rules`."""

from adamas import optimizers as engines
from adamas.flower._older import FedServer
from adamas.rules import SPECS
from adamas.rules.flower_classes import flower_arguments, flower_docstring, flower_name, in_flower

_specs = [spec for spec in SPECS.values() if in_flower(spec)]

for _spec in _specs:
    globals()[flower_name(_spec)] = type(
        flower_name(_spec),
        (FedServer,),
        {
            "engine_class": getattr(engines, _spec.name),
            "arguments": flower_arguments(_spec, older=True),
            "__doc__": flower_docstring(_spec, older=True),
            "__module__": __name__,
        },
    )

__all__ = sorted(map(flower_name, _specs))  # noqa: PLE0605
