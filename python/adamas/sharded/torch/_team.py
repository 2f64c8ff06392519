"""The processes of a group of torch.distributed."""

from __future__ import annotations

import ctypes
import socket
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
import torch.distributed as dist

from adamas._types import Array
from adamas.sharded._team import Message, Team

__all__ = ["TorchTeam"]


class TorchTeam(Team):
    """The processes of a group of torch.distributed, whose backend sends memory of the CPU.

    Args:
        group: The group; None for all processes.

    Raises:
        RuntimeError: torch.distributed has not been initialized.
        ValueError: This process is not in the group, or its backend does not send memory of the CPU.
    """

    def __init__(self, group: Any = None) -> None:
        if not dist.is_available() or not dist.is_initialized():
            raise RuntimeError(
                "process_group: torch.distributed is not initialized; call torch.distributed.init_process_group('gloo')"
            )
        self._group = dist.group.WORLD if group is None else group
        self.rank = dist.get_rank(self._group)
        if self.rank < 0:
            raise ValueError("process_group: this process is not in it")
        self.size = dist.get_world_size(self._group)
        backend = str(dist.get_backend_config(self._group))
        if "gloo" not in backend and "mpi" not in backend:
            raise ValueError(
                f"process_group: expected a backend for memory of the CPU, such as gloo, got {backend}; make one with "
                "torch.distributed.new_group(backend='gloo')"
            )
        names = self.gather_objects(socket.gethostname())
        self.local_size = names.count(names[self.rank])

    def gather_rows(self, row: Array) -> Array:
        rows = [torch.empty(row.size, dtype=torch.uint8) for _ in range(self.size)]
        dist.all_gather(rows, torch.from_numpy(row), group=self._group)
        return np.stack([each.numpy() for each in rows])

    def gather_objects(self, value: Any) -> list[Any]:
        values: list[Any] = [None] * self.size
        dist.all_gather_object(values, value, group=self._group)
        return values

    def gather_parts(self, memory: memoryview, counts: Sequence[int]) -> None:
        begin = np.frombuffer(memory, np.uint8).ctypes.data
        places = [begin, *(begin + np.cumsum(counts)[:-1]).tolist()]
        others = [rank for rank in range(self.size) if rank != self.rank]
        own = places[self.rank], counts[self.rank]
        self.finish(
            self.begin(
                [Message(rank, 0, *own) for rank in others if counts[self.rank]],
                [Message(rank, 0, places[rank], counts[rank]) for rank in others if counts[rank]],
            )
        )

    def broadcast(self, data: Array, source: int) -> None:
        dist.broadcast(torch.from_numpy(data), group=self._group, group_src=source)

    def begin(self, sent: Sequence[Message], received: Sequence[Message]) -> list[Any]:
        group = self._group
        works = [dist.irecv(_memory(each), group=group, group_src=each.other, tag=each.tag) for each in received]
        works += [dist.isend(_memory(each), group=group, group_dst=each.other, tag=each.tag) for each in sent]
        return works

    def finish(self, begun: list[Any]) -> None:
        for work in begun:
            if work is not None:
                work.wait()

    def wait_for_all(self) -> None:
        dist.barrier(group=self._group)

    def check_threads(self) -> None:
        pass


def _memory(message: Message) -> torch.Tensor:
    memory: Any = (ctypes.c_uint8 * message.nbytes).from_address(message.address)
    return torch.from_numpy(np.frombuffer(memory, np.uint8))
