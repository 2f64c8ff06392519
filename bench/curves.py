"""Curves of a full run: time over parameters, over tensors, over threads; memory of each peer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

Comparison = Mapping[str, Any]

_MARKERS = "osD^vP*X<>hpd8H"
_LINES = ("-", "--", "-.", ":")


def draw_sizes(comparisons: Sequence[Comparison], title: str, path: Path) -> None:
    """Draw nanoseconds for each parameter over parameters, of all peers."""
    labels = {"xlabel": "parameters, in one tensor of float32", "ylabel": "time of a step for each parameter (ns)"}
    _draw_curves(comparisons, "size", lambda row, seconds: seconds / row["size"] * 1e9, labels, title, path)


def draw_tensors(comparisons: Sequence[Comparison], title: str, path: Path) -> None:
    """Draw milliseconds over tensors, of all peers."""
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
    """Draw a curve for each peer.

    That of adamas is the median over its comparisons; those of the others lie apart from it by the ratios that were
    measured alternately, since a machine may be faster at one time than at another.
    """
    from matplotlib import colormaps
    from matplotlib.figure import Figure

    done = [row for row in comparisons if "failed" not in row]
    places = sorted({row[x] for row in done})
    at = {place: [row for row in done if row[x] == place] for place in places}
    own = {place: _median([row["seconds"]["adamas"] for row in at[place]]) for place in places}
    limit = {place: own[place] / _median([row["of_limit"][0] for row in at[place]]) for place in places}
    figure = Figure(figsize=(11.0, 6.5), layout="constrained")
    figure.suptitle(title)
    axes = figure.subplots()
    for name, seconds, style in (
        ("adamas", own, {"color": "black", "marker": "o", "zorder": 5}),
        ("byte limit", limit, {"color": "0.5", "linestyle": ":", "zorder": 4}),
    ):
        values = [y(at[place][0], seconds[place]) for place in places]
        axes.plot(places, values, label=name, linewidth=3.0, **style)  # type: ignore[arg-type]
    for i, peer in enumerate(dict.fromkeys(row["peer"] for row in done)):
        chosen = sorted((row for row in done if row["peer"] == peer), key=lambda row: row[x])
        axes.plot(
            [row[x] for row in chosen],
            [y(row, own[row[x]] / row["of_peer"][0]) for row in chosen],
            linestyle=_LINES[i % len(_LINES)],
            marker=_MARKERS[i % len(_MARKERS)],
            color=colormaps["tab20"](i % 20),
            markersize=6,
            linewidth=1.2,
            label=peer,
        )
    axes.set(xscale="log", yscale="log", **labels)
    axes.grid(alpha=0.3)
    axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False)
    figure.savefig(path, dpi=120)


def _median(values: Sequence[float]) -> float:
    ordered = sorted(values)
    return ordered[len(ordered) // 2]


def draw_scaling(comparisons: Sequence[Comparison], title: str, path: Path) -> None:
    """Draw, scenario by scenario, how much faster each is with more threads than with one."""
    from matplotlib.figure import Figure

    done = [row for row in comparisons if "failed" not in row]
    scenarios = list(dict.fromkeys(row["scenario"] for row in done))
    counts = sorted({row["threads"] for row in done})
    figure = Figure(figsize=(6.5 * len(scenarios) / 2 + 1.5, 9.0), layout="constrained")
    figure.suptitle(title)
    all_axes = figure.subplots(2, -(-len(scenarios) // 2), squeeze=False).ravel()
    for axes, scenario in zip(all_axes, scenarios, strict=False):
        chosen = [row for row in done if row["scenario"] == scenario]
        at = {count: [row for row in chosen if row["threads"] == count] for count in counts}
        own = {count: _median([row["seconds"]["adamas"] for row in found]) for count, found in at.items() if found}
        axes.plot(
            list(own), [own[1] / seconds for seconds in own.values()], "k-", marker="o", linewidth=3.0, label="adamas"
        )
        for i, peer in enumerate(dict.fromkeys(row["peer"] for row in chosen)):
            theirs = {row["threads"]: own[row["threads"]] / row["of_peer"][0] for row in chosen if row["peer"] == peer}
            style = {"marker": _MARKERS[i % len(_MARKERS)], "linestyle": _LINES[i % len(_LINES)], "linewidth": 1.2}
            if 1 in theirs:
                axes.plot(list(theirs), [theirs[1] / seconds for seconds in theirs.values()], label=peer, **style)
        axes.set(title=scenario, xlabel="threads", ylabel="speed, of that with one thread")
        axes.set_xticks(counts, [str(count) for count in counts])
        axes.grid(alpha=0.3)
        axes.legend(fontsize=8)
    for axes in all_axes[len(scenarios) :]:
        axes.remove()
    figure.savefig(path, dpi=120)


def draw_memory(rows: Sequence[Mapping[str, Any]], title: str, path: Path) -> None:
    """Draw the bytes for each parameter that each peer holds at its peak, at each size."""
    from matplotlib.figure import Figure

    done = [row for row in rows if "failed" not in row]
    sizes = sorted({row["size"] for row in done})
    names = list(dict.fromkeys(row["peer"] for row in done))
    height = 0.8 / len(sizes)
    figure = Figure(figsize=(9.0, 1.5 + 0.4 * len(names)), layout="constrained")
    figure.suptitle(title)
    axes = figure.subplots()
    for i, (size, hatch, color) in enumerate(zip(sizes, ("", "///"), ("#7fa7cc", "#f2c48d"), strict=False)):
        found = {row["peer"]: row["bytes_per_parameter"] for row in done if row["size"] == size}
        places = [len(names) - 1 - names.index(name) + 0.4 - height * (i + 0.5) for name in found]
        axes.barh(
            places,
            list(found.values()),
            height,
            color=color,
            edgecolor="black",
            hatch=hatch,
            label=f"{size:,} parameters",
        )
    axes.axvline(16.0, color="black", linestyle="--", linewidth=1.0)
    axes.set_yticks(range(len(names) - 1, -1, -1), names)
    axes.set(xlabel="bytes for each parameter, at the peak (16: parameter, gradient and two moments in float32)")
    axes.grid(axis="x", alpha=0.3)
    axes.set_axisbelow(True)
    axes.legend(loc="lower right")
    figure.savefig(path, dpi=120)
