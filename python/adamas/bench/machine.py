"""The machine of a measurement: processor, caches, versions."""

from __future__ import annotations

import os
import platform
from importlib import metadata
from pathlib import Path
from typing import Any

import adamas

__all__ = ["child_environment", "describe_machine", "memory_bytes", "thread_counts"]


def describe_machine() -> dict[str, Any]:
    """Return processor, caches, memory, system and versions."""
    return {
        "processor": _processor(),
        "processors": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "caches": _caches(),
        "memory_gib": round(memory_bytes() / 2**30, 1),
        "system": platform.platform(),
        "python": platform.python_version(),
        "numpy": metadata.version("numpy"),
        "adamas": adamas.__version__,
        "isa": adamas.active_isa(),
        "compiler": adamas.info()["compiler"],
    }


def child_environment(threads: int) -> dict[str, str]:
    """Return the environment of a process that measures a peer."""
    return {**os.environ, "OMP_NUM_THREADS": str(threads), "JAX_PLATFORMS": "cpu", "PYTHONWARNINGS": "ignore"}


def memory_bytes() -> int:
    """Return the size of the machine's memory."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def thread_counts(limit: int) -> list[int]:
    """Return 1, 2, 4, ... and the limit."""
    counts = [1]
    while 2 * counts[-1] <= limit:
        counts.append(2 * counts[-1])
    return counts if counts[-1] == limit else [*counts, limit]


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    fields = dict(line.split(":", 1) for line in lines if ":" in line)
    named = {key.strip(): value.strip() for key, value in fields.items()}
    return named.get("model name") or named.get("Model") or platform.machine()


def _caches() -> dict[str, str]:
    """Return the cache sizes of the first processor, by level."""
    sizes = {}
    for folder in sorted(Path("/sys/devices/system/cpu/cpu0/cache").glob("index*")):
        try:
            level, kind, size = (
                (folder / name).read_text(encoding="utf-8").strip() for name in ("level", "type", "size")
            )
        except OSError:
            continue
        if kind != "Instruction":
            sizes[f"L{level}"] = size
    return sizes
