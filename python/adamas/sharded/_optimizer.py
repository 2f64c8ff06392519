"""Optimizers that several processes step together."""

from __future__ import annotations

import contextlib
import inspect
import os
import zlib
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from typing import Any

import numpy as np

from adamas._inputs.trees import Description
from adamas._optimizer.compiled import CompiledEngine, CompiledOptimizer
from adamas._optimizer.parameters import Parameter
from adamas._optimizer.report import StepReport
from adamas._optimizer.saving import Saver
from adamas._optimizer.step_handle import StepHandle
from adamas.runtime import get_num_threads
from adamas.sharded._agreement import Agreement
from adamas.sharded._engine import ShardedEngine
from adamas.sharded._lanes import counted_lanes, lanes_of, read_lanes
from adamas.sharded._saving import ShardedSaver
from adamas.sharded._scope import ShardedScope
from adamas.sharded._team import MPITeam, Team
from adamas.sharded._traffic import EarlyGradients

__all__ = ["ShardedOptimizer"]

_KEYWORD = inspect.Parameter.KEYWORD_ONLY


class _Signature:
    """The signature of the rule, with the arguments that there are more."""

    def __get__(self, instance: object, owner: Any) -> inspect.Signature:
        if not hasattr(owner, "spec"):
            raise AttributeError("__signature__")
        signature: inspect.Signature = owner.spec.signature
        *own, options = signature.parameters.values()
        more = [
            inspect.Parameter("comm", _KEYWORD, annotation="Any"),
            inspect.Parameter("lanes", _KEYWORD, default=None, annotation="int | None"),
        ]
        return signature.replace(parameters=[*own, *more, options])


class ShardedOptimizer(CompiledOptimizer):
    """Base of the optimizers of several processes, each of which keeps the states of its own part of the parameters.

    All processes construct it with the same arguments. They call `step`, `state_dict`, `load_state_dict`, `save`,
    `load` and `averaged` together, and under schedule-free rules also `eval` and `train`. Each process calls
    `accumulate` alone. ``opt.state`` has what this process keeps: a flat array of its own part, where a parameter is
    divided between processes.

    Args:
        *args: The parameters and the hyperparameters, as for the class of `adamas` with the same name.
        comm: A communicator of mpi4py. The optimizer uses a duplicate of it.
        lanes: How many equal parts the global batch has: a whole number, at least one for each process. The gradient of
            a step is the mean over all lanes, and its bits do not depend on how many processes there are. None: one
            lane for each process. Default: None.
        **kwargs: Hyperparameters and options by name. ``sparse`` and ``accumulation`` are not taken. With
            ``num_threads=None`` each process takes an equal share of the limit of its machine
            (`adamas.get_num_threads`).

    Raises:
        TypeError: ``comm`` is not a communicator, a parameter is not a plain floating-point array, an argument is
            unknown, or an argument has the wrong type.
        ValueError: Arguments or parameters differ between processes; there are more processes than lanes, or than
            places where the parameters can be divided; a parameter cannot be updated in place, arrays overlap, an
            argument is out of range, or two arguments do not go together.
        ImportError: mpi4py is not installed; or ``state_dtype`` is bfloat16, and the package ml_dtypes is not
            installed.
        RuntimeError: Another process could not construct its part.
    """

    __signature__ = _Signature()

    _team: Team
    _agreement: Agreement

    def __init__(self, *args: Any, comm: Any, lanes: int | None = None, **kwargs: Any) -> None:
        self._team = comm if isinstance(comm, Team) else MPITeam(comm)
        self._agreement = Agreement(self._team)
        with self.together(type(self).__name__):
            self._lane_count = read_lanes(lanes, self._team.size)
            if kwargs.get("sparse") is not None:
                raise ValueError("sparse: not for optimizers of several processes; leave it out")
            if kwargs.get("accumulation", "tree") != "tree":
                raise ValueError(
                    f"accumulation: lanes are added as a 'tree', got {kwargs['accumulation']!r}; leave it out"
                )
            if self._lane_count > 1:
                kwargs["accumulation"] = "tree"
            super().__init__(*args, **kwargs)
            if self.num_threads is None and self._team.local_size > 1:
                self.num_threads = max(1, get_num_threads() // self._team.local_size)
            self._compare()

    def _make_engine(self, description: Description, seed: int) -> CompiledEngine:
        if self._team.size == 1:
            return super()._make_engine(description, seed)
        engine = ShardedEngine(self._model.parameters, seed, self._team, self._agreement, self._lane_count)
        self._model.shards = engine.shards
        return engine

    def _new_saver(self) -> Saver:
        model = self._model
        if self._team.size == 1:
            return super()._new_saver()
        model.together = self.together
        model.before_change, model.after_change = self._before_change, self._after_change
        return ShardedSaver(model, self._team)

    def _before_change(self, call: str) -> None:
        completed = self._engine.completed
        told = {"the call": call, "the number of steps taken": str(completed)}
        self._agreement.meet(repr(told).encode(), lambda: told)

    def _after_change(self) -> None:
        self._engine.spread()

    @property
    def lanes(self) -> range:
        """The lanes whose gradients this process computes, of those that the global batch has."""
        return lanes_of(self._team.rank, self._team.size, self._lane_count)

    def together(self, call: str) -> AbstractContextManager[None]:
        """Return a context for what all processes do: if one raises before it has met the others, all do.

        For adapters, which do something first that may fail. `step` and the others may be called inside.

        Args:
            call: What messages call it.
        """
        return self._agreement.call(call)

    def _compare(self) -> None:
        """Refuse to begin with parameters, hyperparameters or options that differ between processes."""
        parameters = self._model.parameters
        told = {"the names of parameters": repr([parameter.name for parameter in parameters])}
        told |= {f"shape and dtype of {p.name!r}": f"{p.array.shape} {p.dtype}" for p in parameters}
        told |= {
            f"{name!r} of param_groups[{i}]": "a schedule" if callable(value) else repr(value)
            for i, group in enumerate(self.param_groups)
            for name, value in group.items()
            if name != "params"
        }
        options = self._options_now().items()
        told |= {f"the option {name}": repr(value) for name, value in options if name != "num_threads"}
        told["lanes"] = str(self._lane_count)
        told |= {f"the values of {p.name!r}": f"CRC-32 {_checksum(p):08x}" for p in parameters}
        self._agreement.meet(repr(told).encode(), lambda: told)

    def step(self, grads: Any = None, **arguments: Any) -> StepReport:
        """Update all parameters in place, on all processes, once.

        Args:
            grads: The gradients of this process's part of the batch, or of the last of its lanes, as of
                `adamas.Optimizer.step`; they are only read. The step uses the mean over all lanes of all processes.
                None if all lanes have been accumulated.
            **arguments: As of `adamas.Optimizer.step`; the same on all processes. Norms are those of the mean. With
                ``on_nonfinite``, what was accumulated is dropped if the step is skipped or refused.

        Returns:
            As `adamas.Optimizer.step`; the same on all processes, but for ``copied``.

        Raises:
            Exception: As `adamas.Optimizer.step`, on all processes; those that were not the reason raise RuntimeError.
        """
        if self._model.scope is not None:
            raise RuntimeError("step: a scope is open; leave its block first")
        if self._team.size == 1:
            self._check_lanes(grads)
            return super().step(grads, **arguments)
        with self.together("step"):
            return super().step(grads, **arguments)

    def step_scope(self, **arguments: Any) -> ShardedScope:  # type: ignore[override]
        """Take one step whose gradients are given one after the other, and travel while the next ones are computed.

        ::

            with opt.step_scope() as scope:
                for name in reversed(layers):
                    opt.step_param(name, backward(name))
            scope.report

        The result is that of `step`, with None for parameters that were not given. All parameters are updated at the
        end of the block; until then gradients must stay as they are. Large ones are sent at once, if they have the
        dtype of their parameter, each process has one lane, and there is no `SharedArena`. If an exception leaves the
        block in any process, nothing has changed in any.

        Args:
            **arguments: As of `step`, but for ``grads`` and ``zero_grads``.
        """
        if arguments.pop("zero_grads", None):
            raise ValueError("zero_grads: not in a scope; the gradients are yours to set to zero after it")
        engine: Any = self._engine

        def step(grads: Any, early: EarlyGradients | None) -> StepReport:
            if early is None:
                return self.step(grads, **arguments)
            engine.finish_early(early)
            engine.are_there = True
            try:
                return self.step(grads, **arguments)
            finally:
                engine.are_there = False

        def fail(error: BaseException, early: EarlyGradients | None) -> None:
            if early is not None:
                engine.finish_early(early)
            if self._team.size > 1:
                self._agreement.tell("step", error)

        begin = engine.begin_early if self._team.size > 1 else lambda: None
        return ShardedScope(self._model, self._diagnosis, begin, step, fail)

    def step_async(self, grads: Any = None, **arguments: Any) -> StepHandle:
        """Begin a step on a thread of the library's own; see `adamas.Optimizer.step_async` and `step`.

        MPI must support threads (``MPI.THREAD_MULTIPLE``, which mpi4py asks for by itself).
        """
        with self.together("step"):
            self._team.check_threads()
            if self._team.size == 1:
                self._check_lanes(grads)
            return super().step_async(grads, **arguments)

    def _check_lanes(self, grads: Any) -> None:
        """Refuse a step of the one process there is that has not been given all lanes."""
        held = self._engine.accumulated + (grads is not None)
        if held != self._lane_count:
            raise ValueError(
                f"step: expected the gradients of {counted_lanes(self._lane_count)}, got {held}; give each to "
                "accumulate(), but the last one to step()"
            )

    def state_dict(self, *, copy: bool = True) -> dict[str, Any]:
        """Return what `adamas.Optimizer.state_dict` does, on all processes, with whole arrays, which are copies.

        It takes the memory of all states on each process; `save` does not.
        """
        with self.together("state_dict"):
            return super().state_dict(copy=copy)

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Restore what `state_dict` returned, here or in one process; each takes its part."""
        with self.together("load_state_dict"):
            super().load_state_dict(state_dict)

    def save(self, path: str | os.PathLike[str], *, params: bool = True) -> None:
        """Write a checkpoint: the file that one process would write, each process its part of it at once.

        Args:
            path: Of the file, which ends in ``.safetensors``, on a disk that all processes share. That of process 0
                counts.
            params: As of `adamas.Optimizer.save`.

        Raises:
            Exception: As `adamas.Optimizer.save`; on all processes, and what was at the path is as it was.
        """
        with self.together("save"):
            super().save(path, params=params)

    def load(self, path: str | os.PathLike[str], **options: Any) -> list[str]:
        """Read a checkpoint that any number of processes wrote; each reads its part, and checks a part of the sums.

        Args:
            path: Of the file.
            **options: As of `adamas.Optimizer.load`, but for ``strict=False``. With ``convert`` each process reads all
                states of the parameters that it has a part of.

        Returns:
            As `adamas.Optimizer.load`.

        Raises:
            Exception: As `adamas.Optimizer.load`; on all processes, and nothing has changed.
        """
        with self.together("load"):
            return super().load(path, **options)

    @contextlib.contextmanager
    def averaged(self) -> Iterator[None]:
        """Put the averages into the parameters of all processes; see `adamas.Optimizer.averaged`."""
        inside = super().averaged()
        with self.together("averaged"):
            inside.__enter__()
        try:
            yield
        finally:
            with self.together("averaged"):
                inside.__exit__(None, None, None)


def _checksum(parameter: Parameter) -> int:
    return zlib.crc32(parameter.array.reshape(-1).view(np.uint8).data) if parameter.size else 0
