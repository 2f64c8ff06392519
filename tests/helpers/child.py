"""Running code in a fresh interpreter."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

#: What chooses threads and instruction set; tests start from none of it.
VARIABLES = ("ADAMAS_ISA", "ADAMAS_NUM_THREADS", "OMP_NUM_THREADS", "OMP_THREAD_LIMIT", "OMP_DYNAMIC")


def run_python(
    *arguments: str, preexec_fn: Callable[[], Any] | None = None, timeout: float = 60, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run the interpreter with these arguments and environment variables; a minute at most, or so many seconds."""
    clean = {key: value for key, value in os.environ.items() if key not in VARIABLES}
    return subprocess.run(
        [sys.executable, *arguments],
        env={**clean, **environment},
        preexec_fn=preexec_fn,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


def check_python(code: str, **options: Any) -> str:
    """Run code that must succeed; return what it printed."""
    result = run_python("-W", "error", "-c", code, **options)
    assert result.returncode == 0, result.stderr
    return result.stdout
