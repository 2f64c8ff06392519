"""Why an optimizer that is in use cannot be entered; the compiled core raises the same."""

from __future__ import annotations

__all__ = ["FORKED", "IN_USE"]

IN_USE = (
    "this optimizer is in use, by another thread or by a step under way; "
    "one thread at a time may step it or load into it"
)

FORKED = (
    "this process was forked while a step of this optimizer was under way: here, its parameters and states may be half "
    "updated; make a new optimizer, and load a checkpoint into it"
)
