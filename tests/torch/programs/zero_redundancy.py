"""Two processes train with ZeroRedundancyOptimizer over adamas.torch.AdamW, and over torch's own."""

from __future__ import annotations

import json
import os
import socket
import sys
from typing import Any

import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from torch.distributed.optim import ZeroRedundancyOptimizer
from torch.nn.parallel import DistributedDataParallel

import adamas.torch

STEPS = 10


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def train(rank: int, port: int, optimizer_class: Any, results: Any) -> None:
    os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port))
    dist.init_process_group("gloo", rank=rank, world_size=2)
    torch.manual_seed(0)
    layers = [torch.nn.Linear(20, 30), torch.nn.Tanh(), torch.nn.Linear(30, 5)]
    model = DistributedDataParallel(torch.nn.Sequential(*layers))
    optimizer = ZeroRedundancyOptimizer(model.parameters(), optimizer_class=optimizer_class, lr=1e-2, weight_decay=0.1)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 4, 0.5)
    data = torch.Generator().manual_seed(rank)
    saved = None
    for step in range(STEPS):
        optimizer.zero_grad()
        model(torch.randn(8, 20, generator=data)).pow(2).mean().backward()
        optimizer.step()
        scheduler.step()
        if step == STEPS // 2:  # its states leave, and come back
            optimizer.consolidate_state_dict(0)
            everything: list[Any] = [optimizer.state_dict() if rank == 0 else None]
            dist.broadcast_object_list(everything, 0)
            optimizer.load_state_dict(everything[0])
            saved = sorted(everything[0]["state"])
    results.put((rank, saved, [param.detach().flatten().tolist() for param in model.parameters()]))
    dist.barrier()
    dist.destroy_process_group()


def run(optimizer_class: Any) -> Any:
    context = mp.get_context("spawn")
    results, port = context.Queue(), free_port()
    workers = [context.Process(target=train, args=(rank, port, optimizer_class, results)) for rank in range(2)]
    for worker in workers:
        worker.start()
    found = sorted(results.get(timeout=50) for _ in workers)
    for worker in workers:
        worker.join()
    return found


if __name__ == "__main__":
    json.dump({"adamas": run(adamas.torch.AdamW), "torch": run(torch.optim.AdamW)}, sys.stdout)
