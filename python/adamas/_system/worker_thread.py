"""Worker threads: one that lasts, and one for the time of a block."""

from __future__ import annotations

import atexit
import contextlib
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from queue import SimpleQueue
from typing import Any

from adamas._system.address_space import has_room_for_thread

__all__ = ["Worker", "background_executor"]


class _AtOnce(Executor):
    """Does all work when it is submitted."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future


@contextlib.contextmanager
def background_executor() -> Iterator[Executor]:
    """Yield an executor with one thread, or without where none was available; work is done when the block ends."""
    if not has_room_for_thread():
        yield _AtOnce()
        return
    executor = ThreadPoolExecutor(1)
    chosen: Executor = executor
    try:
        # What is submitted to an executor that gets no thread would stay there.
        executor.submit(int)
    except RuntimeError:
        chosen = _AtOnce()
    with executor:
        yield chosen


class Worker:
    """One thread, made when it is first needed.

    Not one of `concurrent.futures`: an interrupt (Ctrl-C) while it is being made can leave such a one in a state in
    which the process never ends.

    Args:
        name: Of the thread.
        no_memory: The message of the MemoryError that `submit` raises where there is no memory for a thread.
    """

    def __init__(self, name: str, no_memory: str) -> None:
        self._name = name
        self._no_memory = no_memory
        self._forget()
        os.register_at_fork(after_in_child=self._forget)  # a child has none of its parent's threads
        atexit.register(self._finish)

    def _forget(self) -> None:
        self._lock = threading.Lock()
        self._tasks: SimpleQueue[Callable[[], None] | None] | None = None
        self._thread: threading.Thread | None = None

    def submit(self, work: Callable[[], None]) -> None:
        """Let the thread do some work, after what was submitted before."""
        with self._lock:
            if self._tasks is None:
                if not has_room_for_thread():
                    raise MemoryError(self._no_memory)
                tasks: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
                self._thread = threading.Thread(target=_serve, args=(tasks,), name=self._name, daemon=True)
                self._thread.start()
                self._tasks = tasks
            self._tasks.put(work)

    def _finish(self) -> None:
        """Let what was begun come to its end, before the interpreter does."""
        if self._tasks is not None and self._thread is not None:
            self._tasks.put(None)
            self._thread.join()


def _serve(tasks: SimpleQueue[Callable[[], None] | None]) -> None:
    while (work := tasks.get()) is not None:
        with contextlib.suppress(Exception):  # the handle knows of it, unless there was no memory for that
            work()
        del work  # until the next comes, nobody holds arrays
