"""Steps that run on a thread of the library's own."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable, Generator
from concurrent.futures import Future
from typing import Any

from adamas._optimizer.report import StepReport
from adamas._system.worker_thread import Worker

_worker = Worker("adamas-step", "step_async: there is no memory for a thread")


class StepHandle:
    """A step under way. Made by ``opt.step_async``."""

    def __init__(self, work: Callable[[], StepReport]) -> None:
        self._process = os.getpid()
        self._future: Future[StepReport] = Future()
        self._claim = threading.Lock()
        self._work = work
        try:
            _worker.submit(self._run)
        except BaseException as error:
            # It may have been handed over nevertheless, before memory ran out: then it is under way.
            if self._claim.acquire(blocking=False) or not isinstance(error, Exception):
                raise

    def _run(self) -> None:
        if not self._claim.acquire(blocking=False):
            return
        try:
            self._future.set_result(self._work())
        except BaseException as error:
            self._future.set_exception(error)

    def result(self, timeout: float | None = None) -> StepReport:
        """Wait for the step, and return its report.

        Args:
            timeout: The longest to wait, in seconds; None for as long as it takes.

        Raises:
            TimeoutError: It is not done yet.
            FloatingPointError: A gradient is not finite, and ``on_nonfinite`` is ``"raise"``.
            ValueError: Arrays overlap.
            RuntimeError: The step was begun in another process, of which this one is a fork.
        """
        self._check_process()
        return self._future.result(timeout)

    def done(self) -> bool:
        """Tell whether the step is over."""
        self._check_process()
        return self._future.done()

    def __await__(self) -> Generator[Any, None, StepReport]:
        self._check_process()
        # Nobody who is cancelled while waiting takes the step back.
        return asyncio.shield(asyncio.wrap_future(self._future)).__await__()

    def _check_process(self) -> None:
        if self._process != os.getpid():
            raise RuntimeError(
                "this step was begun before the process was forked, and goes on in the parent alone; in the child, the "
                "arrays may be half updated"
            )
