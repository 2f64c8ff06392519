"""The training loops of Hugging Face and Lightning, over the model of `combinations_torch`."""

from __future__ import annotations

import contextlib
import logging
import sys
import tempfile
from typing import Any

import lightning as framework
import torch
import transformers
from combinations_cells import STEPS

logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
transformers.utils.logging.set_verbosity_error()


def trainer(run: Any) -> Any:
    """Train under Hugging Face's Trainer; it clips if the row says so, and else not."""
    row = run.row
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(sys.stderr):
        arguments = transformers.TrainingArguments(
            folder, per_device_train_batch_size=1, num_train_epochs=1, gradient_accumulation_steps=row.passes,
            max_grad_norm=row.clip_norm or 0.0, lr_scheduler_type="constant", save_strategy="no", use_cpu=True,
            report_to=[], disable_tqdm=True, remove_unused_columns=False, logging_strategy="no",
        )  # fmt: skip
        batches = [{"x": torch.zeros(1)} for _ in range(STEPS * row.passes)]
        loop = transformers.Trainer(
            run.model, arguments, train_dataset=batches, optimizers=(run.optimizer, run.make_scheduler())
        )
        # Trainer passes the number of batches in the step to models that can take it, and these divide by it.
        loop.model_accepts_loss_kwargs = False
        return _fit(run, loop.train)


class _Module(framework.LightningModule):  # type: ignore[misc]
    def __init__(self, run: Any) -> None:
        super().__init__()
        self.model = run.model
        self._run = run

    def training_step(self, batch: Any, index: int) -> Any:
        return self.model()["loss"]

    def configure_optimizers(self) -> Any:
        scheduler = self._run.make_scheduler()
        if scheduler is None:
            return self._run.optimizer
        return {"optimizer": self._run.optimizer, "lr_scheduler": {"scheduler": scheduler, "interval": "step"}}


def lightning(run: Any) -> Any:
    """Train under Lightning."""
    row = run.row
    batches = torch.utils.data.DataLoader([torch.zeros(1) for _ in range(STEPS * row.passes)], batch_size=None)
    loop = framework.Trainer(
        max_epochs=1, accelerator="cpu", gradient_clip_val=row.clip_norm, accumulate_grad_batches=row.passes,
        logger=False, enable_checkpointing=False, enable_progress_bar=False, enable_model_summary=False,
    )  # fmt: skip
    return _fit(run, lambda: loop.fit(_Module(run), batches))


def _fit(run: Any, train: Any) -> Any:
    raised = None
    try:
        train()
    except FloatingPointError:
        raised = (run.model.calls - 1) // run.row.passes
    return run.found(raised)
