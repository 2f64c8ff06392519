"""One training run: its folder, progress bar, curves and TensorBoard events."""

from __future__ import annotations

import argparse
from pathlib import Path
from types import TracebackType
from typing import Any

from adamas.demo.extras import require
from adamas.demo.progress import progress_bar


class Run:
    """Keeps and shows the metrics of a run; a context manager, which closes the progress bar.

    Args:
        arguments: ``output_dir``, a folder that is created, and ``tensorboard``.
        total: How many steps there will be.

    Attributes:
        history: The value of each metric after each epoch.

    Raises:
        ImportError: A package is not installed; the message says how to get it.
    """

    def __init__(self, arguments: argparse.Namespace, total: int, description: str) -> None:
        require("this example", ("tqdm", "matplotlib", "safetensors"), "examples")
        if arguments.tensorboard:
            require("--tensorboard", ("tensorboardX",), "examples")
        self._folder: Path = arguments.output_dir
        self._folder.mkdir(parents=True, exist_ok=True)
        self._events: Any = _writer(self._folder / "tensorboard") if arguments.tensorboard else None
        self._bar = progress_bar(total, description)
        self.history: dict[str, list[float]] = {}

    def __enter__(self) -> Run:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.close()
        if self._events is not None:
            self._events.close()

    def path(self, name: str) -> Path:
        """Return the path of a file in the run's folder."""
        return self._folder / name

    def step(self, count: int = 1) -> None:
        """Move the progress bar."""
        self._bar.update(count)

    def epoch(self, **metrics: float) -> None:
        """Keep the metrics of an epoch, show them beside the bar, and write them as events."""
        for name, value in metrics.items():
            values = self.history.setdefault(name, [])
            values.append(float(value))
            if self._events is not None:
                self._events.add_scalar(name, float(value), len(values))
        shown = {name.replace("_", " "): f"{value:.4g}" for name, value in metrics.items()}
        self._bar.set_postfix(shown, refresh=False)


def _writer(folder: Path) -> Any:
    from tensorboardX import SummaryWriter

    return SummaryWriter(str(folder))
