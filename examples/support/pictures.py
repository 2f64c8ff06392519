"""Pictures of a run, as PNG files."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

_STYLES = ("-", "--", ":", "-.")


def new_figure(title: str, panels: int = 2) -> tuple[Any, list[Any]]:
    """Return a figure and its panels, side by side."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(4.2 * panels, 3.4), layout="constrained")
    figure.suptitle(title)
    return figure, list(figure.subplots(1, panels, squeeze=False)[0])


def draw_lines(axes: Any, lines: Mapping[str, Sequence[float]], ylabel: str, xlabel: str = "epoch") -> None:
    """Draw values over the epochs, from 1, as lines with a legend."""
    from matplotlib.ticker import MaxNLocator

    for number, (name, values) in enumerate(lines.items()):
        marker = "o" if len(values) == 1 else None
        axes.plot(range(1, len(values) + 1), values, _STYLES[number % len(_STYLES)], marker=marker, label=name)
    axes.set(xlabel=xlabel, ylabel=ylabel)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(alpha=0.3)
    axes.legend()


def draw_curves(history: Mapping[str, Sequence[float]], panels: Mapping[str, Sequence[str]], title: str) -> Any:
    """Draw metrics over the epochs.

    Args:
        history: Values by metric.
        panels: Which metrics each panel has, by the label of its vertical axis.
        title: Of the figure.

    Returns:
        The figure.
    """
    figure, axes = new_figure(title, len(panels))
    for panel, (ylabel, names) in zip(axes, panels.items(), strict=True):
        draw_lines(panel, {name.replace("_", " "): history[name] for name in names}, ylabel)
    return figure


def save_figure(figure: Any, path: Path) -> None:
    """Write a figure as PNG, of 256 colours: a third of the bytes."""
    from PIL import Image

    drawn = io.BytesIO()
    figure.savefig(drawn, dpi=100)
    with Image.open(drawn) as picture:
        picture.convert("RGB").quantize(256, dither=Image.Dither.NONE).save(path, optimize=True)
