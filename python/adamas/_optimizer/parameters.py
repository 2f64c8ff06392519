"""The parameters of an optimizer: one record each, and how they nest."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, overload

import numpy as np

from adamas._inputs import trees
from adamas._inputs.arrays import address, any_overlap, check_array, check_overlap
from adamas._inputs.copy_out import check_copies
from adamas._inputs.formats import FormatOptions
from adamas._inputs.not_arrays import check_leaf, refuse_group_without_params
from adamas._inputs.sparse import check_sparse
from adamas._inputs.values import is_a, stored
from adamas._numerics.formats import Residue, RowMode, StateFormat
from adamas._types import Array
from adamas.averaging import Average
from adamas.rules import Formula


@dataclass(slots=True, eq=False)
class BoundArray:
    """An array of the user's, and what it was when the optimizer was made."""

    array: Array
    #: As in Python, for messages: ``params['encoder']['w']``.
    path: str
    dtype: np.dtype[Any]
    address: int
    size: int

    def check(self, shape: tuple[int, ...] | None = None) -> None:
        """Refuse to go on with an array that cannot be updated in place any more.

        Args:
            shape: What it must still have. None: any shape of as many elements.

        Raises:
            TypeError: It has another dtype now.
            ValueError: It was reshaped, resized or made read-only.
        """
        checked = check_array(self.array, self.path, writable=True)
        if shape is not None and checked.shape != shape:
            raise ValueError(f"{self.path}: was reshaped since this optimizer was made; give it its shape back")
        if checked.dtype != self.dtype:
            raise TypeError(f"{self.path}: expected dtype {self.dtype}, as it had at first, got {checked.dtype}")
        if address(checked) != self.address or checked.size != self.size:
            raise ValueError(f"{self.path}: was resized since this optimizer was made; make a new one")


class Formats(NamedTuple):
    """The formats of what is kept for a parameter; thousands of parameters share one."""

    states: StateFormat
    residue: Residue
    #: Of its average; None if none is kept.
    average_dtype: np.dtype[Any] | None


class Rows(NamedTuple):
    """A parameter whose gradients may be of single rows."""

    #: What becomes of rows without a gradient.
    mode: RowMode
    #: The shape that the parameter must keep.
    shape: tuple[int, ...]


@dataclass(slots=True, eq=False)
class Parameter(BoundArray):
    """One parameter: the user's array, and all that is settled about it at construction."""

    #: Its place among all parameters.
    index: int
    #: Keys and positions, joined by dots: ``encoder.w``.
    name: str
    #: The number of its group.
    group: int
    formats: Formats
    #: The array that takes its low-precision copy (``copy_out``).
    copy: BoundArray | None = None
    #: None where gradients are dense.
    rows: Rows | None = None
    #: What updates it.
    formula: Formula = field(init=False)
    #: The shape of the matrices whose rows and columns states are of; None without such states.
    matrix: tuple[int, ...] | None = None

    @property
    def row_mode(self) -> RowMode | None:
        """What becomes of rows without a gradient; None where gradients are dense."""
        return None if self.rows is None else self.rows.mode

    def check_bound(self) -> None:
        """Refuse to go on if the parameter or its copy cannot be updated in place any more."""
        shape = None if self.rows is None else self.rows.shape
        self.check(shape)
        if self.copy is not None:
            self.copy.check(shape)


_UNSETTLED = Formats(StateFormat.FLOAT32, Residue.NONE, None)


class Parameters(Sequence[Parameter]):
    """All parameters of an optimizer, in order.

    Args:
        groups: The groups, each with what is to be its ``"params"``, and how messages name that.
        grouped: They are group dicts of the user's; otherwise the one there is holds all parameters.
        owner: Class of the optimizer, for messages.

    Attributes:
        description: How the parameters nest, as `trees.leaves_like` takes it.
        descriptions: How those of each group do.
    """

    def __init__(self, groups: Sequence[tuple[Any, str]], *, grouped: bool, owner: str) -> None:
        self.grouped = grouped
        self.descriptions: list[trees.Description] = []
        self._records: list[Parameter] = []
        self._numbered = 0  # entries of the groups so far, which number on from one to the next
        self._owner = owner
        for params, path in groups:
            self._take_group(params, path)
        if grouped:
            children = [trees.group_description(child) for child in self.descriptions]
            self.description = trees.Description("sequence", children)
        else:
            self.description = self.descriptions[0]

    def _take_group(self, params: Any, path: str) -> None:
        description, leaves = trees.describe(params, path, self._numbered)
        self._numbered += len(stored(params)) if is_a(params, list | tuple) else 1
        leaves.reverse()
        while leaves:
            leaf = leaves.pop()  # its memory is free for the records of others
            check_leaf(leaf.array, f"params{leaf.path}", self._owner)
            check_array(leaf.array, f"params{leaf.path}", writable=True)
            array = leaf.array
            self._records.append(
                Parameter(
                    array=array,
                    path=f"params{leaf.path}",
                    dtype=array.dtype,
                    address=address(array),
                    size=array.size,
                    index=len(self._records),
                    name=leaf.name,
                    group=len(self.descriptions),
                    formats=_UNSETTLED,
                )
            )
        self.descriptions.append(description)

    def settle(self, formats: FormatOptions, average: Average | None, copy_out: Any, sparse: Any) -> None:
        """Give each parameter its formats, its average, its copy and its row mode.

        Raises:
            TypeError: An option of the wrong type.
            ValueError: One that does not fit the parameters, or arrays that share memory.
        """
        trees.check_names(self._records)
        if not self._records:
            raise ValueError("params: expected at least one array, got none")
        for parameter, copy in zip(self._records, check_copies(copy_out, self.description, self._records), strict=True):
            if copy is not None:
                path = parameter.path.replace("params", "copy_out", 1)
                parameter.copy = BoundArray(copy, path, copy.dtype, address(copy), copy.size)
        for index, mode in check_sparse(sparse, self._records).items():
            parameter = self._records[index]
            parameter.rows = Rows(mode, parameter.array.shape)
        if any_overlap(self.arrays()):
            check_overlap([(parameter.path, parameter.array) for parameter in self._records] + self.named_copies())
        shared: dict[np.dtype[Any], Formats] = {}
        for parameter in self._records:
            if parameter.dtype not in shared:
                chosen = formats.of(parameter.dtype, parameter.path)
                kept = None if average is None else average.array_dtype(parameter.dtype)
                shared[parameter.dtype] = Formats(*chosen, kept)
            parameter.formats = shared[parameter.dtype]

    @overload
    def __getitem__(self, index: int) -> Parameter: ...
    @overload
    def __getitem__(self, index: slice) -> list[Parameter]: ...
    def __getitem__(self, index: int | slice) -> Parameter | list[Parameter]:
        return self._records[index]

    def __len__(self) -> int:
        return len(self._records)

    def __iter__(self) -> Iterator[Parameter]:
        return iter(self._records)

    def copied(self) -> Iterator[tuple[Parameter, Array]]:
        """Yield each parameter that has a low-precision copy, with that."""
        return ((parameter, parameter.copy.array) for parameter in self._records if parameter.copy is not None)

    def by_row(self) -> Iterator[Parameter]:
        """Yield the parameters whose gradients may be of single rows."""
        return (parameter for parameter in self._records if parameter.row_mode is not None)

    def arrays(self) -> Iterator[Array]:
        """Yield all arrays of the user's that steps write to: parameters, then copies."""
        return itertools.chain((p.array for p in self._records), (copy for _, copy in self.copied()))

    def named_copies(self) -> list[tuple[str, Array]]:
        """Return path and array of each copy."""
        return [
            (parameter.copy.path, parameter.copy.array) for parameter in self._records if parameter.copy is not None
        ]

    def check_kept(self, groups: Sequence[Mapping[str, Any]]) -> None:
        """Refuse containers that hold other arrays now than those that the optimizer updates.

        Args:
            groups: The optimizer's ``param_groups``.

        Raises:
            ValueError: Naming the place.
        """
        records = iter(self._records)
        for i, (group, description) in enumerate(zip(groups, self.descriptions, strict=False)):  # they may change
            path = f"param_groups[{i}]['params']" if self.grouped else "params"
            try:
                leaves = list(trees.leaves_like(description, group.get("params"), path))
            except (TypeError, ValueError):
                raise ValueError(
                    f"{path}: no longer holds the parameters that this optimizer was made with, nested as they were; "
                    "make a new optimizer"
                ) from None
            for (found_path, found), parameter in zip(leaves, records, strict=False):
                array = parameter.array
                same = type(found) in (np.ndarray, np.memmap) and address(found) == parameter.address
                if found is not array and not (same and found.size == array.size and found.dtype == array.dtype):
                    raise ValueError(
                        f"{found_path}: is another array now than the one that this optimizer updates; write the "
                        "values into that one (array[...] = values), or make a new optimizer"
                    )


def read_groups(params: Any, hyperparameters: Sequence[str], settings: frozenset[str]) -> list[dict[str, Any]] | None:
    """Return the group dicts that an optimizer was given; None if it was given parameters without groups.

    Args:
        params: What it was given.
        hyperparameters: Names of its hyperparameters.
        settings: Names of all that any optimizer can be told.

    Raises:
        TypeError: Neither the one nor the other.
    """
    groups = trees.split_groups(params, hyperparameters)
    if groups is None:
        several = is_a(params, list | tuple)
        for i, item in enumerate(stored(params) if several else [params]):
            refuse_group_without_params(item, f"params[{i}]" if several else "params", settings)
    return groups
