"""Limits of the address space, checked before a thread is started."""

from __future__ import annotations

import mmap

__all__ = ["has_room_for_thread"]

#: What a new thread may take of the address space: its stack, an arena of malloc's, the first objects of Python.
_PLENTY = 256 << 20


def has_room_for_thread() -> bool:
    """Tell whether a limit of the address space, if there is one, leaves room for a thread.

    Under a limit the system may give a thread its stack, and Python find nothing for its first objects then:
    ``Thread.start`` waits for ever for such a thread to begin. So threads are better not started near the limit.
    """
    if not hasattr(mmap, "MAP_PRIVATE"):  # Windows, which has no such limit
        return True
    try:
        mmap.mmap(-1, _PLENTY, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, prot=mmap.PROT_READ).close()
    except OSError:
        return False
    return True
