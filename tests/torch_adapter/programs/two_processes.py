"""Two processes train one model, with adamas.torch.AdamW and with torch's own.

The argument says how: ``zero`` under ZeroRedundancyOptimizer, or ``fsdp``, with sharded parameters.
"""

from __future__ import annotations

import json
import os
import socket
import sys
from typing import Any

import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from torch.distributed.checkpoint.state_dict import get_optimizer_state_dict, set_optimizer_state_dict
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard
from torch.distributed.optim import ZeroRedundancyOptimizer
from torch.nn.parallel import DistributedDataParallel

import adamas.torch

STEPS = 10
OPTIONS = {"lr": 1e-2, "weight_decay": 0.1}


class Zero:
    """Each process keeps the states of a part of the parameters."""

    def __init__(self, model: Any, optimizer_class: Any) -> None:
        self.model = DistributedDataParallel(model)
        self.optimizer = ZeroRedundancyOptimizer(model.parameters(), optimizer_class=optimizer_class, **OPTIONS)

    def send_states_around(self) -> list[Any]:
        self.optimizer.consolidate_state_dict(0)
        everything: list[Any] = [self.optimizer.state_dict() if dist.get_rank() == 0 else None]
        dist.broadcast_object_list(everything, 0)
        self.optimizer.load_state_dict(everything[0])
        return sorted(everything[0]["state"])

    def params(self) -> list[torch.Tensor]:
        return list(self.model.parameters())


class Fsdp:
    """Each process has a part of each parameter."""

    def __init__(self, model: Any, optimizer_class: Any) -> None:
        mesh = init_device_mesh("cpu", (2,))
        fully_shard(model[0], mesh=mesh)
        fully_shard(model, mesh=mesh)
        self.model = model
        self.optimizer = optimizer_class(model.parameters(), **OPTIONS)

    def send_states_around(self) -> list[Any]:
        saved = get_optimizer_state_dict(self.model, self.optimizer)
        self.optimizer.state.clear()
        set_optimizer_state_dict(self.model, self.optimizer, saved)
        return sorted(saved["state"])

    def params(self) -> list[torch.Tensor]:
        return [param.full_tensor() for param in self.model.parameters()]


def train(rank: int, way: str, port: int, optimizer_class: Any, results: Any) -> None:
    os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port))
    dist.init_process_group("gloo", rank=rank, world_size=2)
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(20, 31), torch.nn.Tanh(), torch.nn.Linear(31, 5))
    trained: Any = (Zero if way == "zero" else Fsdp)(model, optimizer_class)
    scheduler = torch.optim.lr_scheduler.StepLR(trained.optimizer, 4, 0.5)
    data = torch.Generator().manual_seed(rank)
    saved = None
    for step in range(STEPS):
        trained.optimizer.zero_grad()
        trained.model(torch.randn(8, 20, generator=data)).pow(2).mean().backward()
        trained.optimizer.step()
        scheduler.step()
        if step == STEPS // 2:
            saved = trained.send_states_around()
    results.put((rank, saved, [param.detach().flatten().tolist() for param in trained.params()]))
    dist.barrier()
    dist.destroy_process_group()


def run(way: str, optimizer_class: Any) -> Any:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = int(found.getsockname()[1])
    context = mp.get_context("spawn")
    results = context.Queue()
    workers = [context.Process(target=train, args=(rank, way, port, optimizer_class, results)) for rank in range(2)]
    for worker in workers:
        worker.start()
    found_in = sorted(results.get(timeout=120) for _ in workers)
    for worker in workers:
        worker.join()
    return found_in


if __name__ == "__main__":
    [way] = sys.argv[1:]
    json.dump({"adamas": run(way, adamas.torch.AdamW), "torch": run(way, torch.optim.AdamW)}, sys.stdout)
