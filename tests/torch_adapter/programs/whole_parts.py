"""Steps parameters that are spread over processes, if the part of this process is the whole parameter."""

from __future__ import annotations

from typing import Any

import torch
import torch.distributed as dist
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard

import adamas.torch


def train(spread: bool) -> list[torch.Tensor]:
    """Return the parameters after some steps."""
    torch.manual_seed(0)
    model: Any = torch.nn.Linear(8, 1)
    if spread:
        fully_shard(model, mesh=init_device_mesh("cpu", (1,)))
    optimizer = adamas.torch.AdamW(model.parameters(), lr=1e-2)
    inputs = torch.randn(16, 8)
    for _ in range(3):
        optimizer.zero_grad()
        model(inputs).pow(2).mean().backward()
        optimizer.step()
    return [param.full_tensor() if spread else param.detach() for param in model.parameters()]


def main() -> None:
    dist.init_process_group("gloo", rank=0, world_size=1, store=dist.HashStore())
    for ours, expected in zip(train(spread=True), train(spread=False), strict=True):
        assert torch.equal(ours, expected)
    dist.destroy_process_group()
    print("the same bits")


if __name__ == "__main__":
    main()
