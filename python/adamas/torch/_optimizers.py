"""The optimizers, one for each rule of `adamas.rules`, with the arguments and equations of the engine's."""

from adamas import optimizers as engines
from adamas.rules import SPECS
from adamas.torch._evaluation import EvaluatedElsewhere
from adamas.torch._optimizer import Optimizer

for _name, _spec in SPECS.items():
    globals()[_name] = type(
        _name,
        (Optimizer if _spec.evaluation is None else EvaluatedElsewhere,),
        {"engine_class": getattr(engines, _name), "__module__": __name__},
    )

__all__ = sorted(SPECS)  # noqa: PLE0605
