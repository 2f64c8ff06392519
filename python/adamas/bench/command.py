"""``adamas bench``: every rule and format on this machine, and comparisons with the peers that are installed."""

from __future__ import annotations

import argparse
import dataclasses
import importlib.util
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import adamas
from adamas.bench import draw, report
from adamas.bench.byte_limit import measure_bandwidth
from adamas.bench.comparison import Job, run_jobs
from adamas.bench.machine import describe_machine, memory_bytes, thread_counts
from adamas.bench.peers import PEERS
from adamas.bench.progress import Progress
from adamas.bench.rules_and_formats import RULES, Row, measurable_formats, measure_formats, measure_rules
from adamas.bench.scenarios import find_workload

__all__ = ["absent_peers", "add_arguments", "compare_with", "count_comparisons"]

#: Sizes of all rules and formats: one that no cache holds, and one that a large cache does.
_IN_MEMORY, _IN_CACHE = 1 << 24, 1 << 18
_BYTES_IN_MEMORY = 28 * _IN_MEMORY
#: Seconds of timing for each line, about.
_SECONDS = {_IN_MEMORY: 0.6, _IN_CACHE: 0.25}
_SECONDS_OF_BANDWIDTH = 3.0
_SECONDS_OF_COMPARISON = 1.0

#: What `adamas bench` compares; plain NumPy is always there.
_SCENARIOS = ("1 tensor of 1,000", "1,000 tensors of 1,000", "1M", "16.7M")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``adamas bench``."""
    parser.add_argument("--peers", action="store_true", help="compare with all other libraries that are installed")
    parser.add_argument(
        "--threads",
        type=int,
        default=0,
        help="threads of a step; default: the fewest that use the full speed of the memory",
    )
    parser.add_argument("--output", type=Path, default=Path("adamas-bench"), help="folder; default: %(default)s")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Measure, print and draw."""
    counts = thread_counts(adamas.get_num_threads())
    if arguments.threads and not 1 <= arguments.threads <= counts[-1]:
        raise ValueError(f"--threads: expected 1 to {counts[-1]}, got {arguments.threads}")
    if memory_bytes() < 4 * _BYTES_IN_MEMORY:
        raise ValueError(f"adamas bench needs {4 * _BYTES_IN_MEMORY >> 20} MiB of memory")
    arguments.output.mkdir(parents=True, exist_ok=True)
    document: dict[str, Any] = {"machine": describe_machine()}
    names = list(PEERS) if arguments.peers else ["NumPy"]
    document["absent"] = absent_peers(names)
    present = [name for name in names if name not in document["absent"]]
    lines = len(_SECONDS) * (len(RULES) + len(measurable_formats()))
    with Progress(1 + lines + count_comparisons(present, _SCENARIOS), "adamas bench:") as progress:
        bandwidth = measure_bandwidth(_BYTES_IN_MEMORY, counts, _SECONDS_OF_BANDWIDTH)
        progress.done("the byte limit")
        threads = arguments.threads or _best(bandwidth)
        document.update(bandwidth=bandwidth, threads=threads)
        rows = []
        for size, seconds in _SECONDS.items():
            for found in (measure_rules(size, threads, seconds), measure_formats(size, threads, seconds)):
                for row in found:
                    progress.done(f"{row.name}, {row.size:,} parameters")
                    rows.append(row)
        document["rows"] = [dataclasses.asdict(row) for row in rows]
        comparisons = list(compare_with(present, _SCENARIOS, threads, tell=progress.done))
        document["duels"] = comparisons  # the name that readers of the file know
    (arguments.output / "bench.json").write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(document, indent=2) if arguments.json else _summary(document, rows, comparisons))
    _draw(document, rows, comparisons, arguments.output)
    return 0


def count_comparisons(peers: list[str], scenarios: tuple[str, ...]) -> int:
    """Return how many comparisons `compare_with` makes."""
    return sum(len(_scenarios_of(name, scenarios)) for name in peers)


def compare_with(
    peers: list[str],
    scenarios: tuple[str, ...],
    threads: int,
    seconds: float = _SECONDS_OF_COMPARISON,
    *,
    tell: Callable[[str], None],
) -> Iterator[dict[str, Any]]:
    """Compare with each peer at each scenario that it can do; a result names peer, scenario and threads as well.

    Args:
        peers: Names of peers.
        scenarios: Names of scenarios.
        threads: Threads of a step.
        seconds: Seconds of timing for each comparison, about.
        tell: Called with the name of each comparison that is finished.
    """
    for name in peers:
        for job, result in run_jobs([Job(name, one, threads, seconds) for one in _scenarios_of(name, scenarios)]):
            tell(f"{job.peer}, {job.scenario}")
            yield {"peer": job.peer, "scenario": job.scenario, "threads": job.threads, **result}


def _scenarios_of(peer: str, scenarios: tuple[str, ...]) -> list[str]:
    return [scenario for scenario in scenarios if PEERS[peer].can(find_workload(scenario))]


def absent_peers(names: list[str]) -> dict[str, str]:
    """Return the peers that are not installed, with the reason for each."""
    absent = {}
    for name in names:
        try:
            PEERS[name].versions()
        except ImportError as error:
            absent[name] = str(error)
    return absent


def _best(bandwidth: dict[int, float]) -> int:
    """Return the fewest threads that come within 3 % of the best."""
    most = max(bandwidth.values())
    return min(count for count, value in bandwidth.items() if value >= 0.97 * most)


def _summary(document: dict[str, Any], rows: list[Row], comparisons: list[dict[str, Any]]) -> str:
    machine, bandwidth = document["machine"], document["bandwidth"]
    lines = [
        f"adamas {machine['adamas']} ({machine['isa']}), {machine['processor']}, {machine['processors']} processors, "
        f"{', '.join(f'{level} {size}' for level, size in machine['caches'].items())}",
        f"the loop of the byte limit over {_BYTES_IN_MEMORY >> 20} MiB, alone: "
        + ", ".join(f"{value:.0f} GB/s with {count} thread{'s' * (count > 1)}" for count, value in bandwidth.items()),
        f"threads of the steps below: {document['threads']}; ratio: time of a step, divided by that of the byte limit",
        "",
        report.rules_and_formats_table(rows),
        "",
        report.comparison_table(comparisons),
    ]
    lines += [f"{one['peer']}, {one['scenario']}: {one['failed']}" for one in comparisons if "failed" in one]
    notes = {one["peer"]: one["note"] for one in comparisons if one.get("note")}
    lines += [f"{peer}: {note}, on both sides" for peer, note in notes.items()]
    lines += [f"{peer}: left out, {why}" for peer, why in document["absent"].items()]
    return "\n".join(lines)


def _draw(document: dict[str, Any], rows: list[Row], comparisons: list[dict[str, Any]], folder: Path) -> None:
    if importlib.util.find_spec("matplotlib") is None:
        print("No pictures, because matplotlib is not installed: pip install 'adamas[bench]'", file=sys.stderr)
        return
    machine = document["machine"]
    title = f"adamas {machine['adamas']} ({machine['isa']}) on {machine['processor']}"
    draw.draw_rules_and_formats(rows, document["threads"], title, folder / "bench.png")
    written = [folder / "bench.png"]
    if any("failed" not in one for one in comparisons):
        draw.draw_comparisons(comparisons, title, folder / "peers.png")
        written.append(folder / "peers.png")
    print(f"pictures: {', '.join(map(str, written))}", file=sys.stderr)
