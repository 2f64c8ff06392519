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

        For adapters, which do something first that may fail. `step` and the other methods may be called inside.

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

        The step uses the mean of the gradients over all lanes of all processes. All arguments but ``grads`` are the
        same on all processes, and norms are those of the mean.

        Args:
            grads: The gradients of this process's part of the batch, or of the last of its lanes, nested as the
                parameters are. They are only read. None in place of a gradient leaves that parameter untouched. None
                for all of them: all lanes have been accumulated.
            **arguments: The arguments below, by name.
            grad_scale: The factor that the loss was multiplied by, a finite number > 0; gradients are divided by it.
                None: 1.
            max_norm: The largest norm of all gradients that is not clipped, > 0. Infinity: take the norm, and clip
                nothing. None: what ``step_defaults.max_norm`` says. (``step_defaults`` also says which norm it is, and
                whether each parameter is clipped by its own.)
            max_value: The largest magnitude of an element that is not clipped, > 0. Infinity: clip no element. None:
                what ``step_defaults.max_value`` says.
            on_nonfinite: What to do if a gradient, divided by ``grad_scale``, has an infinity or NaN. ``"propagate"``:
                use it. ``"skip"``: skip the step; nothing changes, not even the step count, and what was accumulated is
                dropped. ``"raise"``: raise FloatingPointError. None: what ``step_defaults.on_nonfinite`` says.
            zero_grads: Set the gradients to zero once they have been used, in the same pass. They must be writeable
                then. None: what ``step_defaults.zero_grads`` says.
            observe: Measure gradients, updates and parameters in the pass that updates; `observed` has the result. The
                bits of the step are the same. None: what ``step_defaults.observe`` says.

        Returns:
            A report: the number of this step, how many parameters were updated, and the results of the checks of the
            gradients. It is the same on all processes, except for ``copied``.

        Raises:
            TypeError: A gradient or hyperparameter has the wrong type; the message names it.
            ValueError: A gradient does not fit, arrays overlap, a hyperparameter is out of range, or the number of
                lanes is not that of the optimizer; the message says which.
            FloatingPointError: A gradient is not finite, and ``on_nonfinite`` is ``"raise"``. What was accumulated is
                dropped.
            RuntimeError: Another process could not take the step, another thread is stepping this optimizer, or a scope
                is open.

            The step fails on all processes or on none. After an error nothing has changed on any.
        """
        if self._model.scope is not None:
            raise RuntimeError("step: a scope is open; leave its block first")
        if self._team.size == 1:
            self._check_lanes(grads)
            return super().step(grads, **arguments)
        with self.together("step"):
            return super().step(grads, **arguments)

    def step_scope(self, **arguments: Any) -> ShardedScope:  # type: ignore[override]
        """Take one step whose gradients are given one after the other; they travel while the next ones are computed.

        ::

            with opt.step_scope() as scope:
                for name in reversed(layers):
                    opt.step_param(name, backward(name))
            scope.report

        The result is that of `step`, with None for parameters that were not given. All parameters are updated at the
        end of the block; until then gradients must stay as they are. A large gradient is sent at once if it has the
        dtype of its parameter, each process has one lane, and there is no `SharedArena`. If an exception leaves the
        block in any process, nothing has changed in any.

        Args:
            **arguments: The arguments below, by name; they are the same on all processes.
            grad_scale: The factor that the loss was multiplied by, a finite number > 0; gradients are divided by it.
                None: 1.
            max_norm: The largest norm of all gradients that is not clipped, > 0. Infinity: take the norm, and clip
                nothing. None: what ``step_defaults.max_norm`` says.
            max_value: The largest magnitude of an element that is not clipped, > 0. Infinity: clip no element. None:
                what ``step_defaults.max_value`` says.
            on_nonfinite: What to do if a gradient, divided by ``grad_scale``, has an infinity or NaN: ``"propagate"``
                it, ``"skip"`` the step, or ``"raise"``. None: what ``step_defaults.on_nonfinite`` says.
            observe: Measure gradients, updates and parameters in the pass that updates; `observed` has the result.
                None: what ``step_defaults.observe`` says.

        Returns:
            A scope, to be used in a ``with`` statement. ``scope.report`` is there after the block.

        Raises:
            ValueError: ``zero_grads`` is given: set gradients to zero yourself after the block.
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
        """Begin a step on a thread of the library, on all processes.

        MPI must support threads (``MPI.THREAD_MULTIPLE``, which mpi4py asks for by itself). Until the step is done, do
        not touch the arrays of parameters, states and gradients.

        Args:
            grads: The gradients of this process's part of the batch, or of the last of its lanes, nested as the
                parameters are.
            **arguments: The arguments below, by name; they are the same on all processes.
            grad_scale: The factor that the loss was multiplied by, a finite number > 0; gradients are divided by it.
                None: 1.
            max_norm: The largest norm of all gradients that is not clipped, > 0. Infinity: take the norm, and clip
                nothing. None: what ``step_defaults.max_norm`` says. (``step_defaults`` also says which norm it is, and
                whether each parameter is clipped by its own.)
            max_value: The largest magnitude of an element that is not clipped, > 0. Infinity: clip no element. None:
                what ``step_defaults.max_value`` says.
            on_nonfinite: What to do if a gradient, divided by ``grad_scale``, has an infinity or NaN. ``"propagate"``:
                use it. ``"skip"``: skip the step; nothing changes, not even the step count, and what was accumulated is
                dropped. ``"raise"``: raise FloatingPointError. None: what ``step_defaults.on_nonfinite`` says.
            zero_grads: Set the gradients to zero once they have been used, in the same pass. They must be writeable
                then. None: what ``step_defaults.zero_grads`` says.
            observe: Measure gradients, updates and parameters in the pass that updates; `observed` has the result. The
                bits of the step are the same. None: what ``step_defaults.observe`` says.

        Returns:
            A handle. ``handle.result()`` waits for the end of the step, and returns its report or raises its error;
            ``await handle`` does the same in an event loop.

        Raises:
            TypeError: A gradient or hyperparameter has the wrong type; the message names it.
            ValueError: A gradient does not fit, arrays overlap, or a hyperparameter is out of range; the message names
                it.
            RuntimeError: MPI does not support threads, another process could not begin, or a step is under way.
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
        """Return everything that is needed to go on later, on all processes, with whole arrays, which are copies.

        Each process needs the memory of all states for it; `save` does not.

        Args:
            copy: In one process, False returns the live arrays, which later steps change. In several processes the
                arrays are copies in any case.

        Returns:
            The dict that one process would return: the class name under ``optimizer``, the number of steps under
            ``step``, the states by parameter name under ``state``, and the hyperparameters under ``param_groups``.

        Raises:
            TypeError: A hyperparameter has been set to a value of the wrong type.
            ValueError: A hyperparameter has been set to a value out of range.
            RuntimeError: Parameters hold averages at present, or another process failed.
        """
        with self.together("state_dict"):
            return super().state_dict(copy=copy)

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Restore what `state_dict` returned, of any number of processes; each process takes its part.

        Args:
            state_dict: A state dict of an optimizer of the same class over parameters of the same names, shapes and
                dtypes. It has no parameters: restore those yourself.

        Raises:
            TypeError: It is not such a dict, or a hyperparameter has the wrong type.
            ValueError: It does not fit; the message lists every mismatch. Nothing has changed on any process.
            RuntimeError: Another process failed.
        """
        with self.together("load_state_dict"):
            super().load_state_dict(state_dict)

    def save(self, path: str | os.PathLike[str], *, params: bool = True) -> None:
        """Write a checkpoint: the file that one process would write; each process writes its part of it.

        Args:
            path: Path of the file, on a disk that all processes share. It ends in ``.safetensors``. The path that
                process 0 gives is used.
            params: Write the parameters too. False: you keep them elsewhere.

        Raises:
            OSError: The file cannot be written, or the disk is full. The old file is unchanged.
            TypeError: A hyperparameter has been set to a value of the wrong type.
            ValueError: A hyperparameter is out of range, or the path has another ending.
            RuntimeError: Parameters hold averages at present, gradients have been accumulated, or another process
                failed.

            An error is raised on all processes.
        """
        with self.together("save"):
            super().save(path, params=params)

    def load(self, path: str | os.PathLike[str], **options: Any) -> list[str]:
        """Read a checkpoint that any number of processes wrote.

        Each process reads its part of it, and verifies a part of the checksums.

        Args:
            path: Path of the file.
            **options: The arguments below, by name.
            params: Load parameters too. None: load them if the file has them. False: leave them as they are.
            convert: Convert states that were saved in another ``state_dtype`` into this optimizer's, rounding them.
                Each process then reads all states of the parameters that it has a part of.
            check_finite: Refuse arrays with an infinity or NaN.

        Returns:
            An empty list: everything must fit, since ``strict=False`` is refused.

        Raises:
            CheckpointError: The file is not a checkpoint, is damaged, or does not fit; the message lists all
                mismatches.
            OSError: The file cannot be read.
            ImportError: The file has arrays in bfloat16, and ml_dtypes is not installed.
            ValueError: A parameter has been made read-only.
            RuntimeError: Another process failed.

            An error is raised on all processes, and nothing has changed on any.
        """
        with self.together("load"):
            return super().load(path, **options)

    @contextlib.contextmanager
    def averaged(self) -> Iterator[None]:
        """Put the averages into the parameters of all processes inside a ``with`` block.

        After the block the parameters have the same bits as before.

        Returns:
            A context manager. All processes enter and leave the block together.

        Raises:
            ValueError: The optimizer keeps no averages, or nothing has been averaged yet.
            RuntimeError: Another process failed, or another thread is stepping this optimizer.
        """
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
