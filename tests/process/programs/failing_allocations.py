"""Do things while allocations fail, from each one on: nothing has changed then, until there are none left to fail.

Prints how many failed for each, as JSON. Run by tests/process/test_memory_limits.py, with failing_malloc.c loaded
first.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
from collections.abc import Callable, Iterator

import scenarios
from scenarios import SCENARIOS, Act, Model, is_for_want_of_memory

MOST = 400
#: What needs neither threads nor files, since Python's own code for those does not bear it in places.
NAMES = [
    *("first step", "LAMB", "refused step", "accumulate", "lazy rows", "exact rows", "catch up", "averages", "eval"),
    *("state dict", "load state dict"),
]

process = ctypes.CDLL(None)
process.fail_allocations.argtypes = [ctypes.c_long, ctypes.c_long]
process.failed_allocations.restype = ctypes.c_long


@contextlib.contextmanager
def failing(first: int, count: int) -> Iterator[None]:
    process.fail_allocations(first, count)
    try:
        yield
    finally:
        process.fail_allocations(0, 0)


def run(make: Callable[[], Model], act: Act, count: int) -> int:
    free = make()
    act(free)
    after = free.content()
    model = make()
    before = model.content()
    refused = 0
    for first in range(1, MOST):
        try:
            with failing(first, count):
                act(model)
        except (MemoryError, OSError, RuntimeError, SystemError) as error:
            if not is_for_want_of_memory(error):
                raise
            refused += 1
            if model.content() != before:
                now = model.content()
                places = [i for i, (a, b) in enumerate(zip(now, before, strict=True)) if a != b]
                raise AssertionError(f"allocation {first} failed, and {places} have changed: {error!r}") from error
            continue
        if model.content() != after:
            raise AssertionError(f"allocation {first} failed, and what was done is not what is done without")
        if process.failed_allocations() == 0:
            break
        model = make()  # it went on without
    return refused


if __name__ == "__main__":
    scenarios.COLUMNS = 300
    print(json.dumps({name: [run(*SCENARIOS[name], count) for count in (1, 1 << 30)] for name in NAMES}))
