"""What the optimizers of one class have in common."""

from __future__ import annotations

from typing import NamedTuple

from adamas.rules import RuleSpec


class Kind(NamedTuple):
    """What the optimizers of one class have in common."""

    #: The name of the class, for messages and state dicts.
    name: str
    #: The rule.
    spec: RuleSpec
    #: Groups are those of another library, with entries of its own (`adamas.adapters`).
    foreign: bool
