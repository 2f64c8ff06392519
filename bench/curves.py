"""Curves of a full run: time over parameters and over tensors; gain by threads and memory of each library."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from adamas._pictures import library_look, picture
from adamas.bench.draw import draw_library_dots

Comparison = Mapping[str, Any]

#: Of lines that have no marker of their own to be told by: the libraries follow one another through them.
_LINES = ("-", "--", "-.", ":")


def draw_sizes(comparisons: Sequence[Comparison], title: str, path: Path) -> None:
    """Draw nanoseconds for each parameter over parameters, of all libraries."""
    labels = {"xlabel": "parameters, in one tensor of float32", "ylabel": "time of a step for each parameter (ns)"}
    _draw_curves(comparisons, "size", lambda row, seconds: seconds / row["size"] * 1e9, labels, title, path)


def draw_tensors(comparisons: Sequence[Comparison], title: str, path: Path) -> None:
    """Draw milliseconds over tensors, of all libraries."""
    total = next(row["size"] for row in comparisons if "failed" not in row)
    labels = {"xlabel": f"tensors, {total:,} parameters altogether", "ylabel": "time of a step (ms)"}
    _draw_curves(comparisons, "tensors", lambda _, seconds: seconds * 1e3, labels, title, path)


def _draw_curves(
    comparisons: Sequence[Comparison],
    x: str,
    y: Callable[[Comparison, float], float],
    labels: Mapping[str, str],
    title: str,
    path: Path,
) -> None:
    """Draw a curve for each library.

    That of adamas is the median over its comparisons; those of the others lie apart from it by the ratios that were
    measured alternately, since a machine may be faster at one time than at another.
    """
    done = [row for row in comparisons if "failed" not in row]
    places = sorted({row[x] for row in done})
    at = {place: [row for row in done if row[x] == place] for place in places}
    own = {place: _median([row["seconds"]["adamas"] for row in at[place]]) for place in places}
    limit = {place: own[place] / _median([row["of_limit"][0] for row in at[place]]) for place in places}
    with picture(path, 10.0, 7.0, title) as figure:
        axes = figure.subplots()
        for name, seconds, style in (
            ("adamas", own, {"linewidth": 4.0, "zorder": 5}),
            ("byte limit", limit, {"linewidth": 4.0, "linestyle": ":", "marker": "", "zorder": 4}),
        ):
            values = [y(at[place][0], seconds[place]) for place in places]
            axes.plot(places, values, **{**library_look(name), "label": name, **style})
        for i, peer in enumerate(dict.fromkeys(row["peer"] for row in done)):
            chosen = sorted((row for row in done if row["peer"] == peer), key=lambda row: row[x])
            axes.plot(
                [row[x] for row in chosen],
                [y(row, own[row[x]] / row["of_peer"][0]) for row in chosen],
                linestyle=_LINES[i % len(_LINES)],
                linewidth=1.5,
                markersize=8,
                label=peer,
                **library_look(peer),
            )
        axes.set(xscale="log", yscale="log", **labels)
        axes.yaxis.set_major_formatter("{x:g}")
        axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False)


def _median(values: Sequence[float]) -> float:
    ordered = sorted(values)
    return ordered[len(ordered) // 2]


def draw_scaling(comparisons: Sequence[Comparison], title: str, path: Path) -> None:
    """Draw how much faster each library is with the most threads than with one: a marker for each scenario."""
    done = [row for row in comparisons if "failed" not in row]
    most = max(row["threads"] for row in done)
    values: dict[str, dict[str, float]] = {}
    for scenario in dict.fromkeys(row["scenario"] for row in done):
        chosen = [row for row in done if row["scenario"] == scenario]
        own = {
            count: _median([row["seconds"]["adamas"] for row in chosen if row["threads"] == count])
            for count in (1, most)
        }
        gains = {"adamas": own[1] / own[most]}
        for peer in dict.fromkeys(row["peer"] for row in chosen):
            theirs = {
                row["threads"]: own[row["threads"]] / row["of_peer"][0]
                for row in chosen
                if row["peer"] == peer and row["threads"] in own
            }
            if len(theirs) == len(own):
                gains[peer] = theirs[1] / theirs[most]
        values[scenario] = gains
    libraries = {library for gains in values.values() for library in gains}
    with picture(path, 10.0, 1.7 + 0.42 * len(libraries), title) as figure:
        axes = figure.subplots()
        for mark in (1.0, float(most)):
            axes.axvline(mark, color="black", linewidth=1.5)
        draw_library_dots(figure, axes, values)
        axes.set_xlim(left=0.0)
        axes.set_xlabel(f"time with 1 thread, divided by the time with {most} threads")


def draw_memory(rows: Sequence[Mapping[str, Any]], title: str, path: Path) -> None:
    """Draw the bytes for each parameter that each library holds at its peak: a marker for each size."""
    values: dict[str, dict[str, float]] = {}
    for row in rows:
        if "failed" not in row:
            values.setdefault(f"{row['size']:,} parameters", {})[row["peer"]] = row["bytes_per_parameter"]
    libraries = {library for found in values.values() for library in found}
    with picture(path, 10.0, 1.7 + 0.36 * len(libraries), title) as figure:
        axes = figure.subplots()
        axes.axvline(16.0, color="black", linewidth=1.5)
        axes.annotate("parameter, gradient, two moments", (16.0, 1.0), xycoords=("data", "axes fraction"), va="bottom")
        draw_library_dots(figure, axes, values)
        axes.set_xlim(left=0.0)
        axes.set_xlabel("bytes for each parameter, at the peak")
