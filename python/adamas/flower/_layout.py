"""The layout of a model (names, shapes, dtypes), and whether a reply has the same."""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from adamas.adapters import Array
from adamas.flower._errors import ReplyError
from adamas.flower._wire import check_dtype, header_of, unpack

#: Names of running statistics: of PyTorch's normalization layers, and of Keras's.
STATISTICS = ("*running_mean", "*running_var", "*num_batches_tracked", "*moving_mean", "*moving_variance")


class Reply(NamedTuple):
    """What a client has sent.

    Attributes:
        sender: Who sent it, as messages say it.
        weight: Its weight in the mean.
        arrays: The bytes of its arrays, by name.
    """

    sender: str
    weight: float
    arrays: Mapping[str, bytes]


def check_weights(replies: Sequence[Reply]) -> None:
    """Refuse replies whose weights are all 0.

    Raises:
        ReplyError: They are.
    """
    if not any(reply.weight > 0.0 for reply in replies):
        raise ReplyError("The replies have no weight: all of them are 0, so there is no mean")


class Entry(NamedTuple):
    """One array of a model.

    Attributes:
        dtype: Its dtype.
        shape: Its shape.
        header: What its bytes begin with.
        length: How many bytes there are in all.
        stepped: It is a parameter; if not, it is averaged.
    """

    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    header: bytes
    length: int
    stepped: bool


class Layout:
    """The arrays of a model, in order.

    Args:
        model: The arrays by name.
        averaged: Patterns for names of those that are averaged; None for `STATISTICS`.

    Raises:
        TypeError: An array of a dtype that models cannot have.
        ValueError: There are no parameters, or a pattern is of no use.
    """

    def __init__(self, model: Mapping[str, Array], averaged: Sequence[str] | None) -> None:
        patterns = STATISTICS if averaged is None else averaged
        self.entries: dict[str, Entry] = {}
        for name, array in model.items():
            check_dtype(array.dtype, f"arrays[{name!r}]")
            matches = any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)
            header = header_of(array.dtype, array.shape)
            stepped = array.dtype.kind == "f" and array.size > 0 and not matches
            self.entries[name] = Entry(array.dtype, array.shape, header, len(header) + array.nbytes, stepped)
        if averaged is not None:
            for pattern in averaged:
                if not fnmatch.filter(model, pattern):
                    raise ValueError(
                        f"averaged: the pattern {pattern!r} fits no array; the model has {_some(list(model))}"
                    )
        self.stepped = [name for name, entry in self.entries.items() if entry.stepped]
        if not self.stepped:
            raise ValueError(f"arrays: expected parameters of floating-point numbers, got {_some(list(model))}")

    def check_model(self, model: Mapping[str, Array]) -> None:
        """Refuse a model that is not made of the same arrays.

        Raises:
            ValueError: Naming an array that is missing, is new, or has another dtype or shape.
        """
        if model.keys() != self.entries.keys():
            raise ValueError(f"arrays: {_difference(self.entries, model)}; {_ONE_MODEL}")
        for name, entry in self.entries.items():
            array = model[name]
            if (array.dtype, array.shape) != (entry.dtype, entry.shape):
                raise ValueError(
                    f"arrays[{name!r}]: expected {entry.dtype} {entry.shape}, as before, got {array.dtype} "
                    f"{array.shape}; {_ONE_MODEL}"
                )

    def read(self, reply: Reply) -> dict[str, Array]:
        """Return the arrays of a reply, flat, in C order: views of its bytes, if these are in C order.

        Raises:
            ReplyError: They do not fit the model; the message names the sender and the array.
        """
        if reply.arrays.keys() != self.entries.keys():
            raise ReplyError(f"The reply of {reply.sender} does not fit: {_difference(self.entries, reply.arrays)}")
        return {name: self._read(reply, name, entry) for name, entry in self.entries.items()}

    def _read(self, reply: Reply, name: str, entry: Entry) -> Array:
        data = reply.arrays[name]
        if isinstance(data, bytes) and len(data) == entry.length and data.startswith(entry.header):
            size = (entry.length - len(entry.header)) // entry.dtype.itemsize
            return np.frombuffer(data, entry.dtype, size, len(entry.header)) if size else np.empty(0, entry.dtype)
        try:
            array = unpack(data)
        except ValueError as error:
            raise ReplyError(f"The reply of {reply.sender} cannot be read: array {name!r}: {error}") from None
        if (array.dtype, array.shape) != (entry.dtype, entry.shape):
            raise ReplyError(
                f"The reply of {reply.sender} does not fit: array {name!r}: expected {entry.dtype} {entry.shape}, as "
                f"the model has it, got {array.dtype} {array.shape}"
            )
        return np.ascontiguousarray(array).reshape(-1)  # a copy, where the client sent columns


_ONE_MODEL = "a strategy trains one model: make a new one for another"


def _difference(expected: Mapping[str, Any], got: Mapping[str, Any]) -> str:
    missing = [name for name in expected if name not in got]
    if missing:
        return f"array {missing[0]!r} is missing; got {_some(list(got))}"
    return f"array {next(name for name in got if name not in expected)!r} is not one of the model's"


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(map(repr, names[:5]))
    return f"{shown}, ..." if len(names) > 5 else shown or "no arrays"
