"""The settings of OpenMP, parallel regions of other libraries, and their threads: the same bits, and no hang."""

from __future__ import annotations

import functools
import hashlib
from typing import Any

import numpy as np
import pytest
from child import check_python

import adamas

PRELUDE = """
import ctypes, hashlib, threading
import numpy as np, adamas

def train(threads, size=150_000):
    w = np.ones(size, np.float32)
    opt = adamas.AdamW(w, num_threads=threads, max_norm=0.5)
    for step in range(3):
        opt.step(np.random.default_rng(step).standard_normal(size, dtype=np.float32))
    return hashlib.sha256(w).hexdigest()

def library():
    path = adamas.info()["openmp_runtime"]
    assert "gomp" in path, path
    return ctypes.CDLL(path)
"""


@functools.cache
def expected() -> str:
    w = np.ones(150_000, np.float32)
    opt = adamas.reference.AdamW(w, max_norm=0.5)
    for step in range(3):
        opt.step(np.random.default_rng(step).standard_normal(w.size, dtype=np.float32))
    return hashlib.sha256(w.tobytes()).hexdigest()


ENVIRONMENTS: list[dict[str, str]] = [
    {"OMP_NUM_THREADS": "1"},
    {"OMP_DYNAMIC": "true"},
    {"OMP_THREAD_LIMIT": "1"},
    {"OMP_THREAD_LIMIT": "2"},
    {"OMP_WAIT_POLICY": "active"},
    {"OMP_WAIT_POLICY": "passive"},
    {"OMP_PROC_BIND": "close", "OMP_PLACES": "threads"},
    {"OMP_PROC_BIND": "spread"},
    {"GOMP_CPU_AFFINITY": "0"},
    {"OMP_MAX_ACTIVE_LEVELS": "0"},
    {"OMP_MAX_ACTIVE_LEVELS": "3", "OMP_NUM_THREADS": "2,2,2"},
    {"OMP_STACKSIZE": "64K"},
    {"OMP_CANCELLATION": "true", "OMP_SCHEDULE": "dynamic,1"},
]


@pytest.mark.parametrize("environment", ENVIRONMENTS, ids=lambda e: ",".join(f"{k}={v}" for k, v in e.items()))
def test_environment(environment: dict[str, str]) -> None:
    """With the library's own number of threads, and with more than there are processors."""
    printed = check_python(PRELUDE + "print(train(None), train(2), train(7))", **environment)
    assert printed.split() == [expected()] * 3


def test_number_of_threads_set_by_a_call() -> None:
    check_python(
        PRELUDE
        + """
openmp = library()
openmp.omp_set_num_threads(3)
assert adamas.get_num_threads() == 3 and "omp_set_num_threads" in adamas.info()["threads"]["because"]
seen = []
thread = threading.Thread(target=lambda: seen.append(adamas.get_num_threads()))
thread.start(), thread.join()
openmp.omp_set_num_threads(1)
assert adamas.get_num_threads() == 1
openmp.omp_set_dynamic(1)
"""
    )


def test_steps_inside_a_parallel_region() -> None:
    """OpenMP's own threads step: regions within a region."""
    printed = check_python(
        PRELUDE
        + """
openmp = library()
found = []
@ctypes.CFUNCTYPE(None, ctypes.c_void_p)
def body(_):
    found.append(train(2))
for levels in (1, 2):
    openmp.omp_set_max_active_levels(levels)
    openmp.GOMP_parallel(body, None, 3, 0)
found.append(train(2))
print(*found)
"""
    )
    assert printed.split() == [expected()] * 7


def test_steps_from_threads_of_joblib() -> None:
    from sklearn.utils.parallel import Parallel, delayed

    def work(_: int) -> Any:
        w = np.ones(150_000, np.float32)
        opt = adamas.AdamW(w, num_threads=2, max_norm=0.5)
        for step in range(3):
            opt.step(np.random.default_rng(step).standard_normal(w.size, dtype=np.float32))
        return hashlib.sha256(w.tobytes()).hexdigest()

    found = Parallel(n_jobs=4, prefer="threads")(delayed(work)(k) for k in range(12))
    assert found == [expected()] * 12
