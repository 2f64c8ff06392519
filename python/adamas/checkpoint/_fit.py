"""Loading a checkpoint into an optimizer: what must match, what may be left out, what can be converted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from adamas._inputs.formats import STATE_DTYPES
from adamas._inputs.hyperparameters import LATER
from adamas._inputs.state_dicts import OF_AVERAGES, same_states, state_dict_problems
from adamas._numerics.formats import RESIDUE_STATES, StateFormat
from adamas._numerics.state_formats import load_states, new_states, store_states
from adamas._types import Array
from adamas.checkpoint import Checkpoint, CheckpointError
from adamas.checkpoint._document import array_name, describe_array

__all__ = ["Fit", "Loading"]

#: So many elements at a time are looked at.
_CHUNK = 1 << 20


@dataclass(frozen=True)
class Loading:
    """What a checkpoint brings to an optimizer.

    Attributes:
        state_dict: Fits the optimizer.
        params: Values by name.
        left: Names of parameters that keep all they have, or that only the file has.
    """

    state_dict: dict[str, Any]
    params: dict[str, Array]
    left: list[str]


@dataclass(frozen=True)
class Fit:
    """A checkpoint and the optimizer that is to take it.

    Attributes:
        checkpoint: The one.
        live: The other's state dict, with live arrays.
        params: Its parameters, by name.
        kinds: Of the states of each parameter's rule.
        matrices: Shapes, where states are by row or column.
    """

    checkpoint: Checkpoint
    live: Mapping[str, Any]
    params: Mapping[str, Array]
    kinds: Mapping[str, Mapping[str, str]]
    matrices: Mapping[str, tuple[int, ...] | None]

    def check(self, *, params: bool | None, strict: bool, convert: bool, check_finite: bool) -> Loading:
        """Find out whether it fits; the arguments are those of `Optimizer.load`.

        Raises:
            CheckpointError: It does not fit.
        """
        wanted = bool(self.checkpoint.params) if params is None else params
        given = self.checkpoint.state_dict
        wrong = self._wrong_params(wanted)
        if convert:
            fitting_params = {name: array for name, array in self.params.items() if name not in wrong}
            given = converted(given, self.live, self.kinds, fitting_params, self.matrices)
        left: list[str] = []
        if strict:
            problems = [*wrong.values(), *state_dict_problems(given, self.live)]
        else:
            given, left = fitting(given, self.live, wrong)
            problems = state_dict_problems(given, self.live)
        problems += _group_problems(given["param_groups"], self.live["param_groups"])
        has_residues = any(RESIDUE_STATES & entry.keys() for entry in given["state"].values())
        if params is False and self.checkpoint.params and has_residues:
            problems.append("params=False: the stored rounding residues belong to the stored parameters; load both")
        taken = [name for name in self.params if wanted and not problems and name not in left]
        values = {name: self.checkpoint.params[name] for name in taken}
        if check_finite:
            problems += _nonfinite(values, given["state"], left)
        if problems:
            lines = "\n  ".join(problems)
            raise CheckpointError(f"{self.checkpoint.path} does not fit this optimizer; nothing was loaded:\n  {lines}")
        return Loading(given, values, left)

    def _wrong_params(self, wanted: bool) -> dict[str, str]:
        """Say of each parameter of either side that does not fit why."""
        theirs = self.checkpoint.document.params
        problems = {name: f"params/{name}: this optimizer has no such parameter" for name in theirs}
        for name, ours in self.params.items():
            expected, found = describe_array(ours), theirs.get(name)
            if found is None or (wanted and name not in self.checkpoint.params):
                problems[name] = f"params/{name}: missing"
                continue
            array = self.checkpoint.params.get(name)
            if found == expected and (array is None or describe_array(array) == expected):
                del problems[name]
                continue
            problems[name] = (
                f"params/{name}: expected {expected[0]} of shape {tuple(expected[1])}, "
                f"got {found[0]} of shape {tuple(found[1])}"
            )
        return problems


def fitting(
    given: dict[str, Any], live: Mapping[str, Any], wrong: Mapping[str, str]
) -> tuple[dict[str, Any], list[str]]:
    """Make of a state dict one that fits, with live states and hyperparameters for those that do not.

    Returns:
        The state dict, and the names of all parameters of either that keep or lose theirs.
    """
    left = [name for name in wrong if name not in live["state"]]
    state: dict[str, Any] = {}
    for name, ours in live["state"].items():
        theirs = given["state"].get(name)
        fits = theirs is not None and name not in wrong and theirs.keys() | OF_AVERAGES == ours.keys() | OF_AVERAGES
        if fits and all(_alike(theirs[key], ours[key]) for key in ours if key in theirs):
            state[name] = theirs
        else:
            state[name] = ours
            left.append(name)
    groups = given["param_groups"]
    same = len(groups) == len(live["param_groups"]) and all(
        theirs["params"] == ours["params"] for theirs, ours in zip(groups, live["param_groups"], strict=True)
    )
    # Formats are there to be compared; what has been taken has the right ones.
    kept = {"formats": live["formats"], "param_groups": groups if same else live["param_groups"]}
    return {**given, "state": state, **kept}, left


def _group_problems(given: list[dict[str, Any]], live: list[dict[str, Any]]) -> list[str]:
    """Compare the names of hyperparameters."""
    problems = []
    for i, (theirs, ours) in enumerate(zip(given, live, strict=False)):
        problems += [f"param_groups[{i}][{key!r}]: missing" for key in ours if key not in theirs and key not in LATER]
        problems += [
            f"param_groups[{i}][{key!r}]: this optimizer has no such hyperparameter"
            for key in theirs
            if key not in ours
        ]
    return problems


def _nonfinite(params: Mapping[str, Array], state: Mapping[str, Mapping[str, Any]], left: list[str]) -> list[str]:
    """Say which of the arrays that would be loaded hold an infinity or NaN."""
    arrays = {array_name("params", name): array for name, array in params.items()}
    for name, entry in state.items():
        if name not in left:
            arrays.update({array_name("states", name, key): a for key, a in entry.items() if isinstance(a, np.ndarray)})
    return [f"{name}: is not finite" for name, array in arrays.items() if not _is_finite(array)]


def _is_finite(array: Array) -> bool:
    if array.dtype.kind in "iu":
        return True
    flat = array.reshape(-1)
    return all(bool(np.isfinite(flat[i : i + _CHUNK]).all()) for i in range(0, flat.size, _CHUNK))


def _alike(theirs: Any, ours: Any) -> bool:
    if isinstance(ours, np.ndarray):
        return isinstance(theirs, np.ndarray) and (theirs.shape, theirs.dtype) == (ours.shape, ours.dtype)
    return not isinstance(theirs, np.ndarray)


def converted(
    given: dict[str, Any],
    live: Mapping[str, Any],
    kinds: Mapping[str, Mapping[str, str]],
    params: Mapping[str, Array],
    matrices: Mapping[str, tuple[int, ...] | None],
) -> dict[str, Any]:
    """Bring the states of a state dict into the format of the live one.

    Args:
        given: Whose states are in the format that its ``formats`` name.
        live: Of the optimizer.
        kinds: Of the states of each parameter's rule, by name.
        params: The optimizer's.
        matrices: As of `Fit`.
    """
    theirs, ours = (dict(side["formats"]).get("state_dtype") for side in (given, live))
    if same_states(theirs, ours) or theirs not in (None, *STATE_DTYPES):
        return given
    state = {}
    for name, entry in given["state"].items():
        if name not in params or params[name].dtype == np.float64:
            state[name] = entry
            continue
        expected = new_states(kinds[name], StateFormat(theirs or "float32"), params[name], matrices[name])
        if "step" not in entry or any(not _alike(entry.get(key), array) for key, array in expected.items()):
            state[name] = entry  # does not fit, as will be said
            continue
        values = load_states(kinds[name], StateFormat(theirs or "float32"), entry, params[name])
        arrays = new_states(kinds[name], StateFormat(ours or "float32"), params[name], matrices[name])
        store_states(kinds[name], StateFormat(ours or "float32"), arrays, values, int(entry["step"]))
        state[name] = {**{key: value for key, value in entry.items() if key not in expected}, **arrays}
    return {**given, "state": state, "formats": {**given["formats"], "state_dtype": ours}}
