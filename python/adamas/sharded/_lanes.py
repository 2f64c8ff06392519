"""Lanes: the equal parts of a global batch, and the fixed order in which their gradients are added."""

from __future__ import annotations

from adamas._inputs.hyperparameters import whole_number

__all__ = ["counted_lanes", "lanes_of", "levels_of", "read_lanes", "slots_of"]

#: Of a tree that the core adds up.
_MOST = 1 << 20
#: Levels of the core's trees, behind whose slots are those of sums whose left neighbour is elsewhere.
_LEVELS = 24


def read_lanes(lanes: int | None, size: int) -> int:
    """Check the argument ``lanes``; return how many there are.

    Raises:
        TypeError: No whole number.
        ValueError: Fewer than processes, or too many.
    """
    if lanes is None:
        return size
    lanes = whole_number(lanes, "lanes", 1)
    if lanes > _MOST:
        raise ValueError(f"lanes: expected at most {_MOST}, got {lanes}")
    if lanes < size:
        raise ValueError(
            f"lanes: expected at least one for each of {size} processes, got {lanes}; give lanes={size} or more, or "
            "use fewer processes"
        )
    return lanes


def counted_lanes(count: int) -> str:
    """Say a number of lanes in words."""
    return f"{count} lane{'' if count == 1 else 's'}"


def lanes_of(rank: int, size: int, lanes: int) -> range:
    """Return the lanes of a process: as many for each as can be."""
    return range(lanes * rank // size, lanes * (rank + 1) // size)


def levels_of(lanes: range) -> list[int]:
    """Return the sums that a run of lanes makes in the tree, in order: each of ``2**level`` lanes."""
    levels = []
    place = lanes.start
    while place < lanes.stop:
        level = 0
        while place % (2 << level) == 0 and place + (2 << level) <= lanes.stop:
            level += 1
        levels.append(level)
        place += 1 << level
    return levels


def slots_of(lanes: range) -> list[int]:
    """Return the slots in which the core keeps these sums (``kSlots`` in plan.hpp)."""
    slots = []
    place = lanes.start
    for level in levels_of(lanes):
        is_right = place >> level & 1
        slots.append(level + _LEVELS * is_right)
        place += 1 << level
    return slots
