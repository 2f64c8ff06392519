"""Checks of hyperparameters, and the error messages for invalid ones.

The compiled core asks the same questions faster (``cpp/bindings/hyperparameters.cpp``) and comes here when an answer
is no.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from adamas._inputs.values import as_index, as_real, is_a, shown, stored
from adamas.rules import SPECS, Hyperparameter, Range
from adamas.rules.hyperparameter import DECAYS

#: Steps that can be counted: ``kMaxStepCount`` of ``cpp/include/adamas/plan.hpp``.
MAX_STEPS = 2**62 - 1

#: As in ``cpp/include/adamas/threads.hpp``.
MAX_THREADS = 1024


def number(value: Any, path: str, expected: str, least: float, below: float) -> float:
    """Return a value as a float if it is a real number in [least, below).

    Args:
        value: The value.
        path: What messages call it.
        expected: What messages say of valid values.
        least: The least valid number.
        below: The number that valid ones are below.

    Raises:
        TypeError: It has the wrong type.
        ValueError: It is out of range.
    """
    converted = as_real(value)
    if converted is None:
        raise TypeError(f"{path}: expected {expected}, got {shown(value)}")
    if not least <= converted < below:
        raise ValueError(f"{path}: expected {expected}, got {shown(value)}")
    return converted


def scalar(value: Any, path: str, *, signed: bool = False) -> float:
    """Return a number that a rule keeps, as a float: finite, and not negative unless it is ``signed``."""
    expected, least = ("a finite number", -sys.float_info.max) if signed else ("a finite number >= 0", 0.0)
    return number(value, path, expected, least, math.inf)


def exact_int(value: int | np.integer[Any]) -> int:
    """Return an integer as an int; of a subclass of int, the number that it is, whatever it says."""
    return int.__int__(value) if isinstance(value, int) else int(value)


def plain(value: Any) -> Any:
    """Return a number as an int or float, numbers in a sequence as a tuple of such, and everything else as it is.

    Args:
        value: The value.
    """
    if type(value) in (float, int):
        return value
    if is_a(value, list | tuple):
        return tuple(map(plain, stored(value)))
    whole = as_index(value)
    if whole is not None:
        return whole
    real = as_real(value)
    return value if real is None else real


def whole_number(value: Any, path: str, least: int) -> int:
    """Return a value as an int if it is a whole number of an integer type.

    Args:
        value: The value.
        path: What messages call it.
        least: The least valid number.

    Raises:
        TypeError: It has the wrong type.
        ValueError: It is out of range.
    """
    if type(value) is int and least <= value < 1 << 62:
        return value
    expected = f"a whole number >= {least}"
    number(value, path, expected, least, math.inf)
    whole = as_index(value)
    if whole is None:
        raise TypeError(f"{path}: expected {expected}, got {shown(value)}")
    return whole


def check_flag(value: Any, path: str) -> bool:
    """Return a value if it is True or False.

    Args:
        value: The value.
        path: What messages call it.

    Raises:
        TypeError: It is neither.
    """
    if not isinstance(value, bool | np.bool_):
        raise TypeError(f"{path}: expected True or False, got {shown(value)}")
    return bool(value)


def check_threads(count: int | None) -> int:
    """Return a limit of threads as the core takes it: 0 for None.

    Args:
        count: None, or a whole number >= 1.

    Raises:
        TypeError: It has the wrong type.
        ValueError: It is out of range.
    """
    if count is None:
        return 0
    expected = f"None or a whole number from 1 to {MAX_THREADS}"
    number(count, "num_threads", expected, 1, MAX_THREADS + 1)
    whole = as_index(count)
    if whole is None:
        raise TypeError(f"num_threads: expected {expected}, got {shown(count)}")
    return whole


def _within(values: Range, least: float, below: float) -> Callable[[Any, str], float]:
    expected = values.value

    def check(value: Any, path: str) -> float:
        return number(value, path, expected, least, below)

    return check


def _optional(check: Callable[[Any, str], Any]) -> Callable[[Any, str], Any]:
    return lambda value, path: None if value is None else check(value, path)


_fraction = _within(Range.FRACTION, 0.0, 1.0)


def _count(value: Any, path: str) -> float:
    checked = number(value, path, "a whole number >= 0", 0.0, 2.0**53)
    if checked != math.floor(checked):
        raise ValueError(f"{path}: expected a whole number >= 0, got {shown(value)}")
    return checked


def _flag(value: Any, path: str) -> bool:
    if not isinstance(value, bool):
        raise TypeError(f"{path}: expected True or False, got {shown(value)}")
    return value


def _betas(value: Any, path: str, count: int) -> tuple[float, ...]:
    if not is_a(value, list | tuple) or len(betas := stored(value)) != count:
        names = ", ".join(f"beta{i + 1}" for i in range(count))
        raise TypeError(f"{path}: expected {('two', 'three')[count - 2]} numbers ({names}), got {shown(value)}")
    return tuple(_fraction(beta, f"{path}[{i}]") for i, beta in enumerate(betas))


def _pair(value: Any, path: str, kind: Range = Range.PAIR) -> tuple[float | None, ...]:
    if not is_a(value, list | tuple) or len(numbers := stored(value)) != 2:
        raise TypeError(f"{path}: expected {kind.value}, got {shown(value)}")
    check = _CHECKS[Range.NON_NEGATIVE]
    if kind is Range.EPSILONS and numbers[0] is None:
        return None, check(numbers[1], f"{path}[1]")
    return tuple(check(each, f"{path}[{i}]") for i, each in enumerate(numbers))


def _epsilons(value: Any, path: str) -> tuple[float | None, ...]:
    return _pair(value, path, Range.EPSILONS)


def _non_positive(value: Any, path: str) -> float:
    return number(value, path, Range.NON_POSITIVE.value, -math.nextafter(math.inf, 0.0), math.ulp(0.0))


def _blocks(value: Any, path: str) -> str | int:
    if isinstance(value, str) and value in ("rows", "tensor", "elements"):
        return value
    whole = None if isinstance(value, bool) else as_index(value)
    if whole is None:
        raise TypeError(f"{path}: expected {Range.BLOCKS.value}, got {shown(value)}")
    if whole < 1:
        raise ValueError(f"{path}: expected {Range.BLOCKS.value}, got {shown(value)}")
    return whole


def _decay(value: Any, path: str) -> str:
    expected = Range.DECAY.value
    if not isinstance(value, str):
        raise TypeError(f"{path}: expected {expected}, got {shown(value)}")
    for word in DECAYS:
        if str.__eq__(word, value):  # whatever a subclass says
            return word
    raise ValueError(f"{path}: expected {expected}, got {shown(value)}")


def _optional_rate(value: Any, path: str) -> float | None:
    return None if value is None else number(value, path, Range.OPTIONAL_RATE.value, math.ulp(0.0), math.inf)


_CHECKS: Mapping[Range, Callable[[Any, str], Any]] = {
    Range.LEARNING_RATE: _within(Range.LEARNING_RATE, 0.0, math.inf),
    Range.NON_NEGATIVE: _within(Range.NON_NEGATIVE, 0.0, math.inf),
    Range.FRACTION: _fraction,
    Range.FINITE: _within(Range.FINITE, -math.nextafter(math.inf, 0.0), math.inf),
    Range.COUNT: _count,
    Range.FLAG: _flag,
    Range.PAIR: _pair,
    Range.EPSILONS: _epsilons,
    Range.BLOCKS: _blocks,
    Range.NON_POSITIVE: _non_positive,
    Range.AT_LEAST_ONE: _within(Range.AT_LEAST_ONE, 1.0, math.inf),
    Range.POSITIVE: _within(Range.POSITIVE, math.nextafter(0.0, 1.0), math.inf),
    Range.OPTIONAL_FRACTION: _optional(_within(Range.OPTIONAL_FRACTION, 0.0, 1.0)),
    Range.OPTIONAL_GROWTH: _optional(_within(Range.OPTIONAL_GROWTH, 1.0, math.inf)),
    Range.DECAY: _decay,
    Range.OPTIONAL_RATE: _optional_rate,
}

_ALL = [each for spec in SPECS.values() for each in spec.hyperparameters]

#: Names of all hyperparameters that some rule has.
NAMES = tuple(dict.fromkeys(each.name for each in _ALL))

#: Hyperparameters that older versions lack, with what they were then.
LATER = {each.name: each.default for each in _ALL if each.later}

#: Hyperparameters that may be callables, from the number of steps taken so far.
SCHEDULABLE = tuple(dict.fromkeys(each.name for each in _ALL if each.schedulable))


def check_hyperparameter(value: Any, path: str, hyperparameter: Hyperparameter) -> Any:
    """Return the value of a hyperparameter as a plain float or bool, or several numbers as a tuple of floats.

    Raises:
        TypeError: A value of the wrong type.
        ValueError: A value out of range, infinite or not a number.
    """
    if hyperparameter.range is Range.BETAS:
        return _betas(value, path, len(hyperparameter.default))
    return _CHECKS[hyperparameter.range](value, path)


def check_group(
    group: Mapping[str, Any],
    path: str,
    known: Iterable[Hyperparameter],
    completed: int | None,
    scheduled: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return the hyperparameters of a group as plain floats and bools.

    Args:
        group: A dict of ``param_groups``, or keyword arguments.
        path: How messages name the group; a ``{}`` in it stands for the name of the hyperparameter.
        known: The rule's hyperparameters; all of them must be there.
        completed: Steps taken so far, with which callables are called; None to leave them uncalled.
        scheduled: What callables have returned for this step already, by name.

    Raises:
        TypeError: A value of the wrong type.
        ValueError: A value missing, out of range, infinite or not a number.
    """
    checked: dict[str, Any] = {}
    for hyperparameter in known:
        name = hyperparameter.name
        where = path.format(name)
        if name not in group:
            raise ValueError(f"{where}: missing; each group must keep all hyperparameters of its rule")
        value = group[name]
        if hyperparameter.schedulable and callable(value):
            if completed is None:
                checked[name] = value
                continue
            value = scheduled[name] if scheduled and name in scheduled else value(completed)
            where = f"{where} (called with step {completed})"
        checked[name] = check_hyperparameter(value, where, hyperparameter)
    return checked
