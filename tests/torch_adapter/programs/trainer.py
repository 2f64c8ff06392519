"""Hugging Face's Trainer on a tiny GPT-2, with adamas.torch.AdamW and with torch's own."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import torch
from transformers import GPT2Config, GPT2LMHeadModel, Trainer, TrainingArguments

import adamas.torch

CONFIG = GPT2Config(
    vocab_size=64, n_positions=32, n_embd=32, n_layer=2, n_head=2, bos_token_id=0, eos_token_id=0,
    resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0,
)  # fmt: skip


def batch(seed: int) -> dict[str, torch.Tensor]:
    tokens = torch.randint(0, 64, (16,), generator=torch.Generator().manual_seed(seed))
    return {"input_ids": tokens, "labels": tokens}


def train(optimizer_class: Any, folder: Path, resume: str | bool = False) -> dict[str, Any]:
    torch.manual_seed(0)
    model = GPT2LMHeadModel(CONFIG)
    arguments = TrainingArguments(
        str(folder), per_device_train_batch_size=8, num_train_epochs=4, gradient_accumulation_steps=2,
        max_grad_norm=0.5, warmup_steps=4, logging_steps=1, save_steps=8, seed=1,
        use_cpu=True, report_to=[], disable_tqdm=True,
    )  # fmt: skip
    trainer = Trainer(
        model,
        arguments,
        train_dataset=[batch(seed) for seed in range(64)],
        optimizer_cls_and_kwargs=(optimizer_class, {"lr": 1e-3, "weight_decay": 0.01}),
    )
    trainer.train(resume_from_checkpoint=resume)
    return {
        "losses": [entry["loss"] for entry in trainer.state.log_history if "loss" in entry],
        "params": [param.detach().flatten().tolist() for param in model.parameters()],
    }


if __name__ == "__main__":
    output, sys.stdout = sys.stdout, sys.stderr  # Trainer prints
    with tempfile.TemporaryDirectory() as folder:
        ours = Path(folder) / "ours"
        result = {
            "adamas": train(adamas.torch.AdamW, ours),
            "torch": train(torch.optim.AdamW, Path(folder) / "theirs"),
            "resumed": train(adamas.torch.AdamW, ours, str(ours / "checkpoint-8")),
        }
    json.dump(result, output)
