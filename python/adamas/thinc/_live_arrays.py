"""Dict views of the states that adamas keeps, under the names that thinc uses."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, MutableMapping
from typing import Any

import numpy as np

from adamas.adapters import Array
from adamas.thinc._bindings import Bindings


class LiveArrays(dict[Hashable, Any]):
    """Arrays by key, such as thinc's ``mom1``: those of parameters that adamas updates are views of its states.

    What is assigned to such a key is copied into the state, which stays where it is; it cannot be removed. Keys of
    parameters that thinc itself updates (on a GPU) are those of a plain dict.

    Args:
        name: What messages call it.
    """

    def __init__(self, name: str) -> None:
        super().__init__()
        self._name = name
        self._ours: set[Hashable] = set()

    def show(self, key: Hashable, array: Array) -> None:
        """Show the state of a parameter."""
        self._ours.add(key)
        super().__setitem__(key, array)

    def hide(self, key: Hashable) -> None:
        """Take a state away that there is no more."""
        self._ours.discard(key)
        super().pop(key, None)

    def __setitem__(self, key: Hashable, value: Any) -> None:
        if key not in self._ours:
            super().__setitem__(key, value)
            return
        state = self[key]
        given = np.asarray(value)
        if given.size != state.size:
            raise ValueError(f"{self._name}[{key!r}]: expected {state.size} elements, got {given.size}")
        np.copyto(state, given.reshape(state.shape), casting="same_kind")

    def update(self, *args: Any, **kwargs: Any) -> None:
        """Assign to each key."""
        for key, value in dict(*args, **kwargs).items():
            self[key] = value

    def __ior__(self, other: Any) -> Any:  # type: ignore[misc]
        self.update(other)
        return self

    def setdefault(self, key: Hashable, default: Any = None) -> Any:
        """Return the value of a key, which is the default if there was none."""
        if key not in self:
            self[key] = default
        return self[key]

    def _refuse(self, *_: Any) -> Any:
        raise TypeError(f"{self._name}: adamas keeps these arrays; write into them, or make a new optimizer")

    def __delitem__(self, key: Hashable) -> None:
        if key in self._ours:
            self._refuse()
        super().__delitem__(key)

    def pop(self, key: Hashable, *default: Any) -> Any:
        """Remove a key that adamas does not keep."""
        return self._refuse() if key in self._ours else super().pop(key, *default)

    def popitem(self) -> Any:
        """Refuse."""
        return self._refuse()

    def clear(self) -> None:
        """Remove all, if adamas keeps none of them."""
        if self._ours:
            self._refuse()
        super().clear()


class UpdateCounts(MutableMapping[Hashable, int]):
    """How many updates each parameter has had, by key: thinc's ``nr_update``.

    Args:
        bindings: The tensors that adamas updates.
    """

    def __init__(self, bindings: Bindings) -> None:
        self._bindings = bindings
        self._entries = bindings.entries
        self._others: dict[Hashable, int] = {}

    def __getitem__(self, key: Hashable) -> int:
        return self._bindings.count(key) if key in self._entries else self._others.get(key, 0)

    def __setitem__(self, key: Hashable, value: int) -> None:
        if key in self._entries:
            self._bindings.set_count(key, value)
        else:
            self._others[key] = value

    def __delitem__(self, key: Hashable) -> None:
        if key in self._entries:
            raise TypeError("nr_update: adamas keeps these counts; set them, or make a new optimizer")
        del self._others[key]

    def __iter__(self) -> Iterator[Hashable]:
        yield from self._entries
        yield from self._others

    def __len__(self) -> int:
        return len(self._entries) + len(self._others)

    def __contains__(self, key: object) -> bool:
        return key in self._entries or key in self._others

    def __repr__(self) -> str:
        return repr(dict(self))
