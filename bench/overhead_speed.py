"""The overhead of the options of a step, with nearly nothing to compute: 1,000 parameters.

Unscaling, the check, clipping and zeroing in one call, against a plain step. Run it with
``python bench/overhead_speed.py``.
"""

from __future__ import annotations

import argparse
import sys
from typing import Any

import numpy as np

import adamas
from adamas.bench.timing import Side, ratio, time_alternately


def measure(rounds: int = 100, size: int = 1_000) -> dict[str, Any]:
    """Return median seconds of both steps, and their ratio with quartiles."""
    rng = np.random.default_rng(0)
    values = rng.standard_normal(size, dtype=np.float32)

    def side(**options: Any) -> Side:
        opt = adamas.AdamW([rng.standard_normal(size, dtype=np.float32)], num_threads=1)
        grads = [values.copy()]

        def refill() -> None:
            grads[0][...] = values

        # A step may zero its gradients: both sides' are filled again before each.
        return Side(lambda: opt.step(grads, **options), before_step=refill)

    options: dict[str, Any] = {"grad_scale": 8.0, "max_norm": 1.0, "on_nonfinite": "skip", "zero_grads": True}
    timings = time_alternately({"plain": side(), "all options": side(**options)}, rounds, 1e-3)
    return {
        "seconds": {name: timing.median for name, timing in timings.items()},
        "of_plain": ratio(timings["all options"], timings["plain"]),
    }


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=100)
    result = measure(parser.parse_args().rounds)
    for name, seconds in result["seconds"].items():
        print(f"{name:<12} {seconds * 1e6:6.2f} us")
    print(f"all options take {result['of_plain'][0]:.2f} of a plain step")
    return 0


if __name__ == "__main__":
    sys.exit(main())
