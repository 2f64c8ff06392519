"""Entries of ``optimizer.state``: checks whether they fit, and loads them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import torch

from adamas.adapters import Formula, all_state_names
from adamas.adapters.checks import shown

#: ``optimizer.state``.
State = dict[torch.Tensor, Any]

#: Names of all that any rule keeps.
_OF_RULES = all_state_names()


def is_empty(entry: Mapping[str, Any], states: Mapping[str, Any]) -> bool:
    """Tell whether an entry of ``optimizer.state`` holds nothing yet of what a rule keeps."""
    return "step" not in entry and all(entry.get(name) is None for name in states)


def count_of(entry: Mapping[str, Any], states: Mapping[str, Any]) -> int:
    """Return the steps that a parameter has taken: 1 where nobody counted, as with ``torch.optim.SGD``."""
    step = entry.get("step")
    if step is None:
        return 0 if is_empty(entry, states) else 1
    return int(step)


def begins_anew(entry: Mapping[str, Any], formula: Formula) -> bool:
    """Tell whether an entry, not empty, has nothing of a momentum that a group has turned on since."""
    return formula.begins_anew and all(entry.get(name) is None for name in formula.states)


def _problems(
    entry: Mapping[str, Any],
    states: Mapping[str, Any],
    scalars: Mapping[str, float],
    expected: Mapping[str, Any],
    later: Sequence[str],
) -> Iterator[str]:
    """Yield what does not fit.

    Args:
        entry: The state of one parameter.
        states: Names of the states that its rule keeps.
        scalars: Names of the numbers that it keeps.
        expected: A tensor like the one that is kept, by name.
        later: Names of states that the optimizer may turn on and off: they may be missing, and begin at zero then.
    """
    foreign = [
        name
        for name, value in entry.items()
        if value is not None and name in _OF_RULES and name not in (*states, *scalars, *later)
    ]
    if foreign:
        kept = ", ".join(map(repr, states)) or "no states"
        yield f"{', '.join(map(repr, foreign))}: of another rule; this one keeps {kept}"
        return
    if is_empty(entry, states):
        return
    for name in ("step", *scalars):
        value = entry.get(name, 1)
        try:
            number = float(value)
            fits = name != "step" or 0.0 <= number < math.inf
        except (TypeError, ValueError, RuntimeError):
            fits = False
        if not fits or (name in scalars and name not in entry):
            yield f"{name!r}: expected a number, got {shown(entry.get(name))}"
    for name, like in expected.items():
        value = entry.get(name)
        state = name.removesuffix("_scale")
        needed = state in states and state not in later
        if value is None:
            if needed:
                yield f"{name!r}: missing; there are {', '.join(map(repr, entry))}"
        elif not isinstance(value, torch.Tensor):
            yield f"{name!r}: expected a tensor, got {shown(value)}"
        elif value.dtype == torch.uint8 != like.dtype:
            yield f"{name!r}: expected dtype {like.dtype}, got 8-bit or 4-bit codes, which are not converted"
        elif value.shape != like.shape:
            yield f"{name!r}: expected shape {tuple(like.shape)}, got {tuple(value.shape)}"
        elif value.dtype != like.dtype and not (value.is_floating_point() and like.is_floating_point()):
            yield f"{name!r}: expected dtype {like.dtype}, got {value.dtype}; 8-bit and 4-bit states are not converted"


def check_states(
    given: Iterable[tuple[str, Any, Mapping[str, Any], Mapping[str, float], Mapping[str, Any], Sequence[str]]],
) -> None:
    """Refuse states that do not fit, each given with the name of its parameter and what `_problems` needs.

    Raises:
        ValueError: All that does not fit.
    """
    found = [
        f"of {name!r}: {problem}"
        for name, entry, kinds, scalars, expected, later in given
        for problem in (
            _problems(entry, kinds, scalars, expected, later) if isinstance(entry, Mapping) else ["expected a dict"]
        )
    ]
    if found:
        raise ValueError("state: does not fit this optimizer; nothing was changed:\n  " + "\n  ".join(found))


def averagings_of(entry: Mapping[str, Any], before: int) -> int:
    """Return how often a parameter has been averaged: ``before`` times where there is an average that did not count."""
    number = entry.get("n_averaged")
    if number is not None:
        return int(number)
    return 0 if entry.get("average") is None else before


def take_over(entry: Mapping[str, Any], kept: Mapping[str, torch.Tensor], param: torch.Tensor) -> None:
    """Copy the states of an entry without `check_states` into tensors that adamas keeps.

    What it lacks of what adamas keeps beside them stays as it is, except for an average, which begins with the
    parameter.
    """
    with torch.no_grad():
        for name, tensor in kept.items():
            value = entry.get(name)
            if value is not None:
                tensor.copy_(value)
            elif name == "average":
                tensor.copy_(param)
            elif name == "row_step":
                tensor.fill_(int(entry.get("step", 0)))
