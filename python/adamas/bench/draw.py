"""Pictures of rules and formats against the byte limit, and of comparisons with peers. They are legible in grey."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from adamas.bench.rules_and_formats import Row

__all__ = ["draw_comparisons", "draw_rules_and_formats"]

#: Of bars: dark and plain, light and hatched.
_STYLES: tuple[dict[str, Any], ...] = (
    {"color": "#1f4e79", "edgecolor": "black"},
    {"color": "#f2c48d", "edgecolor": "black", "hatch": "///"},
)


def draw_rules_and_formats(
    rows: Sequence[Row], bandwidth: Mapping[int, float], threads: int, title: str, path: Path
) -> None:
    """Draw the roofline of memory with all rules and formats under it, and the share of the limit that each takes."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(13.0, 8.0), layout="constrained")
    figure.suptitle(title)
    roof, bars = figure.subplots(1, 2, width_ratios=(1.0, 1.15))
    large = max(row.size for row in rows)
    _draw_roof(roof, [row for row in rows if row.size == large], bandwidth[threads], threads)
    _draw_bars(bars, rows)
    figure.savefig(path, dpi=120)


def _draw_roof(axes: Any, rows: Sequence[Row], gigabytes: float, threads: int) -> None:
    """Parameters a second against bytes a parameter; what memory allows is a straight line.

    Points lie under the line as far as their ratio to the limit says that was measured with them: a machine's memory
    may be faster at one time than at another.
    """
    most = max(row.bytes_per_parameter for row in rows)
    least = min(row.bytes_per_parameter for row in rows)
    x = np.geomspace(least / 1.2, most * 1.2, 50)
    axes.plot(x, gigabytes / x, "k-", label=f"byte limit: {gigabytes:.0f} GB/s, {threads} thread{'s' * (threads > 1)}")
    rules = [row for row in rows if row.kind == "rule"]
    heights = {row: gigabytes / row.bytes_per_parameter / row.of_limit[0] for row in rows}
    plain = {"linestyle": "", "markeredgecolor": "black"}
    x_of_rules = [row.bytes_per_parameter for row in rules]
    axes.plot(x_of_rules, [heights[row] for row in rules], "o", color="white", label="rules, in float32", **plain)
    for row, marker in zip((row for row in rows if row.kind == "format"), "sD^vPX*", strict=False):
        axes.plot(row.bytes_per_parameter, heights[row], marker, color="#7fa7cc", label=f"AdamW, {row.name}", **plain)
    axes.set(
        xscale="log",
        yscale="log",
        xlabel="bytes that a step reads and writes, for each parameter",
        ylabel="parameters updated (billions a second)",
        title=f"{rows[0].size:,} parameters, in memory",
    )
    ticks = [tick for tick in (8, 12, 16, 20, 28, 36, 44, 56) if least / 1.2 <= tick <= most * 1.2]
    axes.set_xticks(ticks, [str(tick) for tick in ticks])
    axes.minorticks_off()
    low, high = min(heights.values()), max(heights.values())
    marks = [mark for mark in (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50) if low / 3 < mark < 3 * high]
    axes.set_yticks(marks, [f"{mark:g}" for mark in marks])
    axes.grid(alpha=0.3)
    axes.legend(loc="upper right", fontsize=9)


def _draw_bars(axes: Any, rows: Sequence[Row]) -> None:
    """Time as a multiple of the byte limit's, for each rule and format, at each size."""
    sizes = sorted({row.size for row in rows}, reverse=True)
    names = list(dict.fromkeys((row.kind, row.name) for row in rows))
    place = {name: len(names) - 1 - i for i, name in enumerate(names)}
    height = 0.8 / len(sizes)
    for i, (size, style) in enumerate(zip(sizes, _STYLES, strict=False)):
        chosen = [row for row in rows if row.size == size]
        places = [place[row.kind, row.name] + 0.4 - height * (i + 0.5) for row in chosen]
        where = "in memory" if i == 0 and len(sizes) > 1 else "in cache" if len(sizes) > 1 else ""
        label = f"{size:,} parameters{', ' + where if where else ''}"
        axes.barh(places, [row.of_limit[0] for row in chosen], height, label=label, linewidth=0.5, **style)
    axes.axvline(1.0, color="black", linewidth=1.0, linestyle="--")
    axes.set_yticks([place[name] for name in names], [name for _, name in names])
    axes.set(
        xlabel="time of a step, as a multiple of the byte limit's (1 = memory alone)", ylim=(-0.6, len(names) - 0.4)
    )
    axes.grid(axis="x", alpha=0.3)
    axes.set_axisbelow(True)
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2, frameon=False)


def draw_comparisons(comparisons: Sequence[Mapping[str, Any]], title: str, path: Path) -> None:
    """Draw how many times as long as adamas each peer takes, scenario by scenario."""
    from matplotlib.figure import Figure

    done = [row for row in comparisons if "failed" not in row]
    scenarios = list(dict.fromkeys(row["scenario"] for row in done))
    columns = 2 if len(scenarios) > 1 else 1
    lines = -(-len(scenarios) // columns)
    most = max(sum(row["scenario"] == scenario for row in done) for scenario in scenarios)
    figure = Figure(figsize=(6.5 * columns, (1.2 + 0.26 * most) * lines + 0.6), layout="constrained")
    figure.suptitle(title)
    all_axes = figure.subplots(lines, columns, squeeze=False).ravel()
    for axes, scenario in zip(all_axes, scenarios, strict=False):
        _draw_comparison(axes, scenario, [row for row in done if row["scenario"] == scenario], most)
    for axes in all_axes[len(scenarios) :]:
        axes.remove()
    figure.savefig(path, dpi=120)


def _draw_comparison(axes: Any, scenario: str, comparisons: Sequence[Mapping[str, Any]], most: int) -> None:
    """Draw one scenario; there is room for the bars of `most` peers, so that all bars are alike."""
    times = sorted((1.0 / row["of_peer"][0], row["peer"]) for row in comparisons)
    values = [1.0, *(value for value, _ in times)]
    names = ["adamas", *(name for _, name in times)]
    places = range(len(names) - 1, -1, -1)
    bars = axes.barh(places, values, 0.7, linewidth=0.5, **_STYLES[1])
    bars[0].set(facecolor=_STYLES[0]["color"], hatch="")
    for place, value in zip(places, values, strict=True):
        text = f"{value:.2f}" if value < 10 else f"{value:.0f}"
        axes.annotate(text, (value, place), xytext=(3, 0), textcoords="offset points", va="center", fontsize=8)
    axes.set_yticks(list(places), names, fontsize=9)
    axes.set(title=scenario, xlabel="time of a step, as a multiple of adamas's", xscale="log")
    axes.set_ylim(len(names) - most - 1.6, len(names) - 0.4)
    axes.set_xlim(min(0.5, 0.8 * min(values)), 2.2 * max(values))
    axes.xaxis.set_major_formatter("{x:g}")
    axes.xaxis.set_minor_formatter("")
    axes.grid(axis="x", alpha=0.3)
    axes.set_axisbelow(True)
