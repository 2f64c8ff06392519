"""Tasks of another thread: their results and errors."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

__all__ = ["Task"]

T = TypeVar("T")


class Task(Generic[T]):
    """Work for another thread, and its result.

    It is like a `Future` of `concurrent.futures`, but safe with Ctrl-C: a thread that is interrupted while it waits for
    a Future can leave its lock taken, and the thread that does the work then waits for that lock for ever. Here each
    waiting thread has a lock of its own.
    """

    def __init__(self, work: Callable[[], T]) -> None:
        self._work: Callable[[], T] | None = work
        self._result: T
        self._error: BaseException | None = None
        self._over = False
        self._listeners: list[Callable[[], object]] = []

    def run(self) -> None:
        """Do the work, for the first and only time, and tell all who wait."""
        work, self._work = self._work, None
        assert work is not None
        try:
            self._result = work()
        except BaseException as error:
            self._error = error
        del work  # and with it, arrays
        self._over = True
        with contextlib.suppress(IndexError):  # no more; who waits no longer may have gone just now
            while True:
                self._listeners.pop()()

    def done(self) -> bool:
        """Tell whether the work is over."""
        return self._over

    def listen(self, listener: Callable[[], object]) -> None:
        """Have something called when the work is over, by the thread that does it; look at `done` after this call.

        Work that is over already calls nobody, or calls just now.
        """
        self._listeners.append(listener)

    def result(self, timeout: float | None = None) -> T:
        """Wait for the work; return its result, or raise its error.

        Args:
            timeout: The longest to wait, in seconds; None for as long as it takes.

        Raises:
            TimeoutError: It is not over yet.
        """
        if not self._over:
            told = threading.Lock()
            told.acquire()
            self.listen(told.release)
            longest = -1.0 if timeout is None else min(max(timeout, 0.0), threading.TIMEOUT_MAX)
            if not self._over and not told.acquire(timeout=longest):
                with contextlib.suppress(ValueError):  # it has just been told
                    self._listeners.remove(told.release)
                raise TimeoutError
        try:
            if self._error is not None:
                raise self._error
            return self._result
        finally:
            del self  # the error holds this frame: no circle of references
