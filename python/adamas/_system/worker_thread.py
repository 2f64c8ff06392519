"""Worker threads: a permanent one, and temporary ones for a ``with`` block.

None are of `concurrent.futures`: an interrupt (Ctrl-C) while such a thread is being made, or waited for, can leave it
in a state in which the process never ends.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import threading
from collections.abc import Callable, Iterator
from queue import Empty, SimpleQueue
from typing import TypeVar

from adamas._system.address_space import has_room_for_thread
from adamas._system.task import Task

__all__ = ["BackgroundThreads", "Worker", "background_threads"]

T = TypeVar("T")
Queue = SimpleQueue[Callable[[], None] | None]


@contextlib.contextmanager
def background_threads(count: int = 1) -> Iterator[BackgroundThreads]:
    """Make threads for the time of a block; what was begun in it is done when it ends."""
    threads = BackgroundThreads("adamas-background", count)
    try:
        yield threads
    finally:
        threads.close()


class BackgroundThreads:
    """Threads that run submitted work in order; if no thread can be started, work is run when it is submitted.

    Args:
        name: The name of the threads.
        count: How many there are at most.
    """

    def __init__(self, name: str, count: int = 1) -> None:
        self._tasks: Queue = SimpleQueue()
        self._threads: list[threading.Thread] = []
        with contextlib.suppress(RuntimeError):  # the system has no more
            while len(self._threads) < count and has_room_for_thread():
                self._threads.append(_start(self._tasks, name))

    def submit(self, work: Callable[[], T]) -> Task[T]:
        """Have some work done; its result, or its error, can be waited for.

        Args:
            work: A function without arguments.
        """
        task = Task(work)
        if self._threads:
            self._tasks.put(task.run)
        else:
            task.run()
        return task

    def drop(self) -> None:
        """Forget what was not begun. Nobody may wait for it."""
        with contextlib.suppress(Empty):
            while True:
                self._tasks.get_nowait()

    def close(self) -> None:
        """Wait for what was submitted, and end the threads."""
        for _ in self._threads:
            self._tasks.put(None)
        for thread in self._threads:
            thread.join()


class Worker:
    """One thread, made when it is first needed.

    Args:
        name: Of the thread.
        no_memory: The message of the MemoryError that `submit` raises where there is no memory for a thread.
    """

    def __init__(self, name: str, no_memory: str) -> None:
        self._name = name
        self._no_memory = no_memory
        self._forget()
        if hasattr(os, "register_at_fork"):  # not on Windows
            os.register_at_fork(after_in_child=self._forget)  # a child has none of its parent's threads
        atexit.register(self._finish)

    def _forget(self) -> None:
        self._lock = threading.Lock()
        self._tasks: Queue | None = None
        self._thread: threading.Thread | None = None

    def submit(self, work: Callable[[], None]) -> None:
        """Let the thread do some work, after what was submitted before."""
        with self._lock:
            if self._tasks is None:
                if not has_room_for_thread():
                    raise MemoryError(self._no_memory)
                tasks: Queue = SimpleQueue()
                self._thread = _start(tasks, self._name)
                self._tasks = tasks
            self._tasks.put(work)

    def _finish(self) -> None:
        """Let what was begun come to its end, before the interpreter does."""
        if self._tasks is not None and self._thread is not None:
            self._tasks.put(None)
            self._thread.join()


def _start(tasks: Queue, name: str) -> threading.Thread:
    """Start a thread; the process need not wait for it, should this be interrupted."""
    thread = threading.Thread(target=_serve, args=(tasks,), name=name, daemon=True)
    thread.start()
    return thread


def _serve(tasks: Queue) -> None:
    while (work := tasks.get()) is not None:
        with contextlib.suppress(Exception):  # a task knows of it, unless there was no memory for that
            work()
        del work  # until the next comes, nobody holds arrays
