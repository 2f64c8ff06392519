"""What docs/recipes.md says of Lightning: clipping under mixed precision."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import lightning
import pytest
import torch
from lightning.pytorch.plugins import MixedPrecision
from one_thread import one_thread
from recipe_page import CHANGES, SOURCES, apply, run

import adamas.torch

__all__ = ["one_thread"]

pytestmark = pytest.mark.filterwarnings("ignore:.*LeafSpec.*is deprecated")  # lightning, of torch
REFUSED = "does not allow for gradient clipping because it performs unscaling of gradients internally"
[PLAIN] = [change for change in CHANGES if change.new == "digits_lightning.py with adamas"]
MIXED = SOURCES["digits_lightning.py in bf16-mixed"]


@pytest.mark.parametrize("side", ["adamas", "torch, fused"])
def test_lightning_refuses_its_own_clipping(side: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Under mixed precision, from every optimizer that can unscale gradients."""
    changed = apply(PLAIN.text, MIXED) if side == "adamas" else MIXED.replace("lr=2e-3", "lr=2e-3, fused=True")
    monkeypatch.setitem(SOURCES, "refused.py", changed)
    with pytest.raises(RuntimeError, match=REFUSED):
        run("refused.py", tmp_path)


def test_16_mixed_on_the_cpu_becomes_bf16_mixed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(SOURCES, "refused.py", apply(PLAIN.text, MIXED.replace("bf16-mixed", "16-mixed")))
    with (
        pytest.warns(UserWarning, match="fp16 is not supported on CPU. Using `precision='bf16-mixed'` instead"),
        pytest.raises(RuntimeError, match=REFUSED),
    ):
        run("refused.py", tmp_path)


class Line(lightning.LightningModule):  # type: ignore[misc]
    """A linear layer whose gradients have to be clipped."""

    def __init__(self, make: Any) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.layer = torch.nn.Linear(8, 1)
        self._make = make

    def training_step(self, batch: Any, index: int) -> Any:
        return (10 * self.layer(batch) - 3).float().pow(2).mean()

    def configure_optimizers(self) -> Any:
        return self._make(self.parameters())


def train(make: Any, **how: Any) -> tuple[torch.Tensor, Any]:
    """Return the weights after six steps, and the optimizer."""
    module = Line(make)
    data = torch.randn(6, 4, 8, generator=torch.Generator().manual_seed(1))
    trainer = lightning.Trainer(
        max_epochs=1, accelerator="cpu", logger=False, enable_checkpointing=False, enable_progress_bar=False,
        enable_model_summary=False, **how,
    )  # fmt: skip
    trainer.fit(module, torch.utils.data.DataLoader(data, batch_size=None))
    optimizer: Any = module.optimizers()
    return module.layer.weight.detach(), optimizer.optimizer


def clipped(params: Any) -> Any:
    return adamas.torch.SGD(params, lr=1e-2, max_norm=1.0)


def plain(params: Any) -> Any:
    return torch.optim.SGD(params, lr=1e-2)


@pytest.mark.parametrize(("option", "algorithm"), [("max_norm", "norm"), ("max_value", "value")])
def test_options_for_gradient_clip_val(option: str, algorithm: str) -> None:
    options: dict[str, Any] = {"lr": 1e-2, option: 1.0}
    ours, _ = train(lambda params: adamas.torch.SGD(params, **options))
    theirs, _ = train(plain, gradient_clip_val=1.0, gradient_clip_algorithm=algorithm)
    without, _ = train(plain)
    torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-6)
    assert (ours - without).abs().max() > 0.1


def test_max_norm_with_a_scaler() -> None:
    """Under 16-mixed gradients arrive multiplied by the scale: max_norm is the norm of what they are without it."""

    def mixed() -> Any:
        return MixedPrecision("16-mixed", "cpu", torch.amp.GradScaler("cpu", init_scale=4.0))

    ours, optimizer = train(clipped, plugins=[mixed()])
    theirs, _ = train(plain, plugins=[mixed()], gradient_clip_val=1.0)
    torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-6)
    assert (optimizer.report.step, optimizer.report.skipped) == (6, False)
    assert 1.0 < optimizer.report.grad_norm < 1000.0
    with pytest.raises(RuntimeError, match=REFUSED):
        train(clipped, plugins=[mixed()], gradient_clip_val=1.0)
