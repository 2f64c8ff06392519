"""What a checkpoint says besides its arrays: one JSON text."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from adamas._core import __version__
from adamas._hyperparameters import shown

__all__ = ["SCHEMA", "CheckpointError", "Document", "array_name"]

#: Goes up when older versions could not read what newer ones write.
SCHEMA = 1


class CheckpointError(ValueError):
    """A file is not a checkpoint, or is damaged, or does not fit; the message says which, and nothing has changed."""


@dataclass(frozen=True)
class Document:
    """All but the arrays.

    Attributes:
        library: Version that wrote it.
        optimizer: Class name.
        step: Steps taken.
        formats: Of states and parameters.
        param_groups: Hyperparameters, and names of the parameters.
        numbers: Step counts and other numbers, by parameter.
        checksums: CRC-32 of each array.
    """

    library: str
    optimizer: str
    step: int
    formats: dict[str, Any]
    param_groups: list[dict[str, Any]]
    numbers: dict[str, dict[str, Any]]
    checksums: dict[str, int]

    @classmethod
    def of(cls, state_dict: Mapping[str, Any], checksums: dict[str, int]) -> Document:
        """Describe what `Optimizer.state_dict` returned."""
        numbers = {
            name: {key: value for key, value in entry.items() if not isinstance(value, np.ndarray)}
            for name, entry in state_dict["state"].items()
        }
        return cls(
            __version__,
            state_dict["optimizer"],
            state_dict["step"],
            dict(state_dict["formats"]),
            list(state_dict["param_groups"]),
            numbers,
            checksums,
        )

    def dump(self) -> str:
        """Return it as JSON."""
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
        if not isinstance(schema, int) or schema > SCHEMA:
            raise CheckpointError(
                f"{path}: is of schema {shown(schema)}, this version reads up to {SCHEMA}: update adamas"
            )
        kinds = {
            "library": str,
            "optimizer": str,
            "step": int,
            "formats": dict,
            "param_groups": list,
            "numbers": dict,
            "checksums": dict,
        }
        for name, kind in kinds.items():
            if not isinstance(fields.get(name), kind):
                raise CheckpointError(f"{path}: {name}: expected a {kind.__name__}, got {shown(fields.get(name))}")
        for name, numbers in fields["numbers"].items():
            if not isinstance(numbers, dict):
                raise CheckpointError(f"{path}: numbers[{name!r}]: expected a dict, got {shown(numbers)}")
        return cls(**{name: fields[name] for name in kinds})

    def state_dict(self, arrays: Mapping[str, Any]) -> dict[str, Any]:
        """Put it together with the arrays, as `Optimizer.load_state_dict` takes it."""
        state: dict[str, dict[str, Any]] = {name: dict(numbers) for name, numbers in self.numbers.items()}
        for full_name, array in arrays.items():
            kind, _, rest = full_name.partition("/")
            name, _, key = rest.rpartition("/")
            if kind == "states":
                state.setdefault(name, {})[key] = array
        groups = [
            {
                key: tuple(value) if isinstance(value, list) and key != "params" else value
                for key, value in group.items()
            }
            if isinstance(group, dict)
            else group
            for group in self.param_groups
        ]
        return {
            "optimizer": self.optimizer,
            "step": self.step,
            "formats": self.formats,
            "state": state,
            "param_groups": groups,
        }


def array_name(kind: str, name: str, key: str = "") -> str:
    """Return the name of an array in the file: ``params/w``, ``states/w/exp_avg``."""
    return f"{kind}/{name}/{key}" if key else f"{kind}/{name}"


def _plain(value: Any) -> Any:
    """Return what JSON can hold of a NumPy number."""
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"expected a number, str, bool or None in the state dict, got {shown(value)}")
