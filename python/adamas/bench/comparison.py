"""One peer against adamas and the byte limit, in a separate process.

So the threads, allocator and OpenMP runtime of one framework do not disturb the figures of another, and a crash ends
one comparison only. ``python -m adamas.bench.comparison`` reads one job per line from standard input and answers each
with a line of JSON.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from adamas.bench.byte_limit import limit_of_bytes
from adamas.bench.machine import child_environment
from adamas.bench.peers import PEERS, Adamas, Peer, Run
from adamas.bench.scenarios import find_workload
from adamas.bench.timing import Side, ratio, rounds_within, time_alternately
from adamas.bench.workload import CHECK_STEPS, Problem, Workload, tolerance, update_error

__all__ = ["Job", "compare", "run_jobs"]

#: Arrays of fewer bytes stay in a processor's cache; then a turn is many steps.
_CACHE_BYTES = 1 << 26
_TURN_SECONDS = 5e-3
#: A job that has not answered so long after its timing should be over is given up.
_PATIENCE_SECONDS = 600.0


@dataclass(frozen=True)
class Job:
    """One comparison: a peer, a scenario, threads, and about how many seconds it takes."""

    peer: str
    scenario: str
    threads: int
    seconds: float


def compare(peer: Peer, workload: Workload, threads: int, seconds: float) -> dict[str, Any]:
    """Check that both sides compute the same update, then time them alternately.

    Returns:
        Seconds of a step, and the ratios of medians with quartiles: ``of_peer`` (adamas to the peer), ``of_limit``
        (adamas to the byte limit). ``error``: the error of both sides after some steps.

    Raises:
        ValueError: A side computes another update; the message names it and its error.
    """
    if not peer.decays:
        workload = replace(workload, weight_decay=0.0)
    problem = Problem(workload)
    both = {"adamas": Adamas(), "peer": peer}
    runs = {name: side.start(workload, problem.params, problem.grads, threads) for name, side in both.items()}
    errors = {name: _checked(both[name].name, run, problem) for name, run in runs.items()}
    sides = {name: _side(run) for name, run in runs.items()}
    sides["limit"] = limit_of_bytes(workload.size * workload.bytes_per_parameter, threads)
    in_cache = workload.size * workload.bytes_per_parameter < _CACHE_BYTES
    turn = _TURN_SECONDS if in_cache else 0.0
    timings = time_alternately(sides, rounds_within(sides, turn, seconds), turn)
    return {
        "seconds": {name: timing.median for name, timing in timings.items()},
        "of_peer": ratio(timings["adamas"], timings["peer"]),
        "of_limit": ratio(timings["adamas"], timings["limit"]),
        "error": errors,
        "rounds": len(timings["adamas"].rounds),
        "size": workload.size,
        "tensors": len(workload.shapes),
    }


def _checked(name: str, run: Run, problem: Problem) -> float:
    """Take the first steps, and return their error."""
    for i in range(CHECK_STEPS // run.steps):
        run.refresh(i % 2)
        run.step()
    error = update_error(problem, [np.asarray(run.param(i)) for i in problem.sampled()])
    allowed = tolerance(problem.workload)
    if not error <= allowed:
        raise ValueError(f"{name} computes something else: off by {error:.2g} of the update, {allowed:g} is allowed")
    return error


def _side(run: Run) -> Side:
    turns = 0

    def refresh() -> None:
        nonlocal turns
        turns += 1
        run.refresh(turns % 2)

    if run.consumes:
        return Side(run.step, before_step=refresh, steps=run.steps)
    return Side(run.step, before_turn=refresh, steps=run.steps)


def run_jobs(jobs: list[Job]) -> Iterator[tuple[Job, dict[str, Any]]]:
    """Run jobs of one peer and one number of threads in a process. After a crash, a new process runs the others.

    Yields:
        Each job with its result, or with ``{"failed": why}``.
    """
    left = list(jobs)
    while left:
        with _Child(left[0].threads) as child:
            while left:
                job = left.pop(0)
                result = child.ask(job)
                yield job, result
                if "died" in result:
                    break


class _Child:
    """A process that answers jobs."""

    def __init__(self, threads: int) -> None:
        environment = child_environment(threads)
        command = [sys.executable, "-m", "adamas.bench.comparison"]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
        )
        self._complaints: list[str] = []
        self._reader = threading.Thread(target=self._read_complaints, daemon=True)
        self._reader.start()

    def __enter__(self) -> _Child:
        return self

    def __exit__(self, *_: object) -> None:
        stdin, stdout, stderr = self._process.stdin, self._process.stdout, self._process.stderr
        assert stdin is not None
        assert stdout is not None
        assert stderr is not None
        with contextlib.suppress(BrokenPipeError):  # there may be something left to write
            stdin.close()
        try:
            self._process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reader.join()
        stdout.close()
        stderr.close()

    def ask(self, job: Job) -> dict[str, Any]:
        """Send a job and wait for the answer."""
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        watch = threading.Timer(_PATIENCE_SECONDS + 10 * job.seconds, self._process.kill)
        watch.start()
        try:
            stdin.write(json.dumps(asdict(job)) + "\n")
            stdin.flush()
            answer = stdout.readline()
        except BrokenPipeError:
            answer = ""
        finally:
            watch.cancel()
        if answer:
            result: dict[str, Any] = json.loads(answer)
            return result
        self._process.wait()
        self._reader.join(timeout=5)
        last = self._complaints[-1] if self._complaints else "it said nothing"
        return {"failed": f"its process ended with {self._process.returncode}: {last}", "died": True}

    def _read_complaints(self) -> None:
        assert self._process.stderr is not None
        for line in self._process.stderr:
            if line.strip():
                self._complaints = [*self._complaints[-20:], line.strip()]


def _answer(job: Job) -> Mapping[str, Any]:
    try:
        peer = PEERS[job.peer]
        result = compare(peer, find_workload(job.scenario), job.threads, job.seconds)
        return {**result, "versions": peer.versions(), "note": peer.note}
    except Exception as error:
        lines = str(error).splitlines() or [""]
        return {"failed": f"{type(error).__name__}: {lines[0]}"}


def _main() -> None:
    """Answer jobs; whatever a framework prints goes to standard error."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    bound = False
    for line in sys.stdin:
        job = Job(**json.loads(line))
        if not bound and hasattr(os, "sched_setaffinity"):
            os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: job.threads])
            bound = True
        print(json.dumps(_answer(job)), file=answers, flush=True)


if __name__ == "__main__":
    _main()
