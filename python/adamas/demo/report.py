"""What the demo leaves behind: weights, a picture of the curves, a table."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

import adamas
from adamas._system.atomic_file import atomic_write
from adamas.demo.data import Dataset
from adamas.demo.mlp import Layers


@dataclass
class History:
    """Curves by epoch, and where the time went."""

    train_loss: list[float] = field(default_factory=list)
    train_accuracy: list[float] = field(default_factory=list)
    test_loss: list[float] = field(default_factory=list)
    test_accuracy: list[float] = field(default_factory=list)
    steps: int = 0
    seconds: float = 0.0
    optimizer_seconds: float = 0.0


def save_weights(layers: Layers, path: Path) -> None:
    """Write the layers to an npz file, whole or not at all."""
    with atomic_write(path) as temporary, temporary.open("wb") as file:
        arrays: dict[str, Any] = {f"{i}.{name}": a for i, layer in enumerate(layers) for name, a in layer.items()}
        np.savez(file, **arrays)


def load_weights(path: Path) -> Layers:
    """Read the layers that `save_weights` wrote."""
    with np.load(path, allow_pickle=False) as arrays:
        return [{"w": arrays[f"{i}.w"], "b": arrays[f"{i}.b"]} for i in range(len(arrays.files) // 2)]


def draw_curves(history: History, title: str, path: Path) -> None:
    """Draw loss and accuracy over the epochs into a PNG file."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    epochs = range(1, len(history.train_loss) + 1)
    figure = Figure(figsize=(9.0, 3.8), layout="constrained")
    figure.suptitle(f"{title}: multi-layer perceptron, adamas.AdamW")
    loss, accuracy = figure.subplots(1, 2)
    marker = "o" if len(history.train_loss) == 1 else None
    loss.plot(epochs, history.train_loss, "-", color="tab:blue", marker=marker, label="training set")
    loss.plot(epochs, history.test_loss, "--", color="tab:orange", marker=marker, label="test set")
    loss.set(xlabel="epoch", ylabel="cross-entropy (nats)", yscale="log")
    accuracy.plot(epochs, history.train_accuracy, "-", color="tab:blue", marker=marker, label="training set")
    accuracy.plot(epochs, history.test_accuracy, "--", color="tab:orange", marker=marker, label="test set")
    accuracy.set(xlabel="epoch", ylabel="accuracy")
    for axes in (loss, accuracy):
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.grid(alpha=0.3)
        axes.legend()
    figure.savefig(path, dpi=150)


def table(history: History, dataset: Dataset, sizes: Sequence[int], accuracy: float, reloaded: float) -> str:
    """Return the summary as aligned lines."""
    parameters = sum(inputs * outputs + outputs for inputs, outputs in itertools.pairwise(sizes))
    rows = {
        "network": f"{' - '.join(map(str, sizes))}, {parameters:,} parameters",
        "training, test images": f"{len(dataset.x_train):,}, {len(dataset.x_test):,}",
        "test accuracy": f"{accuracy:.4f}",
        "after saving and loading": f"{reloaded:.4f}",
        "steps": f"{history.steps:,}",
        "steps per second": f"{history.steps / history.seconds:,.0f}",
        "share of time in optimizer": f"{100.0 * history.optimizer_seconds / history.seconds:.1f} %",
        "instruction set, threads": f"{adamas.active_isa()}, up to {adamas.get_num_threads()}",
    }
    width = max(map(len, rows))
    return "\n".join(f"{name:<{width}}  {value}" for name, value in rows.items())
