"""Work beside the caller's, on a thread if there is one to be had."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from typing import Any

from adamas._room import has_room_for_thread

__all__ = ["beside"]


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
def beside() -> Iterator[Executor]:
    """Yield what work can be submitted to; it is done when the block ends."""
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
