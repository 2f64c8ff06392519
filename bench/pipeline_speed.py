"""The whole optimizer phase in one call, against the several of torch and thinc.

Unscale, check, clip, update, average, copy, zero. Run it with ``python bench/pipeline_speed.py`` where adamas, torch
and ml_dtypes are installed; thinc takes part if it is. Gradients are filled anew before each step, untimed, since a
step zeroes them.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from typing import Any

import ml_dtypes
import numpy as np
from harness import Side, ratio, take_turns

import adamas
from adamas import _core

Array = np.ndarray[Any, np.dtype[Any]]
SCALE = 1024.0
MAX_NORM = 1.0
DECAY = 0.999

#: Sizes of the tensors, with average and copies or not, rounds.
SCENARIOS: dict[str, tuple[list[int], bool, int]] = {
    "1 x 16.7M": ([1 << 24], False, 25),
    "200 tensors, 16.7M": ([83_886] * 200, False, 25),
    "1 x 16.7M, EMA, copy": ([1 << 24], True, 25),
    "200 tensors, EMA, copy": ([83_886] * 200, True, 25),
    "1,000 x 1,000": ([1_000] * 1_000, False, 60),
    "1,000 x 1,000, EMA, copy": ([1_000] * 1_000, True, 60),
}


def arrays(sizes: Sequence[int], seed: int, factor: float) -> list[Array]:
    """Make arrays of ordinary numbers."""
    rng = np.random.default_rng(seed)
    return [rng.standard_normal(size, dtype=np.float32) * np.float32(factor) for size in sizes]


def refill(grads: Sequence[Array], values: Sequence[Array]) -> Callable[[], None]:
    """Return what fills the gradients anew."""

    def fill() -> None:
        for grad, value in zip(grads, values, strict=True):
            np.copyto(grad, value)

    return fill


def adamas_sides(sizes: Sequence[int], followed: bool, values: list[Array], threads: int) -> dict[str, Side]:
    """One call of ``step``; and a plain step, for comparison."""
    params, grads = arrays(sizes, 0, 1.0), arrays(sizes, 1, 1.0)
    options: dict[str, Any] = {}
    if followed:
        options["average"] = adamas.EMA(DECAY)
        options["copy_out"] = [np.zeros(size, ml_dtypes.bfloat16) for size in sizes]
    opt = adamas.AdamW(params, num_threads=threads, max_norm=MAX_NORM, on_nonfinite="skip", zero_grads=True, **options)
    plain = adamas.AdamW(arrays(sizes, 0, 1.0), num_threads=threads)
    return {
        "adamas": Side(lambda: opt.step(grads, grad_scale=SCALE), before_step=refill(grads, values)),
        "plain step": Side(lambda: plain.step(values)),
    }


def torch_side(sizes: Sequence[int], followed: bool, values: list[Array], threads: int) -> Side:
    """The calls that torch has for it: those of its GradScaler, its clipping, its fused AdamW and its averages."""
    import torch
    from torch.optim.swa_utils import get_ema_multi_avg_fn

    torch.set_num_threads(threads)
    params = [torch.nn.Parameter(torch.from_numpy(p)) for p in arrays(sizes, 0, 1.0)]
    for param in params:
        param.grad = torch.zeros_like(param)
    grads = [param.grad for param in params]
    opt = torch.optim.AdamW(params, fused=True)
    found, inverse = torch.zeros(1), torch.full((1,), 1.0 / SCALE)
    averages = [param.detach().clone() for param in params]
    copies = [param.detach().bfloat16() for param in params]
    update = get_ema_multi_avg_fn(DECAY)

    def step() -> None:
        found.zero_()
        torch._amp_foreach_non_finite_check_and_unscale_(grads, found, inverse)
        torch.nn.utils.clip_grad_norm_(params, MAX_NORM, foreach=True)
        if found.item() == 0.0:
            opt.step()
        if followed:
            with torch.no_grad():
                update(averages, params, 2)
                torch._foreach_copy_(copies, params)
        opt.zero_grad(set_to_none=False)

    return Side(step, before_step=refill([grad.numpy() for grad in grads], values))


def limit_side(size: int, threads: int) -> Side:
    """A loop that reads five arrays and writes four of them, as the two passes do: 36 bytes a parameter."""
    param, grad = (arrays([size], seed, 1e-3)[0] for seed in (0, 1))
    states = tuple(np.ones_like(param) for _ in range(3))
    return Side(lambda: _core.byte_limit(param, grad, states, threads))


def thinc_side(sizes: Sequence[int], values: list[Array]) -> Side:
    """Make thinc's Adam with its clipping and averages."""
    from thinc.api import Adam  # type: ignore[import-not-found]

    opt = Adam(1e-3, L2=0.0, grad_clip=MAX_NORM, use_averages=True)
    params, grads = arrays(sizes, 0, 1.0), arrays(sizes, 1, 1.0)

    def step() -> None:
        for i, (param, grad) in enumerate(zip(params, grads, strict=True)):
            opt((i, "W"), param, grad)
        opt.step_schedules()

    return Side(step, before_step=refill(grads, values))


def measure(name: str, threads: int, rounds: int | None) -> dict[str, Any]:
    """Run one scenario; return medians in seconds and ratios with quartiles."""
    sizes, followed, usual = SCENARIOS[name]
    values = arrays(sizes, 2, 1e-2 * SCALE)
    sides = adamas_sides(sizes, followed, values, threads)
    sides["torch"] = torch_side(sizes, followed, values, threads)
    if len(sizes) == 1 and not followed:
        sides["limit"] = limit_side(sizes[0], threads)
    return _row(name, sides, sizes, rounds or usual)


def measure_thinc(threads: int, rounds: int | None) -> dict[str, Any]:
    """Compare with thinc's Adam: each parameter clipped by its own norm, and an average with warm-up."""
    sizes = [1 << 24]
    values = arrays(sizes, 2, 1e-2)
    params, grads = arrays(sizes, 0, 1.0), arrays(sizes, 1, 1.0)
    average = adamas.EMA(0.9999, warmup=True)
    opt = adamas.Adam(params, num_threads=threads, max_norm=MAX_NORM, clip_each=True, average=average, zero_grads=True)
    sides = {
        "adamas": Side(lambda: opt.step(grads), before_step=refill(grads, values)),
        "thinc": thinc_side(sizes, values),
    }
    return _row("1 x 16.7M, clip and average", sides, sizes, rounds or 15)


def _row(name: str, sides: dict[str, Side], sizes: Sequence[int], rounds: int) -> dict[str, Any]:
    in_cache = sum(sizes) < 1 << 21  # then turns of several steps, so that each side finds its arrays there
    timings = take_turns(sides, rounds, 20e-3 if in_cache else 0.0, warm=in_cache)
    row: dict[str, Any] = {"scenario": name, **{side: timing.median for side, timing in timings.items()}}
    for other in list(timings)[1:]:
        row[f"to {other}"] = ratio(timings["adamas"], timings[other])
    return row


def main() -> int:
    """Run the scenarios and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scenarios", nargs="*", metavar="SCENARIO", help=f"of {', '.join(SCENARIOS)}; default: all")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    for name in arguments.scenarios:
        if name not in SCENARIOS:
            parser.error(f"no scenario {name!r}; there are {', '.join(SCENARIOS)}")
    rows: list[dict[str, Any]] = []

    def show(row: dict[str, Any]) -> None:
        rows.append(row)
        if not arguments.json:
            shares = [f"{key} {value[0]:.3f}" for key, value in row.items() if key.startswith("to ")]
            print(f"{row['scenario']:<28} {row['adamas'] * 1e3:>9.3f} ms   {'   '.join(shares)}", flush=True)

    if not arguments.json:
        print(f"adamas {adamas.__version__} ({adamas.active_isa()}), {arguments.threads} threads")
    for name in arguments.scenarios or SCENARIOS:
        show(measure(name, arguments.threads, arguments.rounds))
    if not arguments.scenarios:
        try:
            show(measure_thinc(arguments.threads, arguments.rounds))
        except ImportError:
            print("thinc: left out, it is not installed", file=sys.stderr)
    if arguments.json:
        print(json.dumps({"info": adamas.info(), "rows": rows}, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
