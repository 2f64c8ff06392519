"""The view of an optimizer's states that users get."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from adamas._inputs.trees import some
from adamas._inputs.values import shown
from adamas._optimizer.model import Model


class States(Mapping[str, dict[str, Any]]):
    """A live, read-only mapping of parameter names (or numbers) to step count, other numbers and state arrays."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._numbers = {parameter.name: parameter.index for parameter in model.parameters}

    def number(self, name: str | int) -> int:
        """Return the number of a parameter, given by its name or number."""
        if isinstance(name, bool) or not isinstance(name, str | int | np.integer):
            raise TypeError(f"expected a parameter's name or number, got {shown(name)}")
        number = self._numbers.get(name, -1) if isinstance(name, str) else int(name)
        if not 0 <= number < len(self._numbers):
            raise KeyError(f"{name!r}: no such parameter; there are {some(list(self._numbers))}")
        return number

    def __getitem__(self, name: str | int) -> dict[str, Any]:
        parameter = self._model.parameters[self.number(name)]
        return {**self._model.numbers_of(parameter), **self._model.states_of(parameter)}

    def __iter__(self) -> Iterator[str]:
        return iter(self._numbers)

    def __len__(self) -> int:
        return len(self._numbers)

    def __repr__(self) -> str:
        return f"<states of {', '.join(map(repr, self))}>"
