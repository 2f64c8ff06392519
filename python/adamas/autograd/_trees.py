"""Nested lists, tuples and dicts of numbers and arrays, as autograd's ``flatten`` takes them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any

import numpy as np

from adamas.adapters import Array
from adamas.adapters.checks import dtype_name, type_name


class Tree(ABC):
    """How a value is nested: made from one, it takes others of this form apart and puts them together."""

    def __init__(self, path: str) -> None:
        self.path = path

    @abstractmethod
    def collect(self, value: Any, leaves: list[Array]) -> None:
        """Append the arrays in a value, those of dicts in the order of their sorted keys.

        Raises:
            TypeError: It has a container of another type, or a leaf that holds no real numbers.
            ValueError: It has other keys, or another number of elements.
        """

    @abstractmethod
    def build(self, leaves: Iterator[Array]) -> Any:
        """Return a value of this form with these arrays in it."""


class Leaf(Tree):
    """An array or number; for numbers, the optimizer has arrays of one element."""

    def __init__(self, path: str, value: Any) -> None:
        super().__init__(path)
        self._shape = np.shape(value)
        self._flat = self._shape or (1,)

    def collect(self, value: Any, leaves: list[Array]) -> None:
        array = np.asarray(value)
        if array.dtype.kind not in "fiub":
            raise TypeError(f"{self.path}: expected real numbers, got {dtype_name(array.dtype)}")
        if array.shape != self._flat:
            if array.size != np.prod(self._flat):
                raise ValueError(f"{self.path}: expected shape {self._shape}, as in x0, got {array.shape}")
            array = array.reshape(self._flat)
        leaves.append(array if array.dtype.kind == "f" else array.astype(np.float64))

    def build(self, leaves: Iterator[Array]) -> Any:
        return next(leaves) if self._shape else next(leaves).reshape(())


class Nest(Tree):
    """A list, tuple or dict."""

    def __init__(self, path: str, value: Any) -> None:
        super().__init__(path)
        self._type = type(value)
        self._keys = sorted(value) if self._type is dict else range(len(value))
        self._order = list(value)
        self._parts = [(key, tree_of(value[key], f"{path}[{key!r}]")) for key in self._keys]

    def collect(self, value: Any, leaves: list[Array]) -> None:
        if type(value) is not self._type:
            raise TypeError(f"{self.path}: expected a {self._type.__name__}, as in x0, got {type_name(value)}")
        if len(value) != len(self._parts) or (self._type is dict and value.keys() != set(self._keys)):
            expected = list(self._keys) if self._type is dict else f"{len(self._parts)} elements"
            got = list(value) if self._type is dict else len(value)
            raise ValueError(f"{self.path}: expected {expected}, as in x0, got {got}")
        for key, part in self._parts:
            part.collect(value[key], leaves)

    def build(self, leaves: Iterator[Array]) -> Any:
        if self._type is dict:
            built = {key: part.build(leaves) for key, part in self._parts}
            return {key: built[key] for key in self._order}
        return self._type(part.build(leaves) for _, part in self._parts)


def tree_of(value: Any, path: str) -> Tree:
    """Return the form of a value; messages call it by its path."""
    return (Nest if type(value) in (list, tuple, dict) else Leaf)(path, value)
