"""The optimizers, one for each rule of `adamas.rules`."""

from adamas.rules import SPECS
from adamas.sharded import _optimizers as engines
from adamas.sharded.torch._optimizer import Optimizer

for _name, _spec in SPECS.items():
    if _spec.evaluation is None:
        globals()[_name] = type(
            _name,
            (Optimizer,),
            {"engine_class": getattr(engines, _name), "__module__": "adamas.sharded.torch", "__doc__": _spec.__doc__},
        )

__all__ = sorted(name for name, spec in SPECS.items() if spec.evaluation is None)  # noqa: PLE0605
