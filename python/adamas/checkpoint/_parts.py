"""Files that several processes write together, each its own parts of the arrays."""

from __future__ import annotations

import os
import zlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from adamas._system.atomic_file import atomic_write
from adamas._types import Array
from adamas.checkpoint._checksums import joined
from adamas.checkpoint._safetensors import header_of, in_order, longest_text

__all__ = ["Part", "Processes", "write_parts"]


class Part(NamedTuple):
    """Bytes of an array that a process has."""

    #: Of the array.
    name: str
    #: Where they begin in it.
    begin: int
    data: Array


class Processes(NamedTuple):
    """Those that write a file together."""

    rank: int
    #: Gives each process what all of them have given, in order.
    exchange: Callable[[Any], list[Any]]


def write_parts(
    path: Path,
    arrays: Mapping[str, Array],
    describe: Callable[[Mapping[str, int]], str],
    parts: Sequence[Part],
    processes: Processes,
) -> None:
    """Write a safetensors file in place of what is at ``path``: all processes at once, whole or not at all.

    Args:
        path: Of the file, which all processes can write to.
        arrays: What is to be in it, whole, by shape and dtype; their values are not looked at.
        describe: As for `write_safetensors`.
        parts: What this process has; together, the processes have each byte once.
        processes: The processes.

    Raises:
        OSError: A process cannot write; each process raises, and what was at the path is as it was.
    """
    ordered = in_order(arrays)
    longest = longest_text(arrays, describe)
    place = len(header_of(ordered, longest))
    places = {}
    for name, array in ordered.items():
        places[name] = place
        place += array.nbytes
    total = place

    def write_own(temporary: Path) -> list[tuple[str, int, int, int]]:
        with temporary.open("rb+", buffering=0) as file:
            for part in parts:
                _write_at(file.fileno(), part.data, places[part.name] + part.begin)
            os.fsync(file.fileno())
        return [(part.name, part.begin, zlib.crc32(part.data.data), part.data.size) for part in parts]

    if processes.rank != 0:
        temporary = _all_do(processes, lambda: None)[0]
        _all_do(processes, lambda: write_own(Path(temporary)))
        _all_do(processes, lambda: None)
        return

    def begin(temporary: Path) -> str:
        with temporary.open("xb") as file:
            file.truncate(total)
        return str(temporary)

    try:
        with atomic_write(path) as temporary:
            _all_do(processes, lambda: begin(temporary))
            found = _all_do(processes, lambda: write_own(temporary))
            text = describe(_whole_checksums(arrays, found)).ljust(len(longest))
            with temporary.open("rb+") as file:
                file.write(header_of(ordered, text))
    except _Refused as refused:
        raise refused.error from None
    except BaseException as error:
        processes.exchange((_told(error), None))
        raise
    _all_do(processes, lambda: None)


class _Refused(Exception):  # noqa: N818
    """Some process could not do its part, and all have heard of it."""

    def __init__(self, error: BaseException) -> None:
        super().__init__(str(error))
        self.error = error


def _all_do(processes: Processes, work: Callable[[], Any]) -> list[Any]:
    """Do something in each process; return what came of it in each. If one raises, all do."""
    value, own = None, None
    try:
        value = work()
    except BaseException as error:  # the others are to hear of it
        own = error
    found = processes.exchange((None if own is None else _told(own), value))
    if own is not None:
        raise own if processes.rank != 0 else _Refused(own)
    for rank, (problem, _) in enumerate(found):
        if problem is not None:
            theirs = OSError(f"process {rank} could not write its part of the file: {problem}")
            raise theirs if processes.rank != 0 else _Refused(theirs)
    return [value for _, value in found]


def _told(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"


def _write_at(descriptor: int, data: Array, place: int) -> None:
    rest = data.data
    while rest:
        written = os.pwrite(descriptor, rest[: 1 << 30], place)
        rest, place = rest[written:], place + written


def _whole_checksums(
    arrays: Mapping[str, Array], found: Sequence[Sequence[tuple[str, int, int, int]]]
) -> dict[str, int]:
    """Return the checksum of each array from those of its parts."""
    parts: dict[str, list[tuple[int, int, int]]] = {name: [] for name in arrays}
    for of_one in found:
        for name, begin, crc, nbytes in of_one:
            parts[name].append((begin, crc, nbytes))
    return {name: joined((crc, nbytes) for _, crc, nbytes in sorted(each)) for name, each in parts.items()}
