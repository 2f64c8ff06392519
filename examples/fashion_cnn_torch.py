"""A convolutional network in PyTorch that tells garments apart (Fashion-MNIST), trained with adamas.torch.AdamW.

Shows how adamas replaces torch.optim. The schedule is torch's own. The call that updates the weights also clips the
gradients and keeps an average of the weights. The network is evaluated and saved with the average. For comparison,
`--optimizer torch` does the same with torch.optim.AdamW, clip_grad_norm_ and AveragedModel.

The data are Debian's: apt-get install dataset-fashion-mnist.

Copy this file alone: it needs ``pip install 'adamas[examples-torch]'``.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

import adamas
from adamas.demo.command_line import make_parser, non_negative, parse, positive_int
from adamas.demo.data import FASHION_DIR, load_fashion_mnist
from adamas.demo.extras import require
from adamas.demo.pictures import draw_curves
from adamas.demo.program import run_program
from adamas.demo.run import Run
from adamas.demo.table import check_reloaded, print_table

MAX_NORM, DECAY = 1.0, 0.998


def options() -> argparse.Namespace:
    """Read the command line."""
    parser = make_parser("fashion_cnn_torch", __doc__, epochs=8, batch_size=128, lr=2e-3)
    parser.add_argument("--data-dir", type=Path, help=f"folder of the idx files; default: {FASHION_DIR}")
    parser.add_argument("--images", type=positive_int, default=60_000, help="to train on; default: %(default)s")
    parser.add_argument("--weight-decay", type=non_negative, default=0.05, help="default: %(default)s")
    parser.add_argument("--optimizer", choices=["adamas", "torch"], default="adamas", help="default: %(default)s")
    return parse(parser, quick={"epochs": 2, "images": 6_000, "batch_size": 64})


def new_model() -> Any:
    """Make the network: three convolutions, each followed by batch normalisation, and two dense layers."""
    from torch import nn

    def block(inputs: int, outputs: int) -> list[nn.Module]:
        return [
            nn.Conv2d(inputs, outputs, 3, padding=1, bias=False),
            nn.BatchNorm2d(outputs),
            nn.ReLU(),
            nn.MaxPool2d(2),
        ]

    convolutions = [*block(1, 32), *block(32, 64), *block(64, 128)]
    dense = [nn.Flatten(), nn.Dropout(0.3), nn.Linear(128 * 3 * 3, 128), nn.ReLU(), nn.Dropout(0.3), nn.Linear(128, 10)]
    return nn.Sequential(*convolutions, *dense)


class WithAdamas:
    """Clipping, update and average are one call."""

    def __init__(self, model: Any, lr: float, weight_decay: float) -> None:
        import adamas.torch

        self.optimizer = adamas.torch.AdamW(
            model.parameters(),
            lr=lr,
            weight_decay=weight_decay,
            max_norm=MAX_NORM,
            average=adamas.EMA(DECAY, warmup=True),
        )

    def step(self) -> None:
        """Update the parameters."""
        self.optimizer.step()

    def averaged(self) -> contextlib.AbstractContextManager[None]:
        """Put the averages into the parameters for a while."""
        return self.optimizer.averaged()


class WithTorch:
    """The same in three calls."""

    def __init__(self, model: Any, lr: float, weight_decay: float) -> None:
        import torch
        from torch.optim.swa_utils import AveragedModel

        def update(averages: Any, params: Any, count: Any) -> None:  # torch's own has no warm-up
            decay = min(DECAY, (1.0 + float(count)) / (10.0 + float(count)))
            torch._foreach_lerp_(averages, params, 1.0 - decay)

        self.model = model
        self.optimizer = torch.optim.AdamW(model.parameters(), lr=lr, weight_decay=weight_decay)
        self.average = AveragedModel(model, multi_avg_fn=update)

    def step(self) -> None:
        """Update the parameters."""
        import torch

        torch.nn.utils.clip_grad_norm_(self.model.parameters(), MAX_NORM)
        self.optimizer.step()
        self.average.update_parameters(self.model)

    @contextlib.contextmanager
    def averaged(self) -> Any:
        """Put the averages into the parameters for a while."""
        import torch

        params = list(self.model.parameters())
        before = [param.detach().clone() for param in params]
        with torch.no_grad():
            for param, average in zip(params, self.average.module.parameters(), strict=True):
                param.copy_(average)
            yield
            for param, value in zip(params, before, strict=True):
                param.copy_(value)


def evaluate(model: Any, x: Any, y: Any) -> tuple[float, float]:
    """Return mean cross-entropy and accuracy."""
    import torch
    from torch.nn.functional import cross_entropy

    model.eval()
    with torch.no_grad():
        logits = torch.cat([model(part) for part in x.split(1_000)])
    model.train()
    return cross_entropy(logits, y).item(), (logits.argmax(1) == y).float().mean().item()


def main() -> None:
    """Train, save the averaged network, read it back, and report."""
    arguments = options()
    require("this example", ("torch",), "examples-torch")
    import torch
    from torch.nn.functional import cross_entropy

    data = load_fashion_mnist(arguments.data_dir)
    torch.manual_seed(arguments.seed)
    x_train, x_test = (torch.from_numpy(x).view(-1, 1, 28, 28) for x in (data.x_train, data.x_test))
    y_train, y_test = torch.from_numpy(data.y_train), torch.from_numpy(data.y_test)
    chosen = torch.from_numpy(np.random.default_rng(arguments.seed).permutation(len(x_train))[: arguments.images])
    held_out = len(chosen) // 12  # to watch; the test images are for the end
    validation, chosen = chosen[:held_out], chosen[held_out:]

    model = new_model().to(memory_format=torch.channels_last)  # the layout in which convolutions are fastest here
    training = (WithAdamas if arguments.optimizer == "adamas" else WithTorch)(
        model, arguments.lr, arguments.weight_decay
    )
    per_epoch = -(-len(chosen) // arguments.batch_size)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(training.optimizer, per_epoch * arguments.epochs)
    optimizer_seconds = 0.0
    start = time.perf_counter()
    with Run(arguments, per_epoch * arguments.epochs, f"fashion-mnist, {arguments.optimizer}") as run:
        for _ in range(arguments.epochs):
            losses = []
            for rows in chosen[torch.randperm(len(chosen))].split(arguments.batch_size):
                batch = x_train[rows].to(memory_format=torch.channels_last)
                if torch.rand(()) < 0.5:
                    batch = batch.flip(3)  # garments have two sides
                training.optimizer.zero_grad()
                loss = cross_entropy(model(batch), y_train[rows])
                loss.backward()
                before = time.perf_counter()
                training.step()
                optimizer_seconds += time.perf_counter() - before
                scheduler.step()
                losses.append(loss.item())
                run.step()
            with training.averaged():
                loss, accuracy = evaluate(model, x_train[validation], y_train[validation])
            run.epoch(training_loss=float(np.mean(losses)), validation_loss=loss, validation_accuracy=accuracy)
    seconds = time.perf_counter() - start

    checkpoint, picture = run.path("model.pt"), run.path("curves.png")
    with training.averaged():
        test = evaluate(model, x_test, y_test)
        torch.save(model.state_dict(), checkpoint)
    reloaded = new_model().to(memory_format=torch.channels_last)
    reloaded.load_state_dict(torch.load(checkpoint, weights_only=True))
    check_reloaded(test, evaluate(reloaded, x_test, y_test), checkpoint)

    panels = {"cross-entropy (nats)": ["training_loss", "validation_loss"], "accuracy": ["validation_accuracy"]}
    draw_curves(run.history, panels, f"Fashion-MNIST: CNN, {arguments.optimizer}", picture)
    print_table(
        {
            "network": f"CNN, {sum(param.numel() for param in model.parameters()):,} parameters",
            "optimizer": "adamas.torch.AdamW" if arguments.optimizer == "adamas" else "torch.optim.AdamW",
            "test loss": f"{test[0]:.4f}",
            "test accuracy": f"{test[1]:.4f}, the same after reloading",
            "seconds": f"{seconds:.1f}, of them in the optimizer {optimizer_seconds:.1f}",
            "threads": f"{torch.get_num_threads()}, {adamas.active_isa()}",
        },
        checkpoint,
        picture,
    )


if __name__ == "__main__":
    sys.exit(run_program(main))
