"""Tables of rules and formats, and of comparisons with peers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from adamas.bench.rules_and_formats import Row
from adamas.bench.tables import format_table

__all__ = ["comparison_table", "format_ratio", "rules_and_formats_table"]


def format_ratio(value: float) -> str:
    """Return a ratio, small ones as fractions."""
    return f"1/{1.0 / value:.0f}" if value < 0.095 else f"{value:.2f}"


def rules_and_formats_table(rows: Sequence[Row], markdown: bool = False) -> str:
    """Return one line for each rule and format: its time, that of the byte limit, and their ratio, at each size."""
    sizes = sorted({row.size for row in rows}, reverse=True)
    by_name: dict[tuple[str, str], dict[int, Row]] = {}
    for row in rows:
        by_name.setdefault((row.kind, row.name), {})[row.size] = row
    heading = ["", "bytes"]
    for size in sizes:
        heading += [f"{size:,}: ms", "byte limit, ms", "ratio"]
    lines = [heading]
    for (_, name), found in by_name.items():
        line = [name, f"{next(iter(found.values())).bytes_per_parameter:g}"]
        for size in sizes:
            line += _cells(found[size]) if size in found else ["", "", ""]
        lines.append(line)
    return format_table(lines, markdown)


def _cells(row: Row) -> list[str]:
    return [f"{row.seconds * 1e3:.3f}", f"{row.limit_seconds * 1e3:.3f}", f"{row.of_limit[0]:.2f}"]


def comparison_table(comparisons: Sequence[Mapping[str, Any]], markdown: bool = False) -> str:
    """Return one line for each library: adamas's time, divided by that of the library, scenario by scenario."""
    scenarios = list(dict.fromkeys(row["scenario"] for row in comparisons))
    found: dict[str, dict[str, str]] = {}
    for row in comparisons:
        cell = "failed" if "failed" in row else format_ratio(row["of_peer"][0])
        found.setdefault(row["peer"], {})[row["scenario"]] = cell
    lines = [["adamas's time, divided by that of", *scenarios]]
    lines += [[peer, *(cells.get(scenario, "") for scenario in scenarios)] for peer, cells in found.items()]
    return format_table(lines, markdown)
