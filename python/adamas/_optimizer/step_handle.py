"""Handles of asynchronous steps, which run on a thread of the library."""

from __future__ import annotations

import asyncio
import contextlib
import math
import os
import threading
from collections.abc import Callable, Generator
from typing import Any

from adamas._inputs.hyperparameters import number
from adamas._optimizer.report import StepReport
from adamas._system.task import Task
from adamas._system.worker_thread import Worker

_worker = Worker("adamas-step", "step_async: there is no memory for a thread")


class StepHandle:
    """A step under way. Made by ``opt.step_async``."""

    def __init__(self, work: Callable[[], StepReport]) -> None:
        self._process = os.getpid()
        self._task = Task(work)
        self._claim = threading.Lock()
        try:
            _worker.submit(self._run)
        except BaseException as error:
            # It may have been handed over nevertheless, before memory ran out: then it is under way.
            if self._claim.acquire(blocking=False) or not isinstance(error, Exception):
                raise

    def _run(self) -> None:
        if self._claim.acquire(blocking=False):
            self._task.run()

    def result(self, timeout: float | None = None) -> StepReport:
        """Wait for the step, and return its report.

        Args:
            timeout: The longest time to wait, in seconds. None: as long as it takes.

        Raises:
            TypeError: ``timeout`` is no number.
            TimeoutError: It is not done yet.
            FloatingPointError: A gradient is not finite, and ``on_nonfinite`` is ``"raise"``.
            ValueError: Arrays overlap; or ``timeout`` is not finite.
            RuntimeError: The step was begun in another process, of which this one is a fork.
        """
        self._check_process()
        if timeout is not None:
            timeout = number(timeout, "timeout", "a finite number of seconds, or None", -math.inf, math.inf)
        return self._task.result(timeout)

    def done(self) -> bool:
        """Tell whether the step is over."""
        self._check_process()
        return self._task.done()

    def __await__(self) -> Generator[Any, None, StepReport]:
        self._check_process()
        loop = asyncio.get_running_loop()
        over = asyncio.Event()

        def tell() -> None:
            with contextlib.suppress(RuntimeError):  # nobody waits in a loop that is closed
                loop.call_soon_threadsafe(over.set)

        self._task.listen(tell)
        if not self._task.done():
            yield from over.wait().__await__()
        return self._task.result()

    def _check_process(self) -> None:
        if self._process != os.getpid():
            raise RuntimeError(
                "this step was begun before the process was forked, and goes on in the parent alone; in the child, the "
                "arrays may be half updated"
            )
