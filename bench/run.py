"""The full run: every scenario, curve and program against every peer, into JSON files and pictures.

``pip install '.[bench-peers]' && python bench/run.py`` takes about an hour on two processors, on which nothing else
should run. Each section writes a file of its own, so that one can be run again alone: ``python bench/run.py sizes``.
Afterwards ``python bench/write_tables.py`` brings the tables of README.md and bench/README.md up to date.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import backward_speed
import curves
import end_to_end
import floors as floors_of
import overhead_speed
import sparse_speed
import torch_speed
from training_programs import PROGRAMS

import adamas
from adamas.bench.byte_limit import measure_bandwidth
from adamas.bench.command import absent_peers, compare_with, count_comparisons
from adamas.bench.draw import draw_comparisons, draw_rules_and_formats
from adamas.bench.machine import describe_machine, thread_counts
from adamas.bench.memory import measure_memory
from adamas.bench.peers import PEERS
from adamas.bench.progress import Progress
from adamas.bench.rules_and_formats import RULES, Row, measurable_formats, measure_formats, measure_rules
from adamas.bench.scenarios import SCENARIOS, SELECTED, SIZES, TENSOR_COUNTS

RESULTS = Path(__file__).parent / "results"
_SECONDS = 1.5  # of timing for each comparison, about
_MEMORY_SIZES = (64_000_000, 256_000_000)
_RULE_SIZES = (64_000_000, 1_000_000)
_BANDWIDTH_BYTES = 28.0 * (1 << 24)
_SCALING = ("1,000 tensors of 1,000", "1M", "16.7M", "16.7M, 8-bit states")


def _present() -> list[str]:
    absent = absent_peers(list(PEERS))
    return [name for name in PEERS if name not in absent]


def machine(threads: int) -> dict[str, Any]:
    """Machine and versions; which peers are absent."""
    counts = thread_counts(threads)
    versions = {name: PEERS[name].versions() for name in _present()}
    bandwidth = measure_bandwidth(_BANDWIDTH_BYTES, counts, 10.0)
    return {
        **describe_machine(),
        "date": time.strftime("%Y-%m-%d"),
        "threads": threads,
        "bandwidth": bandwidth,
        "peers": versions,
        "absent": absent_peers(list(PEERS)),
    }


def _compare(section: str, names: tuple[str, ...], counts: list[int], seconds: float) -> list[dict[str, Any]]:
    """Compare at these scenarios with each peer that can do them, with each number of threads."""
    peers = _present()
    found: list[dict[str, Any]] = []
    with Progress(len(counts) * count_comparisons(peers, names), section) as progress:
        for count in counts:
            found += compare_with(peers, names, count, seconds, tell=progress.done)
    return found


def scenarios(threads: int) -> list[dict[str, Any]]:
    """Every scenario against every peer that can do it."""
    return _compare("scenarios", tuple(SCENARIOS), [threads], _SECONDS)


def sizes(threads: int) -> list[dict[str, Any]]:
    """The curve over the number of parameters."""
    return _compare("sizes", tuple(f"size {size}" for size in SIZES), [threads], _SECONDS / 2)


def tensors(threads: int) -> list[dict[str, Any]]:
    """The curve over the number of tensors."""
    return _compare("tensors", tuple(f"tensors {count}" for count in TENSOR_COUNTS), [threads], _SECONDS / 2)


def scaling(threads: int) -> list[dict[str, Any]]:
    """A few scenarios with 1, 2, 4, ... threads; those with all of them are among the scenarios."""
    return _compare("scaling", _SCALING, thread_counts(threads)[:-1], _SECONDS / 2)


def rules(threads: int) -> list[dict[str, Any]]:
    """Every rule, in memory and in cache, and every number format."""
    rows: list[dict[str, Any]] = []
    with Progress(len(_RULE_SIZES) * (len(RULES) + len(measurable_formats())), "rules") as progress:
        for size in _RULE_SIZES:
            for measure in (measure_rules, measure_formats):
                for row in measure(size, threads, 2 * _SECONDS):
                    rows.append(dataclasses.asdict(row))
                    progress.done(f"{row.name}, {row.size:,} parameters")
    return rows


def memory(threads: int) -> list[dict[str, Any]]:
    """The most memory that each peer holds in float32."""
    names = ["adamas", *(name for name in _present() if PEERS[name].in_float32)]
    rows: list[dict[str, Any]] = []
    with Progress(len(_MEMORY_SIZES) * len(names), "memory") as progress:
        for size in _MEMORY_SIZES:
            for name in names:
                rows.append({"peer": name, "size": size, **measure_memory(name, size, threads)})
                progress.done(f"{name}, {size:,} parameters")
    return rows


def special(threads: int) -> dict[str, Any]:
    """Single rows, updates during the backward pass, the cost of options."""
    return {
        "sparse": sparse_speed.measure(1_000_000, 64, 4_096, 60, threads),
        "backward": backward_speed.measure(backward_speed.make_parser().parse_args([])),
        "overhead": overhead_speed.measure(),
    }


def floors(threads: int) -> list[dict[str, Any]]:
    """What binds a step: every number format on every instruction set."""
    with Progress(floors_of.count(), "floors") as progress:
        return [dataclasses.asdict(row) for row in floors_of.measure(threads, _SECONDS, tell=progress.done)]


def torch(threads: int) -> dict[str, Any]:
    """`adamas.torch` against torch."""
    del threads
    return torch_speed.measure_all(20.0)


def programs(_: int) -> list[dict[str, Any]]:
    """Whole training programs."""
    found = []
    with Progress(len(PROGRAMS), "programs") as progress:
        for name in PROGRAMS:
            found.append(end_to_end.measure(name, 60))
            progress.done(name)
    return found


SECTIONS: dict[str, Callable[[int], Any]] = {
    section.__name__: section
    for section in (machine, scenarios, sizes, tensors, scaling, rules, floors, memory, special, torch, programs)
}


def draw(results: Path) -> None:
    """Draw all pictures of which there are results."""

    def load(section: str) -> Any:
        path = results / f"{section}.json"
        return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None

    about = load("machine") or describe_machine()
    title = f"adamas {about['adamas']} ({about['isa']}) on {about['processor']}, {about['processors']} processors"
    comparisons = load("scenarios") or []
    if found := load("sizes"):
        largest = [row for row in comparisons if row["scenario"] == "256M"]
        curves.draw_sizes([*found, *largest], title, results / "sizes.png")
    if found := load("tensors"):
        curves.draw_tensors(found, title, results / "tensors.png")
    if comparisons:
        selected = [row for row in comparisons if row["scenario"] in SELECTED]
        draw_comparisons(selected, title, results / "scenarios.png")
    if (found := load("scaling")) is not None:
        with_all = [row for row in comparisons if row["scenario"] in _SCALING]
        curves.draw_scaling([*found, *with_all], title, results / "scaling.png")
    if found := load("floors"):
        floors_of.draw_floors([floors_of.Floor(**row) for row in found], title, results / "floors.png")
    if found := load("memory"):
        curves.draw_memory(found, title, results / "memory.png")
    if (found := load("rules")) and "threads" in about:
        rows = [Row(**{**row, "of_limit": tuple(row["of_limit"])}) for row in found]
        draw_rules_and_formats(rows, about["threads"], title, results / "survey.png")


def main() -> int:
    """Run sections."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sections", nargs="*", metavar="SECTION", help=f"of {', '.join(SECTIONS)}; default: all")
    parser.add_argument("--results", type=Path, default=RESULTS, help="folder; default: bench/results")
    parser.add_argument("--draw", action="store_true", help="only draw what was measured")
    arguments = parser.parse_args()
    for name in arguments.sections:
        if name not in SECTIONS:
            parser.error(f"no section {name!r}; there are {', '.join(SECTIONS)}")
    arguments.results.mkdir(parents=True, exist_ok=True)
    chosen = [] if arguments.draw else arguments.sections or list(SECTIONS)
    for number, name in enumerate(chosen, 1):
        print(f"section {number} of {len(chosen)}: {name}", file=sys.stderr, flush=True)
        start = time.perf_counter()
        found = SECTIONS[name](adamas.get_num_threads())
        (arguments.results / f"{name}.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
        print(f"{name}: {time.perf_counter() - start:.0f} s", file=sys.stderr, flush=True)
    draw(arguments.results)
    return 0


if __name__ == "__main__":
    sys.exit(main())
