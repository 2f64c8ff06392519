"""Mutual exclusion: error messages for an optimizer that is in use (the compiled core raises them too), and forks."""

from __future__ import annotations

import os

__all__ = ["FORKED", "IN_USE", "forks"]

IN_USE = (
    "this optimizer is in use, by another thread or by a step under way; "
    "one thread at a time may step it or load into it"
)

FORKED = (
    "this process was forked while a step of this optimizer was under way: here, its parameters and states may be half "
    "updated; make a new optimizer, and load a checkpoint into it"
)

_forks = [0]


def forks() -> int:
    """Return how many forks this process is away from the one that imported this; cheaper than `os.getpid`."""
    return _forks[0]


def _count_fork() -> None:
    _forks[0] += 1


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_count_fork)
