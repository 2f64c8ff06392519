"""Instruction set, number of threads, and information about this build."""

from __future__ import annotations

import platform
from pathlib import Path
from typing import Any

import numpy as np

from adamas import _core
from adamas._inputs.hyperparameters import MAX_THREADS, exact_int
from adamas._inputs.values import shown

__all__ = [
    "active_isa",
    "available_isas",
    "cmake_prefix",
    "get_flush_denormals",
    "get_num_threads",
    "info",
    "set_flush_denormals",
    "set_num_threads",
    "use_isa",
]


def available_isas() -> list[str]:
    """Return the names of the instruction sets that this build has and this processor can run, the best first."""
    return _core.available_isas()


def active_isa() -> str:
    """Return the name of the instruction set in use. No result depends on it, only speed.

    It is the one that was chosen with `use_isa`, or else with the environment variable ``ADAMAS_ISA``, or else the best
    available.

    Raises:
        ValueError: ``ADAMAS_ISA`` names an instruction set that is not available here.
    """
    return _core.active_isa()


def use_isa(name: str) -> None:
    """Use another instruction set from now on, in all threads.

    Args:
        name: One of `available_isas`.

    Raises:
        TypeError: ``name`` is not a text.
        ValueError: It is not available; the message lists those that are.
    """
    if not isinstance(name, str):
        raise TypeError(f"name: expected a str, one of {', '.join(available_isas())}, got {shown(name)}")
    _core.use_isa(name if name.isprintable() else ascii(name))  # which the core could not even read


def get_num_threads() -> int:
    """Return the most threads that a step started by this thread may use.

    It is, in this order: 1 in a forked child; the number set with `set_num_threads`; ``ADAMAS_NUM_THREADS``;
    ``OMP_NUM_THREADS``; the number of processors that this process may run on, or the CPU quota of the container if
    that is smaller. A limit that is set through OpenMP, as threadpoolctl does, holds as well. Small steps use fewer
    threads. Unless the number was set for adamas, steps use one thread for a while after a step that had to wait long
    for busy processors.

    Raises:
        ValueError: ``ADAMAS_NUM_THREADS`` is not a whole number from 1 to 1024.
    """
    return _core.thread_limit().count


def set_num_threads(count: int) -> None:
    """Set the most threads that a step may use, for the whole process.

    Args:
        count: A whole number from 1 to 1024, or 0 to return to the automatic choice.

    Raises:
        TypeError: ``count`` is not a whole number.
        ValueError: It is out of range.

    Example:
        >>> import adamas
        >>> adamas.set_num_threads(2)
        >>> adamas.get_num_threads()
        2
        >>> adamas.set_num_threads(0)
    """
    if isinstance(count, bool) or not isinstance(count, int | np.integer):
        raise TypeError(f"count: expected a whole number from 0 to {MAX_THREADS}, got {shown(count)}")
    if not 0 <= exact_int(count) <= MAX_THREADS:
        raise ValueError(f"count: expected a whole number from 0 to {MAX_THREADS}, got {shown(count)}")
    _core.set_num_threads(exact_int(count))


def get_flush_denormals() -> bool:
    """Return whether steps flush subnormal numbers to zero; see `set_flush_denormals`."""
    return _core.flush_denormals()


def set_flush_denormals(enabled: bool) -> None:
    """Let steps flush subnormal numbers (below 2⁻¹²⁶ in float32) to zero, or keep them, which is the default.

    Some processors need a hundred cycles or more for an operation with a subnormal number, and second moments of tiny
    gradients are such numbers. The setting holds for the process, from the next step on, for all threads of a step, and
    only while the step runs: what NumPy and other libraries compute does not change. In the other direction, steps do
    not follow the mode of the thread that calls them (``torch.set_flush_denormal``, a library built with
    ``-ffast-math``, another rounding mode): their bits are the same in any mode.

    While this is on, results still depend neither on threads nor on which of a processor's instruction sets is used.
    But where a subnormal number would have been they are not those of `adamas.reference`, and may differ between x86-64
    and AArch64. A number is flushed if it is subnormal in the type that is computed with: float16 parameters keep their
    subnormal numbers.

    Args:
        enabled: True to flush, False to keep.

    Raises:
        TypeError: ``enabled`` is not True or False.
        RuntimeError: ``enabled`` is True, and the processor is neither x86-64 nor AArch64.
    """
    if not isinstance(enabled, bool | np.bool_):
        raise TypeError(f"enabled: expected True or False, got {shown(enabled)}")
    if not _core.set_flush_denormals(bool(enabled)):
        raise RuntimeError("enabled: on this processor, adamas cannot flush subnormal numbers; leave it at False")


def cmake_prefix() -> str:
    """Return the directory for ``CMAKE_PREFIX_PATH``, where ``find_package(adamas CONFIG)`` finds the C++ library."""
    return str(Path(str(_core.__file__)).parent)  # in an editable install, not the folder of this file


def info() -> dict[str, Any]:
    """Return what ``adamas info --json`` prints: version, build, instruction sets, threads and OpenMP runtime."""
    limit = _core.thread_limit()
    return {
        "version": _core.__version__,
        "compiler": _core.compiler,
        "isa": {
            "active": active_isa(),
            "available": available_isas(),
            "compiled": _core.compiled_isas(),
        },
        "threads": {"limit": limit.count, "because": limit.reason, "bytes_per_thread": _core.bytes_per_thread()},
        "denormals": "flushed" if _core.flush_denormals() else "kept",
        "openmp_runtime": _core.openmp_runtime(),
        "rules": {name: list(rule.states) for name, rule in _core.rules().items()},
        "python": platform.python_version(),
        "numpy": np.__version__,
        "platform": platform.platform(),
        "cmake_prefix": cmake_prefix(),
    }
