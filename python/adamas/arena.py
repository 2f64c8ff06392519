"""A whole model in one piece of memory: parameters, gradients and the optimizer's states, with views by name."""

from __future__ import annotations

import itertools
import math
import mmap
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from adamas._inputs import trees
from adamas._inputs.arrays import check_array
from adamas._inputs.hyperparameters import check_flag
from adamas._inputs.values import counted, shown
from adamas._types import Array

_LINE = 64
_PAGE = 4096
#: Where gradients and states begin, seen from parameters: in the page, and, from a size on, in the power of two by
#: which states are apart, too (cpp/bindings/memory.hpp). A processor may take addresses that agree in their lowest 12
#: bits for one another, and its caches have few places for those that agree in more; arrays that are read in step
#: should not.
_PLACE_OF_GRADS = 36 * _PAGE + 832
_PLACE_OF_STATES = 72 * _PAGE + 1664
_LARGE = 2 << 20
_LARGEST_PERIOD = 1 << 20
#: Memory that is never touched need not be there (`mmap.MAP_NORESERVE`, which older Pythons do not name).
_NO_RESERVE = 0x4000 if sys.platform == "linux" else 0
#: Elements of one parameter.
_MOST = 1 << 56
#: From this size on, huge pages are asked for.
_HUGE = 4 << 20


class Arena:
    """One allocation for a model: contiguous, aligned to 64 bytes, in huge pages where the system has them.

    The whole model, or all of its parameters, can be sent, saved or mapped at once. In a file, it may be larger than
    memory: the system keeps the part of it in memory that a step is at.

    Args:
        params: Arrays, nested as an optimizer takes them, whose values are copied; or shapes in the same nesting, for
            arrays of zeros.
        dtype: The dtype of parameters that are given by their shapes.
        grads: Make gradients, too. True or False.
        optimizer: A function that makes the optimizer, such as ``functools.partial(adamas.AdamW, lr=1e-3)``. It is
            called with the parameters and with the keyword ``state_memory``, which puts the states here. None: no
            optimizer.
        path: Path of a file, which is made, and which the arena is mapped to. None: anonymous memory.

    Attributes:
        params: The parameters, nested as they were given.
        grads: The gradients, nested as the parameters are; zeros at first. None without gradients.
        optimizer: What ``optimizer`` made; None without one.
        buffer: All of the memory, bytes.
        flat_params: The parameters as one array of one dimension, if they have one dtype, or else bytes. (Each
            parameter begins at a multiple of 64 bytes; zeros lie between.)
        flat_grads: The gradients as one array of one dimension, if they have one dtype, or else bytes. None without
            gradients.

    Raises:
        TypeError: Neither arrays nor shapes.
        ValueError: An array that cannot be a parameter, or an optimizer that does not pass ``state_memory`` on.
        FileExistsError: There is such a file already.

    Examples:
        >>> arena = Arena({"w": (20, 10), "b": (10,)}, optimizer=adamas.AdamW)
        >>> arena.grads["w"][...] = 1.0
        >>> arena.optimizer.step(arena.grads).updated
        2
    """

    def __init__(
        self,
        params: Any,
        *,
        dtype: Any = np.float32,
        grads: bool = True,
        optimizer: Callable[..., Any] | None = None,
        path: str | os.PathLike[str] | None = None,
    ) -> None:
        if optimizer is not None and not callable(optimizer):
            raise TypeError(f"optimizer: expected a callable that makes one, got {shown(optimizer)}")
        if path is not None and not isinstance(path, str | os.PathLike):
            raise TypeError(f"path: expected a path or None, got {shown(path)}")
        check_flag(grads, "grads")
        self._path = path
        blueprint = Blueprint(params, dtype)
        size = blueprint.size
        period = _period(size)
        first_grad = _next(size, _PLACE_OF_GRADS, period)
        first_state = _next(first_grad + size if grads else size, _PLACE_OF_STATES, period)

        states = 0
        if optimizer is not None:
            untouched = mmap.mmap(-1, max(size, 1), flags=mmap.MAP_SHARED | mmap.MAP_ANONYMOUS | _NO_RESERVE)
            states = _state_bytes(optimizer, blueprint.views(np.frombuffer(untouched, np.uint8)))
        self._memory = _allocate(first_state + states, path)
        try:
            self.buffer: Array = np.frombuffer(self._memory, np.uint8)
            self.params = blueprint.views(self.buffer)
            self.flat_params = blueprint.flat(self.buffer)
            self.grads: Any = blueprint.views(self.buffer[first_grad:]) if grads else None
            self.flat_grads: Any = blueprint.flat(self.buffer[first_grad:]) if grads else None
            self._elements = blueprint.fill(self.params)
            self.optimizer: Any = None
            if optimizer is not None:
                self.optimizer = optimizer(self.params, state_memory=lambda _: self.buffer[first_state:])
        except BaseException:
            if path is not None:
                Path(path).unlink()
            raise

    def __repr__(self) -> str:
        parts = [self._elements, "gradients" if self.grads is not None else "no gradients"]
        if self.optimizer is not None:
            parts.append(f"the states of {type(self.optimizer).__name__}")
        where = "in memory" if self._path is None else f"in {str(self._path)!r}"
        return f"Arena({', '.join(parts)}; {len(self.buffer):,} bytes {where})"

    def flush(self) -> None:
        """Write what has changed to the file, if the arena is in one.

        Raises:
            OSError: The file cannot be written.
        """
        self._memory.flush()


class Blueprint:
    """The layout of a model's memory: each array begins at a cache line.

    Args:
        params: Arrays or shapes, nested as an optimizer takes them.
        dtype: The dtype of parameters that are given by their shapes.

    Attributes:
        size: Bytes of all arrays.
        specs: What each of them is to be.
        places: Where it begins, in bytes.

    Raises:
        TypeError: Neither arrays nor shapes, or no dtype.
        ValueError: There are none, or one cannot be a parameter.
    """

    def __init__(self, params: Any, dtype: Any) -> None:
        try:
            number = np.dtype(dtype)
        except TypeError as error:
            raise TypeError(f"dtype: {error}") from error
        self._model = _specs(params, number, "params", 0)
        leaves = trees.describe(self._model)[1]
        if not leaves:
            raise ValueError("params: expected at least one array or shape, got none")
        self.specs: list[_Spec] = [leaf.array for leaf in leaves]
        *self.places, self.size = itertools.accumulate(
            (_round_up(spec.nbytes, _LINE) for spec in self.specs), initial=0
        )

    def views(self, memory: Array) -> Any:
        """Return arrays over the beginning of ``memory``, nested as the parameters are."""
        arrays = (
            memory[place : place + spec.nbytes].view(spec.dtype).reshape(spec.shape)
            for place, spec in zip(self.places, self.specs, strict=True)
        )
        return _rebuilt(self._model, arrays)

    def flat(self, memory: Array) -> Array:
        """Return all of them as one array of one dimension, if they have one dtype, or else bytes."""
        dtypes = {spec.dtype for spec in self.specs}
        part = memory[: self.size]
        return part.view(dtypes.pop()) if len(dtypes) == 1 else part

    def fill(self, arrays: Any) -> str:
        """Copy the values that were given into ``arrays``, views of this blueprint; say how much that is."""
        made = trees.describe(arrays)[1]
        for leaf, spec in zip(made, self.specs, strict=True):
            if spec.values is not None:
                np.copyto(leaf.array, spec.values)
        return counted(leaf.array for leaf in made)


@dataclass(frozen=True)
class _Spec:
    """The shape, dtype and initial values of a parameter."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    values: Array | None

    @property
    def nbytes(self) -> int:
        return math.prod(self.shape) * self.dtype.itemsize


def _specs(tree: Any, dtype: np.dtype[Any], path: str, depth: int) -> Any:
    """Return the tree with what each array or shape asks for in its place."""
    if depth > trees.MAX_DEPTH:
        raise ValueError(f"{path[:60]}...: nested more than {trees.MAX_DEPTH} levels deep; does it contain itself?")
    if isinstance(tree, Mapping):
        return {key: _specs(child, dtype, f"{path}[{key!r}]", depth + 1) for key, child in tree.items()}
    if isinstance(tree, list | tuple):
        if tree == ():
            raise ValueError(f"{path}: expected a shape of one dimension or more, got (); write (1,)")
        if not tree or not all(isinstance(length, int | np.integer) for length in tree):
            return [_specs(child, dtype, f"{path}[{i}]", depth + 1) for i, child in enumerate(tree)]
        if min(tree) < 0:
            raise ValueError(f"{path}: expected lengths >= 0, got {tree!r}")
        if math.prod(map(int, tree)) > _MOST:
            raise ValueError(f"{path}: expected at most {_MOST} elements, got {tree!r}")
        check_array(np.empty(1, dtype), path, writable=False)
        return _Spec(tuple(map(int, tree)), dtype, None)
    array = check_array(tree, path, writable=False)
    return _Spec(array.shape, array.dtype, array)


def _rebuilt(tree: Any, arrays: Iterator[Array]) -> Any:
    """Return the tree with other arrays."""
    if isinstance(tree, Mapping):
        return {key: _rebuilt(child, arrays) for key, child in tree.items()}
    if isinstance(tree, list | tuple):
        return [_rebuilt(child, arrays) for child in tree]
    return next(arrays)


def _round_up(value: int, unit: int) -> int:
    return -(-value // unit) * unit


def _period(nbytes: int) -> int:
    """Return a power of two: arrays of so many bytes should not begin near a multiple of it from one another."""
    return _PAGE if nbytes < _LARGE else min(_LARGEST_PERIOD, 1 << (nbytes // 32).bit_length())


def _next(place: int, wanted: int, period: int) -> int:
    """Return the first place from ``place`` on that lies there in its period."""
    return place + (wanted - place) % period


def _state_bytes(optimizer: Callable[..., Any], model: Any) -> int:
    """Find out how much memory the optimizer takes, without taking it."""

    class Asked(Exception):  # noqa: N818
        """The optimizer has asked for its memory."""

    needed = 0

    def ask(nbytes: int) -> Array:
        nonlocal needed
        needed = nbytes
        raise Asked

    try:
        optimizer(model, state_memory=ask)
    except Asked:
        return needed
    raise ValueError(
        "optimizer: expected it to pass its keyword state_memory on to an optimizer, which did not ask for it"
    )


def _allocate(size: int, path: str | os.PathLike[str] | None) -> mmap.mmap:
    if path is not None:
        with Path(path).open("xb+") as file:
            try:
                file.truncate(size)
                return mmap.mmap(file.fileno(), size)
            except BaseException:
                Path(path).unlink()
                raise
    memory = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    if size >= _HUGE and hasattr(mmap, "MADV_HUGEPAGE"):
        memory.madvise(mmap.MADV_HUGEPAGE)
    np.frombuffer(memory, np.uint8).fill(0)  # so that no step has to wait for the system to find the memory
    return memory
