"""A network in plain NumPy that several processes train together. Kill them, and go on with another number of them.

    mpiexec -n 4 python -m mpi4py elastic_mpi.py      # kill it at any time
    mpiexec -n 2 python -m mpi4py elastic_mpi.py      # goes on from the last checkpoint

The batch of each step has eight lanes. The processes divide the lanes among themselves, and each owns a part of AdamW's
states. At the end the parameters have the same bits for every number of processes: the table shows their checksum.
(`-m mpi4py` ends all processes if one of them fails.)

Copy this file alone: it needs ``pip install 'adamas[examples,mpi]' mpich``.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from adamas.demo.command_line import add_image_options, make_parser, parse, positive_int
from adamas.demo.extras import require
from adamas.demo.images import load_images
from adamas.demo.mlp import Array, Layers, evaluate, init_mlp, loss_and_grads
from adamas.demo.pictures import GREY, new_picture, series_look
from adamas.demo.program import run_program
from adamas.demo.run import Run
from adamas.demo.table import count_parameters, print_table


def options() -> argparse.Namespace:
    """Read the command line."""
    parser = make_parser("elastic_mpi", __doc__, epochs=30, batch_size=64, lr=2e-3)
    add_image_options(parser)
    parser.add_argument("--hidden", type=positive_int, nargs="*", default=[256, 128], help="default: 256 128")
    parser.add_argument("--lanes", type=positive_int, default=8, help="parts of a batch; default: %(default)s")
    parser.add_argument("--save-every", type=positive_int, default=20, help="steps; default: %(default)s")
    return parse(parser, quick={"epochs": 6})


def main() -> None:
    """Go on from the checkpoint, if there is one; train to the end; report."""
    arguments = options()
    require("this example", ("mpi4py",), "mpi")
    from mpi4py import MPI

    import adamas.sharded

    comm = MPI.COMM_WORLD
    data = load_images(arguments)
    x, y = data.train
    layers = init_mlp([x.shape[1], *arguments.hidden, len(data.kind.classes)], np.random.default_rng(arguments.seed))
    each_epoch = len(y) // arguments.batch_size
    total = arguments.epochs * each_epoch
    schedule = adamas.schedules.Cosine(arguments.lr, 0.0, total)
    opt = adamas.sharded.AdamW(layers, comm=comm, lanes=arguments.lanes, lr=schedule, weight_decay=0.05, max_norm=1.0)

    checkpoint, log = (arguments.output_dir / name for name in ("model.safetensors", "losses.jsonl"))
    done = 0
    if checkpoint.exists():
        opt.load(checkpoint)
        done = opt.state[0]["step"]
    history = read_history(log, done) if comm.rank == 0 else []
    arguments.output_dir.mkdir(parents=True, exist_ok=True)
    start = time.perf_counter()
    with Run(arguments, total, data.kind.name) if comm.rank == 0 else Silent() as run:
        run.step(done)
        for step in range(done, total):
            rows = batch(step, each_epoch, len(y), arguments)
            losses = []
            for lane in opt.lanes:
                loss, grads = loss_and_grads(layers, x[rows[lane]], y[rows[lane]])
                losses.append(loss)
                if lane != opt.lanes[-1]:
                    opt.accumulate(grads)
            opt.step(grads)  # the arrays in layers have changed, in all processes
            of_all = [loss for part in comm.allgather(losses) for loss in part]  # in the order of the lanes
            if comm.rank == 0:
                history.append({"step": step + 1, "loss": float(np.mean(of_all)), "processes": comm.size})
            if (step + 1) % arguments.save_every == 0 or step + 1 == total:
                opt.save(checkpoint)
                if comm.rank == 0:
                    log.write_text("".join(f"{json.dumps(entry)}\n" for entry in history))
            run.step()
    sizes = comm.gather(state_bytes(opt))
    if sizes is not None:  # process 0
        report(arguments, layers, evaluate(layers, *data.test), history, sizes, time.perf_counter() - start)


def batch(step: int, each_epoch: int, count: int, arguments: argparse.Namespace) -> Array:
    """Return the rows of a step, for each lane: whoever asks, the same."""
    epoch, place = divmod(step, each_epoch)
    order = np.random.default_rng([arguments.seed, 2, epoch]).permutation(count)
    rows: Array = order[place * arguments.batch_size :][: arguments.batch_size]
    if len(rows) % arguments.lanes:
        raise ValueError(f"--batch-size: expected a multiple of {arguments.lanes} lanes, got {arguments.batch_size}")
    return rows.reshape(arguments.lanes, -1)


def read_history(log: Path, done: int) -> list[dict[str, Any]]:
    """Return what is known of the steps that the checkpoint has."""
    entries = map(json.loads, log.read_text().splitlines()) if log.exists() else ()
    return [entry for entry in entries if entry["step"] <= done]


def state_bytes(opt: Any) -> int:
    """Return how many bytes of states this process keeps."""
    return sum(
        value.nbytes for entry in opt.state.values() for value in entry.values() if isinstance(value, np.ndarray)
    )


class Silent:
    """What the other processes show of a run: nothing."""

    def __enter__(self) -> Silent:
        return self

    def __exit__(self, *exception: object) -> None:
        pass

    def step(self, count: int = 1) -> None:
        """Do nothing."""


def report(
    arguments: argparse.Namespace,
    layers: Layers,
    tested: tuple[float, float],
    history: list[dict[str, Any]],
    sizes: list[int],
    seconds: float,
) -> None:
    """Draw the losses and what each process keeps, and print the table."""
    picture = arguments.output_dir / "curves.png"
    with new_picture(picture, "several processes, killed and resumed") as (left, right):
        blue = series_look(0)["color"]
        left.plot([entry["step"] for entry in history], [entry["loss"] for entry in history], color=blue, linewidth=1)
        starts = [
            entry
            for before, entry in zip([None, *history], history, strict=False)
            if before is None or before["processes"] != entry["processes"]
        ]
        for number, entry in enumerate(starts):
            left.axvline(entry["step"], color=GREY)
            place = (entry["step"], 0.94 - 0.09 * (number % 3))  # one below the other: they may be near each other
            left.annotate(f" {entry['processes']} processes", place, xycoords=("data", "axes fraction"))
        left.set(xlabel="step", ylabel="loss (nats)", yscale="log")
        right.bar(range(len(sizes)), [size / 2**20 for size in sizes], 0.6, color=blue)
        right.set(xlabel="process", ylabel="states (MiB)", xticks=range(len(sizes)))
    arrays = [array for layer in layers for array in layer.values()]
    checksum = 0
    for array in arrays:
        checksum = zlib.crc32(array.tobytes(), checksum)
    print_table(
        {
            "processes": f"{len(sizes)}, {arguments.lanes} lanes",
            "parameters": f"{count_parameters(*arrays):,}, CRC-32 {checksum:08x}",
            "states of a process": " ".join(f"{size:,}" for size in sizes) + " bytes",
            "test accuracy": f"{tested[1]:.4f}",
            "seconds": f"{seconds:.1f}",
        },
        arguments.output_dir / "model.safetensors",
        picture,
    )


if __name__ == "__main__":
    sys.exit(run_program(main))
