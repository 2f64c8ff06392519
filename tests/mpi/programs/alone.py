"""Checks without a comparison: memory of states, threads of MPI, arenas of other communicators, printed texts."""

from __future__ import annotations

from typing import Any

import numpy as np
from mpi4py import MPI

import adamas
import adamas.sharded

COMM = MPI.COMM_WORLD


def bytes_of(opt: Any) -> int:
    return sum(
        array.nbytes for entry in opt.state.values() for array in entry.values() if isinstance(array, np.ndarray)
    )


def refusal(act: Any, kind: type[Exception]) -> str:
    try:
        act()
    except kind as error:
        return str(error)
    return ""


def check_memory() -> None:
    """States are divided, to within 1 % and 1 MiB; formats count, too."""
    params = [np.ones(3_000_001, np.float32), np.ones((700, 900), np.float32), np.ones(5, np.float32)]
    for options in ({}, {"state_dtype": "int8"}, {"average": adamas.EMA()}, {"amsgrad": True}):
        whole = bytes_of(adamas.AdamW([param.copy() for param in params], **options))
        mine = bytes_of(adamas.sharded.AdamW([param.copy() for param in params], comm=COMM, **options))
        assert abs(mine - whole / COMM.size) < 0.01 * whole / COMM.size + 2**20, (options, mine, whole)
        assert COMM.allreduce(mine) == whole, options


def check_threads() -> None:
    w = np.ones(2000, np.float32)
    opt = adamas.sharded.AdamW(w, comm=COMM)
    if MPI.Query_thread() < MPI.THREAD_MULTIPLE:
        assert "without support for threads" in refusal(lambda: opt.step_async(np.ones_like(w)), RuntimeError)
        opt.step(np.ones_like(w))
    else:
        assert opt.step_async(np.ones_like(w)).result().step == 1
    assert (w < 1.0).all()


def check_arenas() -> None:
    half = COMM.Split(COMM.rank % 2)
    arena = adamas.sharded.SharedArena({"w": (2000,)}, comm=half)
    if COMM.size > 1:
        said = refusal(lambda: adamas.sharded.AdamW(arena.params, comm=COMM), ValueError)
        assert "SharedArena of other processes" in said, said
    opt = adamas.sharded.AdamW(arena.params, comm=half)
    arena.grads["w"][...] = 1.0
    assert opt.step(arena.grads).step == 1
    assert (arena.params["w"] < 0.0).all()
    assert "2,000" in repr(arena)
    assert f"{half.size} process" in repr(arena)
    assert "step 1" in repr(opt)


def check_scopes() -> None:
    """Large gradients that travel early, in another order on each process, give the bits of `step`."""
    sizes = {"a": 300_000, "b": 10, "c": 700_000, "d": 90_000, "e": 250_000}
    rng = np.random.default_rng(COMM.rank)
    opts = []
    for _ in range(2):
        params = {name: np.ones(size, np.float32) for name, size in sizes.items()}
        opts.append((adamas.sharded.AdamW(params, comm=COMM, max_norm=1.0), params))
    (scoped, ours), (plain, theirs) = opts
    for number in range(5):
        kind = np.float64 if number == 1 else np.float32
        grads: dict[str, Any] = {name: rng.standard_normal(size).astype(kind) for name, size in sizes.items()}
        if number == 2:
            grads["c"] = None
        if number == 3:
            leave_scope(scoped, grads["a"])
        names = list(rng.permutation(list(sizes)))
        with scoped.step_scope() as scope:
            for name in names:
                if grads[name] is not None:
                    scoped.step_param(name, grads[name])
        assert plain.step(grads) == scope.report
        for name, array in ours.items():
            assert array.tobytes() == theirs[name].tobytes(), (number, name)


def leave_scope(opt: Any, grad: Any) -> None:
    """One process leaves by an error; all of them hear of it, and nothing has changed."""
    try:
        with opt.step_scope():
            opt.step_param("a", grad)
            if COMM.rank == 0:
                raise ValueError("no more")
    except (ValueError, RuntimeError) as error:
        said = str(error)
    else:
        said = ""
    assert "no more" in said, said


check_memory()
check_threads()
check_scopes()
check_arenas()
if COMM.rank == 0:
    print("all is well")
