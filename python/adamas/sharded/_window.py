"""A model in memory that the processes of a machine share."""

from __future__ import annotations

import itertools
import math
import weakref
from typing import Any

import numpy as np

from adamas._inputs import trees
from adamas._inputs.values import counted
from adamas._types import Array
from adamas.arena import Blueprint
from adamas.sharded._lanes import lanes_of, levels_of, read_lanes
from adamas.sharded._team import Message, MPITeam, Team

__all__ = ["SharedArena", "window_of"]

_LINE = 64
_PAGE = 4096
#: Where the gradients of each process begin, seen from what lies before: as in `adamas.Arena`, for the same reason.
_APART = 36 * _PAGE + 832

#: Those that there are, by the address of their memory.
_arenas: weakref.WeakValueDictionary[int, SharedArena] = weakref.WeakValueDictionary()


class SharedArena:
    """A model in one piece of memory that the processes of a machine share.

    There is one copy of the parameters, which they all see, and gradients for each process. A step of an optimizer over
    ``arena.params`` that is given ``arena.grads`` reads all gradients where they are, and writes the parameters where
    they are: nothing is copied.

    ::

        arena = adamas.sharded.SharedArena({"w": w, "b": b}, comm=MPI.COMM_WORLD)
        opt = adamas.sharded.AdamW(arena.params, comm=MPI.COMM_WORLD)
        ...                               # write gradients into arena.grads
        opt.step(arena.grads)

    Between steps the parameters are there to be read. Who writes to them by hand does so for all processes: one of them
    should, and all should wait for it (``comm.Barrier()``).

    Where there are several machines, each has its own window, and gradients and parameters travel between them alone:
    gradients to their owners, parameters once to each machine.

    Args:
        params: Arrays, nested as an optimizer takes them; or shapes in the same nesting, for arrays of zeros. Process 0
            gives the values.
        comm: An MPI communicator of mpi4py.
        dtype: The dtype of parameters that are given by their shapes.
        lanes: The argument ``lanes`` of the optimizer: with several lanes for a process, their sums lie here, too.
            None: one lane for each process.
        machine: The communicator of the processes that share memory with this one, if these are not all processes of
            its machine: those of one socket, for example. None: all processes of the machine.

    Attributes:
        params: The parameters, nested as they were given; shared.
        grads: The gradients of this process, nested as the parameters are; zeros at first.
        flat_params: The parameters as one array of one dimension, if they have one dtype, or else bytes.
        flat_grads: The gradients of this process as one array of one dimension, if they have one dtype, or else bytes.

    Raises:
        TypeError: Neither arrays nor shapes, or no communicator.
        ValueError: An array that cannot be a parameter, or processes with other arrays.
        ImportError: mpi4py is not installed.
    """

    def __init__(
        self, params: Any, *, comm: Any, dtype: Any = np.float32, lanes: int | None = None, machine: Any = None
    ) -> None:
        team = MPITeam(comm)
        blueprint, error = None, None
        try:
            blueprint = Blueprint(params, dtype)
            self.lanes = read_lanes(lanes, team.size)
        except (TypeError, ValueError) as raised:
            error = raised
        specs = (
            None
            if error is not None or blueprint is None
            else [self.lanes, *((spec.shape, spec.dtype.str) for spec in blueprint.specs)]
        )
        found = team.gather_objects(specs)
        if error is not None:
            raise error
        assert blueprint is not None
        for rank, theirs in enumerate(found):
            if theirs is None:
                raise ValueError(f"params: process {rank} could not make its part")
            if theirs != specs:
                raise ValueError(
                    f"params: process {rank} has arrays of other shapes or dtypes, or other lanes, than process "
                    f"{team.rank}"
                )
        self.team = team
        local = team.on_machine() if machine is None else MPITeam(machine)
        #: The numbers of the processes of each machine, in order; and of this one.
        self.machines: list[list[int]] = []
        for of_one in team.gather_objects(local.gather_objects(team.rank)):
            if of_one not in self.machines:
                self.machines.append(of_one)
        (self.here,) = (of_one for of_one in self.machines if team.rank in of_one)
        self._blueprint = blueprint
        self._stride = -(-(blueprint.size + _APART) // _PAGE) * _PAGE + 832
        # Behind all gradients, the sums of each process, as many as it has at the end of its lanes.
        sums = [len(levels_of(lanes_of(rank, team.size, self.lanes))) for rank in self.here]
        self._sums = list(itertools.accumulate(sums, initial=0)) if self.lanes > team.size else [0] * (local.size + 1)
        sizes = [math.prod(s.shape) * (8 if s.dtype == np.float64 else 4) for s in blueprint.specs]
        *places, size = itertools.accumulate((-(-nbytes // _LINE) * _LINE for nbytes in sizes), initial=0)
        self._places_in_sums = np.array(places, np.uint64)
        self._places: Array = np.array(blueprint.places, np.uint64)
        self._stride_of_sums = -(-(size + _APART) // _PAGE) * _PAGE + 832
        self._first_sum = self._place_of(local.size)
        total = self._first_sum + self._sums[-1] * self._stride_of_sums
        self._window, memory = local.share_memory(total + _PAGE)
        begin = -memory.ctypes.data % _PAGE  # the same in all processes, since windows begin at a page
        self._memory = memory[begin:]
        self.params: Any = blueprint.views(self._memory)
        self.flat_params = blueprint.flat(self._memory)
        own = self._memory[self._place_of(local.rank) :]
        self.grads: Any = blueprint.views(own)
        self.flat_grads = blueprint.flat(own)
        own[: blueprint.size] = 0  # by who will use it: so the memory is near
        self._elements = counted(leaf.array for leaf in trees.describe(self.params)[1])
        if local.rank == 0:
            self._memory[: blueprint.size] = 0  # MPI does not say what is in new memory
            blueprint.fill(self.params)
        self._send_values(blueprint.size)
        self.wait_for_all()
        _arenas[self._memory.ctypes.data] = self

    def __repr__(self) -> str:
        processes = f"{self.team.size} process{'' if self.team.size == 1 else 'es'}"
        return f"SharedArena({self._elements}, and gradients for each of {processes})"

    def _send_values(self, nbytes: int) -> None:
        """Bring the parameters of process 0 to all machines."""
        first, memory = self.machines[0][0], self._memory.ctypes.data
        others = [machine[0] for machine in self.machines[1:]]
        sent = [Message(other, 0, memory, nbytes) for other in others if self.team.rank == first]
        received = [Message(first, 0, memory, nbytes) for other in others if self.team.rank == other]
        self.team.finish(self.team.begin(sent, received))

    def _place_of(self, place: int) -> int:
        return self._blueprint.size + place * self._stride + (_APART - self._blueprint.size) % _PAGE

    def wait_for_all(self) -> None:
        """Wait until all processes are here, and see what they have written before."""
        self.write_back()
        self.team.wait_for_all()
        self.see_all()

    def write_back(self) -> None:
        """Before processes meet: what this one has written can be seen after it."""
        self._window.Sync()

    def see_all(self) -> None:
        """After processes have met: what they wrote before can be seen."""
        self._window.Sync()

    def receiver_of(self, rank: int, machine: list[int]) -> int:
        """Return the process of another machine that receives the parameters which a process owns.

        Args:
            rank: The number of the process that owns them.
            machine: The numbers of the processes of the other machine.
        """
        return machine[rank % len(machine)]

    def others(self) -> list[int]:
        """Return the processes of other machines."""
        return [rank for machine in self.machines if machine is not self.here for rank in machine]

    def addresses_of_sums(self, rank: int) -> list[Array]:
        """Return where the sums of lanes of a process lie, in order; nothing if each process has one lane.

        Args:
            rank: The number of a process of this machine.
        """
        place = self.here.index(rank)
        places = self._places_in_sums
        first = self._memory.ctypes.data + self._first_sum
        numbers = range(self._sums[place], self._sums[place + 1])
        return [places + np.uint64(first + number * self._stride_of_sums) for number in numbers]

    def addresses_of_grads(self, rank: int) -> Array:
        """Return where the gradients of a process lie, in the memory of this one.

        Args:
            rank: The number of a process of this machine.
        """
        begin = self._memory.ctypes.data + self._place_of(self.here.index(rank))
        addresses: Array = self._places + np.uint64(begin)
        return addresses


def window_of(addresses: Array, team: Team) -> SharedArena | None:
    """Return the arena whose parameters lie at these addresses, in order, if there is one.

    Raises:
        ValueError: There is one, but other processes share it.
    """
    for begin, arena in list(_arenas.items()):
        if np.array_equal(arena._places + np.uint64(begin), addresses):
            if not arena.team.has_processes_of(team):
                raise ValueError(
                    "params: lie in a SharedArena of other processes than those of comm; make one of these"
                )
            return arena
    return None
