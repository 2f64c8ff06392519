"""Work on large arrays by several threads; results do not depend on the number of threads."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

import adamas
from adamas.adapters import BackgroundThreads

#: Bytes that are read or written for which another thread pays.
_WORTH_A_THREAD = 1 << 21

T = TypeVar("T")
R = TypeVar("R")


def in_threads(work: Callable[[Iterator[T]], R], items: Sequence[T], size: int, num_threads: int | None) -> list[R]:
    """Have items worked on; return what each thread returned.

    All threads take from one iterator, so that nobody waits long for a thread that the system gives no processor.

    Args:
        work: Takes items until there are no more. It gives up Python's lock while it works on arrays.
        items: What is to be worked on.
        size: How many bytes they read or write.
        num_threads: The most threads to use; None for the library's limit.
    """
    limit = adamas.get_num_threads() if num_threads is None else num_threads
    count = max(1, min(limit, len(items), size // _WORTH_A_THREAD))
    shared = iter(items)  # each item goes to one thread, as Python's lock is held while one is taken
    if count == 1:
        return [work(shared)]
    threads = BackgroundThreads("adamas-flower", count - 1)
    try:
        tasks = [threads.submit(functools.partial(work, shared)) for _ in range(count - 1)]
        return [work(shared), *(task.result() for task in tasks)]
    finally:
        threads.drop()
        threads.close()
