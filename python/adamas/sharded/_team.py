"""The processes that step one optimizer together: the interface to the library that connects them, and MPI."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from adamas._inputs.values import shown, type_name
from adamas._types import Array

__all__ = ["MPITeam", "Message", "Team"]


class Message(NamedTuple):
    """Bytes that go to another process, or come from it."""

    #: Number of the other process.
    other: int
    #: The same at both ends; others between the same two processes, under way at the same time, have other ones.
    tag: int
    #: Where they lie, or are to lie.
    address: int
    nbytes: int


class Team(ABC):
    """Processes with numbers from 0. Each method is called by all of them, in the same order."""

    rank: int
    size: int
    #: Processes on the same machine, this one among them.
    local_size: int

    @abstractmethod
    def gather_rows(self, row: Array) -> Array:
        """Return a row of bytes of each process; all rows have the same length.

        Args:
            row: The row of this process.
        """

    @abstractmethod
    def gather_objects(self, value: Any) -> list[Any]:
        """Return an object of each process, which can be pickled, for what is rare.

        Args:
            value: The value of this process.
        """

    @abstractmethod
    def gather_parts(self, memory: memoryview, counts: Sequence[int]) -> None:
        """Fill in what others have: so many bytes of each, one after the other; its own are there.

        Args:
            memory: The memory, in which this process has filled its own part.
            counts: How many bytes the part of each process has.
        """

    @abstractmethod
    def broadcast(self, data: Array, source: int) -> None:
        """Make the bytes of all what those of one process are.

        Args:
            data: The memory, an array of bytes.
            source: The number of the process whose values all get.
        """

    @abstractmethod
    def begin(self, sent: Sequence[Message], received: Sequence[Message]) -> list[Any]:
        """Begin to send and receive; return what `finish` takes. Of one tag, messages arrive in order.

        Args:
            sent: The messages that this process sends.
            received: The messages that it receives.
        """

    @abstractmethod
    def finish(self, begun: list[Any]) -> None:
        """Wait until all that has begun is there.

        Args:
            begun: What `begin` returned.
        """

    @abstractmethod
    def wait_for_all(self) -> None:
        """Return when all have called it."""

    @abstractmethod
    def check_threads(self) -> None:
        """Refuse to be used by another thread than the main one, if that may not be.

        Raises:
            RuntimeError: It may not.
        """


class MPITeam(Team):
    """The processes of an MPI communicator of mpi4py.

    Args:
        comm: An intracommunicator, of which a duplicate is used, so that no message is taken for one of the program's.

    Raises:
        TypeError: It is none.
        ValueError: It is the null communicator, or was freed.
        ImportError: mpi4py is not installed.
    """

    def __init__(self, comm: Any) -> None:
        try:
            from mpi4py import MPI  # noqa: PLC0415 (an extra)
        except ImportError as error:
            raise ImportError("comm: needs the package mpi4py; install it with: pip install mpi4py mpich") from error
        if not isinstance(comm, MPI.Comm):
            raise TypeError(f"comm: expected a communicator of mpi4py, such as MPI.COMM_WORLD, got {type_name(comm)}")
        if comm == MPI.COMM_NULL:
            raise ValueError("comm: is the null communicator, or was freed; this process is not part of any")
        if not isinstance(comm, MPI.Intracomm):
            raise TypeError(f"comm: expected an intracommunicator, got {shown(comm)}; merge it first")
        if not MPI.Is_initialized() or MPI.Is_finalized():
            raise ValueError("comm: MPI is not running; initialize it, or do not finalize it before the last step")
        self._mpi = MPI
        self._comm = comm.Dup()
        self.rank: int = self._comm.rank
        self.size: int = self._comm.size
        machine = self._split()
        self.local_size: int = machine.size
        machine.Free()

    def _split(self) -> Any:
        return self._comm.Split_type(self._mpi.COMM_TYPE_SHARED, key=self.rank)

    def on_machine(self) -> MPITeam:
        """Return those of these processes that run on this machine."""
        return MPITeam(self._split())

    def gather_rows(self, row: Array) -> Array:
        rows = np.empty((self.size, row.size), np.uint8)
        self._comm.Allgather([row, self._mpi.BYTE], [rows, self._mpi.BYTE])
        return rows

    def gather_objects(self, value: Any) -> list[Any]:
        values: list[Any] = self._comm.allgather(value)
        return values

    def gather_parts(self, memory: memoryview, counts: Sequence[int]) -> None:
        places = [0, *np.cumsum(counts)[:-1]]
        self._comm.Allgatherv(self._mpi.IN_PLACE, [memory, list(counts), places, self._mpi.BYTE])

    def broadcast(self, data: Array, source: int) -> None:
        self._comm.Bcast([data, self._mpi.BYTE], source)

    def begin(self, sent: Sequence[Message], received: Sequence[Message]) -> list[Any]:
        requests = [self._comm.Irecv(self._memory(each), each.other, each.tag) for each in received]
        requests += [self._comm.Isend(self._memory(each), each.other, each.tag) for each in sent]
        return requests

    def finish(self, begun: list[Any]) -> None:
        self._mpi.Request.Waitall(begun)

    def _memory(self, message: Message) -> list[Any]:
        return [self._mpi.memory.fromaddress(message.address, message.nbytes), self._mpi.BYTE]

    def wait_for_all(self) -> None:
        self._comm.Barrier()

    def has_processes_of(self, other: Team) -> bool:
        """Tell whether another team is of the same processes, in the same order."""
        if not isinstance(other, MPITeam):
            return False
        return bool(self._mpi.Comm.Compare(self._comm, other._comm) in (self._mpi.IDENT, self._mpi.CONGRUENT))

    def share_memory(self, nbytes: int) -> tuple[Any, Array]:
        """Return a window of memory that all share, who must be on one machine, and the memory as bytes."""
        window = self._mpi.Win.Allocate_shared(nbytes if self.rank == 0 else 0, 1, comm=self._comm)
        window.Lock_all()  # so that Sync() may be called
        memory: Any = window.Shared_query(0)[0]
        return window, np.frombuffer(memory, np.uint8, nbytes)

    def check_threads(self) -> None:
        if self._mpi.Query_thread() < self._mpi.THREAD_MULTIPLE:
            raise RuntimeError(
                "step_async: MPI was initialized without support for threads; ask for MPI.THREAD_MULTIPLE "
                "(mpi4py.rc.thread_level = 'multiple' before MPI is imported), or call step"
            )
