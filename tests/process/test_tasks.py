"""Work of background threads: results and errors, who waits, what Ctrl-C can do, and threads that cannot be started."""

from __future__ import annotations

import gc
import sys
import threading
import time
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest

from adamas._system import worker_thread
from adamas._system.task import Task
from adamas._system.worker_thread import background_threads


def test_results_errors_and_waiting() -> None:
    begin = threading.Event()
    with background_threads() as threads:
        first = threads.submit(lambda: begin.wait(30))
        second = threads.submit(lambda: 1 // 0)
        for timeout in (0.01, 0, -1):
            with pytest.raises(TimeoutError):
                first.result(timeout)
        assert not first.done()
        begin.set()
        assert first.result(30) is True
        assert first.result() is True
        for _ in range(2):
            with pytest.raises(ZeroDivisionError):
                second.result(float("inf"))
        assert second.done()


def test_several_who_wait_for_one() -> None:
    task, results = Task(lambda: 5), []
    waiting = [threading.Thread(target=lambda: results.append(task.result(30))) for _ in range(8)]
    for thread in waiting:
        thread.start()
    task.run()
    for thread in waiting:
        thread.join()
    assert results == [5] * 8


class Interrupted(BaseException):
    pass


@pytest.mark.parametrize("at", range(40))
def test_an_interrupt_anywhere_in_waiting(at: int) -> None:
    """At each line in turn, of ours and of what we call: the thread that works is never held up by it."""
    begin, lines = threading.Event(), [0]

    def trace(frame: FrameType, event: str, argument: Any) -> Any:
        if event == "line":
            if lines[0] == at:
                raise Interrupted
            lines[0] += 1
        return trace

    with background_threads() as threads:
        task = threads.submit(lambda: begin.wait(30))
        after = threads.submit(lambda: "after")
        before = sys.gettrace()
        gc.collect()
        gc.disable()  # what is collected meanwhile may have lines, too, and cannot raise
        sys.settrace(trace)
        try:
            task.result(0.01)
        except (Interrupted, TimeoutError):
            pass
        finally:
            sys.settrace(before)
            gc.enable()
        begin.set()
        assert after.result(30) == "after"
        assert task.result(30) is True


@pytest.mark.parametrize("fail", ["memory", "thread"])
def test_without_threads(fail: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    if fail == "memory":
        monkeypatch.setattr(worker_thread, "has_room_for_thread", lambda: False)
    else:
        monkeypatch.setattr(threading.Thread, "start", refuse)
    with background_threads(4) as threads:
        assert threads.submit(threading.get_ident).result() == threading.get_ident()
        with pytest.raises(ZeroDivisionError):
            threads.submit(lambda: 1 // 0).result()


def test_work_in_its_order_and_dropped() -> None:
    begin, begun = threading.Event(), threading.Event()
    done: list[int] = []

    def note(number: int) -> Callable[[], None]:
        return lambda: done.append(number)

    def hold() -> None:
        begun.set()
        begin.wait(30)

    with background_threads() as threads:
        held = threads.submit(lambda: begin.wait(30))
        for number in range(5):
            threads.submit(note(number))
        begin.set()
        held.result()
    assert done == [0, 1, 2, 3, 4]
    begin.clear()
    with background_threads() as threads:
        begun.clear()
        task = threads.submit(hold)
        threads.submit(note(9))
        begun.wait(30)
        threads.drop()
        begin.set()
    assert done == [0, 1, 2, 3, 4]
    assert task.done()


def test_no_threads_are_left() -> None:
    before = threading.active_count()
    for count in (1, 3):
        with background_threads(count) as threads:
            tasks = [threads.submit(lambda: time.sleep(0.001)) for _ in range(10)]
        assert all(task.done() for task in tasks)
    assert threading.active_count() == before
