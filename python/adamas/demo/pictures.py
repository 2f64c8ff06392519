"""Pictures of a run, as PNG files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from adamas._pictures import GREY, MARKERS, picture, series_look

__all__ = ["GREY", "MARKERS", "draw_curves", "draw_lines", "new_picture", "picture", "series_look"]

#: Inches of a panel, and the fewest of a picture.
_PANEL, _LEAST = 4.7, 6.0
#: Two lines are taken for one where they differ by less than this share of what the panel spans.
_SAME = 0.01
#: So many markers on a line.
_MARKS = 8


@contextmanager
def new_picture(
    path: Path, title: str, panels: int = 2, *, lines: int = 1, width: float = 0.0, height: float = 3.8
) -> Iterator[list[Any]]:
    """Give the panels of a picture to draw into; write it as PNG when all is drawn.

    Args:
        path: Of the file.
        title: Of the picture.
        panels: How many are side by side.
        lines: How many lines of panels there are.
        width: In inches; 0 stands for a width that fits the panels.
        height: In inches.
    """
    with picture(path, width or max(_LEAST, _PANEL * panels), height, title) as figure:
        yield list(figure.subplots(lines, panels, squeeze=False).ravel())


def draw_lines(axes: Any, lines: Mapping[str, Sequence[float]], ylabel: str, xlabel: str = "epoch") -> None:
    """Draw values over the epochs, from 1, as lines with a legend.

    A line that others cover is drawn broad and pale below them, so that both can be seen.
    """
    from matplotlib.ticker import MaxNLocator

    covered = _covered(list(lines.values()))
    for number, (name, values) in enumerate(lines.items()):
        look = dict(series_look(number))
        if number in covered:
            look.update(linewidth=7.0, alpha=0.35, linestyle="-", solid_capstyle="butt", markersize=13.0)
        every = max(1, -(-len(values) // _MARKS))
        look["markevery"] = (number % len(MARKERS) * every // len(MARKERS), every)  # not all at the same place
        axes.plot(range(1, len(values) + 1), values, label=name, **look)
    axes.set(xlabel=xlabel, ylabel=ylabel)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.legend()


def _covered(lines: Sequence[Sequence[float]]) -> set[int]:
    """Return the numbers of the lines that a later one covers."""
    everything = [value for values in lines for value in values]
    near = _SAME * float(np.ptp(everything)) if everything else 0.0
    return {
        number
        for number, values in enumerate(lines)
        for other in lines[number + 1 :]
        if len(values) == len(other) and np.abs(np.subtract(values, other)).max(initial=0.0) <= near
    }


def draw_curves(
    history: Mapping[str, Sequence[float]], panels: Mapping[str, Sequence[str]], title: str, path: Path
) -> None:
    """Draw metrics over the epochs.

    Args:
        history: Values by metric.
        panels: Which metrics each panel has, by the label of its vertical axis.
        title: Of the picture.
        path: Of the file.
    """
    with new_picture(path, title, len(panels)) as all_axes:
        for axes, (ylabel, names) in zip(all_axes, panels.items(), strict=True):
            draw_lines(axes, {name.replace("_", " "): history[name] for name in names}, ylabel)
