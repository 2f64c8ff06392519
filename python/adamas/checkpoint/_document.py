"""The JSON description in a checkpoint: everything except the arrays."""

from __future__ import annotations

import json
import math
import numbers
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata
from typing import Any

import numpy as np

from adamas._inputs.values import shown
from adamas._types import Array

__all__ = ["SCHEMA", "CheckpointError", "Document", "array_name"]

#: Goes up when older versions could not read what newer ones write.
SCHEMA = 1


def _version() -> str:
    """Return the version of adamas, which its reference has too where nothing is compiled."""
    try:
        from adamas._core import __version__ as version  # noqa: PLC0415
    except ImportError:
        version = metadata.version("adamas")
    return version


class CheckpointError(ValueError):
    """A file is not a checkpoint, or is damaged, or does not fit; the message says which, and nothing has changed."""

    __module__ = "adamas.checkpoint"


@dataclass(frozen=True)
class Document:
    """All but the arrays.

    Attributes:
        library: Version that wrote it.
        optimizer: Class name.
        step: Steps taken.
        previous_norm: Of the gradients of an earlier step, by which `Optimizer.step_scope` may clip; or None.
        formats: Of states and parameters.
        param_groups: Hyperparameters, and names of the parameters.
        params: Dtype and shape of each parameter, whether it is in the file or not.
        numbers: Step counts and other numbers, by parameter.
        scalars: Numbers that the rule keeps for all parameters together.
        checksums: CRC-32 of each array.
    """

    library: str
    optimizer: str
    step: int
    previous_norm: float | None
    formats: dict[str, Any]
    param_groups: list[dict[str, Any]]
    params: dict[str, list[Any]]
    numbers: dict[str, dict[str, Any]]
    scalars: dict[str, float]
    checksums: dict[str, int]

    @classmethod
    def of(cls, state_dict: Mapping[str, Any], params: Mapping[str, Array], checksums: dict[str, int]) -> Document:
        """Describe what `Optimizer.state_dict` returned, and its parameters."""
        return cls(
            _version(),
            state_dict["optimizer"],
            state_dict["step"],
            state_dict.get("previous_norm"),
            dict(state_dict["formats"]),
            list(state_dict["param_groups"]),
            {name: describe_array(array) for name, array in params.items()},
            {
                name: {key: value for key, value in entry.items() if not isinstance(value, np.ndarray)}
                for name, entry in state_dict["state"].items()
            },
            dict(state_dict.get("scalars", {})),
            checksums,
        )

    def dump(self) -> str:
        """Return it as JSON.

        Raises:
            TypeError: It holds something that is no number, text, bool, None, list or mapping.
            ValueError: A number is not finite.
        """
        return json.dumps({"schema": SCHEMA, **self.__dict__}, allow_nan=False, default=_plain)

    @classmethod
    def parse(cls, text: str, path: str) -> Document:
        """Read JSON.

        Raises:
            CheckpointError: It is not such a text.
        """
        try:
            fields = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise CheckpointError(f"{path}: its description is not JSON ({error})") from None
        if not isinstance(fields, dict):
            raise CheckpointError(f"{path}: expected a description with fields, got {shown(fields)}")
        schema = fields.pop("schema", None)
        if not _is_count(schema) or not 1 <= schema <= SCHEMA:
            raise CheckpointError(
                f"{path}: is of schema {shown(schema)}, this version reads up to {SCHEMA}: update adamas"
            )
        fields.setdefault("scalars", {})  # versions without rules that have any did not write it
        for name, is_right in _CHECKS.items():
            if name not in fields or not is_right(fields[name]):
                raise CheckpointError(f"{path}: its description has {name}={shown(fields.get(name))}")
        return cls(**{name: fields[name] for name in _CHECKS})

    def state_dict(self, states: Mapping[str, Mapping[str, Array]]) -> dict[str, Any]:
        """Put it together with the arrays, as `Optimizer.load_state_dict` takes it."""
        return {
            "optimizer": self.optimizer,
            "step": self.step,
            "previous_norm": self.previous_norm,
            **({"scalars": self.scalars} if self.scalars else {}),
            "formats": self.formats,
            "state": {
                name: {**self.numbers.get(name, {}), **states.get(name, {})}
                for name in dict.fromkeys((*self.numbers, *states))
            },
            "param_groups": [
                {
                    key: tuple(value) if isinstance(value, list) and key != "params" else value
                    for key, value in group.items()
                }
                for group in self.param_groups
            ],
        }


def describe_array(array: Array) -> list[Any]:
    """Return dtype and shape, as the document has them."""
    return [array.dtype.name, list(array.shape)]


def array_name(kind: str, name: str, key: str = "") -> str:
    """Return the name of an array in the file: ``params/w``, ``states/w/exp_avg``."""
    return f"{kind}/{name}/{key}" if key else f"{kind}/{name}"


def _plain(value: Any) -> Any:
    """Return what JSON can hold of a number of another type."""
    if isinstance(value, np.bool_):
        return bool(value)
    if isinstance(value, numbers.Integral):
        return int(value)
    if isinstance(value, numbers.Real):
        return float(value)
    raise TypeError(f"a checkpoint holds numbers, texts, lists and mappings, not {shown(value)}")


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 62


def _is_finite(value: Any) -> bool:
    try:
        return isinstance(value, int | float) and math.isfinite(value)
    except OverflowError:  # JSON has whole numbers of any length
        return False


def _is_simple(value: Any) -> bool:
    """Tell whether a value can be a hyperparameter: a number, a text, a flag, None, or several numbers."""
    if isinstance(value, list):
        return all(item is None or isinstance(item, int | float) for item in value)
    return value is None or isinstance(value, str | int | float)


def _is_group(group: Any) -> bool:
    if not isinstance(group, dict) or not isinstance(group.get("params"), list):
        return False
    names_are_texts = all(isinstance(name, str) for name in group["params"])
    return names_are_texts and all(_is_simple(value) for key, value in group.items() if key != "params")


def _is_described(entry: Any) -> bool:
    return (
        isinstance(entry, list)
        and len(entry) == 2
        and isinstance(entry[0], str)
        and isinstance(entry[1], list)
        and all(_is_count(length) for length in entry[1])
    )


def _is_entry(entry: Any) -> bool:
    if not isinstance(entry, dict) or not _is_count(entry.get("step")):
        return False
    return all(_is_finite(value) for value in entry.values())


_CHECKS: dict[str, Any] = {
    "library": lambda value: isinstance(value, str),
    "optimizer": lambda value: isinstance(value, str),
    "step": _is_count,
    "previous_norm": lambda value: value is None or _is_finite(value),
    "formats": lambda value: isinstance(value, dict) and all(_is_simple(item) for item in value.values()),
    "param_groups": lambda value: isinstance(value, list) and all(_is_group(group) for group in value),
    "params": lambda value: isinstance(value, dict) and all(_is_described(entry) for entry in value.values()),
    "numbers": lambda value: isinstance(value, dict) and all(_is_entry(entry) for entry in value.values()),
    "scalars": lambda value: isinstance(value, dict) and all(_is_finite(item) for item in value.values()),
    "checksums": lambda value: isinstance(value, dict) and all(_is_count(item) for item in value.values()),
}
