"""Hugging Face's Trainer with Offload, whose gradients it clips, and with steps inside the backward pass."""

from __future__ import annotations

import json
import math
import sys
import tempfile
from typing import Any

import torch
from trainer import CONFIG, batch
from transformers import GPT2LMHeadModel, Trainer, TrainingArguments

import adamas.torch


def make_model(dtype: torch.dtype = torch.float32) -> Any:
    torch.manual_seed(0)
    return GPT2LMHeadModel(CONFIG).to(dtype)


def train(model: Any, max_grad_norm: float, **how: Any) -> dict[str, Any]:
    before = [param.detach().double().clone() for param in model.parameters()]
    with tempfile.TemporaryDirectory() as folder:
        arguments = TrainingArguments(
            folder, per_device_train_batch_size=8, num_train_epochs=1, gradient_accumulation_steps=2,
            max_grad_norm=max_grad_norm, lr_scheduler_type="constant", logging_steps=1, save_strategy="no", seed=1,
            use_cpu=True, report_to=[], disable_tqdm=True,
        )  # fmt: skip
        trainer = Trainer(model, arguments, train_dataset=[batch(seed) for seed in range(24)], **how)
        try:
            trainer.train()
        except RuntimeError as error:
            return {"error": str(error)}
    moved = [param.detach().double() - old for param, old in zip(model.parameters(), before, strict=True)]
    logged = trainer.state.log_history
    return {
        "losses": [entry["loss"] for entry in logged if "loss" in entry],
        "norms": [entry["grad_norm"] for entry in logged if "grad_norm" in entry],
        "params": [param.detach().float().flatten().tolist() for param in model.parameters()],
        "moved": float(torch.nn.utils.get_total_norm(moved)),
    }


def plain(max_grad_norm: float, dtype: torch.dtype = torch.float32) -> dict[str, Any]:
    options = {"lr": 1e-2} if dtype == torch.float32 else {"lr": 1e-2, "master_weights": True}
    return train(make_model(dtype), max_grad_norm, optimizer_cls_and_kwargs=(adamas.torch.SGD, options))


def offload(max_grad_norm: float, dtype: torch.dtype = torch.float32, **more: Any) -> dict[str, Any]:
    options = {"optimizer_class": adamas.torch.SGD, "lr": 1e-2, **more}
    return train(make_model(dtype), max_grad_norm, optimizer_cls_and_kwargs=(adamas.torch.Offload, options))


def in_backward(max_grad_norm: float, *, previous_norm: bool = False, **options: Any) -> dict[str, Any]:
    model = make_model()
    optimizer = adamas.torch.SGD(model.parameters(), lr=1e-2, **options)
    adamas.torch.step_in_backward(model, optimizer, previous_norm=previous_norm, gradient_accumulation_steps=2)
    return train(model, max_grad_norm, optimizers=(optimizer, None))


if __name__ == "__main__":
    output, sys.stdout = sys.stdout, sys.stderr  # Trainer prints
    result = {
        "plain": plain(0.5),
        "offload": offload(0.5),
        "bfloat16": plain(0.5, torch.bfloat16),
        "bfloat16, offload": offload(0.5, torch.bfloat16),
        "unclipped": plain(0.0),
        "in backward": in_backward(0.0, max_norm=math.inf),
        "in backward, max_norm": in_backward(0.0, max_norm=0.5, previous_norm=True),
        "in backward, clipped": in_backward(0.5),
        "offload in backward": offload(0.5, in_backward=True),
    }
    json.dump(result, output)
