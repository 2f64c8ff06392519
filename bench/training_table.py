"""The training table: what low-precision states and parameters do to a training run, beside float32.

All rows of a seed start from the same weights and see the same batches. It wants the files of Fashion-MNIST, and takes
minutes: ``pip install '.[low-precision]' && python bench/training_table.py``.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from low_precision_runs import VARIANTS, Result, check_split32, run
from low_precision_tasks import Task, images, text
from threadpoolctl import threadpool_limits

import adamas
from adamas.bench.tables import format_table, with_range

HEADING = ["", "training loss", "held-out loss", "to float32", "accuracy, %", "bytes"]
_QUICK = 60


def train_all(task: Task, seeds: int, steps: int, say: bool) -> dict[str, list[Result]]:
    """Train every variant from every seed."""
    results: dict[str, list[Result]] = {}
    for variant in VARIANTS:
        start = time.perf_counter()
        results[variant.name] = [run(task, variant, seed, steps) for seed in range(seeds)]
        if say:
            print(f"{variant.name}: {time.perf_counter() - start:.1f} s", file=sys.stderr, flush=True)
    return results


def cells(name: str, results: Sequence[Result], base: Sequence[Result]) -> list[str]:
    """One row of the table; the difference to float32 is taken seed by seed."""
    differences = [a.loss - b.loss for a, b in zip(results, base, strict=True)]
    return [
        name,
        with_range([result.train_loss for result in results], 4),
        with_range([result.loss for result in results], 4),
        f"{sum(differences) / len(differences):+.4f}",
        with_range([100.0 * result.accuracy for result in results], 2),
        f"{results[0].bytes_per_parameter:.2f}",
    ]


def main() -> int:
    """Train and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=2_500, help="default: %(default)s")
    parser.add_argument("--seeds", type=int, default=3, help="default: %(default)s")
    parser.add_argument("--threads", type=int, default=1, help="threads of BLAS and adamas; default: %(default)s")
    parser.add_argument("--quick", action="store_true", help=f"{_QUICK} steps and one seed, as a test of the program")
    parser.add_argument("--data-dir", type=Path, help="folder of the Fashion-MNIST idx files")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true")
    form.add_argument("--markdown", action="store_true")
    arguments = parser.parse_args()
    steps, seeds = (_QUICK, 1) if arguments.quick else (arguments.steps, arguments.seeds)
    if min(steps, seeds, arguments.threads) < 1:
        parser.error("--steps, --seeds and --threads are at least 1")

    report: list[dict[str, object]] = []
    with threadpool_limits(arguments.threads):
        for task in (images(arguments.data_dir), text()):
            check = check_split32(task, 0, min(steps, 300))
            results = train_all(task, seeds, steps, say=not arguments.quick)
            rows = {name: [result.as_dict() for result in runs] for name, runs in results.items()}
            report.append({"task": task.name, "rows": rows, "check": check})
            if not arguments.json:
                print(f"{task.name}: {steps:,} steps, seeds: {seeds}; mean (least..largest)\n")
                base = results[VARIANTS[0].name]
                table = [HEADING, *(cells(name, runs, base) for name, runs in results.items())]
                print(f"{format_table(table, arguments.markdown)}\n\n{check}\n", flush=True)
    if arguments.json:
        print(json.dumps({"adamas": adamas.__version__, "steps": steps, "seeds": seeds, "tasks": report}, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
