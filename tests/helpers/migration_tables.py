"""The tables of docs/migration: arguments of other optimizers and ours, each line with a result that tests verify.

A comment ``<!-- compare THEIRS with OURS, within TOLERANCE -->`` stands before a table. Its columns:

- theirs, ours: ``name=default``, or empty where a side has no such argument;
- tried with: keyword arguments for both sides, or for theirs and ours with an arrow between them;
- result: a key of `RESULTS`;
- remarks.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from page_blocks import python_blocks

FOLDER = Path(__file__).parents[2] / "docs" / "migration"

#: What a line can claim.
RESULTS = {
    "same": "both sides give the same numbers, within the tolerance of the table",
    "close": "both sides round states, each in its way; their numbers differ by less than a tenth of the change",
    "other": "both sides accept it, and their numbers differ by more than the tolerance",
    "no effect": "adamas accepts it, and it changes no bit of the result",
    "refused": "adamas has the argument, and raises an error for this value",
    "theirs only": "adamas has no such argument; it raises an error that says so",
    "adamas only": "the other side has no such argument, or refuses this value",
}

_MARK = re.compile(r"<!-- compare (\S+) with (\S+), within (\S+) -->\n\n((?:\|.*\n)+)")


@dataclass(frozen=True)
class Line:
    """A line of a table; arguments are texts of code, as the page shows them."""

    theirs: str
    ours: str
    tried_there: str
    tried_here: str
    result: str


@dataclass(frozen=True)
class Table:
    """A table of a page."""

    page: str
    theirs: str
    ours: str
    tolerance: float
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Side:
    """An optimizer with arguments that can be tried.

    Attributes:
        signature: Its arguments.
        train: Takes some steps with keyword arguments; returns the parameters.
        start: The parameters before.
        more: Arguments beyond the signature, as options of adamas.
    """

    signature: inspect.Signature
    train: Callable[..., list[Any]]
    start: Sequence[Any] = ()
    more: Iterable[str] = ()

    @property
    def defaults(self) -> dict[str, Any]:
        return {name: parameter.default for name, parameter in self.signature.parameters.items()}


def tables_of(page: str) -> list[Table]:
    """Return the tables of a page of the folder."""
    text = (FOLDER / page).read_text(encoding="utf-8")
    return [
        Table(page, theirs, ours, float(tolerance), tuple(map(_line, rows.splitlines()[2:])))
        for theirs, ours, tolerance, rows in _MARK.findall(text)
    ]


def _line(row: str) -> Line:
    theirs, ours, tried, result, _ = (cell.strip() for cell in row.strip("|").split(" | ", 4))
    there, _, here = tried.partition(" → ")
    return Line(_code(theirs), _code(ours), _code(there), _code(here or there), result)


def _code(cell: str) -> str:
    return cell.strip().strip("`").strip()


def lines_of(page: str) -> list[Any]:
    """Return the pairs of a table and a line of a page, for `pytest.mark.parametrize`."""
    return [
        pytest.param(
            table,
            line,
            id=f"{page.removesuffix('.md')}-{line.theirs or line.ours}-{line.tried_there or line.tried_here}",
        )
        for table in tables_of(page)
        for line in table.lines
    ]


def check_names(table: Table, theirs: Side, ignored: Iterable[str]) -> None:
    """Demand that a table has every argument of theirs, except for what is no hyperparameter."""
    listed = {line.theirs.partition("=")[0] for line in table.lines}
    assert listed - {""} == set(theirs.signature.parameters) - set(ignored), table.theirs


def check_line(table: Table, line: Line, theirs: Side, ours: Side, names: Mapping[str, Any]) -> None:
    """Demand that what a line says is true: the defaults, and the result of what it tries."""
    _check_default(line.theirs, theirs, names)
    _check_default(line.ours, ours, names)
    there, here = (_arguments(each, names) for each in (line.tried_there, line.tried_here))
    if line.result == "refused":
        _check_refused(ours, here)
    elif line.result == "theirs only":
        assert not line.ours
        _check_refused(ours, here)
    elif line.result == "adamas only":
        if line.theirs:
            _check_raises(theirs, there)
        else:
            assert not set(here) <= set(theirs.signature.parameters)
        ours.train(**here)
    elif line.result == "no effect":
        assert _bits(ours.train(**here)) == _bits(ours.train())
        assert theirs.train(**there)
    else:
        found = ours.train(**here)
        error = distance(theirs.train(**there), found, theirs.start)
        bounds = {"same": (0.0, table.tolerance), "close": (table.tolerance, 0.1), "other": (table.tolerance, np.inf)}
        least, most = bounds[line.result]
        assert least <= error <= most, error
        assert _bits(found) != _bits(ours.train()), "this argument changes nothing: try another value"


def _check_raises(side: Side, arguments: Mapping[str, Any]) -> None:
    with pytest.raises((TypeError, ValueError, RuntimeError)):
        side.train(**arguments)


def _check_refused(side: Side, arguments: Mapping[str, Any]) -> None:
    with pytest.raises((TypeError, ValueError), match="|".join(map(re.escape, arguments))):
        side.train(**arguments)


def _check_default(text: str, side: Side, names: Mapping[str, Any]) -> None:
    if not text:
        return
    name, _, default = text.partition("=")
    if name in side.more:
        assert default == "..."  # documented with the options
        return
    expected = inspect.Parameter.empty if not default else eval(default, dict(names))
    assert side.defaults[name] == expected, f"{text}: the default is {side.defaults[name]!r}"


def _arguments(text: str, names: Mapping[str, Any]) -> dict[str, Any]:
    return dict(eval(f"dict({text})", dict(names)))


def distance(theirs: Sequence[Any], ours: Sequence[Any], start: Sequence[Any]) -> float:
    """Return the largest difference of parameters, divided by the largest change that the steps have made."""
    some, others, before = ([np.asarray(each, np.float64) for each in side] for side in (theirs, ours, start))
    change = max(float(np.abs(a - b).max()) for a, b in zip(some, before, strict=True))
    return max(float(np.abs(a - b).max()) for a, b in zip(some, others, strict=True)) / change


def _bits(arrays: list[Any]) -> list[bytes]:
    return [np.asarray(array).tobytes() for array in arrays]


def blocks_of(page: str) -> list[str]:
    """Return the blocks of Python in a page, in order."""
    text = (FOLDER / page).read_text(encoding="utf-8")
    return python_blocks(text)


def run_blocks(page: str) -> None:
    """Run the blocks of a page one after the other, in one namespace."""
    names: dict[str, Any] = {}
    for block in blocks_of(page):
        exec(compile(block, page, "exec"), names)
