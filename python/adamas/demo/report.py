"""The results of the demo: a picture of the curves, a table."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import adamas
from adamas.demo.data import Dataset
from adamas.demo.pictures import draw_lines, new_picture


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


def draw_curves(history: History, title: str, path: Path) -> None:
    """Draw loss and accuracy over the epochs into a PNG file."""
    panels = {
        "cross-entropy (nats)": {"training set": history.train_loss, "test set": history.test_loss},
        "accuracy": {"training set": history.train_accuracy, "test set": history.test_accuracy},
    }
    with new_picture(path, f"{title}: multi-layer perceptron, adamas.AdamW") as (loss, accuracy):
        for axes, (ylabel, lines) in zip((loss, accuracy), panels.items(), strict=True):
            draw_lines(axes, lines, ylabel)
        loss.set_yscale("log")


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
