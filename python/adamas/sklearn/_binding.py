"""An optimizer of adamas, bound to the arrays of a network, and bound again when the network gets new arrays."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import adamas
from adamas.adapters import Array

#: Makes an optimizer for the weight matrices and the biases of a network.
Factory = Callable[[Sequence[Array], Sequence[Array]], adamas.Optimizer]


class Binding:
    """An optimizer of adamas for a list of arrays, as scikit-learn's networks give it at each step.

    The list has all weight matrices (``coefs_``) first, then as many biases (``intercepts_``). Copying and unpickling
    give a network new arrays. Then the next step binds them, and goes on with the states of the old ones.

    Attributes:
        optimizer: The optimizer of adamas; None while no array is bound.
    """

    def __init__(self) -> None:
        self._arrays: Sequence[Array] = ()
        self.optimizer: adamas.Optimizer | None = None
        #: The state dict of an optimizer whose arrays are gone, until others are bound.
        self._saved: dict[str, Any] | None = None
        #: States that somebody has set before arrays were bound.
        self._given: dict[str, Sequence[Array]] = {}

    def optimizer_for(self, arrays: Sequence[Array], factory: Factory) -> adamas.Optimizer:
        """Return the optimizer of these arrays, which ``factory`` makes if they are not those of the last call.

        Raises:
            TypeError: As the optimizer, if an array has a dtype that adamas lacks.
            ValueError: As the optimizer, for arrays that cannot be updated; or the states there are do not fit them.
        """
        if self.optimizer is not None and self.holds(arrays):
            return self.optimizer
        saved = self.state_dict()
        matrices = len(arrays) // 2
        optimizer = factory(arrays[:matrices], arrays[matrices:])
        if saved is not None:
            optimizer.load_state_dict(saved)
        for name, values in self._given.items():
            _fill(optimizer, name, values)
        self._arrays, self.optimizer, self._saved, self._given = list(arrays), optimizer, None, {}
        return optimizer

    def holds(self, arrays: Sequence[Array]) -> bool:
        """Tell whether these arrays are bound."""
        return len(self._arrays) == len(arrays) and all(map(operator.is_, self._arrays, arrays))

    def states(self, name: str) -> Sequence[Array]:
        """Return the states of this name, one for each array and of its shape; before the first step, those given."""
        if self.optimizer is not None:
            return [state[name] for state in self.optimizer.state.values()]
        if self._saved is not None:
            return [state[name] for state in self._saved["state"].values()]
        return self._given.get(name, [])

    def set_states(self, name: str, values: Sequence[Array]) -> None:
        """Set the states of this name, one for each array and of its shape."""
        if self.optimizer is not None:
            _fill(self.optimizer, name, values)
        else:
            self._given[name] = values

    def state_dict(self) -> dict[str, Any] | None:
        """Return copies of all states, and the numbers that go with them; None before the first step."""
        return self._saved if self.optimizer is None else self.optimizer.state_dict()

    def __getstate__(self) -> dict[str, Any]:
        return {"_arrays": (), "optimizer": None, "_saved": self.state_dict(), "_given": self._given}


def _fill(optimizer: adamas.Optimizer, name: str, values: Sequence[Array]) -> None:
    """Copy values into the states of this name, and let them count as those of a step: a first one would begin anew."""
    if not values:
        return
    saved = optimizer.state_dict()
    saved["step"] = max(saved["step"], 1)
    for state, value in zip(saved["state"].values(), values, strict=True):
        state["step"] = max(state["step"], 1)
        if name in state:
            np.copyto(state[name], value)
    optimizer.load_state_dict(saved)
