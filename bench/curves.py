"""Curves of a full run: time over parameters, over tensors, over threads; memory of each peer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

Duel = Mapping[str, Any]

_MARKERS = "osD^vP*X<>hpd8H"
_LINES = ("-", "--", "-.", ":")


def draw_sizes(duels: Sequence[Duel], title: str, path: Path) -> None:
    """Draw nanoseconds for each parameter over parameters, of all peers."""
    _draw_curves(
        duels,
        lambda duel: duel["size"],
        lambda duel, side: duel["seconds"][side] / duel["size"] * 1e9,
        {"xlabel": "parameters, in one tensor of float32", "ylabel": "time of a step for each parameter (ns)"},
        title,
        path,
    )


def draw_tensors(duels: Sequence[Duel], title: str, path: Path) -> None:
    """Draw milliseconds over tensors, of all peers."""
    total = next(duel["size"] for duel in duels if "failed" not in duel)
    _draw_curves(
        duels,
        lambda duel: duel["tensors"],
        lambda duel, side: duel["seconds"][side] * 1e3,
        {"xlabel": f"tensors, {total:,} parameters altogether", "ylabel": "time of a step (ms)"},
        title,
        path,
    )


def _draw_curves(
    duels: Sequence[Duel],
    x: Callable[[Duel], float],
    y: Callable[[Duel, str], float],
    labels: Mapping[str, str],
    title: str,
    path: Path,
) -> None:
    """Draw a curve for each peer; adamas's own, and the byte limit's, are medians over its comparisons."""
    from matplotlib.figure import Figure

    done = [duel for duel in duels if "failed" not in duel]
    figure = Figure(figsize=(11.0, 6.5), layout="constrained")
    figure.suptitle(title)
    axes = figure.subplots()
    own: tuple[tuple[str, str, dict[str, Any]], ...] = (
        ("adamas", "adamas", {"color": "black", "linewidth": 3.0, "marker": "o", "zorder": 5}),
        ("byte limit", "limit", {"color": "0.5", "linewidth": 3.0, "linestyle": ":", "zorder": 4}),
    )
    for name, side, style in own:
        points: dict[float, list[float]] = {}
        for duel in done:
            points.setdefault(x(duel), []).append(y(duel, side))
        places = sorted(points)
        axes.plot(places, [_median(points[place]) for place in places], label=name, **style)
    for i, peer in enumerate(dict.fromkeys(duel["peer"] for duel in done)):
        chosen = sorted((duel for duel in done if duel["peer"] == peer), key=x)
        axes.plot(
            [x(duel) for duel in chosen],
            [y(duel, "peer") for duel in chosen],
            _LINES[i % len(_LINES)],
            marker=_MARKERS[i % len(_MARKERS)],
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


def draw_scaling(duels: Sequence[Duel], title: str, path: Path) -> None:
    """Draw, scenario by scenario, how much faster each is with more threads than with one."""
    from matplotlib.figure import Figure

    done = [duel for duel in duels if "failed" not in duel]
    scenarios = list(dict.fromkeys(duel["scenario"] for duel in done))
    counts = sorted({duel["threads"] for duel in done})
    figure = Figure(figsize=(6.5 * len(scenarios) / 2 + 1.5, 9.0), layout="constrained")
    figure.suptitle(title)
    all_axes = figure.subplots(2, -(-len(scenarios) // 2), squeeze=False).ravel()
    for axes, scenario in zip(all_axes, scenarios, strict=False):
        chosen = [duel for duel in done if duel["scenario"] == scenario]
        own = {count: [duel["seconds"]["adamas"] for duel in chosen if duel["threads"] == count] for count in counts}
        speed = [_median(own[counts[0]]) / _median(own[count]) for count in counts if own[count]]
        axes.plot(counts[: len(speed)], speed, "k-", marker="o", linewidth=3.0, label="adamas")
        for i, peer in enumerate(dict.fromkeys(duel["peer"] for duel in chosen)):
            found = {duel["threads"]: duel["seconds"]["peer"] for duel in chosen if duel["peer"] == peer}
            places = [count for count in counts if count in found]
            style = {"marker": _MARKERS[i % len(_MARKERS)], "linestyle": _LINES[i % len(_LINES)], "linewidth": 1.2}
            axes.plot(places, [found[places[0]] / found[count] for count in places], label=peer, **style)
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
