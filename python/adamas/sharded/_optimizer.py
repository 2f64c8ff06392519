"""Optimizers that several processes step together."""

from __future__ import annotations

import contextlib
import os
import zlib
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from adamas._optimizer.compiled import CompiledOptimizer
from adamas._optimizer.engine import Engine
from adamas._optimizer.parameters import Parameter
from adamas._optimizer.report import StepReport
from adamas._optimizer.saving import Saver
from adamas._optimizer.step_handle import StepHandle
from adamas.runtime import get_num_threads
from adamas.sharded._agreement import Agreement
from adamas.sharded._engine import ShardedEngine
from adamas.sharded._lanes import lanes_of, read_lanes
from adamas.sharded._saving import ShardedSaver
from adamas.sharded._team import MPITeam, Team

__all__ = ["ShardedOptimizer"]


class ShardedOptimizer(CompiledOptimizer):
    """An optimizer over the parameters of several processes, each of which owns a part of the states."""

    _team: Team
    _agreement: Agreement

    def __init__(self, *args: Any, comm: Any, lanes: int | None = None, **kwargs: Any) -> None:
        self._team = self._make_team(comm)
        self._agreement = Agreement(self._team)
        with self._together(type(self).__name__):
            self._lane_count = read_lanes(lanes, self._team.size)
            for name in ("sparse",):
                if kwargs.get(name) is not None:
                    raise ValueError(f"{name}: not for optimizers of several processes; leave it out")
            if kwargs.setdefault("accumulation", "tree") != "tree":
                raise ValueError(
                    f"accumulation: lanes are added as a 'tree', got {kwargs['accumulation']!r}; leave it out"
                )
            super().__init__(*args, **kwargs)
            if self.num_threads is None and self._team.local_size > 1:
                self.num_threads = max(1, get_num_threads() // self._team.local_size)
            self._compare_parameters()

    def _make_team(self, comm: Any) -> Team:
        return MPITeam(comm)

    def _new_engine(self) -> Engine:
        model = self._model
        if self._team.size == 1:
            return super()._new_engine()
        return ShardedEngine(model.parameters, model.formats.seed, self._team, self._agreement, self._lane_count)

    def _new_saver(self) -> Saver:
        model = self._model
        if self._team.size == 1:
            return super()._new_saver()
        model.before_change, model.after_change = self._before_change, self._after_change
        return ShardedSaver(model, self._team)

    def _before_change(self, call: str) -> None:
        completed = self._engine.completed
        self._agreement.meet(
            f"{call} {completed}".encode(), lambda: {"the call": call, "the number of steps taken": str(completed)}
        )

    def _after_change(self) -> None:
        self._engine.spread()

    @property
    def lanes(self) -> range:
        """The lanes whose gradients this process computes, of ``range(lanes)``."""
        return lanes_of(self._team.rank, self._team.size, self._lane_count)

    @contextlib.contextmanager
    def _together(self, call: str) -> Iterator[None]:
        """A call in which all processes take part: where one raises before it has met the others, all do."""
        self._agreement.begin(call)
        try:
            yield
        except BaseException as error:
            self._agreement.fail(error)
            raise

    def _compare_parameters(self) -> None:
        """Refuse to begin with parameters, hyperparameters or options that differ between processes."""
        parameters = self._model.parameters
        values = {f"the values of {p.name!r}": f"{zlib.crc32(_bytes_of(p)):08x}" for p in parameters}
        shapes = {f"shape and dtype of {p.name!r}": f"{p.array.shape} {p.dtype}" for p in parameters}
        groups = {
            f"{name!r} of param_groups[{i}]": "a schedule" if callable(value) else repr(value)
            for i, group in enumerate(self.param_groups)
            for name, value in group.items()
            if name != "params"
        }
        options = {
            f"the option {name}": repr(value)
            for name, value in self._options_now().items()
            if name not in ("num_threads", "copy_out")
        }
        told: Mapping[str, str] = {
            "the names of parameters": repr([p.name for p in parameters]),
            **shapes,
            **groups,
            **options,
            "lanes": str(self._lane_count),
            **values,
        }
        self._agreement.meet(repr(told).encode(), lambda: told)

    def step(self, grads: Any = None, **arguments: Any) -> StepReport:
        with self._together("step"):
            self._check_lanes(grads)
            return super().step(grads, **arguments)

    def step_async(self, grads: Any = None, **arguments: Any) -> StepHandle:
        with self._together("step"):
            self._team.check_threads()
            self._check_lanes(grads)
            return super().step_async(grads, **arguments)

    def state_dict(self, *, copy: bool = True) -> dict[str, Any]:
        with self._together("state_dict"):
            return super().state_dict(copy=copy)

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        with self._together("load_state_dict"):
            super().load_state_dict(state_dict)

    def save(self, path: str | os.PathLike[str], *, params: bool = True) -> None:
        with self._together("save"):
            super().save(path, params=params)

    def load(self, path: str | os.PathLike[str], **options: Any) -> list[str]:
        with self._together("load"):
            return super().load(path, **options)

    @contextlib.contextmanager
    def averaged(self) -> Iterator[None]:
        inside = super().averaged()
        with self._together("averaged"):
            inside.__enter__()
        try:
            yield
        finally:
            with self._together("averaged"):
                inside.__exit__(None, None, None)

    def _check_lanes(self, grads: Any) -> None:
        if self._team.size == 1 and self._lane_count > 1:
            held = self._engine.accumulated + (grads is not None)
            if held != self._lane_count:
                raise ValueError(
                    f"step: expected the gradients of {self._lane_count} lanes, got {held}; give each to "
                    "accumulate(), but the last one to step()"
                )


def _bytes_of(parameter: Parameter) -> Any:
    return parameter.array.reshape(-1).view(np.uint8) if parameter.size else b""
