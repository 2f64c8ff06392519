"""AdamW in every number format against torch's fused AdamW, in float32 and bfloat16, and other peers.

Run it with ``python bench/formats_speed.py`` where adamas, torch and ml_dtypes are installed. DeepSpeed's CPU Adam,
torchao's and bitsandbytes' 8-bit AdamW take part if they are installed too.

Arrays are those of an `adamas.Arena`: aligned, and apart within the page. Large NumPy arrays all begin 16 bytes into
a page; then vectors cross cache lines, and the lines of parameter and gradient that are needed together fall into the
same sets of a cache, where on some processors, depending on the rest of their addresses, they push one another out.
That costs quantised states up to 10 % (``--plain``), float32 nothing.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from typing import Any

import ml_dtypes
import numpy as np
from harness import Side, ratio, take_turns

import adamas

FLOAT32 = np.dtype(np.float32)
BFLOAT16 = np.dtype(ml_dtypes.bfloat16)

#: Dtype of parameter and gradient, and options.
FORMATS: dict[str, tuple[np.dtype[Any], dict[str, Any]]] = {
    "float32": (FLOAT32, {}),
    "float32, bfloat16 states": (FLOAT32, {"state_dtype": "bfloat16"}),
    "float32, 8-bit states": (FLOAT32, {"state_dtype": "int8"}),
    "float32, 4-bit states": (FLOAT32, {"state_dtype": "int4"}),
    "all bfloat16": (BFLOAT16, {"state_dtype": "bfloat16"}),
    "bfloat16, split32, 8-bit": (BFLOAT16, {"state_dtype": "int8", "master_weights": "split32"}),
    "bfloat16, split24, 8-bit": (BFLOAT16, {"state_dtype": "int8", "master_weights": "split24"}),
}


def adamas_side(name: str, param: Any, grad: Any, threads: int, plain: bool) -> Side:
    """``adamas.AdamW`` in one format, over arrays of its own: in an arena, or plain ones."""
    dtype, options = FORMATS[name]
    own, gradient = param.astype(dtype), grad.astype(dtype)
    if not plain:
        arena = adamas.Arena([own])
        np.copyto(arena.grads[0], gradient)
        own, gradient = arena.params[0], arena.grads[0]
    opt = adamas.AdamW([own], num_threads=threads, **options)
    for _ in range(3):
        opt.step([gradient])
    return Side(lambda: opt.step([gradient]))


def torch_side(param: Any, grad: Any, dtype: Any, make: Callable[[Any], Any]) -> Side:
    """Make a torch optimizer over a tensor of its own."""
    import torch

    tensor = torch.nn.Parameter(torch.from_numpy(param.copy()).to(dtype))
    tensor.grad = torch.from_numpy(grad.copy()).to(dtype)
    opt = make([tensor])
    for _ in range(2):
        opt.step()
    return Side(opt.step)


def peers(param: Any, grad: Any) -> dict[str, Side]:
    """Return the sides of all peers that are installed."""
    import torch

    def add(name: str, dtype: Any, make: Callable[[Any], Any]) -> None:
        try:
            sides[name] = torch_side(param, grad, dtype, make)
        except Exception as error:
            print(f"{name}: left out, {type(error).__name__}: {str(error).splitlines()[0]}", file=sys.stderr)

    def deepspeed(parameters: Any) -> Any:
        from deepspeed.ops.adam import DeepSpeedCPUAdam

        return DeepSpeedCPUAdam(parameters, adamw_mode=True, fp32_optimizer_states=False)

    def torchao(parameters: Any) -> Any:
        from torchao.optim import AdamW8bit

        return AdamW8bit(parameters)

    def bitsandbytes(parameters: Any) -> Any:
        from bitsandbytes.optim import AdamW8bit

        return AdamW8bit(parameters)

    sides: dict[str, Side] = {}
    add("torch float32", torch.float32, lambda p: torch.optim.AdamW(p, fused=True))
    add("torch bfloat16", torch.bfloat16, lambda p: torch.optim.AdamW(p, fused=True))
    add("DeepSpeed bfloat16", torch.bfloat16, deepspeed)
    add("torchao 8-bit", torch.float32, torchao)
    add("bitsandbytes 8-bit", torch.float32, bitsandbytes)
    return sides


def main() -> int:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=1 << 24)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--isa", choices=adamas.available_isas(), default=adamas.active_isa())
    parser.add_argument("--plain", action="store_true", help="plain NumPy arrays, instead of an arena's")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()

    import torch

    torch.set_num_threads(arguments.threads)
    adamas.use_isa(arguments.isa)
    rng = np.random.default_rng(0)
    param = rng.standard_normal(arguments.size, dtype=np.float32)
    grad = rng.standard_normal(arguments.size, dtype=np.float32) * np.float32(1e-2)
    sides = peers(param, grad)
    others = list(sides)
    sides.update({name: adamas_side(name, param, grad, arguments.threads, arguments.plain) for name in FORMATS})
    timings = take_turns(sides, arguments.rounds, 0.0)
    rows = [
        {
            "format": name,
            "seconds": timings[name].median,
            "to": {other: ratio(timings[name], timings[other])[0] for other in [*others, "float32"]},
        }
        for name in [*others, *FORMATS]
    ]
    if arguments.json:
        print(json.dumps({"info": adamas.info(), "torch": torch.__version__, "rows": rows}, indent=2))
        return 0
    print(f"adamas {adamas.__version__} ({arguments.isa}), torch {torch.__version__}, {arguments.threads} threads")
    print(f"{'':<26} {'ms':>8}  " + "  ".join(f"{other:>18}" for other in [*others, "adamas float32"]))
    for row in rows:
        shares: dict[str, float] = row["to"]  # type: ignore[assignment]
        print(f"{row['format']:<26} {row['seconds'] * 1e3:>8.2f}  " + "  ".join(f"{x:>18.3f}" for x in shares.values()))  # type: ignore[operator]
    return 0


if __name__ == "__main__":
    sys.exit(main())
