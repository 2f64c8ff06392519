"""Which instruction set and how many threads the kernels use, and what this build is."""

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
    """Names of the instruction sets that this build has and this processor can run, best first."""
    return _core.available_isas()


def active_isa() -> str:
    """Name of the instruction set in use. No result depends on it, only speed.

    It is the one asked for with `use_isa`, else with the environment variable ``ADAMAS_ISA``, else the best available.

    Raises:
        ValueError: ``ADAMAS_ISA`` names an instruction set that is not to be had here.
    """
    return _core.active_isa()


def use_isa(name: str) -> None:
    """Use another instruction set from now on, in all threads.

    Args:
        name: One of `available_isas`.

    Raises:
        ValueError: It is not available; the message lists those that are.
    """
    if not isinstance(name, str):
        raise TypeError(f"name: expected a str, one of {', '.join(available_isas())}, got {shown(name)}")
    _core.use_isa(name if name.isprintable() else ascii(name))  # which the core could not even read


def get_num_threads() -> int:
    """The most threads that a step started by this thread may use.

    It is, in this order: 1 in a forked child; the number set with `set_num_threads`; ``ADAMAS_NUM_THREADS``;
    ``OMP_NUM_THREADS``; the processors that this process may run on, or the container's CPU quota if that is less. A
    limit set through OpenMP itself, as threadpoolctl does, holds as well. Small steps use fewer threads; and unless the
    number was set for adamas, steps use one for a while after one that had to wait long for busy processors.

    Raises:
        ValueError: ``ADAMAS_NUM_THREADS`` is not a whole number from 1 to 1024.
    """
    return _core.thread_limit().count


def set_num_threads(count: int) -> None:
    """Set the most threads that a step may use, for the whole process.

    Args:
        count: 1 to 1024, or 0 to go back to the automatic choice.
    """
    if isinstance(count, bool) or not isinstance(count, int | np.integer):
        raise TypeError(f"count: expected a whole number from 0 to {MAX_THREADS}, got {shown(count)}")
    if not 0 <= exact_int(count) <= MAX_THREADS:
        raise ValueError(f"count: expected a whole number from 0 to {MAX_THREADS}, got {shown(count)}")
    _core.set_num_threads(exact_int(count))


def get_flush_denormals() -> bool:
    """Whether steps flush subnormal numbers to zero; see `set_flush_denormals`."""
    return _core.flush_denormals()


def set_flush_denormals(enabled: bool) -> None:
    """Let steps take subnormal numbers (below 2⁻¹²⁶ in float32) for zeros, and make none; or keep them, as at first.

    Some processors need a hundred cycles or more for an operation with a subnormal number, and second moments of tiny
    gradients are such numbers. The setting holds for the process, from the next step on, for all threads of a step and
    only while it runs: what NumPy and everybody else compute stays as it is. The other way round, steps do not
    follow the mode of the thread that calls them (``torch.set_flush_denormal``, a library built with
    ``-ffast-math``, another rounding): their bits are the same in any.

    While this is on, results still depend neither on threads nor on which of a processor's instruction sets is used.
    But where a subnormal number would have been they are not those of `adamas.reference`, and may differ between
    x86-64 and AArch64. What is flushed is what is subnormal in the type that is computed with: float16 keeps its own.

    Args:
        enabled: True to flush, False to keep.

    Raises:
        TypeError: Not a bool.
        RuntimeError: True, on a processor for which this is not known: neither x86-64 nor AArch64.
    """
    if not isinstance(enabled, bool | np.bool_):
        raise TypeError(f"enabled: expected True or False, got {shown(enabled)}")
    if not _core.set_flush_denormals(bool(enabled)):
        raise RuntimeError("enabled: on this processor, adamas cannot flush subnormal numbers; leave it at False")


def cmake_prefix() -> str:
    """Directory to add to ``CMAKE_PREFIX_PATH``, for ``find_package(adamas CONFIG)`` to find the C++ library."""
    return str(Path(str(_core.__file__)).parent)  # in an editable install, not the folder of this file


def info() -> dict[str, Any]:
    """What ``adamas info --json`` prints: version, build, instruction sets, threads and OpenMP runtime."""
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
