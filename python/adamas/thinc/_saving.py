"""Serialization of an optimizer's states, and how loaded states are assigned to tensors."""

from __future__ import annotations

import os
import zlib
from collections.abc import Hashable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import srsly

from adamas.adapters import Array, atomic_write, bfloat16
from adamas.adapters.checks import shown
from adamas.thinc._bindings import Bindings, Entry

_FORMAT = "adamas.thinc"
_VERSION = 1


def to_bytes(owner: Any, steps: Any) -> bytes:
    """Return all states, counts and the place in the schedules."""
    tensors = [_tensor(key, entry) for key, entry in steps.entries.items()]
    if steps.saved is not None:  # loaded, and not met yet
        tensors += steps.saved.remaining
    score = getattr(owner, "last_score", None)
    content = srsly.msgpack_dumps(
        {
            "rule": type(owner).__name__,
            "schedule_steps": steps.schedule_steps,
            "last_score": None if score is None else list(score),
            "tensors": tensors,
        }
    )
    head = {"format": _FORMAT, "version": _VERSION, "crc32": zlib.crc32(content), "content": content}
    data: bytes = srsly.msgpack_dumps(head)
    return data


def read(owner: Any, data: bytes) -> dict[str, Any]:
    """Return what `to_bytes` was given.

    Raises:
        ValueError: It is damaged, or of another rule.
    """
    try:
        head = srsly.msgpack_loads(data)
        content = head["content"] if head["format"] == _FORMAT else None
    except Exception as error:
        raise ValueError("data: expected what to_bytes of an optimizer of adamas.thinc returns") from error
    if not isinstance(content, bytes) or zlib.crc32(content) != head["crc32"]:
        raise ValueError("data: is damaged: its checksum does not fit")
    if head["version"] != _VERSION:
        raise ValueError(f"data: expected version {_VERSION}, got {head['version']}; a newer adamas wrote it")
    saved: dict[str, Any] = srsly.msgpack_loads(content)
    if saved["rule"] != type(owner).__name__:
        raise ValueError(f"data: expected the states of {type(owner).__name__}, got those of {saved['rule']}")
    return saved


def write(path: str | os.PathLike[str], data: bytes) -> None:
    """Write a file atomically: after a crash it is the old or the new one."""
    with atomic_write(Path(path)) as new:
        new.write_bytes(data)


class Saved:
    """Tensors whose states were loaded and that have not been met yet.

    Args:
        tensors: What was saved of each.
        by: ``"weights"``, ``"order"`` or ``"key"``: how they are found.
    """

    def __init__(self, tensors: Sequence[dict[str, Any]], by: str) -> None:
        if by not in ("weights", "order", "key"):
            raise ValueError(f"by: expected 'weights' or 'order', got {shown(by)}")
        self.remaining = list(tensors)
        self._by = by

    def find(self, key: Hashable, weights: Array) -> dict[str, Any] | None:
        """Return what was saved of a tensor; None if it was not met before the states were saved.

        Raises:
            ValueError: It may be one of those that were saved, but nobody knows which.
        """
        if self._by == "key":
            return next((each for each in self.remaining if each["key"] == _plain_key(key)), None)
        name, shape = _parameter_name(key), list(weights.shape)
        alike = [each for each in self.remaining if each["name"] == name and each["shape"] == shape]
        if self._by == "order":
            if not self.remaining or not alike:
                return None
            if self.remaining[0] is not alike[0]:
                first = self.remaining[0]
                raise ValueError(
                    f"{key!r}: expected {first['name']} of shape {tuple(first['shape'])} next, as in the saved states, "
                    f"got {name} of shape {tuple(shape)}: the pipeline is another one"
                )
            return alike[0]
        if not alike:
            return None
        checksum = zlib.crc32(np.ascontiguousarray(weights).data.cast("B"))
        for each in alike:
            if each["weights"] == checksum:
                return each
        raise ValueError(
            f"{key!r}: no tensor in the saved states has these weights, but one named {name} of that shape; "
            "load the pipeline that was saved together with them, or, if its weights have been changed since (they may "
            "be averages), ask for resume_by='order'"
        )

    def take(self, found: dict[str, Any]) -> None:
        """Say that a tensor has been met."""
        self.remaining = [each for each in self.remaining if each is not found]


def check(found: Mapping[str, Any], entry: Entry, key: Hashable) -> None:
    """Refuse states that a tensor cannot have.

    Raises:
        ValueError: Of another ``state_dtype``, with or without averages, or of other hyperparameters.
    """
    ours = {name: _described(_encoded(array)) for name, array in entry.bound.states(entry.index).items()}
    theirs = {name: _described(each) for name, each in found["states"].items()}
    if ours != theirs:
        raise ValueError(f"{key!r}: expected the states {ours}, got {theirs}: the optimizer has other arguments")


def fill(found: Mapping[str, Any], entry: Entry, bindings: Bindings) -> None:
    """Give a tensor the states that were saved."""
    bound = entry.bound
    for name, array in bound.states(entry.index).items():
        np.copyto(array, _decoded(found["states"][name]))
    bindings.set_numbers_of(entry, found["numbers"])


def _tensor(key: Hashable, entry: Entry) -> dict[str, Any]:
    states = entry.bound.states(entry.index)
    return {
        "key": _plain_key(key),
        "name": _parameter_name(key),
        "shape": list(entry.weights.shape),
        "weights": zlib.crc32(entry.weights.data.cast("B")),
        "numbers": entry.bound.numbers(entry.index),
        "states": {name: _encoded(array) for name, array in states.items()},
    }


def _plain_key(key: Hashable) -> Any:
    if isinstance(key, tuple) and all(type(part) in (int, str) for part in key):
        return list(key)
    return repr(key)


def _parameter_name(key: Hashable) -> str:
    return str(key[-1]) if isinstance(key, tuple) and key else str(key)


def _encoded(array: Array) -> dict[str, Any]:
    is_bfloat16 = array.dtype.name == "bfloat16"
    return {"dtype": array.dtype.name, "array": array.view(np.uint16) if is_bfloat16 else array}


def _decoded(each: Mapping[str, Any]) -> Array:
    array: Array = each["array"]
    return array.view(bfloat16()) if each["dtype"] == "bfloat16" else array


def _described(each: Mapping[str, Any]) -> str:
    return f"{each['dtype']} {tuple(each['array'].shape)}"
