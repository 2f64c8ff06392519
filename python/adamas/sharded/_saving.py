"""State dicts and checkpoints of optimizers whose states are distributed over several processes."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from adamas import checkpoint
from adamas._numerics.formats import BLOCK
from adamas._optimizer.model import Model
from adamas._optimizer.parameters import Parameter
from adamas._optimizer.saving import Groups, Saver
from adamas._types import Array
from adamas.checkpoint import Checkpoint, CheckpointError, Part, Processes
from adamas.checkpoint._checksums import bytes_of
from adamas.checkpoint._document import array_name
from adamas.checkpoint._fit import converted
from adamas.sharded._layout import Layout
from adamas.sharded._team import Team

__all__ = ["ShardedSaver"]


@dataclasses.dataclass(frozen=True)
class _Whole:
    """A state of a whole parameter, of which processes have parts.

    Attributes:
        shape: Of the whole.
        dtype: Of its elements.
        unit: So many elements of the parameter make one row of the state; 0 if one process has all of it.
    """

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    unit: int

    @classmethod
    def of(cls, parameter: Parameter, key: str, part: Array) -> _Whole:
        blocks = -(-parameter.size // BLOCK)
        if key in parameter.formula.axes:
            assert parameter.matrix is not None
            by_row = parameter.formula.states[key] == "row"
            matrix = parameter.matrix
            return cls((*matrix[:-1], 1) if by_row else (*matrix[:-2], 1, matrix[-1]), part.dtype, 0)
        if key.endswith("_scale") and key[: -len("_scale")] in parameter.formula.states:
            return cls((blocks,), part.dtype, BLOCK)
        is_coded = part.dtype == np.uint8 and key in parameter.formula.states
        return (
            cls((blocks, part.shape[1]), part.dtype, BLOCK) if is_coded else cls(parameter.array.shape, part.dtype, 1)
        )

    def stand_in(self) -> Array:
        """Return an array of this shape and dtype that takes no memory."""
        return np.broadcast_to(np.zeros((), self.dtype), self.shape)

    def part(self, whole: Array, shard: tuple[int, int]) -> Array:
        """Return the part of a whole that a process has: rows, or elements, one after the other."""
        if self.unit == 0:
            return whole if shard[0] < shard[1] else whole.reshape(-1)[:0]
        begin, end = shard[0] // self.unit, -(-shard[1] // self.unit)
        rows = whole if self.unit == BLOCK else whole.reshape(-1)
        return rows[begin:end]

    def begin(self, shard: tuple[int, int]) -> int:
        """Return where that part begins, in bytes."""
        if self.unit == 0:
            return 0
        row = self.shape[1] if self.unit == BLOCK and len(self.shape) == 2 else 1
        return shard[0] // self.unit * row * self.dtype.itemsize


class ShardedSaver(Saver):
    """What an optimizer of several processes has to save and load."""

    def __init__(self, model: Model, team: Team) -> None:
        super().__init__(model)
        self._team = team

    @property
    def _layout(self) -> Layout:
        layout: Layout = self._model.engine.layout  # type: ignore[attr-defined]
        return layout

    def _shard(self, parameter: Parameter) -> tuple[int, int]:
        return self._model.shards.get(parameter.index, (0, parameter.size))

    def _wholes(self, state: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[Parameter, str, _Whole, Array]]:
        """Yield each state array of this process, with what it is a part of."""
        for parameter in self._model.parameters:
            for key, value in state[parameter.name].items():
                if isinstance(value, np.ndarray):
                    yield parameter, key, _Whole.of(parameter, key, value), value

    def state_dict(self, groups: Groups, *, copy: bool) -> dict[str, Any]:
        """Return the state dict with whole arrays, in every process."""
        self._check_unlocked(groups)
        self._model.before_change("state_dict")
        with self._model.engine:
            found = self._state_dict(groups, copy=False)
            for parameter, key, whole, part in list(self._wholes(found["state"])):
                array = np.empty(whole.shape, whole.dtype)
                for rank in range(self._team.size):
                    shard = self._layout.shard(rank, parameter.index)
                    if shard[0] == shard[1]:
                        continue
                    target = whole.part(array, shard)
                    if rank == self._team.rank:
                        np.copyto(target, part.reshape(target.shape))
                    self._team.broadcast(target.reshape(-1).view(np.uint8), rank)
                found["state"][parameter.name][key] = array
        return found

    def load_state_dict(self, state_dict: Mapping[str, Any], groups: Groups) -> None:
        """Restore what `state_dict` returned, of which each process takes its part."""
        given = state_dict
        if isinstance(state_dict, Mapping) and isinstance(state_dict.get("state"), Mapping):
            with self._model.engine:
                live = self._state_dict(groups, copy=False)
            given = {
                **state_dict,
                "state": self._parts_of(state_dict["state"], live["state"], ValueError, "state_dict"),
            }
        super().load_state_dict(given, groups)

    def _parts_of(
        self,
        state: Mapping[str, Any],
        live: Mapping[str, Mapping[str, Any]],
        error: type[ValueError],
        what: str,
    ) -> dict[str, Any]:
        """Take the parts of this process out of whole states, those that it has a place for.

        Raises:
            ValueError: An array has not the shape of the whole state.
        """
        parts: dict[str, Any] = {
            name: dict(entry) if isinstance(entry, Mapping) else entry for name, entry in state.items()
        }
        for parameter, key, whole, value in self._wholes(live):
            entry = parts.get(parameter.name)
            if not isinstance(entry, dict) or not isinstance(entry.get(key), np.ndarray):
                continue
            given = entry[key]
            shard = self._shard(parameter)
            if given.shape != whole.shape or given.dtype != whole.dtype:
                raise error(
                    f"{what} does not fit this optimizer; nothing was loaded:\n  state[{parameter.name!r}][{key!r}]: "
                    f"expected {whole.dtype} of shape {whole.shape}, got {given.dtype} of shape {given.shape}"
                )
            part = whole.part(given, shard)
            if shard[0] == shard[1] and parameter.size:
                part = np.zeros_like(value)
            entry[key] = part.reshape(value.shape) if part.size == value.size else part
        return parts

    def _write(self, path: str | os.PathLike[str], state_dict: dict[str, Any], *, with_params: bool) -> None:
        model, team = self._model, self._team
        own: list[Part] = []
        for parameter, key, whole, part in list(self._wholes(state_dict["state"])):
            state_dict["state"][parameter.name][key] = whole.stand_in()
            if part.size:
                name = array_name("states", parameter.name, key)
                own.append(Part(name, whole.begin(self._shard(parameter)), bytes_of(part)))
        for parameter in model.parameters:
            begin, end = self._shard(parameter)
            if with_params and begin < end:
                data = bytes_of(self._model.own_part(parameter))
                own.append(Part(array_name("params", parameter.name), begin * parameter.dtype.itemsize, data))
        arrays = {parameter.name: parameter.array for parameter in model.parameters}
        if Path(path).suffix != ".safetensors":
            raise ValueError(
                f"path: expected one that ends in .safetensors, since several processes write it, got {str(path)!r}"
            )
        model.before_change("save")
        processes = Processes(team.rank, team.gather_objects)
        checkpoint.write_together(path, state_dict, arrays, own, processes, with_params=with_params)

    def load(self, path: str | os.PathLike[str], groups: Groups, *, strict: bool, **options: Any) -> list[str]:
        """Read a checkpoint, each process its part of it."""
        if strict is False:
            raise ValueError(
                "strict: must be True for optimizers of several processes; load the file with one process, and save it"
            )
        return super().load(path, groups, strict=strict, **options)

    def _read(self, path: str | os.PathLike[str], *, convert: bool) -> Checkpoint:
        whole = checkpoint.read(path, check=False)
        arrays = whole.arrays
        own = dict(list(arrays.items())[self._team.rank :: self._team.size])
        checkpoint.check_arrays(path, whole.document, own)
        if convert:
            whole = self._converted(whole)
        described = whole.document.params
        params, told = dict(whole.params), dict(described)
        for parameter in self._model.parameters:
            name, shape = parameter.name, list(parameter.array.shape)
            found = described.get(name)
            if found is None or found[0] != parameter.dtype.name:
                continue  # as will be said
            if list(found[1]) != shape:
                raise CheckpointError(
                    f"{whole.path} does not fit this optimizer; nothing was loaded:\n  params/{name}: expected "
                    f"{parameter.dtype.name} of shape {tuple(shape)}, got {found[0]} of shape {tuple(found[1])}"
                )
            part = self._model.own_part(parameter)
            told[name] = [found[0], list(part.shape)]
            if name in params:
                params[name] = params[name].reshape(-1)[slice(*self._shard(parameter))].reshape(part.shape)
        live = {parameter.name: self._model.states_of(parameter) for parameter in self._model.parameters}
        states: dict[str, dict[str, Array]] = self._parts_of(whole.states, live, CheckpointError, whole.path)
        document = dataclasses.replace(whole.document, params=told)
        return Checkpoint(whole.path, document, params, states)

    def _converted(self, whole: Checkpoint) -> Checkpoint:
        """Bring whole states into this optimizer's format, of parameters that this process has a part of."""
        shards = [(p, self._shard(p)) for p in self._model.parameters]
        parameters = [p for p, (begin, end) in shards if begin < end or p.size == 0]
        converted_dict = converted(
            whole.state_dict,
            {"formats": self._model.formats.saved()},
            {p.name: p.formula.states for p in parameters},
            {p.name: p.array for p in parameters},
            {p.name: p.matrix for p in parameters},
        )
        states = {
            name: {key: value for key, value in entry.items() if isinstance(value, np.ndarray)}
            for name, entry in converted_dict["state"].items()
        }
        others = {p.name for p in self._model.parameters}.difference(p.name for p in parameters)
        states.update({name: {} for name in others & states.keys()})
        live = {parameter.name: self._model.states_of(parameter) for parameter in self._model.parameters}
        for parameter, key, array, _ in self._wholes(live):
            if parameter.name in others and parameter.name in states:
                states[parameter.name][key] = array.stand_in()
        document = dataclasses.replace(whole.document, formats=converted_dict["formats"])
        return dataclasses.replace(whole, document=document, states=states)
