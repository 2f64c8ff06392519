"""Checks whether a state dict fits an optimizer."""

from __future__ import annotations

import operator
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from adamas._inputs.hyperparameters import MAX_STEPS, exact_int, scalar
from adamas._inputs.values import is_a, shown, stored, type_name
from adamas._numerics.formats import StateFormat
from adamas.rules import SPECS

#: What begins anew where states were saved without an average.
OF_AVERAGES = frozenset({"average", "n_averaged"})

#: Numbers that rules keep for all parameters together, and that may be negative.
_SIGNED = frozenset(name for spec in SPECS.values() for name in spec.signed_scalars)

_PARTS = {"optimizer": (str, "str"), "state": (Mapping, "mapping"), "param_groups": (list, "list")}


def read_state_dict(given: Any, live: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``given`` if it can be loaded into the optimizer whose own state dict is ``live``.

    It is read once, into containers of our own, which cannot change or fail while they are loaded.

    Raises:
        TypeError: ``given`` is no state dict.
        ValueError: It is one, but of something else; all mismatches are listed.
    """
    if not is_a(given, Mapping):
        raise TypeError(f"state_dict: expected a mapping, got {type_name(given)}")
    read = dict(given)
    for part, (kind, name) in _PARTS.items():
        if not is_a(read.get(part), kind):
            raise TypeError(f"state_dict[{part!r}]: expected a {name}, got {type_name(read.get(part))}")
    read["state"] = {name: dict(entry) if is_a(entry, Mapping) else entry for name, entry in read["state"].items()}
    if is_a(read.get("scalars"), Mapping):
        read["scalars"] = dict(read["scalars"])
    read["param_groups"] = [dict(g) if is_a(g, Mapping) else g for g in stored(read["param_groups"])]
    if problems := state_dict_problems(read, live):
        raise ValueError("state_dict does not fit this optimizer; nothing was loaded:\n  " + "\n  ".join(problems))
    return read


def state_dict_problems(given: Mapping[str, Any], live: Mapping[str, Any]) -> list[str]:
    """Return all that does not fit."""
    return [*_check_head(given, live), *_check_shared(given, live), *_check_states(given["state"], live["state"])]


def _check_shared(given: Mapping[str, Any], live: Mapping[str, Any]) -> Iterator[str]:
    """Check the numbers that a rule keeps for all parameters together."""
    theirs, ours = given.get("scalars", {}), live.get("scalars", {})
    if not isinstance(theirs, Mapping):
        yield f"scalars: expected a mapping, got {type_name(theirs)}"
        return
    for name in theirs:
        if name not in ours:
            yield f"scalars[{shown(name)}]: this optimizer keeps no such number"
    for name in ours:
        try:
            scalar(theirs.get(name), f"scalars[{name!r}]", signed=name in _SIGNED)
        except (TypeError, ValueError) as error:
            yield str(error)


def _check_head(given: Mapping[str, Any], live: Mapping[str, Any]) -> Iterator[str]:
    if given["optimizer"] != live["optimizer"]:
        yield f"it is from {given['optimizer']}, this is {live['optimizer']}"
    if problem := _check_count(given.get("step")):
        yield f"step: {problem}"
    norm = given.get("previous_norm")
    if norm is not None and (problem := _check_scalar(norm)):
        yield f"previous_norm: {problem}"
    yield from _check_formats(given.get("formats"), live["formats"])
    if len(given["param_groups"]) != len(live["param_groups"]):
        yield f"param_groups: expected {len(live['param_groups'])}, got {len(given['param_groups'])}"
        return
    for i, (theirs, ours) in enumerate(zip(given["param_groups"], live["param_groups"], strict=True)):
        if not isinstance(theirs, Mapping):
            yield f"param_groups[{i}]: expected a dict, got {type_name(theirs)}"
        elif not isinstance(theirs.get("params"), list) or list(map(str, theirs["params"])) != ours["params"]:
            yield f"param_groups[{i}]['params']: expected the names {ours['params']}, got {shown(theirs.get('params'))}"


def _check_formats(given: Any, live: Mapping[str, Any]) -> Iterator[str]:
    if given is None:  # of a version that had no other formats
        given = {"state_dtype": None, "block_size": live["block_size"], "master_weights": False, "rounding": "nearest"}
    if not isinstance(given, Mapping):
        yield f"formats: expected a mapping, got {type_name(given)}"
        return
    for name, ours in live.items():
        theirs = given.get(name, ours if name == "seed" else None)
        if name == "low_bits" and theirs != ours and given.get("master_weights") == live["master_weights"]:
            yield (
                "formats: its low_bits go with parameters that were cut short, as older versions did; here parameters "
                "are rounded. Load the parameters alone into a new optimizer"
            )
            continue
        if name == "block_size":
            quantised = live["state_dtype"] is not None and StateFormat(live["state_dtype"]).bits is not None
            if quantised and theirs != ours:
                yield f"formats: its states are quantised in blocks of {shown(theirs)}, here in blocks of {ours}"
        elif name == "state_dtype" and same_states(theirs, ours):
            continue  # of the parameter's dtype or not, which the arrays show
        elif name == "average" and theirs is None:
            continue  # it begins now
        elif isinstance(theirs, np.ndarray) or theirs != ours:
            yield f"formats: saved with {name}={shown(theirs)}, this has {ours!r}"


def same_states(a: Any, b: Any) -> bool:
    """Tell whether two values of ``state_dtype`` have the same bytes. None is the format of the parameters."""
    if not all(value is None or isinstance(value, str) for value in (a, b)):
        return False
    return bool(a == b) or (None in (a, b) and {a, b} <= {None, "float32", "float64"})


def _check_states(given: Mapping[str, Any], live: Mapping[str, Any]) -> Iterator[str]:
    for name in given:
        if name not in live:
            yield f"state[{name!r}]: this optimizer has no such parameter"
    for name, ours in live.items():
        theirs = given.get(name)
        if not isinstance(theirs, Mapping):
            yield f"state[{name!r}]: missing"
            continue
        for key in theirs:
            if key not in ours:
                yield f"state[{name!r}][{key!r}]: this optimizer keeps no such state"
        for key, value in ours.items():
            if key in OF_AVERAGES and key not in theirs:
                continue  # saved without an average, or by a version that did not count
            if key in ("step", "n_averaged"):
                problem = _check_count(theirs.get(key))
            elif isinstance(value, np.ndarray):
                problem = _check_state(theirs.get(key), value)
            else:
                problem = _check_scalar(theirs.get(key))
            if problem:
                yield f"state[{name!r}][{key!r}]: {problem}"


def count_in(given: Any) -> int:
    """Return a step count as an int; a NumPy integer or 0-d array will do.

    Raises:
        ValueError: It is none.
    """
    try:
        count = -1 if is_a(given, bool) else exact_int(operator.index(given))
    except TypeError:
        count = -1
    if not 0 <= count <= MAX_STEPS:
        raise ValueError(f"expected a count >= 0, got {shown(given)}")
    return count


def scalar_in(given: Any) -> float:
    """Return a number that a rule keeps, as a float.

    Raises:
        TypeError: It is none.
        ValueError: It is out of range.
    """
    return scalar(given, "")


def _check_count(given: Any) -> str | None:
    try:
        count_in(given)
    except (TypeError, ValueError) as error:
        return str(error)
    return None


def _check_scalar(given: Any) -> str | None:
    try:
        scalar_in(given)
    except (TypeError, ValueError):
        return f"expected a finite number >= 0, got {shown(given)}"
    return None


def _check_state(given: Any, array: np.ndarray[Any, Any]) -> str | None:
    if type(given) not in (np.ndarray, np.memmap):  # a subclass may copy as it likes
        return f"expected an array, got {type_name(given)}"
    if given.shape != array.shape or given.dtype != array.dtype:
        return f"expected {array.dtype} of shape {array.shape}, got {given.dtype} of shape {given.shape}"
    return None
