"""The picture of a log: parameters down, steps across."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from adamas._system.extras import require
from adamas._types import Array
from adamas.observe._findings import Findings

#: Words for the colour bar.
_WORDS = {
    "update_ratio": "update / weight (RMS), log10",
    "grad_rms": "gradient (RMS), log10",
    "update_rms": "update (RMS), log10",
    "param_rms": "weight (RMS), log10",
}
#: What the colours of ratios span, so that pictures of different runs can be compared.
_RATIO_SPAN = (-5.0, 0.0)
#: More rows than this have no names of their own.
_MOST_NAMES = 120


def draw(
    values: Array, steps: Sequence[int], names: Sequence[str], quantity: str, findings: Findings, path: str
) -> None:
    """Draw a table of values, a row for each step, and write what looks wrong beside each parameter."""
    require("draw", ("matplotlib",), "observe")
    from matplotlib import colormaps
    from matplotlib.figure import Figure

    with np.errstate(all="ignore"):
        logs = np.log10(np.asarray(values, float)).T
    finite = logs[np.isfinite(logs)]
    low, high = _RATIO_SPAN if quantity == "update_ratio" else _span(finite)
    rows = len(names)
    height = min(1.6 + 0.26 * rows, 30.0)
    figure = Figure(figsize=(10.0, max(height, 3.0)), layout="constrained")
    axes = figure.subplots()
    colours = colormaps["viridis"].with_extremes(bad="#d9d9d9", under="#000000", over="#d62728")
    edges = _edges(steps)
    image = axes.pcolormesh(edges, np.arange(rows + 1), np.ma.masked_invalid(logs), cmap=colours, vmin=low, vmax=high)
    _mark_zeros(axes, logs, edges)
    axes.set_ylim(rows, 0)
    axes.set_xlabel("step")
    every = -(-rows // _MOST_NAMES)
    shown = range(0, rows, every)
    axes.set_yticks([row + 0.5 for row in shown], [names[row] for row in shown], fontsize=8)
    axes.tick_params(axis="y", length=0)
    bar = figure.colorbar(image, ax=axes, extend="both", pad=0.02, aspect=30)
    bar.set_label(_WORDS.get(quantity, f"{quantity}, log10"))
    _write_findings(axes, names, findings)
    title = f"{len(steps)} observed steps of {rows} parameters"
    axes.set_title(title + (": nothing looks wrong" if not len(findings) else ""), loc="left", fontsize=10)
    figure.savefig(path, dpi=120)


def _span(finite: Array) -> tuple[float, float]:
    if not finite.size:
        return 0.0, 1.0
    low, high = np.percentile(finite, [1.0, 99.0])
    return (float(low) - 0.5, float(high) + 0.5) if high - low < 1.0 else (float(low), float(high))


def _edges(steps: Sequence[int]) -> Array:
    """Return the edges of columns: each step is drawn up to the next one."""
    last = steps[-1] - steps[-2] if len(steps) > 1 else 1
    return np.array([*steps, steps[-1] + last], float)


def _mark_zeros(axes: Any, logs: Array, edges: Array) -> None:
    """Hatch what is zero, and has no logarithm: it is no lack of data."""
    zeros = np.ma.masked_where(~np.isneginf(logs), np.ones_like(logs))
    if zeros.count():
        axes.pcolor(edges, np.arange(len(logs) + 1), zeros, facecolor="white", edgecolor="#888888", hatch="////", lw=0)


def _write_findings(axes: Any, names: Sequence[str], findings: Findings) -> None:
    kinds: dict[str, list[str]] = {}
    for finding in findings:
        kinds.setdefault(finding.parameter, []).append(finding.kind)
    for row, name in enumerate(names):
        if name in kinds:
            axes.annotate(
                ", ".join(kinds[name]),
                (1.0, row + 0.5),
                xycoords=("axes fraction", "data"),
                xytext=(4, 0),
                textcoords="offset points",
                va="center",
                fontsize=8,
                color="#b00020",
                annotation_clip=False,
            )
