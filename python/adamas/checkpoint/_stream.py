"""Streaming of large files to disk, piece by piece and past the system's cache, at the rate of the disk."""

from __future__ import annotations

import contextlib
import errno
import functools
import io
import mmap
import os
from collections import deque
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from adamas._system.task import Task
from adamas._system.worker_thread import BackgroundThreads, background_threads
from adamas._types import Array

try:
    import fcntl
except ImportError:  # not on Windows
    fcntl = None  # type: ignore[assignment]

__all__ = ["Stream", "stream"]

#: Bytes of a piece, and how many there are: one is being filled while the others are written.
_PIECE, _PIECES = 4 << 20, 4
#: Past the system's cache, where it has such a thing: the processor need not copy what the disk can fetch by itself.
_DIRECT = getattr(os, "O_DIRECT", 0)


@contextlib.contextmanager
def stream(path: Path) -> Iterator[Stream]:
    """Open a new file to be written from its beginning; the system has all of it when the block ends.

    Raises:
        OSError: The disk is full, or cannot be written to.
    """
    with path.open("xb", buffering=0) as file, background_threads() as writer:
        target = Stream(file, writer)
        yield target
        target.finish()


class Stream:
    """A file that a thread writes piece by piece, while the next piece is being filled."""

    def __init__(self, file: io.FileIO, writer: BackgroundThreads) -> None:
        self._file = file
        self._writer = writer
        # Memory of their own, which begins where a page does: so it must be for writing past the cache.
        self._pieces = deque(np.frombuffer(mmap.mmap(-1, _PIECE), np.uint8) for _ in range(_PIECES))
        self._pending: deque[Task[None]] = deque()
        self._filled = 0
        _set_direct(file, True)

    def append(self, data: Array) -> None:
        """Append bytes, which may change afterwards."""
        while data.size:
            if self._filled == _PIECE:
                self._send()
            taken = data[: _PIECE - self._filled]
            np.copyto(self._pieces[0][self._filled : self._filled + taken.size], taken)
            self._filled += taken.size
            data = data[taken.size :]

    def finish(self) -> None:
        """Write what is left: through the cache, since it may end within a block of the disk."""
        while self._pending:
            self._pending.popleft().result()
        _set_direct(self._file, False)
        _write(self._file, self._pieces[0][: self._filled].data)
        self._filled = 0

    def overwrite_beginning(self, data: bytes) -> None:
        """Replace the first bytes of the file, to which nothing is appended any more."""
        self.finish()
        self._file.seek(0)
        _write(self._file, memoryview(data))

    def _send(self) -> None:
        """Have the full piece written; go on with the one that has been so for the longest time."""
        self._pending.append(self._writer.submit(functools.partial(_write, self._file, self._pieces[0].data)))
        self._pieces.rotate(-1)
        if len(self._pending) == _PIECES:
            self._pending.popleft().result()
        self._filled = 0


def _write(file: io.FileIO, data: memoryview) -> None:
    """Write all of it."""
    while data:
        try:
            data = data[file.write(data) :]
        except OSError as error:
            # Blocks of this disk may be larger than pages, or a file system may not do what it said it could.
            if error.errno != errno.EINVAL or not _set_direct(file, False):
                raise


def _set_direct(file: io.FileIO, direct: bool) -> bool:
    """Write past the cache from now on, or through it; return whether that is a change."""
    if fcntl is None:
        return False
    flags = fcntl.fcntl(file, fcntl.F_GETFL)
    wanted = flags | _DIRECT if direct else flags & ~_DIRECT
    with contextlib.suppress(OSError):  # this file system has but one way
        fcntl.fcntl(file, fcntl.F_SETFL, wanted)
        return wanted != flags
    return False
