"""Every rule in float32 against the byte limit of its own streams.

The limit is a loop that adds the gradient to parameter and states, through the same code (``p += g; s += g; ...``), so
that what a rule takes longer is what its formula costs. LAMB reads parameter, gradient and states once more for its
norms: its limit is that loop and one that only reads.

Run it with ``python bench/rules_speed.py``; it needs adamas alone.
"""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

import numpy as np
from harness import Side, ratio, take_turns

import adamas
from adamas import _core

#: Optimizer and options, one for each rule.
RULES: dict[str, dict[str, Any]] = {
    "AdamW": {},
    "Adam amsgrad": {"amsgrad": True},
    "NAdam": {},
    "RAdam": {},
    "Adamax": {},
    "AdaBelief": {},
    "Yogi": {},
    "Adagrad": {},
    "RMSprop": {},
    "RMSprop momentum": {"momentum": 0.9},
    "RMSprop centered momentum": {"centered": True, "momentum": 0.9},
    "Lion": {},
    "LAMB": {},
    "Adan": {},
    "ADOPT": {},
    "AdEMAMix": {},
    "ScheduleFreeAdamW": {},
    "SGD": {},
    "SGD momentum": {"momentum": 0.9},
    "SGD nesterov": {"momentum": 0.9, "nesterov": True},
}
SIZES = {"1M": (1_000_000, 100), "64M": (64_000_000, 7)}


def sides_of(rule: str, param: Any, grad: Any, threads: int) -> tuple[dict[str, Side], int]:
    """Return the rule and the limit, over the same arrays, and how many states there are."""
    opt = getattr(adamas, rule.split(maxsplit=1)[0])([param], num_threads=threads, **RULES[rule])
    for _ in range(3):
        opt.step([grad])
    states = tuple(value for value in opt.state["0"].values() if isinstance(value, np.ndarray))
    arrays = [param, *states]
    kept = [array.copy() for array in arrays]

    def restore() -> None:
        for array, values in zip(arrays, kept, strict=True):
            array[...] = values

    def limit() -> None:
        if rule == "LAMB":
            _core.byte_limit(param, grad, states, threads, read_only=True)
        _core.byte_limit(param, grad, states, threads)

    return {"rule": Side(lambda: opt.step([grad])), "limit": Side(limit, restore)}, len(states)


def measure(rule: str, size: str, threads: int) -> dict[str, Any]:
    """Return the ratio of the medians, with quartiles."""
    count, rounds = SIZES[size]
    rng = np.random.default_rng(0)
    param = rng.standard_normal(count, dtype=np.float32)
    grad = rng.standard_normal(count, dtype=np.float32) * np.float32(1e-2)
    sides, states = sides_of(rule, param, grad, threads)
    timings = take_turns(sides, rounds, 5e-3)
    median, low, high = ratio(timings["rule"], timings["limit"])
    return {"rule": rule, "size": size, "bytes": 4 * (3 + 2 * states), "ratio": [median, low, high]}


def main() -> int:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rules", nargs="*", metavar="RULE", help=f"of {', '.join(RULES)}; default: all")
    parser.add_argument("--sizes", nargs="+", choices=SIZES, default=list(SIZES))
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    for rule in arguments.rules:
        if rule not in RULES:
            parser.error(f"no rule {rule!r}; there are {', '.join(RULES)}")
    rows = []
    for rule in arguments.rules or RULES:
        for size in arguments.sizes:
            rows.append(measure(rule, size, arguments.threads))
            if not arguments.json:
                median, low, high = rows[-1]["ratio"]
                print(
                    f"{rule:<26} {size:>4} {rows[-1]['bytes']:>3} bytes  {median:.3f} [{low:.3f}, {high:.3f}]",
                    flush=True,
                )
    if arguments.json:
        print(json.dumps({"info": adamas.info(), "rows": rows}, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
