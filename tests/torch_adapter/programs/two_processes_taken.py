"""Two processes train one model with gradients that Offload or step_in_backward take; with and without clipping."""

from __future__ import annotations

import json
import os
import socket
import sys
import warnings
from typing import Any

import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard
from torch.nn.parallel import DistributedDataParallel

import adamas.torch

OPTIONS: Any = {"lr": 0.1}


def spread(way: str, model: Any) -> Any:
    if way == "fsdp":
        return fully_shard(model, mesh=init_device_mesh("cpu", (2,)))
    return DistributedDataParallel(model, gradient_as_bucket_view=way == "views")


def optimizer_of(kind: str, model: Any) -> Any:
    if kind.startswith("offload"):
        in_backward = kind == "offload, in backward"
        return adamas.torch.Offload(model.parameters(), adamas.torch.SGD, in_backward=in_backward, **OPTIONS)
    optimizer = adamas.torch.SGD(model.parameters(), **OPTIONS)
    if kind == "in backward":
        adamas.torch.step_in_backward(model, optimizer)
    return optimizer


def train(way: str, kind: str, clip: bool) -> Any:
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(20, 30), torch.nn.Tanh(), torch.nn.Linear(30, 6))
    trained = spread(way, model)
    optimizer = optimizer_of(kind, model)
    data = torch.Generator().manual_seed(dist.get_rank())
    try:
        for _ in range(4):
            trained(torch.randn(8, 20, generator=data)).pow(2).mean().backward()
            if clip:
                torch.nn.utils.clip_grad_norm_(model.parameters(), 0.01)
            optimizer.step()
            optimizer.zero_grad()
    except RuntimeError as error:
        return str(error)
    params = [param.full_tensor() if way == "fsdp" else param for param in model.parameters()]
    return [param.detach().flatten().tolist() for param in params]


def work(rank: int, port: int, results: Any) -> None:
    os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port))
    dist.init_process_group("gloo", rank=rank, world_size=2)
    for way in ("copies", "views", "fsdp"):
        for kind in ("plain", "offload"):
            for clip in (False, True):
                results.put((rank, f"{way}, {kind}{', clipped' * clip}", train(way, kind, clip)))
    warned: dict[str, list[str]] = {"in backward": [], "offload, in backward": []}
    for way in ("fsdp", "copies"):
        for kind, ways in warned.items():
            with warnings.catch_warnings(record=True) as record:
                warnings.simplefilter("always")
                results.put((rank, f"{way}, {kind}", train(way, kind, clip=False)))
            ways += [way for warning in record if "spread over processes" in str(warning.message)]
    for kind, ways in warned.items():
        results.put((rank, f"warnings, {kind}", ways))
    results.put((rank, "", None))


def run() -> dict[str, list[Any]]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    context = mp.get_context("spawn")
    results = context.Queue()
    workers = [context.Process(target=work, args=(rank, port, results)) for rank in range(2)]
    for worker in workers:
        worker.start()
    found: dict[str, list[Any]] = {}
    while len(found.get("", [])) < 2:
        _, name, result = results.get(timeout=120)
        found.setdefault(name, []).append(result)
    for worker in workers:  # a backward pass that failed may have left them waiting for each other
        worker.kill()
        worker.join()
    return found


if __name__ == "__main__":
    json.dump(run(), sys.stdout)
