"""Work on large arrays by several threads, whose results do not depend on how many there are."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import TypeVar

import adamas
from adamas.adapters import BackgroundThreads

#: Bytes that are read or written for which another thread pays.
_WORTH_A_THREAD = 1 << 21

T = TypeVar("T")
R = TypeVar("R")


def in_threads(work: Callable[[Sequence[T]], R], items: Sequence[T], size: int, num_threads: int | None) -> list[R]:
    """Have items worked on, each thread taking some that follow one another; return the results in order.

    Args:
        work: Takes items. It gives up Python's lock while it works on arrays.
        items: At least one.
        size: How many bytes they read or write.
        num_threads: The most threads to use; None for the library's limit.
    """
    limit = adamas.get_num_threads() if num_threads is None else num_threads
    count = max(1, min(limit, len(items), size // _WORTH_A_THREAD))
    parts = [items[len(items) * i // count : len(items) * (i + 1) // count] for i in range(count)]
    if count == 1:
        return [work(items)]
    threads = BackgroundThreads("adamas-flower", count - 1)
    try:
        tasks = [threads.submit(functools.partial(work, part)) for part in parts[1:]]
        return [work(parts[0]), *(task.result() for task in tasks)]
    finally:
        threads.drop()
        threads.close()
