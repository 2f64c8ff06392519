"""A residual network in PyTorch on CIFAR-10, trained with adamas.torch.AdamW.

Shows groups (no weight decay for norms and biases), a one-cycle schedule, updates inside the backward pass
(--in-backward), and how to read the data set in the formats of its authors, with their checksums. --quick makes a small
data set in the same format and trains on it.

The network is that of He et al. (2015, arXiv:1512.03385) as it is used for images of 32x32: a first convolution of 3x3,
no pooling after it. ResNet-18 takes hours on two cores; with --width 16 the network has a sixteenth of the work.

Copy this file alone: it needs ``pip install 'adamas[examples-torch]'``.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

import adamas
from adamas.demo.cifar import CHANNELS, CLASSES, SIDE, Part, load_cifar10, write_binary
from adamas.demo.command_line import make_parser, non_negative, parse, positive_int
from adamas.demo.extras import require
from adamas.demo.pictures import draw_curves
from adamas.demo.program import run_program
from adamas.demo.run import Run
from adamas.demo.table import check_reloaded, print_table

#: Blocks of each stage, and whether a block is a bottleneck.
DEPTHS = {18: ((2, 2, 2, 2), False), 50: ((3, 4, 6, 3), True)}


def options() -> argparse.Namespace:
    """Read the command line."""
    parser = make_parser("cifar10_resnet_torch", __doc__, epochs=30, batch_size=128, lr=3e-3)
    parser.add_argument("--data-dir", type=Path, default=Path("cifar-10"), help="default: %(default)s")
    parser.add_argument("--depth", type=int, choices=list(DEPTHS), default=18, help="default: %(default)s")
    parser.add_argument("--width", type=positive_int, default=64, help="channels at the start; default: %(default)s")
    parser.add_argument("--weight-decay", type=non_negative, default=0.05, help="default: %(default)s")
    parser.add_argument("--in-backward", action="store_true", help="update parameters in the backward pass")
    return parse(parser, quick={"epochs": 3, "batch_size": 32, "width": 8})


def new_model(depth: int, width: int) -> Any:
    """Make the network."""
    from torch import nn

    def convolution(inputs: int, outputs: int, kernel: int, stride: int = 1) -> list[nn.Module]:
        return [
            nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False),
            nn.BatchNorm2d(outputs),
        ]

    class Block(nn.Module):  # type: ignore[misc]  # torch is not there when types are checked
        """What its convolutions make of the input, added to the input."""

        def __init__(self, inputs: int, width: int, stride: int, is_bottleneck: bool) -> None:
            super().__init__()
            if is_bottleneck:
                outputs = 4 * width
                steps = [
                    *(*convolution(inputs, width, 1), nn.ReLU()),
                    *(*convolution(width, width, 3, stride), nn.ReLU()),
                    *convolution(width, outputs, 1),
                ]
            else:
                outputs = width
                steps = [*(*convolution(inputs, width, 3, stride), nn.ReLU()), *convolution(width, width, 3)]
            self.change = nn.Sequential(*steps)
            fits = stride == 1 and inputs == outputs
            self.shortcut = nn.Identity() if fits else nn.Sequential(*convolution(inputs, outputs, 1, stride))
            nn.init.zeros_(self.change[-1].weight)  # at first, each block passes its input on

        def forward(self, x: Any) -> Any:
            return nn.functional.relu(self.shortcut(x) + self.change(x))

    blocks, is_bottleneck = DEPTHS[depth]
    layers: list[nn.Module] = [*convolution(CHANNELS, width, 3), nn.ReLU()]
    inputs = width
    for stage, count in enumerate(blocks):
        for number in range(count):
            stride = 2 if stage > 0 and number == 0 else 1
            layers.append(Block(inputs, width << stage, stride, is_bottleneck))
            inputs = (width << stage) * (4 if is_bottleneck else 1)
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(inputs, len(CLASSES)))


def small_data_set(folder: Path, seed: int, per_file: int = 200) -> None:
    """Write images in which each class is a colour and a place, with noise, as CIFAR-10 is written."""
    rng = np.random.default_rng(seed)
    colours = rng.integers(60, 256, (len(CLASSES), CHANNELS))
    parts: list[Part] = []
    for _ in range(6):
        labels = rng.integers(0, len(CLASSES), per_file)
        images = rng.integers(0, 120, (per_file, CHANNELS, SIDE, SIDE))
        for image, label in zip(images, labels, strict=True):
            row, column = (label % 5) * 6 + rng.integers(0, 3), (label // 5) * 16 + rng.integers(0, 6)
            image[:, row : row + 6, column : column + 10] = colours[label][:, None, None]
        parts.append((images.astype(np.uint8), labels))
    write_binary(folder, parts)


def as_tensors(part: Part, mean: Any, deviation: Any) -> tuple[Any, Any]:
    """Return images with a mean of 0 and a standard deviation of 1 in each colour, and labels."""
    import torch

    images, labels = part
    scaled = (images.astype(np.float32) / 255.0 - mean) / deviation
    return torch.from_numpy(scaled.astype(np.float32)).to(memory_format=torch.channels_last), torch.from_numpy(labels)


def augmented(images: Any) -> Any:
    """Return the images moved by up to four pixels, and half of the batches mirrored."""
    import torch

    padded = torch.nn.functional.pad(images, (4, 4, 4, 4))
    row, column = torch.randint(0, 9, (2,)).tolist()
    moved = padded[:, :, row : row + SIDE, column : column + SIDE]
    return moved.flip(3) if torch.rand(()) < 0.5 else moved


def groups(model: Any, weight_decay: float) -> list[dict[str, Any]]:
    """Return matrices and kernels, which decay, and norms and biases, which do not."""
    params = list(model.parameters())
    return [
        {"params": [param for param in params if param.dim() > 1], "weight_decay": weight_decay},
        {"params": [param for param in params if param.dim() <= 1], "weight_decay": 0.0},
    ]


def evaluate(model: Any, x: Any, y: Any) -> tuple[float, float]:
    """Return mean cross-entropy and accuracy."""
    import torch

    model.eval()
    with torch.no_grad():
        logits = torch.cat([model(part) for part in x.split(500)])
    model.train()
    return torch.nn.functional.cross_entropy(logits, y).item(), (logits.argmax(1) == y).float().mean().item()


def load(arguments: argparse.Namespace) -> tuple[Part, Part]:
    """Read the data set."""
    if not arguments.quick:
        return load_cifar10(arguments.data_dir)
    folder = arguments.output_dir / "data"
    small_data_set(folder, arguments.seed)
    return load_cifar10(folder, per_file=200)


def main() -> None:
    """Train, save, read it back, and report."""
    arguments = options()
    require("this example", ("torch",), "examples-torch")
    import torch

    import adamas.torch

    train, test = load(arguments)
    mean, deviation = (f(train[0] / np.float32(255.0), axis=(0, 2, 3), keepdims=True)[0] for f in (np.mean, np.std))
    torch.manual_seed(arguments.seed)
    (x, y), (x_test, y_test) = as_tensors(train, mean, deviation), as_tensors(test, mean, deviation)
    model = new_model(arguments.depth, arguments.width).to(memory_format=torch.channels_last)
    optimizer = adamas.torch.AdamW(groups(model, arguments.weight_decay), lr=arguments.lr)
    steps = arguments.epochs * -(-len(y) // arguments.batch_size)
    scheduler = torch.optim.lr_scheduler.OneCycleLR(optimizer, arguments.lr, total_steps=steps)
    if arguments.in_backward:
        adamas.torch.step_in_backward(model, optimizer)
    start = time.perf_counter()
    with Run(arguments, steps, f"ResNet-{arguments.depth}") as run:
        for _ in range(arguments.epochs):
            losses = []
            for rows in torch.randperm(len(y)).split(arguments.batch_size):
                loss = torch.nn.functional.cross_entropy(model(augmented(x[rows])), y[rows], label_smoothing=0.05)
                loss.backward()  # with --in-backward, this has updated the parameters, and freed their gradients
                optimizer.step()
                optimizer.zero_grad()
                scheduler.step()
                losses.append(loss.item())
                run.step()
            test_loss, accuracy = evaluate(model, x_test, y_test)
            run.epoch(training_loss=float(np.mean(losses)), test_loss=test_loss, test_accuracy=accuracy)
    seconds = time.perf_counter() - start

    checkpoint, picture = run.path("checkpoint.pt"), run.path("curves.png")
    torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict()}, checkpoint)
    saved = torch.load(checkpoint, weights_only=True)
    reloaded = new_model(arguments.depth, arguments.width).to(memory_format=torch.channels_last)
    reloaded.load_state_dict(saved["model"])
    adamas.torch.AdamW(groups(reloaded, 0.0)).load_state_dict(saved["optimizer"])  # to go on from there
    check_reloaded(evaluate(model, x_test, y_test), evaluate(reloaded, x_test, y_test), checkpoint)
    report(run, model, arguments, seconds, [checkpoint, picture])


def report(run: Run, model: Any, arguments: argparse.Namespace, seconds: float, files: Sequence[Path]) -> None:
    """Draw the curves and print the table."""
    history = run.history
    panels = {"cross-entropy (nats)": ["training_loss", "test_loss"], "accuracy": ["test_accuracy"]}
    title = "small data set" if arguments.quick else "CIFAR-10"
    draw_curves(history, panels, f"{title}: ResNet-{arguments.depth}", files[-1])
    print_table(
        {
            "network": f"ResNet-{arguments.depth}, {sum(param.numel() for param in model.parameters()):,} parameters",
            "test loss": f"{history['test_loss'][-1]:.4f}",
            "test accuracy": f"{history['test_accuracy'][-1]:.4f}, the same after reloading",
            "seconds": f"{seconds:.1f}",
            "instruction set": adamas.active_isa(),
        },
        *files,
    )


if __name__ == "__main__":
    sys.exit(run_program(main))
