"""Optimizer steps under FSDP2 on the CPU: parameters and gradients are DTensors, of which each process has a part.

    torchrun --nproc-per-node 2 bench/fsdp_speed.py

`fully_shard` divides a transformer of GPT-2 small's shapes; each optimizer steps the parts that are here, as with
`CPUOffloadPolicy`. Medians, alternately in one run; one thread for each process.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import torch
import torch.distributed as dist
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard

import adamas
import adamas.torch

WIDTH, LAYERS, WORDS = 768, 12, 50257


def make_model() -> Any:
    """Return the linear layers, norms and embedding of a transformer, divided."""
    torch.manual_seed(0)

    def block() -> torch.nn.Module:
        sizes = [(WIDTH, 3 * WIDTH), (WIDTH, WIDTH), (WIDTH, 4 * WIDTH), (4 * WIDTH, WIDTH)]
        layers: list[torch.nn.Module] = [torch.nn.Linear(*size) for size in sizes]
        return torch.nn.Sequential(*layers, torch.nn.LayerNorm(WIDTH), torch.nn.LayerNorm(WIDTH))

    mesh = init_device_mesh("cpu", (dist.get_world_size(),))
    blocks = [block() for _ in range(LAYERS)]
    model = torch.nn.Sequential(torch.nn.Embedding(WORDS, WIDTH), *blocks)
    for each in model:
        fully_shard(each, mesh=mesh)
    fully_shard(model, mesh=mesh)
    return model


def main() -> None:
    """Time the steps."""
    torch.set_num_threads(1)
    adamas.set_num_threads(1)
    dist.init_process_group("gloo")
    made: dict[str, Any] = {
        "torch.optim.AdamW, as it comes": torch.optim.AdamW,
        "torch.optim.AdamW, foreach": lambda params: torch.optim.AdamW(params, foreach=True),
        "torch.optim.AdamW, fused": lambda params: torch.optim.AdamW(params, fused=True),
        "adamas.torch.AdamW": adamas.torch.__dict__["AdamW"],
    }
    steps = {}
    for name, make in made.items():
        model = make_model()
        for param in model.parameters():
            param.grad = torch.randn_like(param)
        steps[name] = make(model.parameters())
    times: dict[str, list[float]] = {name: [] for name in steps}
    for turn in range(9):
        for name, optimizer in steps.items():
            dist.barrier()
            start = time.perf_counter()
            optimizer.step()
            if turn >= 2:
                times[name].append(1e3 * (time.perf_counter() - start))
    if dist.get_rank() == 0:
        ours = float(np.median(times["adamas.torch.AdamW"]))
        for name, values in times.items():
            median = float(np.median(values))
            print(f"{name:32} {median:8.1f} ms   adamas takes {ours / median:.2f} of it", flush=True)
    dist.destroy_process_group()


if __name__ == "__main__":
    main()
