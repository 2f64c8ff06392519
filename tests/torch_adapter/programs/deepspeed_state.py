"""The state of DeepSpeed's CPUAdam, loaded into adamas.torch.AdamW in the middle of training."""

from __future__ import annotations

import json
import os
import sys
from typing import Any

import torch

STEPS = 6


def main() -> dict[str, Any]:
    from deepspeed.ops.adam import DeepSpeedCPUAdam

    import adamas.torch

    theirs = [torch.nn.Parameter(torch.randn(shape, generator=torch.Generator().manual_seed(1))) for shape in (300, 7)]
    optimizer = DeepSpeedCPUAdam(theirs, lr=1e-2, weight_decay=0.1)

    def step(optimizer: Any, params: list[torch.nn.Parameter], seed: int) -> None:
        data = torch.Generator().manual_seed(seed)
        for param in params:
            param.grad = torch.randn(param.shape, generator=data)
        optimizer.step()

    for seed in range(STEPS // 2):
        step(optimizer, theirs, seed)
    params = [torch.nn.Parameter(param.detach().clone()) for param in theirs]
    ours = adamas.torch.AdamW(params, lr=5.0)
    ours.load_state_dict(optimizer.state_dict())
    for seed in range(STEPS // 2, STEPS):
        step(optimizer, theirs, seed)
        step(ours, params, seed)
    pairs = zip(params, theirs, strict=True)
    return {
        "step": float(ours.state[params[0]]["step"]),
        "apart": max(float((mine.detach() - other.detach()).abs().max()) for mine, other in pairs),
    }


if __name__ == "__main__":
    output, sys.stdout = sys.stdout, sys.stderr  # DeepSpeed prints
    os.environ["DS_ACCELERATOR"] = "cpu"
    json.dump(main(), output)
