"""The engine of one process among several: it steps its shard, and exchanges the rest."""

from __future__ import annotations

import ctypes
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from adamas import _core
from adamas._optimizer.compiled import CompiledEngine
from adamas._optimizer.engine import Begun, StepOptions
from adamas._optimizer.parameters import Parameter, Parameters
from adamas._optimizer.report import StepReport
from adamas._types import Array
from adamas.sharded._agreement import Agreement
from adamas.sharded._lanes import counted_lanes, lanes_of, levels_of, slots_of
from adamas.sharded._layout import Layout
from adamas.sharded._team import Team
from adamas.sharded._traffic import NONE, EarlyGradients, Traffic
from adamas.sharded._window import SharedArena, window_of

__all__ = ["ShardedEngine"]

#: Of the core's dtypes, in their order.
_ITEMSIZES = np.zeros(NONE + 1, np.int64)
_NAMES = {NONE: "none"}
_CODES: dict[str, int] = {}
for _name in ("float32", "float64", "bfloat16", "float16"):
    _code = int(getattr(_core.DType, _name))
    _NAMES[_code] = _name
    _CODES[_name] = _code
    _ITEMSIZES[_code] = {"float64": 8, "float32": 4}.get(_name, 2)


class ShardedEngine(CompiledEngine):
    """The compiled core, over the shard of one process.

    Args:
        parameters: All parameters.
        seed: Of stochastic rounding.
        team: The processes; more than one.
        agreement: What they agree on.
        lanes: The equal parts of the global batch.
    """

    def __init__(self, parameters: Parameters, seed: int, team: Team, agreement: Agreement, lanes: int) -> None:
        super().__init__(parameters.description, StepReport, seed)
        self._parameters = parameters
        self._team = team
        self._agreement = agreement
        self._lanes = lanes
        self._runs = [levels_of(lanes_of(rank, team.size, lanes)) for rank in range(team.size)]
        self._here = lanes_of(team.rank, team.size, lanes)
        self._adds_up = any(len(lanes_of(rank, team.size, lanes)) > 1 for rank in range(team.size))
        self._added: list[tuple[Callable[..., None], tuple[Any, ...]]] = []
        self.layout: Layout
        #: Of parameters of which others have the rest.
        self.shards: dict[int, tuple[int, int]] = {}
        self._traffic: Traffic
        #: Large gradients of all parameters have travelled before the step that is begun next.
        self.are_there = False

    # What is added waits until all is there, and it is known which part of it is this process's.

    def add_group(self, group: dict[str, Any], frozen: tuple[str, ...], beta_count: int) -> None:
        self._added.append((super().add_group, (group, frozen, beta_count)))

    def add_parameter(self, parameter: Parameter, shard: tuple[int, int] | None = None) -> None:
        self._added.append((self._add_with_shard, (parameter,)))

    def _add_with_shard(self, parameter: Parameter) -> None:
        super().add_parameter(parameter, self.shards.get(parameter.index))

    def lay_out(self, memory: Callable[[int], Array] | None = None) -> None:
        self.layout = Layout(self._parameters, self._team.size)
        for parameter in self._parameters:
            shard = self.layout.shard(self._team.rank, parameter.index)
            if shard != (0, parameter.size):
                self.shards[parameter.index] = shard
        for add, arguments in self._added:
            add(*arguments)
        self._added.clear()
        super().lay_out(memory)
        self.set_first_lane(self._here.start)
        self._traffic = Traffic(self._team, self.layout)
        self._addresses = np.array([parameter.address for parameter in self._parameters], np.uint64)
        self._itemsizes = np.array([parameter.dtype.itemsize for parameter in self._parameters], np.int64)
        self._window = window_of(self._addresses, self._team)
        self._own_grads: Array | None = None
        if self._window is not None:
            self._own_grads = self._window.addresses_of_grads(self._team.rank)
            if self._adds_up and self._window.lanes == self._lanes:
                sums = self._window.addresses_of_sums(self._team.rank)
                for slot, addresses in zip(slots_of(self._here), sums, strict=True):
                    self.give_accumulators(slot, addresses)
        self._codes = np.array([_CODES[parameter.dtype.name] for parameter in self._parameters], np.uint8)
        self._wide = np.array([parameter.dtype == np.float64 for parameter in self._parameters])

    def step(
        self, grads: Any, groups: Any, options: StepOptions | None = None, average_weight: float | Sequence[float] = 0.0
    ) -> StepReport | None:
        begun = self.start(grads, groups, options, average_weight)
        return None if begun is None else begun.finish()

    def start(  # type: ignore[override]
        self, grads: Any, groups: Any, options: StepOptions | None, average_weight: float | Sequence[float]
    ) -> Begun | None:
        options = (options or StepOptions())._replace(mean=False, keep_accumulated=False)
        held = self.accumulated + (grads is not None)
        if held != len(self._here):
            raise ValueError(
                f"step: this process computes the gradients of {counted_lanes(len(self._here))}, and has those of "
                f"{held}; give each to accumulate(), but the last one to step()"
            )
        begun = super().start(grads, groups, options, average_weight)
        if begun is None:
            return None
        if not self.is_acceptable():  # nothing is to be refused once the others have been met
            begun.abandon()
            return None
        return _Step(self, begun, grads is not None, groups, options, average_weight)

    def accumulate(self, grads: Any, in_tree: bool) -> bool:
        if not in_tree:
            raise ValueError("accumulate: lanes are added as a tree; set step_defaults.accumulation = 'tree'")
        if self.accumulated >= len(self._here) or not self._adds_up:
            raise ValueError(
                f"accumulate: this process computes the gradients of {counted_lanes(len(self._here))} in each step, "
                f"and has those of {self.accumulated}" + ("" if self._adds_up else "; give lanes=... for more than one")
            )
        return super().accumulate(grads, in_tree)

    def begin_early(self) -> EarlyGradients | None:
        """Begin to receive large gradients, if they are those of the step and not sums, and travel at all."""
        return None if self._adds_up or self._window is not None else self._traffic.early(self._itemsizes)

    def finish_early(self, early: EarlyGradients) -> None:
        """Wait until large gradients have travelled, whether they were all given or not."""
        early.finish(self._addresses)

    def spread(self) -> None:
        """Bring what each process owns of parameters and their copies to all."""
        self._spread(np.ones(len(self._addresses), bool))

    def _spread(self, present: Array) -> None:
        if self._window is None:
            self._traffic.spread(self._addresses, self._itemsizes, present)
        else:
            self._spread_between_machines(self._window, present)
        copies = [(p.index, p.copy) for p in self._parameters if p.copy is not None]
        if copies:
            addresses, sizes = np.zeros_like(self._addresses), np.zeros_like(self._itemsizes)
            copied = np.zeros(len(addresses), bool)
            for index, copy in copies:
                addresses[index], sizes[index], copied[index] = copy.address, copy.dtype.itemsize, True
            self._traffic.spread(addresses, sizes, copied)

    def _spread_between_machines(self, window: SharedArena, present: Array) -> None:
        rank = self._team.rank
        other_machines = [machine for machine in window.machines if machine is not window.here]
        if other_machines:
            targets = [window.receiver_of(rank, machine) for machine in other_machines]
            sources = [each for each in window.others() if window.receiver_of(each, window.here) == rank]
            self._traffic.spread(self._addresses, self._itemsizes, present, targets, sources)
        window.wait_for_all()


class _Step:
    """A step of this process that has begun: all that it was given has been accepted."""

    def __init__(
        self,
        engine: ShardedEngine,
        begun: Any,
        has_gradients: bool,
        groups: Sequence[Mapping[str, Any]],
        options: StepOptions,
        average_weight: float | Sequence[float],
    ) -> None:
        self._engine = engine
        self._begun = begun
        self._has_gradients = has_gradients
        self._options = options
        self._given = engine.given()
        self._sent = self._given
        try:
            if engine._adds_up:
                self._sent = self._codes_of_sums()
            self._key, self._details = self._describe(groups, average_weight)
        except BaseException:
            begun.abandon()
            raise

    def abandon(self) -> None:
        self._begun.abandon()

    def close(self) -> int:
        raise RuntimeError("close: this step was not opened as a scope")

    def finish(self) -> StepReport | None:
        engine = self._engine
        try:
            codes = self._sent
            self._present = codes != NONE
            addresses = engine.addresses()
            window = engine._window
            if window is not None:
                window.write_back()
            vote = self._lie_in_window(addresses) if window is not None else self._have_travelled()
            all_do = engine._agreement.meet(self._key, self._details, vote)
            own = [addresses]
            if engine._adds_up:
                if self._has_gradients:
                    engine.accumulate_given()
                own = [addresses for _, _, addresses in engine.accumulated_sums()]
            runs = engine._runs
            counts, sizes = [len(run) for run in runs], _ITEMSIZES[codes]
            if window is None or not all_do:
                found = engine._traffic.gradients(own, counts, codes, sizes, all_do)
            else:
                if engine._adds_up:
                    window.wait_for_all()  # for the sums with the last lanes
                found = engine._traffic.gradients(own, counts, codes, sizes, False, window.others())
                window.see_all()
                begin = engine._traffic.begin_of_own(sizes)
                for rank in window.here:
                    there = window.addresses_of_sums(rank) if engine._adds_up else [window.addresses_of_grads(rank)]
                    found[rank] = [each + begin for each in there]
            sources = [
                (level, codes, at)
                for run, places in zip(runs, found, strict=True)
                for level, at in zip(run, places, strict=True)
            ]
            self._granules = [pieces.of(self._present).granules() for pieces in engine.layout.pieces]
        except BaseException:
            self._begun.abandon()
            raise
        report: StepReport | None = self._begun.finish_shared(sources, engine._lanes, self._gather)
        if report is not None and not report.skipped:
            engine._spread(self._present)
            if self._options.zero_grads:
                self._zero(addresses)
        return report

    def _have_travelled(self) -> bool:
        """Tell whether large gradients have travelled, as those of this step: all there, in the parameters' dtypes."""
        engine = self._engine
        return engine.are_there and bool((self._sent == engine._codes).all())

    def _lie_in_window(self, addresses: Array) -> bool:
        """Tell whether the gradients lie where the other processes can read them."""
        engine = self._engine
        own = engine._own_grads
        if own is None or engine._window is None:
            return False
        if engine._adds_up:
            return engine._window.lanes == engine._lanes
        return bool((addresses[self._present] == own[self._present]).all())

    def _gather(self, memory: memoryview, nbytes: int, first: int, last: int) -> None:
        """Collect the records about granules from all processes; each has so many bytes."""
        own = sum(self._granules[: self._engine._team.rank])
        assert last == first or (first, last) == (own, own + self._granules[self._engine._team.rank])
        self._engine._team.gather_parts(memory, [count * nbytes for count in self._granules])

    def _zero(self, addresses: Array) -> None:
        for parameter, code in zip(self._engine._parameters, self._given, strict=True):
            if code != NONE:
                nbytes = parameter.size * int(_ITEMSIZES[code])
                ctypes.memset(int(addresses[parameter.index]), 0, nbytes)

    def _codes_of_sums(self) -> Array:
        """Return the dtypes of the sums of this process's lanes, which each of them must contribute to or none."""
        engine = self._engine
        masks = [self._given != NONE] if self._has_gradients else []
        masks += [codes != NONE for _, codes, _ in engine.accumulated_sums()]
        present = masks[0]
        for has in masks:
            if (has != present).any():
                name = engine._parameters[int(np.flatnonzero(has != present)[0])].name
                raise ValueError(f"step: some lanes have a gradient for {name!r}, and others have none")
        wide, narrow = int(_core.DType.float64), int(_core.DType.float32)
        return np.where(present, np.where(engine._wide, wide, narrow), NONE).astype(np.uint8)

    def _describe(
        self, groups: Sequence[Mapping[str, Any]], average_weight: float | Sequence[float]
    ) -> tuple[bytes, Callable[[], Mapping[str, str]]]:
        """Return what must be the same on all processes, as bytes, and by name."""
        engine = self._engine
        called = engine.scheduled
        values = [
            {name: _plain((called[i] or {}).get(name, value)) for name, value in group.items() if name != "params"}
            for i, group in enumerate(groups)
        ]
        completed = engine.completed
        key = repr((completed, values, tuple(self._options), average_weight)).encode() + self._sent.tobytes()

        def details() -> Mapping[str, str]:
            told = {"the number of steps taken": str(completed)}
            for i, group in enumerate(values):
                told |= {f"{name!r} of param_groups[{i}]": repr(value) for name, value in group.items()}
            told |= {f"the option {name}": repr(value) for name, value in self._options._asdict().items()}
            told["the weight in averages"] = repr(average_weight)
            names = [_NAMES[int(code)] for code in self._sent]
            told |= {
                f"the gradient of {parameter.name!r}": name
                for parameter, name in zip(engine._parameters, names, strict=True)
            }
            return told

        return key, details


def _plain(value: Any) -> Any:
    """Return a value that has the same representation wherever it is equal."""
    if isinstance(value, bool | str) or value is None:
        return value
    if isinstance(value, list | tuple):
        return tuple(_plain(each) for each in value)
    try:
        number = float(value)
    except (TypeError, ValueError):
        return repr(value)
    return number if not math.isnan(number) else "nan"
