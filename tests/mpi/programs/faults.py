"""What each process says when processes do not do the same; each case must end in an error on all of them."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from mpi4py import MPI

import adamas.sharded

COMM = MPI.COMM_WORLD
RANK, SIZE = COMM.rank, COMM.size
LAST = SIZE - 1
FOLDER = Path(sys.argv[1])


def params() -> dict[str, Any]:
    return {"w": np.ones((64, 64), np.float32), "b": np.ones(700, np.float32)}


def grads(value: float = 0.5) -> dict[str, Any]:
    return {name: np.full(array.shape, value, np.float32) for name, array in params().items()}


def make(arrays: Any = None, **options: Any) -> Any:
    return adamas.sharded.AdamW(params() if arrays is None else arrays, comm=COMM, **options)


def expect(
    name: str, act: Callable[[], Any], error: type[Exception] | tuple[type[Exception], ...], *words: str
) -> None:
    """Check that `act` raises on every process; print what was said."""
    said = ""
    try:
        act()
    except error as raised:
        said = f"{type(raised).__name__}: {raised}"
    everywhere = COMM.allgather(said)
    assert all(everywhere), (name, everywhere)
    assert any(word in text for text in everywhere for word in words) or not words, (name, words, everywhere)
    if RANK == 0:
        for rank, text in enumerate(everywhere):
            print(f"{name} | {rank} | {text}")


def expect_unchanged(name: str, act: Callable[[Any], Any], *words: str, **options: Any) -> None:
    """The same for a step of an optimizer, which is as it was after it, and takes the next step."""
    arrays = params()
    opt = make(arrays, **options)
    opt.step(grads())
    before = opt.state_dict(), {key: array.copy() for key, array in arrays.items()}
    expect(name, lambda: act(opt), (ValueError, TypeError, RuntimeError, FloatingPointError), *words)
    after = opt.state_dict()
    assert after["step"] == 1
    for key, array in arrays.items():
        assert array.tobytes() == before[1][key].tobytes(), name
        for state in ("exp_avg", "exp_avg_sq"):
            assert after["state"][key][state].tobytes() == before[0]["state"][key][state].tobytes(), name
    for group in opt.param_groups:
        group["lr"] = 1e-3
    opt.drop_accumulated()
    assert opt.step(grads()).step == 2


def other_values() -> Any:
    arrays = params()
    if RANK == LAST:
        arrays["b"][3] += 1
    return arrays


def other_shape() -> Any:
    return params() if RANK != LAST else {**params(), "b": np.ones(701, np.float32)}


def other_names() -> Any:
    return params() if RANK != LAST else {"w": params()["w"], "bias": params()["b"]}


expect("other values", lambda: make(other_values()), ValueError, "the values of 'b' must be the same")
expect("other shapes", lambda: make(other_shape()), ValueError, "shape and dtype of 'b' must be the same")
expect("other names", lambda: make(other_names()), ValueError, "the names of parameters must be the same")
expect("other lr", lambda: make(lr=0.1 + RANK), ValueError, "'lr' of param_groups[0] must be the same")
dtypes = {"state_dtype": "int8"} if RANK else {}
expect("other formats", lambda: make(**dtypes), ValueError, "the option state_dtype must be the same")
expect("other lanes", lambda: make(lanes=SIZE + RANK), ValueError, "lanes must be the same")
wrong_option = {"momentum": 1} if RANK == LAST else {}
expect("one cannot be made", lambda: make(**wrong_option), (TypeError, RuntimeError), "no process has changed anything")
expect("too many processes", lambda: make([np.ones(9, np.float32)]), ValueError, "use fewer processes")
expect("too few lanes", lambda: make(lanes=SIZE - 1), ValueError, "at least one for each of")
expect("no communicator", lambda: adamas.sharded.AdamW(params(), comm=None), TypeError, "a communicator of mpi4py")
expect("null communicator", lambda: adamas.sharded.AdamW(params(), comm=MPI.COMM_NULL), ValueError, "null communicator")
freed = COMM.Dup()
freed.Free()
expect("freed communicator", lambda: adamas.sharded.AdamW(params(), comm=freed), ValueError, "was freed")
expect("by rows", lambda: make(sparse={"w": "lazy"}), ValueError, "sparse: not for optimizers of several processes")
expect("in turn", lambda: make(accumulation="sum"), ValueError, "accumulation: lanes are added as a 'tree'")

expect_unchanged("one bad gradient", lambda opt: opt.step(grads() if RANK else {"w": grads()["w"]}), "process 0 cannot")
shared = np.ones(64 * 64 + 700, np.float32)
overlapping = {"w": shared[: 64 * 64].reshape(64, 64), "b": shared[100:800]} if RANK == LAST else grads()
expect_unchanged("gradients that overlap", lambda opt: opt.step(overlapping), "shares memory with", "cannot take part")
expect_unchanged("one bad argument", lambda opt: opt.step(grads(), max_norm="x" if RANK else 1.0), "cannot take part")
expect_unchanged("other arguments", lambda opt: opt.step(grads(), max_norm=1.0 + RANK), "the option max_norm")
missing = {**grads(), "b": None} if RANK == LAST else grads()
expect_unchanged("one without a gradient", lambda opt: opt.step(missing), "the gradient of 'b' must be the same")
wide = {**grads(), "b": grads()["b"].astype(np.float64)} if RANK == LAST else grads()
expect_unchanged("gradients of other dtypes", lambda opt: opt.step(wide), "float32 on process 0, float64 on process")
infinite = grads(np.inf if RANK == LAST else 1.0)
expect_unchanged("not finite", lambda opt: opt.step(infinite, on_nonfinite="raise"), "holds an infinity or NaN")


def change_lr(opt: Any) -> None:
    opt.param_groups[0]["lr"] = 0.5 if RANK == LAST else 1e-3
    opt.step(grads())


def one_cannot_save(opt: Any) -> None:
    opt.save(FOLDER / ("no_such" if RANK == 0 else "") / "x.safetensors")


def one_cannot_load(opt: Any) -> None:
    opt.load(FOLDER / ("whole.safetensors" if RANK else "missing.safetensors"))


def too_few(opt: Any) -> None:
    opt.step(grads())


make().save(FOLDER / "whole.safetensors")
expect_unchanged("another lr in a step", change_lr, "'lr' of param_groups[0] must be the same")
expect("one cannot save", lambda: one_cannot_save(make()), OSError)
assert sorted(each.name for each in FOLDER.iterdir()) == ["whole.safetensors"] or RANK
expect("one cannot load", lambda: one_cannot_load(make()), (OSError, RuntimeError), "process 0 cannot take part")
expect("too few lanes given", lambda: too_few(make(lanes=2 * SIZE)), ValueError, "has those of 1")
expect("too many lanes given", lambda: make().accumulate(grads()), ValueError, "computes the gradients of 1 lane in")


def one_calls_another(opt: Any) -> None:
    opt.step(grads()) if RANK else opt.state_dict()


expect_unchanged("another call", one_calls_another, "the call must be the same")


def one_leaves_a_scope(opt: Any) -> None:
    with opt.step_scope():
        opt.step_param("w", grads()["w"])
        if RANK == LAST:
            raise ValueError("something else")
        opt.step_param("b", grads()["b"])


expect_unchanged("one leaves a scope", one_leaves_a_scope, "cannot take part", "something else")

damaged = FOLDER / "damaged.safetensors"
if RANK == 0:
    data = bytearray((FOLDER / "whole.safetensors").read_bytes())
    data[-5] ^= 1
    damaged.write_bytes(data)
COMM.Barrier()
expect("a damaged file", lambda: make().load(damaged), (ValueError, RuntimeError), "is damaged")
other_machines = SIZE > 1
arenas = {"w": (3, 4 + RANK)}
if other_machines:
    expect("arenas that differ", lambda: adamas.sharded.SharedArena(arenas, comm=COMM), ValueError, "of other shapes")
