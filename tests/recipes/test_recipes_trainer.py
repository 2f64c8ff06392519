"""What docs/recipes.md says of Hugging Face's Trainer: which settings reach the optimizer, and what Offload keeps."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from one_thread import one_thread
from transformers import Trainer, TrainingArguments

import adamas.torch

__all__ = ["one_thread"]


class Line(torch.nn.Module):  # type: ignore[misc]
    """A linear layer as Trainer takes one."""

    def __init__(self, dtype: torch.dtype = torch.float32) -> None:
        super().__init__()
        self.layer = torch.nn.Linear(8, 1, dtype=dtype)

    def forward(self, x: Any, y: Any) -> Any:
        return {"loss": (self.layer(x.to(self.layer.weight.dtype))[:, 0] - y).float().pow(2).mean()}


def train(
    folder: Path, model: Any, choice: tuple[Any, dict[str, Any]], checkpoint: str | None = None, **more: Any
) -> Any:
    """Return the optimizer that Trainer has made and trained with."""
    settings: dict[str, Any] = {"max_steps": 3, "save_strategy": "no", **more}
    arguments = TrainingArguments(
        str(folder), learning_rate=0.5, weight_decay=0.25, adam_beta1=0.5, adam_epsilon=0.5,
        lr_scheduler_type="constant", report_to="none", disable_tqdm=True, use_cpu=True,
        remove_unused_columns=False, **settings,
    )  # fmt: skip
    rows = [{"x": torch.full((8,), 0.1 * i), "y": torch.tensor(0.3 * i)} for i in range(16)]
    trainer = Trainer(model, arguments, train_dataset=rows, optimizer_cls_and_kwargs=choice)
    trainer.train(resume_from_checkpoint=checkpoint)
    return trainer.optimizer.optimizer


@pytest.mark.parametrize("offload", [False, True])
def test_settings_that_reach_the_optimizer(offload: bool, tmp_path: Path) -> None:
    """The weight decay of the arguments does, except for biases; other settings are those of the recipe."""
    choice: tuple[Any, dict[str, Any]] = (adamas.torch.AdamW, {"lr": 1e-2})
    if offload:
        choice = adamas.torch.Offload, {"optimizer_class": adamas.torch.AdamW, "lr": 1e-2}
    optimizer = train(tmp_path, Line(), choice)
    assert type(optimizer) is choice[0]
    decayed, others = optimizer.param_groups
    assert [param.ndim for param in decayed["params"]] == [2]
    assert [param.ndim for param in others["params"]] == [1]
    assert (decayed["weight_decay"], others["weight_decay"]) == (0.25, 0.0)
    for group in optimizer.param_groups:
        assert (group["lr"], group["betas"], group["eps"]) == (1e-2, (0.9, 0.999), 1e-8)


def test_a_learning_rate_is_adamas_own_without_one(tmp_path: Path) -> None:
    optimizer = train(tmp_path, Line(), (adamas.torch.AdamW, {}))
    assert optimizer.param_groups[0]["lr"] == 1e-3  # not 0.5, as the arguments say


def test_offload_keeps_what_bfloat16_loses(tmp_path: Path) -> None:
    """Steps of a millionth do not change a bfloat16 weight of 1, but its float32 master."""
    small = {"lr": 1e-6}
    for choice in (
        (torch.optim.AdamW, small),
        (adamas.torch.Offload, {"optimizer_class": adamas.torch.AdamW, **small}),
    ):
        model = Line(torch.bfloat16)
        torch.nn.init.ones_(model.layer.weight)
        optimizer = train(tmp_path, model, choice)
        assert (model.layer.weight == 1).all()
    master = optimizer.optimizer.param_groups[0]["params"][0]
    assert master.dtype == torch.float32
    assert (master != 1).all()


def test_max_norm_is_max_grad_norm(tmp_path: Path) -> None:
    weights = []
    for max_grad_norm, options in ((0.1, {}), (0.0, {"max_norm": 0.1}), (0.0, {})):
        torch.manual_seed(0)
        model = Line()
        choice = adamas.torch.SGD, {"lr": 0.5, **options}  # whose steps go by the size of the gradient
        optimizer = train(tmp_path, model, choice, max_grad_norm=max_grad_norm)
        weights.append(model.layer.weight.detach())
        if options:
            assert optimizer.report.grad_norm > 0.1
    torch.testing.assert_close(weights[1], weights[0], rtol=1e-5, atol=1e-6)
    assert (weights[2] - weights[0]).abs().max() > 0.01


def test_a_run_changes_over(tmp_path: Path) -> None:
    """From torch's AdamW to that of adamas, at a checkpoint."""
    ends = []
    for resume in (False, True):
        torch.manual_seed(0)
        model = Line()
        choice = (adamas.torch.AdamW if resume else torch.optim.AdamW, {"lr": 1e-2})
        checkpoint = str(tmp_path / "checkpoint-2") if resume else None
        optimizer = train(tmp_path, model, choice, checkpoint, save_strategy="steps", save_steps=2, max_steps=4)
        ends.append(model.layer.weight.detach())
    assert optimizer.report.step == 4
    torch.testing.assert_close(ends[1], ends[0], rtol=1e-5, atol=1e-6)
