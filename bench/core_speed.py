"""The speed table of the core: float32 AdamW against torch's fused AdamW and against the byte limit.

Run it with ``python bench/core_speed.py`` where adamas and torch are installed.
"""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

from harness import ratio, take_turns
from sides import adamas_side, byte_limit_side, check_same_update, make_model, torch_side

import adamas

#: Name, sizes of the tensors, rounds.
SCENARIOS: dict[str, tuple[list[int], int]] = {
    "1x1K": ([1_000], 200),
    "1000x1K": ([1_000] * 1_000, 100),
    "1x1M": ([1_000_000], 200),
    "1x16.7M": ([16_777_216], 30),
    "1x64M": ([64_000_000], 15),
}


def measure(name: str, threads: int, turn: float, alternate: bool) -> dict[str, Any]:
    """Run one scenario; return medians in seconds and ratios with quartiles."""
    sizes, rounds = SCENARIOS[name]
    model = make_model(sizes, threads)
    sides = {"adamas": adamas_side(model), "torch": torch_side(model, threads)}
    if len(sizes) == 1:
        sides["limit"] = byte_limit_side(model, threads)
    timings = take_turns(sides, rounds, 0.0 if alternate else turn, warm=not alternate)
    row: dict[str, Any] = {"scenario": name, **{side: timing.median for side, timing in timings.items()}}
    for other in list(timings)[1:]:
        row[f"to_{other}"] = ratio(timings["adamas"], timings[other])
    return row


def format_row(row: dict[str, Any]) -> str:
    """One line of the table."""
    line = f"{row['scenario']:<14} {row['adamas'] * 1e6:>12,.2f} {row['torch'] * 1e6:>12,.2f}"
    line += f" {row['limit'] * 1e6:>12,.2f}" if "limit" in row else " " * 13
    for other in ("torch", "limit"):
        if f"to_{other}" in row:
            median, low, high = row[f"to_{other}"]
            share = f"1/{1 / median:.1f}" if median < 0.2 else f"{median:.3f}"
            line += f"   {share:>7} [{low:.3f}, {high:.3f}]"
    return line


def main() -> int:
    """Run the scenarios and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scenarios", nargs="*", metavar="SCENARIO", help=f"of {', '.join(SCENARIOS)}; default: all")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--turn", type=float, default=5e-3, help="seconds of a turn; default: %(default)s")
    parser.add_argument("--alternate", action="store_true", help="single steps in turn, without an untimed one before")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    for name in arguments.scenarios:
        if name not in SCENARIOS:
            parser.error(f"no scenario {name!r}; there are {', '.join(SCENARIOS)}")

    import torch

    check_same_update([1_000, 7, 100_000])
    rows = []
    if not arguments.json:
        versions = f"adamas {adamas.__version__} ({adamas.active_isa()}), torch {torch.__version__}"
        print(f"{versions}, {arguments.threads} threads")
        print(f"{'tensors':<14} {'adamas us':>12} {'torch us':>12} {'limit us':>12}   to torch [quartiles]   to limit")
    for name in arguments.scenarios or SCENARIOS:
        rows.append(measure(name, arguments.threads, arguments.turn, arguments.alternate))
        if not arguments.json:
            print(format_row(rows[-1]), flush=True)
    if arguments.json:
        print(json.dumps({"info": adamas.info(), "torch": torch.__version__, "rows": rows}, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
