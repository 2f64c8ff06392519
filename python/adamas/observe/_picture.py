"""The picture of a log: a row for each parameter, a column for each step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from adamas._pictures import style
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
#: What the colours of ratios span, the usual ones in the middle: so pictures of different runs can be compared.
_RATIO_SPAN = (-5.0, 0.0)
#: More rows than this do not all have their names.
_MOST_NAMES = 120
_UNKNOWN, _ZERO = "#bdbdbd", "#000000"


def draw(
    values: Array, steps: Sequence[int], names: Sequence[str], quantity: str, findings: Findings, path: str
) -> None:
    """Draw a table of values, a row for each step, and write what looks wrong beside each parameter."""
    require("draw", ("matplotlib",), "observe")
    with style():
        _draw(values, steps, names, quantity, findings, path)


def _draw(
    values: Array, steps: Sequence[int], names: Sequence[str], quantity: str, findings: Findings, path: str
) -> None:
    from matplotlib import colormaps
    from matplotlib.figure import Figure

    with np.errstate(all="ignore"):
        logs = np.log10(np.asarray(values, float)).T
    is_ratio = quantity == "update_ratio"
    low, high = _RATIO_SPAN if is_ratio else _span(logs[np.isfinite(logs)])
    # An infinite ratio is beyond the colours; what is zero is drawn apart, since it is no number that is too small.
    shown = np.where(np.isposinf(logs), high + 1.0, np.where(np.isneginf(logs), np.nan, logs))
    rows = len(names)
    figure = Figure(figsize=(10.0, min(max(2.0 + 0.26 * rows, 3.0), 30.0)), layout="constrained")
    axes = figure.subplots()
    axes.grid(visible=False)
    colours = colormaps["RdYlBu_r" if is_ratio else "viridis"].with_extremes(bad=_UNKNOWN)
    edges, lines = _edges(steps), np.arange(rows + 1)
    image = axes.pcolormesh(edges, lines, np.ma.masked_invalid(shown), cmap=colours, vmin=low, vmax=high)
    axes.set_facecolor(_UNKNOWN)
    zeros = np.ma.masked_where(~np.isneginf(logs), np.ones_like(logs))
    axes.pcolormesh(edges, lines, zeros, cmap=_one_colour(_ZERO))
    axes.set_ylim(rows, 0)
    axes.set_xlabel("step")
    named = range(0, rows, -(-rows // _MOST_NAMES))
    axes.set_yticks([row + 0.5 for row in named], [names[row] for row in named], fontsize=9)
    axes.tick_params(axis="y", length=0)
    bar = figure.colorbar(image, ax=axes, extend="both", pad=0.02, aspect=30)
    bar.set_label(_WORDS.get(quantity, f"{quantity}, log10"))
    _write_findings(axes, names, findings)
    _explain(axes, {_ZERO: "zero" if not is_ratio else "no change", _UNKNOWN: "not known"}, zeros, logs)
    title = f"{len(steps)} observed step{'s' * (len(steps) > 1)} of {rows} parameter{'s' * (rows > 1)}"
    axes.set_title(title + ("" if findings else ": nothing looks wrong"), loc="left")
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


def _one_colour(colour: str) -> Any:
    from matplotlib.colors import ListedColormap

    return ListedColormap([colour])


def _write_findings(axes: Any, names: Sequence[str], findings: Findings) -> None:
    kinds: dict[str, list[str]] = {}
    for finding in findings:
        kinds.setdefault(finding.parameter, []).append(finding.kind)
    for row, name in enumerate(names):
        if name in kinds:
            axes.annotate(
                ", ".join(dict.fromkeys(kinds[name])),
                (1.0, row + 0.5),
                xycoords=("axes fraction", "data"),
                xytext=(4, 0),
                textcoords="offset points",
                va="center",
                fontsize=9,
                color="#b00020",
                annotation_clip=False,
            )


def _explain(axes: Any, words: dict[str, str], zeros: Any, logs: Array) -> None:
    """Say what the colours mean that are not on the bar, if there are any."""
    from matplotlib.patches import Patch

    there = {_ZERO: zeros.count() > 0, _UNKNOWN: bool(np.isnan(logs).any())}
    patches = [Patch(facecolor=colour, label=text) for colour, text in words.items() if there[colour]]
    if patches:
        axes.legend(
            handles=patches,
            loc="lower right",
            bbox_to_anchor=(1.0, 1.0),
            ncols=2,
            frameon=False,
            fontsize=9,
            borderpad=0,
        )
