"""Do things under ever larger limits of memory: each fails, and nothing has changed, until it succeeds.

Prints what was raised, as JSON. Run by tests/process/test_memory_limits.py.
"""

from __future__ import annotations

import contextlib
import json
import resource
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from scenarios import SCENARIOS, Act, Model, is_for_want_of_memory

#: Beyond what the process has, in bytes.
EXTRAS = [0, 4096, 65536, *(int(2**20 * 1.5**k) // 4096 * 4096 for k in range(0, 18, 2))]


def address_space() -> int:
    return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()


@contextlib.contextmanager
def limited(extra: int) -> Iterator[None]:
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (address_space() + extra, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (hard, hard))


def run(make: Callable[[], Model], act: Act) -> list[str]:
    model = make()
    before = model.content()
    raised = []
    for extra in EXTRAS:
        try:
            with limited(extra):
                act(model)
        except (MemoryError, OSError) as error:
            if not is_for_want_of_memory(error):
                raise
            raised.append(type(error).__name__)
            if model.content() != before:
                raise AssertionError(f"{extra} bytes more: {error!r}, and something has changed") from error
        else:
            break
    after = model.content()
    free = make()
    act(free)
    assert after == free.content(), "what was done under a limit is not what is done without"
    return raised


if __name__ == "__main__":
    print(json.dumps({name: run(*SCENARIOS[name]) for name in sys.argv[1:] or SCENARIOS}))
