"""Out of memory: MemoryError, or OSError for files; nothing is half-done, and later calls work."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

from child import check_python, run_python

PROGRAMS = Path(__file__).parent / "programs"
#: Where the programs find what they share.
PATHS = os.pathsep.join([str(Path(__file__).parents[1] / "helpers"), os.environ.get("PYTHONPATH", "")])
#: Large blocks of memory are asked of the system and given back at once, so that a limit is felt.
MALLOC: dict[str, Any] = {
    "MALLOC_MMAP_THRESHOLD_": "65536",
    "MALLOC_TRIM_THRESHOLD_": "65536",
    "MALLOC_TOP_PAD_": "0",
    "MALLOC_ARENA_MAX": "1",
}


def test_limits_of_the_address_space() -> None:
    result = run_python(str(PROGRAMS / "memory_limits.py"), PYTHONPATH=PATHS, **MALLOC)
    assert result.returncode == 0, result.stderr
    raised = json.loads(result.stdout)
    for name in ("construct", "accumulate", "averages", "eval", "async", "state dict"):
        assert set(raised[name]) == {"MemoryError"}, name
    for name in ("save", "load", "save npz", "load npz", "read"):
        assert raised[name], name
        assert set(raised[name]) <= {"MemoryError", "OSError"}


def test_each_allocation_may_fail(tmp_path: Path) -> None:
    library = tmp_path / "failing_malloc.so"
    source = PROGRAMS / "failing_malloc.c"
    subprocess.run(["g++", "-x", "c", "-O1", "-shared", "-fPIC", source, "-o", library], check=True, timeout=60)
    result = run_python(str(PROGRAMS / "failing_allocations.py"), PYTHONPATH=PATHS, LD_PRELOAD=str(library))
    assert result.returncode == 0, result.stderr
    for name, (one, all_that_follow) in json.loads(result.stdout).items():
        assert one >= 1, name
        assert all_that_follow >= one, name


def test_threads_that_cannot_be_had() -> None:
    """OpenMP would end the process. A thread that is new to it has no others yet."""
    output = check_python(
        """
import resource, threading, numpy as np, adamas
from pathlib import Path
w, v = np.ones(500_000, np.float32), np.ones(500_000, np.float32)
g = np.full(500_000, 0.5, np.float32)
opt, free = adamas.AdamW(w, num_threads=12), adamas.AdamW(v, num_threads=12)
opt.step(g), free.step(g)
used = [opt._engine.last_threads]
begin = threading.Event()
def work():
    begin.wait()
    opt.step(g)
thread = threading.Thread(target=work)
thread.start()
for limit in (20 << 20, None):
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    now = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (hard if limit is None else now + limit, hard))
    begin.set()
    thread.join()
    free.step(g)
    used.append(opt._engine.last_threads)
    thread = threading.Thread(target=work)
    if limit is None:
        break
    resource.setrlimit(resource.RLIMIT_AS, (hard, hard))
    thread.start()
assert w.tobytes() == v.tobytes()
print(*used)
""",
        GLIBC_TUNABLES="glibc.pthread.stack_cache_size=0",
    )
    before, limited, after = map(int, output.split())
    assert before == after == 12
    assert limited < 12
