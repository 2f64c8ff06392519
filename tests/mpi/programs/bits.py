"""All trials, by the processes of MPI or by one process without it; hashes are written, or compared with those."""

from __future__ import annotations

import json
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from trials import LANES, TRIALS, Trial, digest

import adamas


def of_one(trial: Trial) -> dict[str, str]:
    params = trial.params()
    optimizer = getattr(adamas, trial.optimizer)(params, accumulation="tree", **trial.all_options(params))
    reports = []
    for lanes in trial.grads():
        for grads in lanes[:-1]:
            optimizer.accumulate(grads)
        reports.append(optimizer.step(lanes[-1]))
    return digest(trial, optimizer, params, reports)


def of_several(trial: Trial, comm: Any, *, shared: bool, scoped: bool, machine: Any) -> dict[str, str]:
    import adamas.sharded

    arena = adamas.sharded.SharedArena(trial.params(), comm=comm, lanes=LANES, machine=machine) if shared else None
    params = trial.params() if arena is None else arena.params
    made = getattr(adamas.sharded, trial.optimizer)
    optimizer = made(params, comm=comm, lanes=LANES, **trial.all_options(params))
    reports = []
    for lanes in trial.grads():
        *others, last = (lanes[lane] for lane in optimizer.lanes)
        for grads in others:
            optimizer.accumulate(grads)
        in_arena = arena is not None and (trial.grad_dtype is None or trial.grad_dtype == trial.dtype)
        if arena is not None and in_arena:
            for name, grad in last.items():
                if grad is not None:
                    arena.grads[name][...] = grad
            last = {name: None if grad is None else arena.grads[name] for name, grad in last.items()}
        reports.append(in_scope(optimizer, last) if scoped else optimizer.step(last))
    return digest(trial, optimizer, params, reports)


def in_scope(optimizer: Any, grads: dict[str, Any]) -> Any:
    """Take a step whose gradients are given one after the other."""
    with optimizer.step_scope() as scope:
        for name in reversed(grads):
            if grads[name] is not None:
                optimizer.step_param(name, grads[name])
    return scope.report


def main(path: Path, how: str) -> None:
    warnings.simplefilter("ignore", adamas.PrecisionWarning)
    with np.errstate(all="ignore"):
        if how == "one":
            path.write_text(json.dumps({str(trial): of_one(trial) for trial in TRIALS}))
            return
        from mpi4py import MPI

        comm = MPI.COMM_WORLD
        expected = json.loads(path.read_text())
        machine = comm.Split(comm.rank * 2 // comm.size) if how == "machines" else None
        compared = 0
        wrong = []
        for trial in TRIALS:
            in_arena = how in ("shared", "machines")
            found = of_several(trial, comm, shared=in_arena, scoped=how == "scopes", machine=machine)
            known = expected[str(trial)]
            assert found.keys() == known.keys(), (str(trial), found.keys() ^ known.keys())
            compared += len(found)
            wrong += [(str(trial), name, found[name], known[name]) for name in found if found[name] != known[name]]
        everywhere = comm.allgather(wrong)
        assert not any(everywhere), everywhere[comm.rank][:5] or "another process found differences"
        if comm.rank == 0:
            print(f"{len(TRIALS)} trials, {compared} comparisons, {comm.size} processes, {how}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
