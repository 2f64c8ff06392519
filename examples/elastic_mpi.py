"""A network in plain NumPy that several processes train together; killed and resumed with any number of them.

    mpiexec -n 4 python -m mpi4py examples/elastic_mpi.py      # kill it, whenever you like
    mpiexec -n 2 python -m mpi4py examples/elastic_mpi.py      # goes on where the last checkpoint was

Each step's batch has eight lanes, which the processes share out among themselves; each owns a part of AdamW's states.
The parameters end with the same bits, whoever trained them: the table tells their checksum. (`-m mpi4py` ends all
processes if one of them fails.)
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

from adamas.demo.extras import require
from adamas.demo.mlp import Array, Layers, evaluate, init_mlp, loss_and_grads
from support.images import load_images
from support.options import add_image_options, make_parser, parse, positive_int
from support.pictures import new_figure, save_figure
from support.program import run_program
from support.run import Run
from support.table import count_parameters, print_table


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
    require("this example", ("mpi4py",), "mpi")
    from mpi4py import MPI

    import adamas.sharded

    arguments = options()
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
    figure, (left, right) = new_figure("several processes, killed and resumed")
    steps = [entry["step"] for entry in history]
    left.plot(steps, [entry["loss"] for entry in history], linewidth=0.8)
    for before, entry in zip([None, *history], history, strict=False):
        if before is None or before["processes"] != entry["processes"]:
            left.axvline(entry["step"], color="grey", linewidth=0.8)
            left.annotate(
                f" by {entry['processes']}", (entry["step"], 0.92), xycoords=("data", "axes fraction"), color="grey"
            )
    left.set(xlabel="step, by so many processes", ylabel="loss (nats)", yscale="log")
    right.bar(range(len(sizes)), [size / 2**20 for size in sizes])
    right.set(xlabel="process", ylabel="states (MiB)", xticks=range(len(sizes)))
    picture = arguments.output_dir / "curves.png"
    save_figure(figure, picture)
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
