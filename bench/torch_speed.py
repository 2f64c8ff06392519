"""`adamas.torch.AdamW` against ``torch.optim.AdamW(fused=True)``, on tensors of torch.

Steps alone, and with gradients clipped by the norm of all of them: ``max_norm`` against ``clip_grad_norm_``. Part of
adamas's time goes to asking torch for each tensor's memory and gradient, and to telling autograd of the change; it is
timed by itself. Run it with ``python bench/torch_speed.py`` where torch is installed.
"""

from __future__ import annotations

import argparse
import sys
from typing import Any

from adamas.bench.scenarios import SCENARIOS
from adamas.bench.timing import Side, ratio, rounds_within, time_alternately

Shapes = tuple[tuple[int, ...], ...]

#: Parameters and whether their gradients are clipped.
ROWS: dict[str, tuple[Shapes, bool]] = {
    "MLP, 6 of 64 x 64": (((64, 64),) * 6, False),
    "1,000 of 1,000": (((1_000,),) * 1_000, False),
    "ResNet-50": (SCENARIOS["ResNet-50"].shapes, False),
    "GPT-2 small": (SCENARIOS["GPT-2 small"].shapes, False),
    "clip, 1,000 of 1,000": (((1_000,),) * 1_000, True),
    "clip, GPT-2 small": (SCENARIOS["GPT-2 small"].shapes, True),
}

_MAX_NORM = 1.0


def measure(shapes: Shapes, clips: bool, seconds: float) -> dict[str, Any]:
    """Return median seconds of both sides, their ratio with quartiles, and the share of reading tensors."""
    import torch

    import adamas.torch

    def params() -> list[Any]:
        made = [torch.nn.Parameter(torch.randn(shape)) for shape in shapes]
        for param in made:
            param.grad = torch.randn_like(param)
        return made

    ours, theirs = params(), params()
    optimizer = adamas.torch.AdamW(ours, max_norm=_MAX_NORM if clips else None)
    fused = torch.optim.AdamW(theirs, fused=True)

    def torch_step() -> None:
        if clips:
            torch.nn.utils.clip_grad_norm_(theirs, _MAX_NORM)
        fused.step()

    optimizer.step()
    binding: Any = optimizer._stepper.binding

    def read() -> None:
        binding.tensors.collect(optimizer.param_groups, optimizer.state)
        torch.autograd.graph.increment_version(ours)

    sides = {"adamas": Side(optimizer.step), "torch": Side(torch_step), "reading tensors": Side(read)}
    timings = time_alternately(sides, rounds_within(sides, 5e-3, seconds), 5e-3)
    return {
        "seconds": {name: timing.median for name, timing in timings.items()},
        "of_torch": ratio(timings["adamas"], timings["torch"]),
        "share_of_reading": ratio(timings["reading tensors"], timings["adamas"])[0],
    }


def measure_all(seconds: float) -> dict[str, Any]:
    """Return what `measure` does, for each row."""
    return {name: measure(shapes, clips, seconds) for name, (shapes, clips) in ROWS.items()}


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=10.0, help="for each row")
    arguments = parser.parse_args()
    print(f"{'':<22} {'adamas':>10} {'torch fused':>12}  ratio [quartiles]    of it, reading tensors")
    for name, (shapes, clips) in ROWS.items():
        found = measure(shapes, clips, arguments.seconds)
        median, low, high = found["of_torch"]
        ours, theirs = found["seconds"]["adamas"] * 1e3, found["seconds"]["torch"] * 1e3
        print(
            f"{name:<22} {ours:7.3f} ms {theirs:9.3f} ms  {median:.3f} [{low:.3f}, {high:.3f}]  "
            f"{found['share_of_reading']:.2f}"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
