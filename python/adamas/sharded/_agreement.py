"""Agreement: before a step changes anything, all processes check that they make the same call."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NoReturn

import numpy as np

from adamas.sharded._team import Team

__all__ = ["Agreement"]

_DIGEST = 16


class Agreement:
    """What the processes of a team agree on.

    Each process meets the others at least once in a `call` in which all take part: with `meet`, when it is ready, or by
    raising an error before that.
    """

    def __init__(self, team: Team) -> None:
        self._team = team
        self._has_met = False
        self._call = ""

    @contextlib.contextmanager
    def call(self, name: str) -> Iterator[None]:
        """Be in a call: where one process raises before it has met the others, all do; messages use its name."""
        self._call, self._has_met = name, False
        try:
            yield
        except BaseException as error:
            self._fail(error)
            raise

    def meet(self, key: bytes, details: Callable[[], Mapping[str, str]], vote: bool = False) -> bool:
        """Wait for the others, and find out whether all have the same ``key``.

        Args:
            key: Stands for all that must be equal.
            details: Gives the same by name, for the message that says what is not.
            vote: For something that all do, or none.

        Returns:
            Whether all have voted for it.

        Raises:
            RuntimeError: Another process cannot go on.
            ValueError: Keys differ; the message says in what.
        """
        row = np.zeros(2 + _DIGEST, np.uint8)
        row[:2] = 1, vote
        digest = hashlib.blake2b(self._call.encode() + b"\0" + key, digest_size=_DIGEST).digest()
        row[2:] = np.frombuffer(digest, np.uint8)
        self._has_met = True
        rows = self._team.gather_rows(row)
        if not rows[:, 0].all() or (rows[:, 2:] != row[2:]).any():
            self._refuse(self._team.gather_objects((self._call, None, {"the call": self._call, **details()})))
        return bool(rows[:, 1].all())

    def tell(self, name: str, error: BaseException) -> None:
        """Tell the others, who are in this call or will be, that this process cannot take part."""
        self._call, self._has_met = name, False
        self._fail(error)

    def _fail(self, error: BaseException) -> None:
        """Tell the others that this process cannot go on, unless it has met them already."""
        if self._has_met:
            return
        self._has_met = True
        self._team.gather_rows(np.zeros(2 + _DIGEST, np.uint8))
        self._team.gather_objects((self._call, f"{type(error).__name__}: {error}", {}))

    def _refuse(self, found: list[tuple[str, str | None, Mapping[str, str]]]) -> NoReturn:
        for rank, (_, error, _) in enumerate(found):
            if error is not None:
                raise RuntimeError(
                    f"{self._call}: process {rank} cannot take part, so no process has changed anything; there: {error}"
                )
        values = [details for _, _, details in found]
        names: dict[str, Any] = dict.fromkeys(name for details in values for name in details)
        for name in names:
            told = [details.get(name, "nothing") for details in values]
            if len(set(told)) > 1:
                other = next(rank for rank, value in enumerate(told) if value != told[0])
                raise ValueError(
                    f"{self._call}: {name} must be the same on all processes: {told[0]} on process 0, {told[other]} on "
                    f"process {other}; no process has changed anything"
                )
        raise RuntimeError(f"{self._call}: processes differ in an internal value; please report this")
