"""The optimizers, one for each rule of `adamas.rules`, with the arguments and equations of the engine's."""

from adamas import optimizers as engines
from adamas.jax._optimizer import Optimizer
from adamas.rules import SPECS

for _name in SPECS:
    globals()[_name] = type(_name, (Optimizer,), {"engine_class": getattr(engines, _name), "__module__": __name__})

__all__ = sorted(SPECS)  # noqa: PLE0605
