"""Lightning with gradient clipping and accumulation, for adamas.torch, Offload and steps inside the backward pass."""

from __future__ import annotations

import json
import logging
import sys
import warnings
from collections.abc import Callable
from typing import Any

import lightning
import torch

import adamas.torch


class Module(lightning.LightningModule):  # type: ignore[misc]
    """A small network."""

    def __init__(self, configure: Callable[[Any], Any]) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.layers = torch.nn.Sequential(torch.nn.Linear(8, 16), torch.nn.Tanh(), torch.nn.Linear(16, 1))
        self._configure = configure
        self.losses: list[float] = []

    def training_step(self, batch: Any, index: int) -> Any:
        """Return the loss."""
        loss = (10 * self.layers(batch[0]) - batch[1]).pow(2).mean()
        self.losses.append(float(loss.detach()))
        return loss

    def configure_optimizers(self) -> Any:
        """Return the optimizer."""
        return self._configure(self)


def train(configure: Callable[[Any], Any], clip: float | None) -> dict[str, Any]:
    module = Module(configure)
    before = [param.detach().clone() for param in module.parameters()]
    data = torch.randn(10, 4, 8, generator=torch.Generator().manual_seed(1))
    batches = torch.utils.data.DataLoader([(x, x.sum(-1, keepdim=True)) for x in data], batch_size=None)
    trainer = lightning.Trainer(
        max_epochs=2, accelerator="cpu", gradient_clip_val=clip, accumulate_grad_batches=2, logger=False,
        enable_checkpointing=False, enable_progress_bar=False, enable_model_summary=False,
    )  # fmt: skip
    try:
        trainer.fit(module, batches)
    except RuntimeError as error:
        return {"error": str(error)}
    moved = [param.detach() - old for param, old in zip(module.parameters(), before, strict=True)]
    return {
        "losses": module.losses,
        "params": [param.detach().flatten().tolist() for param in module.parameters()],
        "moved": float(torch.nn.utils.get_total_norm(moved)),
    }


def in_backward(module: Any) -> Any:
    optimizer = adamas.torch.SGD(module.parameters(), lr=1e-2)
    adamas.torch.step_in_backward(module, optimizer, gradient_accumulation_steps=2)
    return optimizer


def offload(module: Any) -> Any:
    return adamas.torch.Offload(module.parameters(), adamas.torch.SGD, lr=1e-2)


if __name__ == "__main__":
    output, sys.stdout = sys.stdout, sys.stderr
    warnings.simplefilter("ignore")
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    result = {
        "torch": train(lambda module: torch.optim.SGD(module.parameters(), lr=1e-2), 0.5),
        "plain": train(lambda module: adamas.torch.SGD(module.parameters(), lr=1e-2), 0.5),
        "offload": train(offload, 0.5),
        "unclipped": train(lambda module: adamas.torch.SGD(module.parameters(), lr=1e-2), None),
        "in backward": train(in_backward, None),
        "in backward, clipped": train(in_backward, 0.5),
    }
    json.dump(result, output)
