"""adamas: the Adam family of optimizers for the CPU.

Optimizers update NumPy arrays in place, in little more time than it takes to move the arrays through memory, with the
same bits on every processor and for every number of threads. Start with `adamas.AdamW`.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from adamas import averaging, checkpoint, partitions, rules, schedules
from adamas._inputs.precision import PrecisionWarning
from adamas._optimizer.base import Optimizer
from adamas._optimizer.options import Options
from adamas._optimizer.report import StepReport
from adamas._optimizer.step_handle import StepHandle
from adamas.arena import Arena
from adamas.averaging import EMA, SWA
from adamas.loss_scaler import LossScaler
from adamas.rows import RowGrad

if TYPE_CHECKING:
    from adamas import adapters, functional, observe, optimizers, reference, runtime
    from adamas._core import __version__
    from adamas.optimizers import *  # noqa: F403
    from adamas.runtime import (
        active_isa,
        available_isas,
        cmake_prefix,
        get_flush_denormals,
        get_num_threads,
        info,
        set_flush_denormals,
        set_num_threads,
        use_isa,
    )
    from adamas.scipy import minimize

__all__ = [
    "EMA",
    "SWA",
    "Arena",
    "LossScaler",
    "Optimizer",
    "Options",
    "PrecisionWarning",
    "RowGrad",
    "StepHandle",
    "StepReport",
    "__version__",
    "active_isa",
    "adapters",
    "available_isas",
    "averaging",
    "checkpoint",
    "cmake_prefix",
    "functional",
    "get_flush_denormals",
    "get_num_threads",
    "info",
    "minimize",
    "observe",
    "optimizers",
    "partitions",
    "reference",
    "rules",
    "runtime",
    "schedules",
    "set_flush_denormals",
    "set_num_threads",
    "use_isa",
]
__all__ += [*rules.SPECS]  # noqa: PLE0604

#: Modules that are imported when somebody asks for them. So `adamas.reference` can be used without the compiled core.
_LATER = ("adapters", "functional", "observe", "optimizers", "reference", "runtime")
#: Where else than in `adamas.runtime` the functions are.
_HOMES = {"__version__": "adamas._core", "minimize": "adamas.scipy"}


def __getattr__(name: str) -> object:
    if name in _LATER:
        return import_module(f"adamas.{name}")
    if name not in __all__:
        raise AttributeError(f"module 'adamas' has no attribute {name!r}")
    home = "adamas.optimizers" if name in rules.SPECS else _HOMES.get(name, "adamas.runtime")
    value: object = getattr(import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
