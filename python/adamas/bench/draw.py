"""Pictures of rules and formats next to the byte limit, and of comparisons with other libraries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from adamas._pictures import GREY, MARKERS, in_order, library_look, picture, series_look
from adamas.bench.rules_and_formats import Row

__all__ = ["draw_comparisons", "draw_library_dots", "draw_rules_and_formats"]

#: The series whose markers are hollow, to tell them from their neighbours.
_HOLLOW = (1, 3)


def draw_rules_and_formats(rows: Sequence[Row], threads: int, title: str, path: Path) -> None:
    """Draw the time of a step of each rule and format, and the byte limit that was measured with it.

    Both are drawn as they were measured, alternately. A panel for each size, the largest first.
    """
    sizes = sorted({row.size for row in rows}, reverse=True)
    names = list(dict.fromkeys((row.kind, row.name) for row in rows))
    rules = sum(kind == "rule" for kind, _ in names)
    places = {name: place + (place >= rules) for place, name in enumerate(names)}  # a gap before the formats
    with picture(path, 10.0, 1.9 + 0.27 * len(names), title) as figure:
        panels = figure.subplots(1, len(sizes), sharey=True, squeeze=False)[0]
        for axes, size in zip(panels, sizes, strict=True):
            _draw_times(axes, [row for row in rows if row.size == size], places)
            axes.set_title(f"{size:,} parameters, {threads} thread{'s' * (threads > 1)}")
            axes.set_xlabel("nanoseconds for each parameter")
        panels[0].set_yticks(list(places.values()), [name for _, name in places])
        panels[0].set_ylim(max(places.values()) + 0.6, -0.6)
        if 0 < rules < len(names):
            panels[0].text(-0.02, rules, "AdamW:", ha="right", va="center", transform=panels[0].get_yaxis_transform())
        figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=2, frameon=False)


def _draw_times(axes: Any, rows: Sequence[Row], places: Mapping[tuple[str, str], int]) -> None:
    at = [places[row.kind, row.name] for row in rows]
    steps = [1e9 * row.seconds / row.size for row in rows]
    limits = [1e9 * row.limit_seconds / row.size for row in rows]
    axes.hlines(at, limits, steps, color=GREY, linewidth=1.0)
    axes.plot(limits, at, "|", color=series_look(1)["color"], markersize=13, markeredgewidth=3.0, label="byte limit")
    axes.plot(steps, at, "o", color=series_look(0)["color"], label="a step of adamas")
    axes.set_xlim(left=0.0)
    axes.tick_params(axis="y", length=0)


def draw_comparisons(comparisons: Sequence[Mapping[str, Any]], title: str, path: Path) -> None:
    """Draw how many times as long as adamas each library takes: a row for each, a marker for each scenario."""
    from matplotlib.ticker import LogLocator

    values: dict[str, dict[str, float]] = {}
    for row in comparisons:
        if "failed" not in row:
            values.setdefault(row["scenario"], {})[row["peer"]] = 1.0 / row["of_peer"][0]
    ratios = [1.0, *(value for of_scenario in values.values() for value in of_scenario.values())]
    marks = [1, 2, 5] if max(ratios) < 100 * min(ratios) else [1]
    with picture(path, 10.0, _height(values), title) as figure:
        axes = figure.subplots()
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(LogLocator(subs=marks))
        axes.xaxis.set_major_formatter("{x:g}")
        axes.xaxis.set_minor_formatter("")
        axes.axvline(1.0, color="black", linewidth=2.0)
        axes.annotate("adamas", (1.0, 1.0), xycoords=("data", "axes fraction"), va="bottom", ha="center")
        draw_library_dots(figure, axes, values)
        axes.set_xlabel("time of a step, divided by adamas's time")


def draw_library_dots(figure: Any, axes: Any, values: Mapping[str, Mapping[str, float]]) -> None:
    """Draw values of libraries on one axis: a row and a colour for each library, a marker for each series.

    Args:
        figure: The figure that gets the legend.
        axes: The axes to draw into.
        values: The values, by series, then by library.
    """
    libraries = in_order(library for of_series in values.values() for library in of_series)
    shift = 0.6 / max(1, len(values) - 1)  # a series has its own height within a row: equal values stay apart
    for number, (series, of_series) in enumerate(values.items()):
        marker = MARKERS[number % len(MARKERS)]
        for library, value in of_series.items():
            color = library_look(library)["color"]
            place = libraries.index(library) - 0.3 + shift * number
            face = "white" if number in _HOLLOW else color
            axes.plot(value, place, marker, color=color, markerfacecolor=face, markeredgewidth=2.0)
        face = "white" if number in _HOLLOW else "black"
        axes.plot([], [], marker, color="black", markerfacecolor=face, markeredgewidth=2.0, label=series)
    for edge in range(1, len(libraries)):
        axes.axhline(edge - 0.5, color=GREY, linewidth=0.5, alpha=0.5)
    axes.set_yticks(range(len(libraries)), libraries)
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(len(libraries) - 0.5, -0.5)
    axes.grid(axis="y", visible=False)
    columns = 2 if max(map(len, values)) > 20 else 3
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=columns, frameon=False)


def _height(values: Mapping[str, Mapping[str, float]]) -> float:
    """Return the height that `draw_library_dots` needs, in inches."""
    libraries = {library for of_series in values.values() for library in of_series}
    return 1.6 + 0.42 * len(libraries) + 0.15 * len(values)
