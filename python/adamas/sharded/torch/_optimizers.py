"""The optimizers, one for each rule of `adamas.rules`."""

import functools

from adamas.rules import SPECS
from adamas.rules.lazy_docstring import LazyDocstring
from adamas.sharded import _optimizers as engines
from adamas.sharded.torch._docstrings import sharded_torch_docstring
from adamas.sharded.torch._optimizer import Optimizer

for _name, _spec in SPECS.items():
    if _spec.evaluation is None:
        globals()[_name] = type(
            _name,
            (Optimizer,),
            {
                "engine_class": getattr(engines, _name),
                "__module__": "adamas.sharded.torch",
                "__doc__": LazyDocstring(functools.partial(sharded_torch_docstring, _spec)),
            },
        )

__all__ = sorted(name for name, spec in SPECS.items() if spec.evaluation is None)  # noqa: PLE0605
