"""Bringing a checkpoint and an optimizer together: what must fit, what may be left out, what can be converted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from adamas._checks import Array
from adamas._formats import STATE_FORMATS
from adamas._state_dict import state_dict_problems
from adamas.checkpoint import Checkpoint, CheckpointError

__all__ = ["Fit"]


@dataclass(frozen=True)
class Fit:
    """A checkpoint and the optimizer that is to take it.

    Attributes:
        checkpoint: The one.
        live: The other's state dict, with live arrays.
        params: Its parameters, by name.
        kinds: Of the states of each parameter's rule.
    """

    checkpoint: Checkpoint
    live: Mapping[str, Any]
    params: Mapping[str, Array]
    kinds: Mapping[str, Mapping[str, str]]

    def check(
        self, *, params: bool | None, strict: bool, convert: bool, check_finite: bool
    ) -> tuple[dict[str, Any], dict[str, Array], list[str]]:
        """Find out whether it fits; the arguments are those of `Optimizer.load`.

        Returns:
            A state dict that can be loaded, the parameters that are to be, and names that have been left out.

        Raises:
            CheckpointError: It does not fit.
        """
        given = self.checkpoint.state_dict
        if convert:
            given = converted(given, self.live, self.kinds, self.params)
        wanted = bool(self.checkpoint.params) if params is None else params
        left: list[str] = []
        if not strict:
            given, left = fitting(given, self.live)
        problems = state_dict_problems(given, self.live)
        values: dict[str, Array] = {}
        if wanted:
            wrong = param_problems(self.checkpoint, self.params)
            problems += wrong.values() if strict else ()
            left += [] if strict else [name for name in wrong if name not in left]
            values = {name: array for name, array in self.checkpoint.params.items() if name not in wrong}
        if check_finite:
            problems += [f"{name}: is not finite" for name in self.checkpoint.nonfinite()]
        if problems:
            lines = "\n  ".join(problems)
            raise CheckpointError(f"{self.checkpoint.path} does not fit this optimizer; nothing was loaded:\n  {lines}")
        return given, values, left


def param_problems(checkpoint: Checkpoint, live: Mapping[str, Array]) -> dict[str, str]:
    """Say of each parameter that can't be loaded why."""
    problems = {name: f"params/{name}: this optimizer has no such parameter" for name in checkpoint.params}
    for name, ours in live.items():
        theirs = checkpoint.params.get(name)
        if theirs is None:
            problems[name] = f"params/{name}: missing"
        elif theirs.shape != ours.shape or theirs.dtype != ours.dtype:
            problems[name] = (
                f"params/{name}: expected {ours.dtype} of shape {ours.shape}, "
                f"got {theirs.dtype} of shape {theirs.shape}"
            )
        else:
            del problems[name]
    return problems


def fitting(given: dict[str, Any], live: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Make of a state dict one that fits, with live states and hyperparameters for those that do not.

    Returns:
        The state dict, and the names of all parameters of either that keep or lose theirs.
    """
    left: list[str] = []
    state: dict[str, Any] = {}
    for name, ours in live["state"].items():
        theirs = given["state"].get(name)
        fits = (
            theirs is not None and theirs.keys() == ours.keys() and all(_alike(theirs[key], ours[key]) for key in ours)
        )
        state[name] = theirs if fits else ours
        if not fits:
            left.append(name)
    left += [name for name in given["state"] if name not in live["state"]]
    groups = given["param_groups"]
    same = len(groups) == len(live["param_groups"]) and all(
        isinstance(theirs, Mapping) and theirs.get("params") == ours["params"]
        for theirs, ours in zip(groups, live["param_groups"], strict=False)
    )
    return {**given, "state": state, "param_groups": groups if same else live["param_groups"]}, left


def _alike(theirs: Any, ours: Any) -> bool:
    if isinstance(ours, np.ndarray):
        return isinstance(theirs, np.ndarray) and (theirs.shape, theirs.dtype) == (ours.shape, ours.dtype)
    return not isinstance(theirs, np.ndarray)


def converted(
    given: dict[str, Any], live: Mapping[str, Any], kinds: Mapping[str, Mapping[str, str]], params: Mapping[str, Array]
) -> dict[str, Any]:
    """Bring the states of a state dict into the format of the live one.

    Args:
        given: Whose states are in the format that its ``formats`` name.
        live: Of the optimizer.
        kinds: Of the states of each parameter's rule, by name.
        params: The optimizer's.
    """
    from adamas.reference._states import load_states, new_states, store_states  # noqa: PLC0415 (it imports optimizers)

    theirs, ours = (dict(side["formats"]).get("state_dtype") for side in (given, live))
    if theirs == ours or theirs not in (None, *STATE_FORMATS):
        return given
    state = {}
    for name, entry in given["state"].items():
        if name not in params or params[name].dtype == np.float64:
            state[name] = entry
            continue
        expected = new_states(kinds[name], STATE_FORMATS[theirs or "float32"], params[name])
        if any(not _alike(entry.get(key), array) for key, array in expected.items()):
            state[name] = entry  # does not fit, as will be said
            continue
        values = load_states(kinds[name], STATE_FORMATS[theirs or "float32"], entry, params[name])
        arrays = new_states(kinds[name], STATE_FORMATS[ours or "float32"], params[name])
        store_states(kinds[name], STATE_FORMATS[ours or "float32"], arrays, values, int(entry["step"]))
        state[name] = {**{key: value for key, value in entry.items() if key not in expected}, **arrays}
    return {**given, "state": state, "formats": {**given["formats"], "state_dtype": ours}}
