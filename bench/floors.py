"""The limits of a step: its time in each number format, beside lower bounds by memory, divider and instructions.

Three floors are measured in the same run, alternately with the step: moving as many bytes (`adamas.bench.byte_limit`);
the roots and quotients of as many elements, which one unit of a processor computes; and as many instructions as the
step has, at the highest rate. No step can be faster than the largest of them. How many instructions there are is
counted beforehand, under valgrind (``native/count_instructions.py``): not for AVX-512, which it does not know.

``python bench/floors.py`` measures in the nearest large cache with one thread, and in memory with all of them;
``python bench/run.py floors`` keeps the figures and draws them.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import adamas
from adamas import _core
from adamas._pictures import GREY, picture, series_look
from adamas.bench.byte_limit import limit_of_bytes
from adamas.bench.peers import Adamas
from adamas.bench.progress import Progress
from adamas.bench.rules_and_formats import FORMATS
from adamas.bench.tables import format_table
from adamas.bench.timing import Side, rounds_within, time_alternately
from adamas.bench.workload import Problem, Workload

#: Elements: in the second cache of most processors, and in no cache.
IN_CACHE, IN_MEMORY = 1 << 15, 1 << 24

FLOORS = ("memory", "divider", "instructions")

_TURN_SECONDS = 2e-3
_COUNTS = Path(__file__).parent / "native" / "instructions.json"


@dataclass(frozen=True)
class Floor:
    """One format on one instruction set.

    Attributes:
        isa: The instruction set.
        name: Of the format.
        size: Parameters.
        threads: That a step takes.
        step: Seconds of a step.
        floors: Seconds of each floor, by its name in `FLOORS`; "instructions" only where they are counted.
    """

    isa: str
    name: str
    size: int
    threads: int
    step: float
    floors: dict[str, float]

    @property
    def binding(self) -> str:
        """The largest floor."""
        return max(self.floors, key=lambda name: self.floors[name])

    @property
    def of_floor(self) -> float:
        """The step's time as a share of the largest floor's."""
        return self.step / self.floors[self.binding]


def count() -> int:
    """Return how many formats `measure` measures, on all instruction sets and at both sizes."""
    return 2 * len(adamas.available_isas()) * len(FORMATS)


def measure(threads: int, seconds: float, tell: Callable[[str], None] = lambda _: None) -> list[Floor]:
    """Measure each format on each instruction set, each for about so many seconds at each size.

    Args:
        threads: Of a step in memory.
        seconds: Of timing.
        tell: Called with the name of each that is finished.
    """
    counts = json.loads(_COUNTS.read_text(encoding="utf-8"))["instructions_of_an_element"]
    before = adamas.active_isa()
    found = []
    try:
        for isa in adamas.available_isas():
            adamas.use_isa(isa)
            for name, chosen in FORMATS.items():
                workload = Workload(((1,),), **chosen)  # type: ignore[arg-type]
                instructions = counts.get(f"adam {_format_name(workload)} {isa}")
                for size, most in ((IN_CACHE, 1), (IN_MEMORY, threads)):
                    sized = dataclasses.replace(workload, shapes=((size,),))
                    found.append(_floor(isa, name, sized, most, instructions, seconds))
                    tell(f"{isa}, {name}, {size:,} parameters")
    finally:
        adamas.use_isa(before)
    return found


def _floor(isa: str, name: str, workload: Workload, threads: int, instructions: float | None, seconds: float) -> Floor:
    size = workload.size
    problem = Problem(workload)
    run = Adamas().start(workload, problem.params, problem.grads, threads)
    run.refresh(0)
    share = size // threads
    sides = {
        "step": Side(run.step),
        "memory": limit_of_bytes(size * workload.bytes_per_parameter, threads),
        "divider": Side(lambda: _core.probes.divider_limit(share, 1, _quotients(workload))),
    }
    if instructions is not None and _core.probes.instruction_limit(0):
        total = round(instructions * share)
        sides["instructions"] = Side(lambda: _core.probes.instruction_limit(total))
    turn = _TURN_SECONDS if size < IN_MEMORY else 0.0
    timings = time_alternately(sides, rounds_within(sides, turn, seconds), turn)
    medians = {side: timing.median for side, timing in timings.items()}
    return Floor(isa, name, size, threads, medians.pop("step"), medians)


def _quotients(workload: Workload) -> int:
    """Of an element: that of the update, and in a few bits that of the first moment by the root of the second."""
    return 2 if workload.states in ("int8", "int4") else 1


def _format_name(workload: Workload) -> str:
    """Return the format's name in the counts."""
    states = workload.states if workload.states != workload.params else ""
    return "-".join(filter(None, (workload.params, states, workload.master)))


def floors_table(found: Sequence[Floor], markdown: bool = False) -> str:
    """Return one line for each format: time as a share of the largest floor, and which that is."""
    columns = list(dict.fromkeys((row.size, row.threads, row.isa) for row in found))
    columns.sort(key=lambda column: column[0])
    lines = [["time of a step, divided by its largest floor", *(_heading(column) for column in columns)]]
    for name in dict.fromkeys(row.name for row in found):
        cells = {(row.size, row.threads, row.isa): row for row in found if row.name == name}
        lines.append([name, *(f"{cells[c].of_floor:.2f} {cells[c].binding}" if c in cells else "" for c in columns)])
    return format_table(lines, markdown)


def _heading(column: tuple[int, int, str]) -> str:
    size, _, isa = column
    return f"{isa}, {_where(size)}"


def _where(size: int) -> str:
    return "in cache" if size == IN_CACHE else "in memory"


def draw_floors(found: Sequence[Floor], title: str, path: Path) -> None:
    """Draw the time of a step in each format, and in it its floors; a panel for each instruction set and size."""
    isas = list(dict.fromkeys(row.isa for row in found))
    sizes = sorted({row.size for row in found})
    names = list(dict.fromkeys(row.name for row in found))
    with picture(path, 11.0, 1.2 + 3.4 * len(isas), title) as figure:
        panels = figure.subplots(len(isas), len(sizes), squeeze=False, sharey=True)
        for line, isa in zip(panels, isas, strict=True):
            for axes, size in zip(line, sizes, strict=True):
                _draw_panel(axes, [row for row in found if row.isa == isa and row.size == size], names)
        for axes in panels[-1]:
            axes.set_xlabel("nanoseconds of a thread for each parameter")
        handles, labels = panels[0][0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=len(labels), frameon=False)


def _draw_panel(axes: Any, rows: Sequence[Floor], names: Sequence[str]) -> None:
    places = {name: len(names) - 1 - i for i, name in enumerate(names)}
    at = np.array([places[row.name] for row in rows])
    scale = [1e9 * row.threads / row.size for row in rows]
    times = [row.step * unit for row, unit in zip(rows, scale, strict=True)]
    axes.barh(at, times, 0.74, color="#d3deea", edgecolor=GREY, linewidth=0.5, label="a step")
    for offset, floor, style in zip((0.22, 0.0, -0.22), FLOORS, _MARKS, strict=True):
        points = [
            (row.floors[floor] * unit, place + offset)
            for row, unit, place in zip(rows, scale, at, strict=True)
            if floor in row.floors
        ]
        axes.plot([x for x, _ in points], [y for _, y in points], linestyle="", label=floor, **style)
    ends = [
        max(time, *(value * unit for value in row.floors.values()))
        for row, time, unit in zip(rows, times, scale, strict=True)
    ]
    for row, end, place in zip(rows, ends, at, strict=True):
        axes.annotate(f"{row.of_floor:.2f}", (end, place), xytext=(6, 0), textcoords="offset points", va="center")
    axes.set_yticks(list(places.values()), list(places))
    first = rows[0]
    threads = f"{first.threads} thread{'s' * (first.threads > 1)}"
    axes.set_title(f"{first.isa}, {first.size:,} parameters, {threads}")
    axes.set_xlim(0.0, 1.2 * max(ends))
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="y", visible=False)


#: Of floors: a diamond, a triangle, a line.
_MARKS: tuple[dict[str, Any], ...] = (
    {"marker": "D", "color": series_look(0)["color"]},
    {"marker": "<", "color": "black", "markerfacecolor": "white", "markersize": 9},
    {"marker": "|", "color": series_look(2)["color"], "markersize": 13, "markeredgewidth": 3.5},
)


def main() -> int:
    """Measure and print the table."""
    with Progress(count(), "floors") as progress:
        found = measure(adamas.get_num_threads(), 1.0, tell=progress.done)
    print(floors_table(found))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
