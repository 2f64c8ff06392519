"""Work that an interrupt does not stop halfway."""

from __future__ import annotations

import _thread
import contextvars
import threading
from collections.abc import Callable

from adamas._room import has_room_for_thread


def uninterrupted(work: Callable[[], object]) -> None:
    """Do the work to its end. If Ctrl-C is pressed meanwhile, KeyboardInterrupt is raised after it.

    Python raises interrupts in the main thread alone; so there, the work is given to another thread.
    """
    if threading.current_thread() is not threading.main_thread() or not has_room_for_thread():
        work()
        return
    outcome: list[BaseException | None] = []
    over = threading.Lock()
    over.acquire()

    def act() -> None:
        try:
            work()
        except BaseException as error:
            outcome.append(error)
        else:
            outcome.append(None)
        over.release()

    interrupt: BaseException | None = None
    run = contextvars.copy_context().run  # with the caller's np.errstate
    try:
        _thread.start_new_thread(run, (act,))  # in one call; `threading` would wait for the thread to begin
    except (RuntimeError, MemoryError):  # no more threads
        work()
        return
    except BaseException as error:  # raised by the handler of a signal, after the call
        interrupt = error
    while not outcome:
        try:
            over.acquire(timeout=1.0)
        except BaseException as error:
            interrupt = error
    for raised in (outcome[0], interrupt):
        if raised is not None:
            raise raised
