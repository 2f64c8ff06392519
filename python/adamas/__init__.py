"""adamas: the Adam family of optimizers for the CPU.

Optimizers update NumPy arrays in place, at the speed of memory, with the same bits on every processor and for every
number of threads. Start with `adamas.AdamW`.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from adamas import averaging, checkpoint, functional, optimizers, rules, schedules
from adamas._core import __version__
from adamas._inputs.precision import PrecisionWarning
from adamas._optimizer.report import StepReport
from adamas._optimizer.step_handle import StepHandle
from adamas.arena import Arena
from adamas.averaging import EMA, SWA
from adamas.loss_scaler import LossScaler
from adamas.optimizers import *  # noqa: F403
from adamas.rows import RowGrad
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

if TYPE_CHECKING:
    from adamas import reference

__all__ = [
    "EMA",
    "SWA",
    "Arena",
    "LossScaler",
    "PrecisionWarning",
    "RowGrad",
    "StepHandle",
    "StepReport",
    "__version__",
    "active_isa",
    "available_isas",
    "averaging",
    "checkpoint",
    "cmake_prefix",
    "functional",
    "get_flush_denormals",
    "get_num_threads",
    "info",
    "reference",
    "rules",
    "schedules",
    "set_flush_denormals",
    "set_num_threads",
    "use_isa",
]
__all__ += optimizers.__all__


def __getattr__(name: str) -> object:
    """Import `adamas.reference` when it is first asked for: nothing else needs it."""
    if name == "reference":
        return import_module("adamas.reference")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), "reference"})
