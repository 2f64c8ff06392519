"""Speed regression check: compares ratios to the byte limit with stored ones, with generous margins.

A ratio to a loop that is measured alternately with the step says something on any machine, and on a noisy one; what it
can't see, a few instructions more, `bench/native/count_instructions.py` does. ``python bench/gate.py`` exits with 1 if
a rule or number format takes more than twice as long as when the ratios were stored; each has three chances. (8-bit
and 4-bit states are bound by arithmetic: their ratio is half as large again at times when memory is fast.)
``--write`` stores them, the largest of three.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import adamas
from adamas.bench.rules_and_formats import Row, measure_formats, measure_rules

STORED = Path(__file__).parent / "limits.json"
_SIZE = 1 << 24
_SECONDS = 0.4
_CHANCES = 3


def allowed(stored: float) -> float:
    """Return the largest ratio that passes; less than 1 is noise of the limit's own loop."""
    return 2.0 * max(stored, 1.0) + 0.25


def rows(threads: int) -> Iterator[Row]:
    """Measure everything once."""
    yield from measure_rules(_SIZE, threads, _SECONDS)
    yield from measure_formats(_SIZE, threads, _SECONDS)


def slow(stored: dict[str, float], measured: dict[str, float]) -> dict[str, float]:
    """Return what takes longer than it may."""
    return {name: value for name, value in measured.items() if value > allowed(stored.get(name, float("inf")))}


def main() -> int:
    """Measure, and compare or store."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="store the ratios")
    arguments = parser.parse_args()
    threads = adamas.get_num_threads()
    if arguments.write:
        found = [{f"{row.kind}: {row.name}": row.of_limit[0] for row in rows(threads)} for _ in range(_CHANCES)]
        most = {name: round(max(ratios[name] for ratios in found), 2) for name in found[0]}
        STORED.write_text(json.dumps(most, indent=1) + "\n", encoding="utf-8")
        return 0
    stored: dict[str, float] = json.loads(STORED.read_text(encoding="utf-8"))
    least: dict[str, float] = {}
    late: dict[str, float] = {}
    for chance in range(_CHANCES):
        for row in rows(threads):
            name = f"{row.kind}: {row.name}"
            least[name] = min(least.get(name, float("inf")), row.of_limit[0])
        late = slow(stored, least)
        if not late:
            break
        print(f"chance {chance + 1}: {', '.join(late)}", file=sys.stderr)
    for name, value in least.items():
        mark = "  SLOW" if name in late else ""
        print(f"{name:<40} {value:5.2f} of the byte limit, stored {stored.get(name, float('nan')):5.2f}{mark}")
    missing = stored.keys() - least.keys()
    if missing:
        print(f"not measured: {', '.join(sorted(missing))}")
    return 1 if late or missing else 0


if __name__ == "__main__":
    sys.exit(main())
