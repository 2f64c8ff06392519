"""Instruction sets, threads, processes, memory: adamas as a citizen of its process and machine."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from child import check_python, run_python
from threadpoolctl import threadpool_info, threadpool_limits

import adamas
from adamas import _core
from adamas._inputs.hyperparameters import MAX_THREADS


def info(**options: Any) -> Any:
    result = run_python("-m", "adamas", "info", "--json", **options)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def test_info_is_true() -> None:
    report = info()
    assert report["version"] == adamas.__version__
    assert report["isa"]["active"] == report["isa"]["available"][0] == adamas.available_isas()[0]
    assert report["isa"]["compiled"][-1] == "scalar"
    processors = len(os.sched_getaffinity(0))
    assert report["threads"]["limit"] == min(processors, _core.probes.cpu_quota("") or processors)
    assert Path(report["openmp_runtime"]).is_file()
    assert (Path(report["cmake_prefix"]) / "lib" / "cmake" / "adamas" / "adamasConfig.cmake").is_file()
    assert report["rules"] == {name: list(rule.states) for name, rule in _core.rules().items()}


def test_info_table() -> None:
    result = run_python("-m", "adamas", "info", ADAMAS_ISA="scalar", OMP_NUM_THREADS="1")
    assert "instruction set  scalar (available: " in result.stdout
    assert "threads          up to 1 (OMP_NUM_THREADS), one for each 512 KiB" in result.stdout


def test_available_isas_are_those_of_the_processor() -> None:
    flags = set(Path("/proc/cpuinfo").read_text().split())
    expected = [isa for isa, flag in [("avx512", "avx512f"), ("avx2", "avx2"), ("neon", "asimd")] if flag in flags]
    assert adamas.available_isas() == [*expected, "scalar"]


@pytest.mark.parametrize("isa", adamas.available_isas())
def test_isa_by_environment(isa: str) -> None:
    assert info(ADAMAS_ISA=isa)["isa"]["active"] == isa


def test_isa_by_name() -> None:
    for isa in adamas.available_isas():
        adamas.use_isa(isa)
        assert adamas.active_isa() == isa
    with pytest.raises(ValueError, match="use_isa asks for 'mmx': no instruction set of that name is compiled"):
        adamas.use_isa("mmx")
    with pytest.raises(TypeError, match=r"name: expected a str, one of .*scalar, got 3"):
        adamas.use_isa(3)  # type: ignore[arg-type]
    assert adamas.active_isa() == adamas.available_isas()[-1]


def test_unknown_isa_in_environment_stops_a_step_but_not_the_import() -> None:
    output = check_python(
        """
import numpy, adamas
w = numpy.ones(3)
try:
    adamas.AdamW(w).step(numpy.ones(3))
except ValueError as error:
    print(error, w.tolist())
""",
        ADAMAS_ISA="sse9",
    )
    assert output.startswith("The environment variable ADAMAS_ISA asks for 'sse9': no instruction set of that name")
    assert output.endswith("[1.0, 1.0, 1.0]\n")
    failed = run_python("-m", "adamas", "info", ADAMAS_ISA="sse9")
    assert failed.returncode == 1
    assert failed.stderr.startswith("adamas: error: The environment variable ADAMAS_ISA")


THREAD_SETTINGS = [
    ({"OMP_NUM_THREADS": "1"}, 1, "OMP_NUM_THREADS"),
    ({"OMP_NUM_THREADS": "3,2"}, 3, "OMP_NUM_THREADS"),
    ({"ADAMAS_NUM_THREADS": "5"}, 5, "ADAMAS_NUM_THREADS"),
    ({"ADAMAS_NUM_THREADS": "5", "OMP_NUM_THREADS": "2"}, 5, "ADAMAS_NUM_THREADS"),
]


@pytest.mark.parametrize(("environment", "count", "reason"), THREAD_SETTINGS)
def test_threads_by_environment(environment: dict[str, str], count: int, reason: str) -> None:
    threads = info(**environment)["threads"]
    assert (threads["limit"], threads["because"]) == (count, reason)


def test_threads_by_affinity() -> None:
    threads = info(preexec_fn=lambda: os.sched_setaffinity(0, {min(os.sched_getaffinity(0))}))["threads"]
    assert (threads["limit"], threads["because"]) == (1, "the processors this process may run on")


@pytest.mark.parametrize("value", ["0", "-1", "two", "1.5", "4,2", "1025"])
def test_bad_thread_count_in_environment(value: str) -> None:
    result = run_python("-m", "adamas", "info", ADAMAS_NUM_THREADS=value)
    assert result.returncode == 1
    message = "the environment variable ADAMAS_NUM_THREADS must be a whole number from 1 to 1024"
    assert result.stderr == f"adamas: error: {message}, got '{value}'\n"


def test_set_num_threads() -> None:
    assert _core.max_threads == MAX_THREADS
    automatic = adamas.get_num_threads()
    adamas.set_num_threads(7)
    assert adamas.get_num_threads() == 7
    adamas.set_num_threads(0)
    assert adamas.get_num_threads() == automatic
    for bad, error in [(-1, ValueError), (1025, ValueError), (1.0, TypeError), (True, TypeError), ("2", TypeError)]:
        with pytest.raises(error, match="count: expected a whole number from 0 to 1024"):
            adamas.set_num_threads(bad)  # type: ignore[arg-type]


def test_threadpoolctl_sees_and_limits() -> None:
    assert any(pool["user_api"] == "openmp" for pool in threadpool_info())
    adamas.set_num_threads(4)
    with threadpool_limits(1, user_api="openmp"):
        assert adamas.get_num_threads() == 1
        assert "omp_set_num_threads" in adamas.info()["threads"]["because"]
    assert adamas.get_num_threads() == 4


def threads_used(elements: int, **options: Any) -> Any:
    opt = adamas.AdamW(np.zeros(elements, np.float32), **options)
    opt.step(np.ones(elements, np.float32))
    return int(opt._engine.last_threads)


def test_thread_count_grows_with_the_work() -> None:
    adamas.set_num_threads(4)
    per_thread = _core.bytes_per_thread() // 28
    assert threads_used(1000) == 1
    assert threads_used(2 * per_thread - 1000) == 1
    assert threads_used(2 * per_thread) == 2
    assert threads_used(3 * per_thread) == 3
    assert threads_used(100 * per_thread) == 4
    assert threads_used(100 * per_thread, num_threads=2) == 2
    assert threads_used(100 * per_thread, num_threads=1) == 1


def test_oversubscribed_processors_are_left_alone_for_a_while() -> None:
    code = """
from adamas import _core
from adamas._inputs.hyperparameters import MAX_THREADS
assert not _core.probes.is_oversubscribed()
_core.probes.report_region(900, 1000)      # short waits and
_core.probes.report_region(2000, 10000)    # small shares are nothing
assert not _core.probes.is_oversubscribed()
pauses = []
for _ in range(6):
    _core.probes.report_region(2000, 2100)
    pauses.append(0)
    while _core.probes.is_oversubscribed():
        pauses[-1] += 1
assert pauses == [64, 256, 1024, 4096, 4096, 4096], pauses
for _ in range(64 * 10):
    _core.probes.report_region(0, 1000)
_core.probes.report_region(2000, 2100)
assert sum(_core.probes.is_oversubscribed() for _ in range(1000)) == 64
"""
    check_python(code)


QUOTAS = [
    ("0::/\n", {"sys/fs/cgroup/cpu.max": "150000 100000"}, 2),
    ("0::/\n", {"sys/fs/cgroup/cpu.max": "max 100000"}, 0),
    ("0::/a/b\n", {"sys/fs/cgroup/a/cpu.max": "100000 100000", "sys/fs/cgroup/a/b/cpu.max": "400000 100000"}, 1),
    ("0::/gone\n", {"sys/fs/cgroup/cpu.max": "300000 100000"}, 3),
    (
        "3:cpuset:/\n2:cpu,cpuacct:/job\n",
        {"sys/fs/cgroup/cpu/job/cpu.cfs_quota_us": "250000", "sys/fs/cgroup/cpu/job/cpu.cfs_period_us": "100000"},
        3,
    ),
    ("1:cpu:/\n", {"sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1", "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000"}, 0),
    ("nonsense\n", {}, 0),
]


@pytest.mark.parametrize(("groups", "files", "expected"), QUOTAS)
def test_cpu_quota(groups: str, files: dict[str, str], expected: int, tmp_path: Path) -> None:
    for name, content in {"proc/self/cgroup": groups, **files}.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    assert _core.probes.cpu_quota(str(tmp_path)) == expected


def test_fork_after_threads() -> None:
    """Libgomp would hang in the child: its threads do not survive the fork."""
    output = check_python(
        """
import os, numpy as np, adamas
adamas.set_num_threads(2)
w, v = np.ones(500_000, np.float32), np.ones(500_000, np.float32)
opt, plain = adamas.AdamW(w), adamas.reference.AdamW(v)
g = np.random.default_rng(0).standard_normal(500_000).astype(np.float32)
opt.step(g); plain.step(g)
assert opt._engine.last_threads == 2
child = os.fork()
opt.step(g); plain.step(g)
assert w.tobytes() == v.tobytes()
assert opt._engine.last_threads == (2 if child else 1)
if child == 0:
    assert "forked" in adamas.info()["threads"]["because"]
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
print("both")
"""
    )
    assert output == "both\n"


def test_import_does_no_work_and_needs_no_demo_extras() -> None:
    output = check_python(
        """
import sys, threading, os
import numpy
threads = len(os.listdir("/proc/self/task"))
import adamas
assert len(os.listdir("/proc/self/task")) == threads
print([m for m in ("sklearn", "matplotlib", "tqdm", "torch", "scipy") if m in sys.modules])
"""
    )
    assert output == "[]\n"


MEMORY = """
import os, resource, sys
import numpy as np, adamas
def resident():
    return int(open("/proc/self/statm").read().split()[1]) * resource.getpagesize()
count, size = map(int, sys.argv[1:])
warm = np.ones(200_000, np.float32)
adamas.AdamW(warm, num_threads=2).step(np.ones_like(warm))
params = [np.ones(size, np.float32) for _ in range(count)]
grads = [np.ones(size, np.float32) for _ in range(count)]
before = resident()
opt = adamas.AdamW(params, num_threads=2)
for _ in range(3):
    opt.step(grads)
print(resident() - before - 2 * 4 * size * count)
"""


@pytest.mark.parametrize(("count", "size"), [(1, 16_000_000), (1000, 1000), (10_000, 10)])
def test_memory_beyond_the_moments(count: int, size: int) -> None:
    result = run_python("-c", MEMORY, str(count), str(size))
    assert result.returncode == 0, result.stderr
    assert int(result.stdout) < 2**20 + 2**10 * count
