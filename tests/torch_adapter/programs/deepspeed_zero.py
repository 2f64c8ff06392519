"""DeepSpeed's ZeRO on a CPU, whose client optimizer is adamas.torch.AdamW, and torch's own."""

from __future__ import annotations

import json
import os
import socket
import sys
from typing import Any

import torch


def train(optimizer_class: Any, stage: int) -> dict[str, Any]:
    import deepspeed

    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(20, 30), torch.nn.Tanh(), torch.nn.Linear(30, 5))
    config = {
        "train_micro_batch_size_per_gpu": 8,
        "zero_optimization": {"stage": stage, "offload_optimizer": {"device": "cpu"}},
        "zero_force_ds_cpu_optimizer": False,
        "zero_allow_untested_optimizer": True,
        "gradient_clipping": 1.0,
        "bf16": {"enabled": True},
    }
    client = optimizer_class(model.parameters(), lr=1e-2)
    engine, wrapped, _, _ = deepspeed.initialize(
        model=model, optimizer=client, config=config, dist_init_required=not torch.distributed.is_initialized()
    )
    data = torch.Generator().manual_seed(0)
    losses = []
    for _ in range(10):
        loss = engine(torch.randn(8, 20, generator=data).bfloat16()).float().pow(2).mean()
        engine.backward(loss)
        engine.step()
        losses.append(loss.item())
    return {"losses": losses, "optimizer": type(wrapped.optimizer).__module__}


if __name__ == "__main__":
    output, sys.stdout = sys.stdout, sys.stderr  # DeepSpeed prints
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = str(found.getsockname()[1])
    os.environ.update(
        MASTER_ADDR="127.0.0.1", MASTER_PORT=port, RANK="0", LOCAL_RANK="0", WORLD_SIZE="1", DS_ACCELERATOR="cpu"
    )
    import adamas.torch

    stages = {
        stage: {"adamas": train(adamas.torch.AdamW, stage), "torch": train(torch.optim.AdamW, stage)}
        for stage in (1, 2, 3)
    }
    json.dump(stages, output)
