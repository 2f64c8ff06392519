"""Gradients of single rows of an embedding table, against dense steps and torch's SparseAdam.

Run it with ``python bench/sparse_speed.py`` where adamas and torch are installed.
"""

from __future__ import annotations

import argparse
import json
import sys

import numpy as np

import adamas
from adamas.bench.timing import Side, ratio, time_alternately

#: How many steps ago a row had its last gradient, on average, where rows are chosen at random.
STEPS_BEHIND = 250


def adamas_side(mode: str, rows: int, columns: int, count: int, threads: int) -> Side:
    """``adamas.AdamW`` with `RowGrad`: another draw of rows at each step."""
    rng = np.random.default_rng(0)
    table = rng.standard_normal((rows, columns), dtype=np.float32)
    opt = adamas.AdamW({"table": table}, num_threads=threads, sparse={"table": mode})  # type: ignore[dict-item]
    grads = [
        {"table": adamas.RowGrad(rng.integers(0, rows, count), rng.standard_normal((count, columns), dtype=np.float32))}
        for _ in range(2 * STEPS_BEHIND)
    ]
    for grad in grads:
        opt.step(grad)
    step = 0

    def act() -> None:
        nonlocal step
        step += 1
        opt.step(grads[step % len(grads)])

    return Side(act)


def dense_side(rows: int, columns: int, threads: int) -> Side:
    """A dense step of a parameter of that size."""
    rng = np.random.default_rng(1)
    param = rng.standard_normal((rows, columns), dtype=np.float32)
    grad = rng.standard_normal((rows, columns), dtype=np.float32)
    opt = adamas.AdamW(param, num_threads=threads)
    return Side(lambda: opt.step(grad))


def torch_side(rows: int, columns: int, count: int, threads: int) -> Side:
    """``torch.optim.SparseAdam`` on an embedding's sparse gradient, coalesced as it comes from ``backward``."""
    import torch

    torch.set_num_threads(threads)
    rng = np.random.default_rng(0)
    param = torch.nn.Parameter(torch.from_numpy(rng.standard_normal((rows, columns), dtype=np.float32)))
    opt = torch.optim.SparseAdam([param])
    grads = [
        torch.sparse_coo_tensor(
            torch.from_numpy(rng.integers(0, rows, (1, count))),
            torch.from_numpy(rng.standard_normal((count, columns), dtype=np.float32)),
            (rows, columns),
        )
        for _ in range(50)
    ]
    step = 0

    def act() -> None:
        nonlocal step
        step += 1
        param.grad = grads[step % len(grads)]
        opt.step()

    return Side(act)


def measure(rows: int, columns: int, count: int, rounds: int, threads: int) -> dict[str, dict[str, float]]:
    """Return median seconds of each side, and its ratios to the dense steps and to torch."""
    sides = {
        "lazy": adamas_side("lazy", rows, columns, count, threads),
        "exact": adamas_side("exact", rows, columns, count, threads),
        "dense, as many rows": dense_side(count, columns, threads),
        "dense, all rows": dense_side(rows, columns, threads),
        "torch SparseAdam": torch_side(rows, columns, count, threads),
    }
    timings = time_alternately(sides, rounds, 0.0, warm=False)
    return {
        name: {"seconds": timing.median, **{other: ratio(timing, timings[other])[0] for other in list(sides)[2:]}}
        for name, timing in timings.items()
    }


def main() -> int:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--columns", type=int, default=64)
    parser.add_argument("--count", type=int, default=4_096, help="rows that have a gradient; default: %(default)s")
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    rows, columns, count, threads = arguments.rows, arguments.columns, arguments.count, arguments.threads
    table = measure(rows, columns, count, arguments.rounds, threads)
    if arguments.json:
        print(json.dumps({"info": adamas.info(), "table": table}, indent=2))
        return 0
    print(f"{count} of {rows} rows of {columns} columns, {threads} threads, adamas {adamas.active_isa()}")
    for name, row in table.items():
        shares = "   ".join(f"{value:.3f} of {other}" for other, value in row.items() if other != "seconds")
        print(f"{name:<22} {row['seconds'] * 1e3:>9.3f} ms   {shares}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
