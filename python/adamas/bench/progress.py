"""Progress of a long measurement: the share that is done, and what is measured now."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import TextIO

__all__ = ["Progress"]

#: Seconds between two lines, without a terminal.
_PAUSE = 5.0


class Progress:
    """Shows the share of a run that is done: in one line on a terminal, elsewhere as a line every few seconds.

    A context manager: at its end it clears the line on the terminal.

    Args:
        total: How many parts the run has.
        name: Name of the run.
        stream: Where to write; default: standard error.
        clock: Returns seconds.
    """

    def __init__(
        self, total: int, name: str, stream: TextIO | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._total, self._name, self._clock = total, name, clock
        self._stream = sys.stderr if stream is None else stream
        self._done = 0
        self._shown: float | None = None

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._stream.isatty():
            print("\r\033[K", end="", file=self._stream, flush=True)

    def done(self, part: str) -> None:
        """Count one more part, which is finished."""
        self._done += 1
        share = f"{self._name} {100 * self._done // self._total:3d} %: {part}"
        if self._stream.isatty():
            print(f"\r\033[K{share}", end="", file=self._stream, flush=True)
            return
        now = self._clock()
        if self._shown is None or self._done == self._total or now - self._shown >= _PAUSE:
            self._shown = now
            print(share, file=self._stream, flush=True)
