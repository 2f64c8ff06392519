"""Data shared by all optimizers of one class."""

from __future__ import annotations

from typing import NamedTuple

from adamas.rules import RuleSpec


class Kind(NamedTuple):
    """Data shared by all optimizers of one class."""

    #: The name of the class, for messages and state dicts.
    name: str
    #: The rule.
    spec: RuleSpec
    #: Groups are those of another library, with entries of its own (`adamas.adapters`).
    foreign: bool
