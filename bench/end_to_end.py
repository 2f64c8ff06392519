"""The optimizer's share of training time, and the speed-up of training by a faster optimizer.

Four programs are trained with the optimizer that they come with and with adamas, one iteration of each alternately, on
the same batches: scikit-learn's ``MLPClassifier``, a tagger of spaCy, a transformer in torch, and a network in NumPy.
Run it with ``python bench/end_to_end.py`` where they are installed (the extra ``bench-peers``).
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from typing import Any

from training_programs import PROGRAMS, Trainer

from adamas.bench.tables import format_table
from adamas.bench.timing import Side, ratio, time_alternately


def measure(name: str, rounds: int) -> dict[str, Any]:
    """Train with all optimizers of a program, alternately.

    Returns:
        By optimizer: median seconds of an iteration and of the optimizer in it; and the ratio of adamas's iteration to
        that of each other, with quartiles.
    """
    trainers = PROGRAMS[name]()
    spent: dict[str, list[float]] = {optimizer: [] for optimizer in trainers}
    sides = {optimizer: _side(trainer, spent[optimizer]) for optimizer, trainer in trainers.items()}
    timings = time_alternately(sides, rounds, 0.0)
    return {
        "program": name,
        "parameters": next(iter(trainers.values())).parameters,
        "iteration": {optimizer: timing.median for optimizer, timing in timings.items()},
        "optimizer": {optimizer: statistics.median(seconds[3:]) for optimizer, seconds in spent.items()},
        "of": {other: ratio(timings["adamas"], timings[other]) for other in timings if other != "adamas"},
    }


def _side(trainer: Trainer, spent: list[float]) -> Side:
    def step() -> None:
        before = trainer.clock.seconds
        trainer.iterate()
        spent.append(trainer.clock.seconds - before)

    return Side(step)


def table(results: list[dict[str, Any]], markdown: bool = False) -> str:
    """Return one line for each program and optimizer."""
    lines = [["program", "optimizer", "iteration, ms", "share of the optimizer", "with adamas, divided by this"]]
    for result in results:
        for optimizer, seconds in result["iteration"].items():
            share = result["optimizer"][optimizer] / seconds
            of = f"{result['of'][optimizer][0]:.2f}" if optimizer in result["of"] else ""
            program = f"{result['program']}, {result['parameters']:,} parameters"
            lines.append([program, optimizer, f"{seconds * 1e3:.2f}", f"{100 * share:.0f} %", of])
    return format_table(lines, markdown)


def main() -> int:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("programs", nargs="*", metavar="PROGRAM", help=f"of {', '.join(PROGRAMS)}; default: all")
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    for name in arguments.programs:
        if name not in PROGRAMS:
            parser.error(f"no program {name!r}; there are {', '.join(PROGRAMS)}")
    results = []
    for name in arguments.programs or PROGRAMS:
        try:
            results.append(measure(name, arguments.rounds))
        except ImportError as error:
            print(f"{name}: left out, {error}", file=sys.stderr)
    print(json.dumps(results, indent=2) if arguments.json else table(results))
    return 0


if __name__ == "__main__":
    sys.exit(main())
