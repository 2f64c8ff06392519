"""The view of an optimizer's states that users get."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from adamas._inputs.trees import some
from adamas._inputs.values import shown
from adamas._types import Array


class States(Mapping[str, dict[str, Any]]):
    """A live, read-only mapping of parameter names (or numbers) to step count, other numbers and state arrays."""

    def __init__(
        self,
        names: list[str],
        numbers_of: Callable[[int], dict[str, Any]],
        states_of: Callable[[int], dict[str, Array]],
    ) -> None:
        self._numbers = {name: i for i, name in enumerate(names)}
        self._numbers_of = numbers_of
        self._states_of = states_of

    def number(self, name: str | int) -> int:
        """Return the number of a parameter, given by its name or number."""
        if isinstance(name, bool) or not isinstance(name, str | int | np.integer):
            raise TypeError(f"expected a parameter's name or number, got {shown(name)}")
        number = self._numbers.get(name, -1) if isinstance(name, str) else int(name)
        if not 0 <= number < len(self._numbers):
            raise KeyError(f"{name!r}: no such parameter; there are {some(list(self._numbers))}")
        return number

    def __getitem__(self, name: str | int) -> dict[str, Any]:
        number = self.number(name)
        return {**self._numbers_of(number), **self._states_of(number)}

    def __iter__(self) -> Iterator[str]:
        return iter(self._numbers)

    def __len__(self) -> int:
        return len(self._numbers)

    def __repr__(self) -> str:
        return f"<states of {', '.join(map(repr, self))}>"
