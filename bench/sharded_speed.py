"""Steps by several processes, against what people write by hand: medians, alternately, in one run.

    mpiexec -n 2 python -m mpi4py bench/sharded_speed.py
    torchrun --nproc-per-node 2 bench/sharded_speed.py --torch

A step is all that there is between the gradients of each process's part of the batch and new parameters on all. With
mpi4py: `Allreduce` and a whole step on each process (of adamas, and of torch, if it is installed); `Reduce_scatter`, a
step of a half, and `Allgather`, tensor by tensor. With torch.distributed on gloo: gradients averaged in buckets of 25
MiB, as DistributedDataParallel does, and ZeroRedundancyOptimizer with torch's fused AdamW. One thread for each process.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

import adamas

GPT2 = [
    (50257, 768), (1024, 768),
    *[
        (768,), (768,), (768, 2304), (2304,), (768, 768), (768,),
        (768,), (768,), (768, 3072), (3072,), (3072, 768), (768,),
    ] * 12,
    (768,), (768,),
]  # fmt: skip
WORK = {"16.7M": [(16_777_216,)], "1,000 x 1,000": [(1000,)] * 1000, "GPT-2 small": GPT2}

Step = Callable[[], Any]


def measure(steps: Mapping[str, Step], wait: Step, repeats: int) -> dict[str, float]:
    """Return the median of each step in milliseconds; all processes begin and end together."""
    times: dict[str, list[float]] = {name: [] for name in steps}
    for turn in range(repeats + 2):
        for name, step in steps.items():
            wait()
            start = time.perf_counter()
            step()
            wait()
            if turn >= 2:
                times[name].append(1e3 * (time.perf_counter() - start))
    return {name: float(np.median(values)) for name, values in times.items()}


def show(work: str, found: Mapping[str, float]) -> None:
    """Print one piece of work: milliseconds, and ratios to each of the ways of others."""
    ours = {name: value for name, value in found.items() if name.startswith("adamas")}
    others = {name: value for name, value in found.items() if name not in ours}
    print(f"\n{work}")
    for name, value in found.items():
        ratios = "".join(f"  {value / other:6.3f} of {which}" for which, other in others.items() if name in ours)
        print(f"  {name:34} {value:8.2f} ms{ratios}", flush=True)


def with_mpi(repeats: int) -> None:
    """Compare with what is written by hand with mpi4py."""
    from mpi4py import MPI

    for work in ("16.7M", "1,000 x 1,000"):
        found = measure(steps_with_mpi(MPI.COMM_WORLD, WORK[work]), MPI.COMM_WORLD.Barrier, repeats)
        if MPI.COMM_WORLD.rank == 0:
            show(f"{work}, {MPI.COMM_WORLD.size} processes", found)


def steps_with_mpi(comm: Any, shapes: Any) -> dict[str, Step]:
    """Return all ways to take a step."""
    import adamas.sharded

    def params() -> list[Any]:
        return [np.full(shape, 0.5, np.float32) for shape in shapes]

    rng = np.random.default_rng(comm.rank)
    grads = [rng.standard_normal(shape, dtype=np.float32) for shape in shapes]
    sums = [np.empty_like(grad) for grad in grads]
    arena = adamas.sharded.SharedArena(params(), comm=comm)
    for mine, grad in zip(arena.grads, grads, strict=True):
        mine[...] = grad
    whole, plain = adamas.AdamW(params()), adamas.AdamW(params())
    alone, shared = (adamas.sharded.AdamW(given, comm=comm) for given in (params(), arena.params))
    steps: dict[str, Step] = {
        "Allreduce, whole step": in_turn(
            lambda: reduce_all(comm, grads, sums), lambda: whole.step(sums, grad_scale=float(comm.size))
        )
    }
    if fused := torch_step(params(), sums):
        steps["Allreduce, torch's fused step"] = in_turn(lambda: reduce_all(comm, grads, sums), fused)
    steps["Reduce_scatter, step, Allgather"] = by_hand(comm, grads, params())
    steps["adamas.sharded, messages"] = lambda: alone.step(grads)
    steps["adamas.sharded, shared window"] = lambda: shared.step(arena.grads)
    steps["one process's step, no other"] = lambda: plain.step(grads)
    return steps


def in_turn(*steps: Step) -> Step:
    """Return a step that takes several."""

    def step() -> None:
        for each in steps:
            each()

    return step


def reduce_all(comm: Any, grads: list[Any], sums: list[Any]) -> None:
    """Sum gradients up on all processes."""
    for grad, total in zip(grads, sums, strict=True):
        comm.Allreduce(grad, total)


def by_hand(comm: Any, grads: list[Any], params: list[Any]) -> Step:
    """Return the step of which each process takes its part of each tensor."""
    from mpi4py import MPI

    parts = [np.array_split(param.reshape(-1), comm.size)[comm.rank] for param in params]
    received = [np.empty_like(part) for part in parts]
    opt = adamas.AdamW(parts)

    def step() -> None:
        for grad, part in zip(grads, received, strict=True):
            comm.Reduce_scatter_block(grad, part)
        opt.step(received, grad_scale=float(comm.size))
        for param in params:
            comm.Allgather(MPI.IN_PLACE, param)

    return step


def torch_step(params: list[Any], grads: list[Any]) -> Step | None:
    """Return torch's fused step, if torch is there."""
    try:
        import torch
    except ImportError:
        return None
    torch.set_num_threads(1)
    tensors = [torch.nn.Parameter(torch.from_numpy(param)) for param in params]
    for tensor, grad in zip(tensors, grads, strict=True):
        tensor.grad = torch.from_numpy(grad)
    step: Step = torch.optim.AdamW(tensors, fused=True).step
    return step


def with_torch(repeats: int) -> None:
    """Compare with ZeroRedundancyOptimizer."""
    import torch
    import torch.distributed as dist
    from torch.distributed.optim import ZeroRedundancyOptimizer

    import adamas.sharded.torch

    torch.set_num_threads(1)
    dist.init_process_group("gloo")
    rank, size = dist.get_rank(), dist.get_world_size()
    for work in ("GPT-2 small", "1,000 x 1,000"):

        def params(shapes: Any = WORK[work]) -> list[Any]:
            torch.manual_seed(0)
            return [torch.nn.Parameter(0.02 * torch.randn(shape)) for shape in shapes]

        theirs, ours = params(), params()
        zero = ZeroRedundancyOptimizer(theirs, torch.optim.AdamW, fused=True, lr=1e-3)
        sharded = adamas.sharded.torch.__dict__["AdamW"](ours, lr=1e-3)
        for param, other in zip(theirs, ours, strict=True):
            param.grad = (rank + 1) * 0.01 * torch.randn(param.shape)
            other.grad = param.grad.clone()

        def averaged(tensors: list[Any] = theirs, opt: Any = zero) -> None:
            average([tensor.grad for tensor in reversed(tensors)], size)
            opt.step()

        steps: dict[str, Step] = {"all_reduce, ZeroRedundancyOptimizer": averaged, "adamas.sharded.torch": sharded.step}
        found = measure(steps, dist.barrier, repeats)
        if rank == 0:
            show(f"{work}, {size} processes", found)
    dist.destroy_process_group()


def average(grads: list[Any], size: int) -> None:
    """Average gradients over processes, in buckets of 25 MiB, while the next one is being filled."""
    import torch
    import torch.distributed as dist

    buckets: list[list[Any]] = [[]]
    for grad in grads:
        if sum(each.nbytes for each in buckets[-1]) > 25 << 20:
            buckets.append([])
        buckets[-1].append(grad)
    begun = []
    for bucket in buckets:
        flat = torch.cat([grad.reshape(-1) for grad in bucket])
        begun.append((bucket, flat, dist.all_reduce(flat, async_op=True)))
    for bucket, flat, work in begun:
        work.wait()
        for grad, part in zip(bucket, flat.div_(size).split([grad.numel() for grad in bucket]), strict=True):
            grad.copy_(part.view_as(grad))


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--torch", action="store_true", help="torch.distributed instead of mpi4py")
    parser.add_argument("--repeats", type=int, default=25, help="repetitions of each step; default: %(default)s")
    arguments = parser.parse_args()
    adamas.set_num_threads(1)
    (with_torch if arguments.torch else with_mpi)(arguments.repeats)


if __name__ == "__main__":
    main()
