"""Writes the tables of README.md, in both its languages, and bench/README.md from the results of a full run.

``python bench/write_tables.py`` replaces what stands between ``<!-- begin NAME -->`` and ``<!-- end NAME -->``;
``--check`` only says whether that would change anything.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from end_to_end import table as programs_table
from floors import Floor, floors_table

from adamas.bench.report import format_ratio, rules_and_formats_table
from adamas.bench.rules_and_formats import FORMATS, RULES, Row
from adamas.bench.scenarios import SCENARIOS, SELECTED
from adamas.bench.tables import format_table
from adamas.bench.workload import Workload, tolerance

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "bench" / "results"
PAGES = (ROOT / "README.md", ROOT / "README.zh-CN.md", ROOT / "bench" / "README.md")

_YARDSTICK = "torch, fused"

Comparison = Mapping[str, Any]


def _load(section: str) -> Any:
    path = RESULTS / f"{section}.json"
    if not path.exists():
        raise SystemExit(f"{path} is missing: run python bench/run.py {section}")
    return json.loads(path.read_text(encoding="utf-8"))


def _done(comparisons: Sequence[Comparison], scenario: str) -> dict[str, Comparison]:
    return {row["peer"]: row for row in comparisons if row["scenario"] == scenario and "failed" not in row}


def _ratio(row: Comparison | None) -> str:
    return format_ratio(row["of_peer"][0]) if row else ""


def _limit_ratio(comparisons: Mapping[str, Comparison]) -> str:
    """Return the median over a scenario's comparisons."""
    values = sorted(row["of_limit"][0] for row in comparisons.values())
    return f"{values[len(values) // 2]:.2f}"


def machine() -> str:
    """Machine and versions."""
    about = _load("machine")
    peers: dict[str, str] = {}
    for versions in about["peers"].values():
        peers.update(versions)
    lines = [
        f"- {about['processor']}, {about['processors']} processors, "
        f"{', '.join(f'{level} {size}' for level, size in about['caches'].items())}, {about['memory_gib']} GiB",
        f"- {about['system']}, Python {about['python']}",
        f"- adamas {about['adamas']} ({about['isa']}, {about['compiler']}), "
        + ", ".join(f"{name} {version}" for name, version in sorted(peers.items())),
        f"- measured on {about['date']}, with {about['threads']} threads",
    ]
    lines += [f"- {name}: left out, {why}" for name, why in about["absent"].items()]
    return "\n".join(lines)


def short() -> str:
    """The six lines that matter."""
    comparisons = _load("scenarios")
    lines = [["adamas's time, divided by that of", _YARDSTICK, "the next fastest", "the byte limit"]]
    for scenario in SELECTED:
        found = _done(comparisons, scenario)
        others = [row for peer, row in found.items() if peer != _YARDSTICK]
        best = max(others, key=lambda row: row["of_peer"][0], default=None)
        next_best = f"{_ratio(best)} ({best['peer']})" if best else "no other library was measured"
        in_memory = SCENARIOS[scenario].size > 1 << 22
        lines.append([scenario, _ratio(found.get(_YARDSTICK)), next_best, _limit_ratio(found) if in_memory else ""])
    return format_table(lines, markdown=True)


def _scenario_table(chosen: Callable[[Workload], bool]) -> str:
    """Return one line for each scenario, one column for each peer that takes part in any."""
    comparisons = _load("scenarios")
    names = [name for name, workload in SCENARIOS.items() if chosen(workload)]
    peers = list(dict.fromkeys(row["peer"] for row in comparisons if row["scenario"] in names))
    lines = [["adamas's time, divided by that of", *peers, "the byte limit"]]
    for name in names:
        found = _done(comparisons, name)
        failed = {row["peer"] for row in comparisons if row["scenario"] == name and "failed" in row}
        cells = ["failed" if peer in failed else _ratio(found.get(peer)) for peer in peers]
        lines.append([name, *cells, _limit_ratio(found) if found else ""])
    return format_table(lines, markdown=True)


def _is_float32(workload: Workload) -> bool:
    return workload.phase.is_update and workload.params == workload.states == "float32"


def scenarios() -> str:
    """The update in float32, the formats, the phases; what failed, and where adamas is not first."""
    comparisons = _load("scenarios")
    parts = [
        _scenario_table(_is_float32),
        _scenario_table(lambda workload: workload.phase.is_update and not _is_float32(workload)),
        _scenario_table(lambda workload: not workload.phase.is_update),
    ]
    everything = [*comparisons, *_load("sizes"), *_load("tensors")]
    slower = [
        f"- {row['scenario']}: {row['peer']} takes {1.0 / row['of_peer'][0]:.2f} of adamas's time"
        for row in everything
        if "failed" not in row and row["of_peer"][0] > 1.0
    ]
    failed = [f"- {row['peer']}, {row['scenario']}: {row['failed']}" for row in everything if "failed" in row]
    notes = {row["peer"]: row["note"] for row in comparisons if row.get("note")}
    if slower:
        parts.append("Where another library is as fast as adamas, or faster:\n" + "\n".join(slower))
    if failed:
        parts.append("Comparisons that failed:\n" + "\n".join(failed))
    parts.append("\n".join(f"- {peer}: {note}, on both sides." for peer, note in notes.items()))
    return "\n\n".join(parts)


def errors() -> str:
    """How far each is off after some steps."""
    comparisons = _load("scenarios")
    worst: dict[tuple[str, str], tuple[float, float]] = {}
    for row in comparisons:
        if "failed" in row:
            continue
        workload = SCENARIOS[row["scenario"]]
        kind = f"{workload.params} parameters, {workload.states} states"
        for peer, error in (
            ("adamas", row["error"]["adamas"]),
            (row["peer"], row["error"]["peer"]),
        ):
            if workload.phase.is_update:
                worst[kind, peer] = max(worst.get((kind, peer), (0.0, 0.0)), (error, tolerance(workload)))
    lines = [["", "", "off by", "allowed"]]
    lines += [[kind, peer, f"{error:.1e}", f"{allowed:g}"] for (kind, peer), (error, allowed) in sorted(worst.items())]
    return format_table(lines, markdown=True)


def rules() -> str:
    """Every rule and format next to the byte limit, and the rules that are newer than the run."""
    rows = [Row(**row) for row in _load("rules")]
    missing = sorted({*RULES, *FORMATS} - {row.name for row in rows})
    note = [f"Not in this run, because they were added after it: {'; '.join(missing)}."] if missing else []
    return "\n\n".join([rules_and_formats_table(rows, markdown=True), *note])


def floors() -> str:
    """What binds each format on each instruction set."""
    return floors_table([Floor(**row) for row in _load("floors")], markdown=True)


def memory() -> str:
    """Bytes for each parameter at the peak."""
    rows = _load("memory")
    sizes = sorted({row["size"] for row in rows})
    lines = [["bytes for each parameter, at the peak", *(f"{size:,} parameters" for size in sizes)]]
    for peer in dict.fromkeys(row["peer"] for row in rows):
        found = {row["size"]: row for row in rows if row["peer"] == peer}
        cells = ["failed" if "failed" in found[size] else f"{found[size]['bytes_per_parameter']:.1f}" for size in sizes]
        lines.append([peer, *cells])
    return format_table(lines, markdown=True)


def special() -> str:
    """Single rows, updates during the backward pass, the cost of options."""
    found = _load("special")
    sparse, backward = found["sparse"], found["backward"]
    lines = [["", "time", "divided by the time of"]]
    for mode in ("lazy", "exact"):
        for other in ("dense, as many rows", "dense, all rows", "torch SparseAdam"):
            lines.append([f"4,096 of 1,000,000 rows of 64, {mode}", format_ratio(sparse[mode][other]), other])
    separate = backward["separate step"]["updates"]
    for side in ("during backward", "weights times 1"):
        share = format_ratio(backward[side]["updates"] / separate)
        lines.append([f"50 layers of 1,024 x 1,024: {side}", share, "a separate step"])
    lines.append(["1,000 parameters, all options", format_ratio(found["overhead"]["of_plain"][0]), "a plain step"])
    return format_table(lines, markdown=True)


def torch() -> str:
    """Optimizers on tensors of torch."""
    lines = [["", "adamas's time, divided by torch's (fused)", "share spent on reading tensors"]]
    for name, row in _load("torch").items():
        lines.append([name, format_ratio(row["of_torch"][0]), f"{100 * row['share_of_reading']:.0f} %"])
    return format_table(lines, markdown=True)


def jax() -> str:
    """Compiled steps under JAX."""
    lines = [
        ["", "step, divided by that with optax.adamw", "quartiles", "forward and backward alone", "compiling, divided"]
    ]
    for name, row in _load("jax")["rows"].items():
        median, low, high = row["of_optax"]
        passes = row.get("passes_of_optax")
        compiled = row.get("compiled")
        lines.append(
            [
                name,
                format_ratio(median),
                f"{low:.2f} to {high:.2f}",
                "" if passes is None else f"{passes:.2f}",
                "" if compiled is None else format_ratio(compiled["adamas"] / compiled["optax"]),
            ]
        )
    return format_table(lines, markdown=True)


def programs() -> str:
    """Whole training programs."""
    return programs_table(_load("programs"), markdown=True)


BLOCKS: dict[str, Callable[[], str]] = {
    block.__name__: block
    for block in (machine, short, scenarios, errors, rules, floors, memory, special, torch, jax, programs)
}


def rewritten(text: str) -> str:
    """Return the text with all its blocks made anew."""

    def replace(match: re.Match[str]) -> str:
        name = match[1]
        return f"<!-- begin {name} -->\n{BLOCKS[name]()}\n<!-- end {name} -->"

    return re.sub(r"<!-- begin (\w+) -->\n.*?<!-- end \1 -->", replace, text, flags=re.DOTALL)


def main() -> int:
    """Write, or check."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="change nothing; exit with 1 if something would change")
    arguments = parser.parse_args()
    stale = []
    for path in PAGES:
        text = path.read_text(encoding="utf-8")
        new = rewritten(text)
        if new == text:
            continue
        stale.append(str(path.relative_to(ROOT)))
        if not arguments.check:
            path.write_text(new, encoding="utf-8")
    if stale:
        print(f"{'out of date' if arguments.check else 'written'}: {', '.join(stale)}")
    return 1 if stale and arguments.check else 0


if __name__ == "__main__":
    sys.exit(main())
