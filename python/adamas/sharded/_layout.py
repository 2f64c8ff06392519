"""The division of parameters into shards: one flat space, cut where it costs about the same everywhere."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from adamas._numerics.formats import BLOCK, StateFormat
from adamas._optimizer.parameters import Parameter
from adamas._types import Array

__all__ = ["GRANULE", "Layout", "Pieces"]

#: Elements at a multiple of which a parameter may be cut: whole blocks of quantised states, whole granules of norms.
GRANULE = 512


@dataclass(frozen=True)
class Pieces:
    """What one process owns: a piece of each of some parameters, in order.

    Attributes:
        index: Numbers of the parameters.
        begin: The first element of each piece.
        end: Where it ends.
    """

    index: Array
    begin: Array
    end: Array

    def of(self, present: Array) -> Pieces:
        """Return those of the parameters for which ``present`` holds."""
        chosen = present[self.index]
        return self if chosen.all() else Pieces(self.index[chosen], self.begin[chosen], self.end[chosen])

    def granules(self) -> int:
        """Return how many granules they have."""
        return int(((self.end + GRANULE - 1) // GRANULE - self.begin // GRANULE).sum())


class Layout:
    """Which process owns which elements.

    Args:
        parameters: All of them, whose formulas have been chosen.
        size: How many processes there are.

    Attributes:
        pieces: For each process, its own.

    Raises:
        ValueError: There are more processes than places to cut at.
    """

    def __init__(self, parameters: Sequence[Parameter], size: int) -> None:
        costs = [_bytes_per_element(parameter) for parameter in parameters]
        units = [1 if _is_whole(parameter) else -(-parameter.size // GRANULE) for parameter in parameters]
        total = sum(unit for unit, parameter in zip(units, parameters, strict=True) if parameter.size)
        if size > total:
            raise ValueError(
                f"comm: has {size} processes, but these parameters can be divided into {total} parts at most (of "
                f"{GRANULE} elements, or of a whole parameter under a rule with states by row or column); use fewer "
                "processes"
            )
        ends = list(itertools.accumulate(p.size * cost for p, cost in zip(parameters, costs, strict=True)))
        cuts = [_cut(k * ends[-1] / size, parameters, costs, ends) for k in range(1, size)]
        places = _apart([(0, 0), *cuts, (len(parameters), 0)], parameters, units)
        self.pieces = [_between(*pair, parameters) for pair in itertools.pairwise(places)]

    def shard(self, rank: int, index: int) -> tuple[int, int]:
        """Return the elements of a parameter that a process owns."""
        pieces = self.pieces[rank]
        place = int(np.searchsorted(pieces.index, index))
        if place < len(pieces.index) and pieces.index[place] == index:
            return int(pieces.begin[place]), int(pieces.end[place])
        return 0, 0


def _is_whole(parameter: Parameter) -> bool:
    """Tell whether a parameter belongs to one process: its states are those of whole rows or columns."""
    return bool(parameter.formula.axes)


def _bytes_per_element(parameter: Parameter) -> float:
    """Return what a step moves for an element: every array is read, and all but the gradient are written."""
    formats, dtype = parameter.formats, parameter.dtype
    kept = formats.residue.dtype(dtype)
    cost = 3.0 * dtype.itemsize + (0 if kept is None else 2 * kept.itemsize)
    for name in parameter.formula.states:
        if name in parameter.formula.axes:
            continue
        cost += 2 * _state_bytes(formats.states)
    if formats.average_dtype is not None:
        cost += 2 * formats.average_dtype.itemsize
    return cost + (0 if parameter.copy is None else 2 * parameter.copy.dtype.itemsize)


def _state_bytes(states: StateFormat) -> float:
    bits = states.bits
    return states.dtype().itemsize if bits is None else bits / 8 + 4 / BLOCK


#: A parameter and an element of it, at which one shard ends and the next begins.
_Place = tuple[int, int]


def _cut(work: float, parameters: Sequence[Parameter], costs: Sequence[float], ends: Sequence[float]) -> _Place:
    index = int(np.searchsorted(ends, work, side="right"))
    if index == len(parameters):
        return index, 0
    parameter = parameters[index]
    before = ends[index] - parameter.size * costs[index]
    if _is_whole(parameter):
        return (index, 0) if work - before <= ends[index] - work else (index + 1, 0)
    element = round((work - before) / costs[index] / GRANULE) * GRANULE
    return (index + 1, 0) if element >= parameter.size else (index, element)


def _apart(places: list[_Place], parameters: Sequence[Parameter], units: Sequence[int]) -> list[_Place]:
    """Move places so that something lies between any two; there are enough for that."""
    starts = [0, *itertools.accumulate(0 if p.size == 0 else unit for p, unit in zip(parameters, units, strict=True))]
    last = len(places) - 1
    numbers = [starts[index] + element // GRANULE for index, element in places]
    for k in range(1, last):
        numbers[k] = min(max(numbers[k], numbers[k - 1] + 1), starts[-1] - (last - k))
    moved = [places[0]]
    for k in range(1, last):
        index = int(np.searchsorted(starts, numbers[k], side="right")) - 1
        moved.append((index, (numbers[k] - starts[index]) * GRANULE))
    return [*moved, places[last]]


def _between(first: _Place, last: _Place, parameters: Sequence[Parameter]) -> Pieces:
    found = []
    for index in range(first[0], min(last[0] + 1, len(parameters))):
        begin = first[1] if index == first[0] else 0
        end = last[1] if index == last[0] else parameters[index].size
        if begin < end:
            found.append((index, begin, end))
    return Pieces(*np.array(found, np.int64).reshape(-1, 3).T)
