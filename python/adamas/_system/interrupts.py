"""Interrupts (Ctrl-C), delayed until some work is done."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from typing import Any


def uninterrupted(work: Callable[[], object]) -> None:
    """Do the work to its end. If Ctrl-C is pressed meanwhile, its handler is called after it.

    Python calls handlers in the main thread alone; elsewhere, nothing is to be done.
    """
    handler = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(handler):
        work()
        return
    caught: list[tuple[Any, Any]] = []
    signal.signal(signal.SIGINT, lambda number, frame: caught.append((number, frame)))
    try:
        work()
    finally:
        signal.signal(signal.SIGINT, handler)
        if caught:
            handler(*caught[-1])
