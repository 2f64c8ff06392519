"""The state of a server between rounds: as a dict, and as a checkpoint."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from adamas.adapters import Array
from adamas.adapters.checkpoints import CheckpointError, read_checkpoint, write_checkpoint
from adamas.adapters.checks import shown, whole_number
from adamas.flower._wire import packed, unpack

#: What entries of ours begin with in the group of a checkpoint.
_OURS = "flower."


class State(NamedTuple):
    """What a strategy saves.

    Attributes:
        strategy: Name of its class.
        mode: Its mode, or nothing.
        round: Rounds that are over.
        hyperparameters: By Flower's names; None for callables.
        arrays: The model.
        optimizer: The state dict of the optimizer of adamas.
    """

    strategy: str
    mode: str
    round: int
    hyperparameters: Mapping[str, Any]
    arrays: Mapping[str, Array]
    optimizer: Mapping[str, Any]


_KINDS = {"strategy": str, "mode": str, "hyperparameters": Mapping, "arrays": Mapping, "optimizer": Mapping}


def read_state(state_dict: Mapping[str, Any]) -> State:
    """Return a state dict as a `State`.

    Raises:
        TypeError: It is none, or an entry is of the wrong type.
        ValueError: An entry is missing.
    """
    if not isinstance(state_dict, Mapping):
        raise TypeError(f"state_dict: expected what state_dict() returned, got {shown(state_dict)}")
    for name in State._fields:
        if name not in state_dict:
            raise ValueError(f"state_dict: {name!r} is missing; expected what state_dict() of a strategy returned")
    for name, kind in _KINDS.items():
        if not isinstance(state_dict[name], kind):
            expected = "a text" if kind is str else "a mapping"
            raise TypeError(f"state_dict[{name!r}]: expected {expected}, got {shown(state_dict[name])}")
    whole_number(state_dict["round"], "state_dict['round']", 0)
    for name, array in state_dict["arrays"].items():
        if not isinstance(array, np.ndarray):
            raise TypeError(f"state_dict['arrays'][{name!r}]: expected a numpy.ndarray, got {shown(array)}")
    return State(**{name: state_dict[name] for name in State._fields})


def save(path: str | os.PathLike[str], state: State, stepped: Sequence[str]) -> None:
    """Write a state to a checkpoint.

    Parameters are arrays in it. What is averaged, of any dtype, and single numbers are there as the bytes that Flower
    sends.

    Args:
        path: Of the file.
        state: The state.
        stepped: Names of the parameters.

    Raises:
        OSError: The file cannot be written.
        ValueError: The path has another ending than those of checkpoints.
    """
    ours = {
        "strategy": state.strategy,
        "mode": state.mode,
        "round": state.round,
        "names": json.dumps(list(state.arrays)),
    }
    ours |= {f"argument.{name}": value for name, value in state.hyperparameters.items()}
    (group,) = state.optimizer["param_groups"]
    optimizer = {
        **state.optimizer,
        "param_groups": [{**group, **{f"{_OURS}{name}": value for name, value in ours.items()}}],
    }
    plain = {name: array for name, array in state.arrays.items() if name in stepped and array.shape}
    others = packed({name: array for name, array in state.arrays.items() if name not in plain})
    write_checkpoint(path, optimizer, plain | {name: np.frombuffer(data, np.uint8) for name, data in others.items()})


def load(path: str | os.PathLike[str]) -> State:
    """Read a state from a checkpoint.

    Raises:
        OSError: The file cannot be read.
        CheckpointError: It is no checkpoint, is damaged, or is not one of a strategy.
    """
    read = read_checkpoint(path)
    optimizer = read.state_dict
    groups = optimizer["param_groups"]
    ours = (
        {key.removeprefix(_OURS): value for key, value in groups[0].items() if key.startswith(_OURS)} if groups else {}
    )
    if len(groups) != 1 or not isinstance(ours.get("names"), str):
        raise CheckpointError(f"{path}: is not a checkpoint of a strategy of adamas.flower, but of an optimizer")
    optimizer["param_groups"] = [{key: value for key, value in groups[0].items() if not key.startswith(_OURS)}]
    argument = "argument."
    try:
        arrays = {name: read.params[name] for name in json.loads(ours["names"])}
        arrays = {name: unpack(array.tobytes()) if array.dtype == np.uint8 else array for name, array in arrays.items()}
        return read_state(
            {
                "strategy": ours.get("strategy"),
                "mode": ours.get("mode"),
                "round": ours.get("round"),
                "hyperparameters": {
                    name.removeprefix(argument): value for name, value in ours.items() if name.startswith(argument)
                },
                "arrays": arrays,
                "optimizer": optimizer,
            }
        )
    except (KeyError, TypeError, ValueError) as error:
        raise CheckpointError(f"{path}: is damaged: {error}") from None
