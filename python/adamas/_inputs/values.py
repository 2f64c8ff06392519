"""Inspection of user values: their true types and numbers, even if an object lies about itself."""

from __future__ import annotations

import math
import operator
from collections.abc import Iterable, Sequence
from typing import Any, Protocol

import numpy as np

#: Words in the names of dtypes, of whatever framework, whose elements are no real numbers.
_NOT_REAL = ("bool", "complex", "str")


#: Types of values that are no real numbers, though some can be made floats.
_NO_REAL = (bool, complex, str, bytes)


class DType(Protocol):
    """A dtype of NumPy's or PyTorch's."""

    @property
    def itemsize(self) -> int: ...


def is_a(value: Any, kind: Any) -> bool:
    """Tell whether a value is of a class; `isinstance` believes what the value's ``__class__`` says."""
    return issubclass(type(value), kind)


def stored(sequence: list[Any] | tuple[Any, ...]) -> list[Any]:
    """Return the entries of a list or tuple as they are stored, whatever a subclass says."""
    return [*(list.__iter__(sequence) if is_a(sequence, list) else tuple.__iter__(sequence))]  # type: ignore[arg-type]


def as_real(value: Any) -> float | None:
    """Return the number that a value is, as a float: NaN if no float is near it; None if it is not one real number.

    Python's and NumPy's numbers are such values, those of `fractions`, `decimal` and ml_dtypes, and arrays and tensors
    without dimensions. Flags, texts, complex numbers and times are not, nor is an array of one dimension or more. Of a
    subclass of float or int it is the number that is stored, whatever the subclass says. The compiled core calls this
    for what is neither float nor int.

    Args:
        value: The value.
    """
    if is_a(value, float):
        return float.__float__(value)
    is_int = is_a(value, int)
    if is_a(value, _NO_REAL) or not (is_int or (hasattr(type(value), "__float__") and _is_one_number(value))):
        return None
    try:
        return int.__float__(value) if is_int else float(value)
    except (OverflowError, ValueError):
        return math.nan
    except TypeError:
        return None


def _is_one_number(value: Any) -> bool:
    """Tell whether an array or scalar with a dtype has no dimensions, and holds a real number; anything else does."""
    try:
        if tuple(getattr(value, "shape", ())) != ():
            return False
    except TypeError:
        return False
    dtype = getattr(value, "dtype", None)
    if isinstance(dtype, np.dtype):
        return dtype.kind in "fiu" or dtype.type.__module__ == "ml_dtypes"
    return not any(word in str(dtype) for word in _NOT_REAL)


def as_index(value: Any) -> int | None:
    """Return the whole number that a value of an integer type is, as an int; None for any other value."""
    if as_real(value) is None:
        return None
    try:
        return int.__int__(operator.index(value))
    except TypeError:
        return None


def dtype_name(value: Any) -> Any:
    """Return the name of a dtype of NumPy, ml_dtypes, JAX or PyTorch, and everything else as it is.

    Args:
        value: The value.
    """
    if type(value).__module__ == "torch" and type(value).__name__ == "dtype":
        return str(value).removeprefix("torch.")
    if not isinstance(value, np.dtype | type):
        return value
    try:
        dtype = np.dtype(value)
    except Exception:
        return value
    return dtype.name if dtype.isnative else value


def any_of(choices: Sequence[Any]) -> str:
    """Name what a user may choose from: ``1, 'b' or 'c'``."""
    return f"{', '.join(map(repr, choices[:-1]))} or {choices[-1]!r}"


def type_name(value: Any) -> str:
    """Name a value's type as a user would: ``numpy.ma.MaskedArray``, ``list``, ``None``.

    Args:
        value: The value.
    """
    if value is None:
        return "None"
    if type(value) is np.ndarray:
        return "numpy.ndarray"
    cls = type(value)
    return cls.__qualname__ if cls.__module__ == "builtins" else f"{cls.__module__}.{cls.__qualname__}"


def counted(arrays: Iterable[np.ndarray[Any, Any]]) -> str:
    """Say how many elements of which dtype there are: ``6 float32 elements in 1 array``."""
    sizes: dict[str, list[int]] = {}
    for array in arrays:
        sizes.setdefault(array.dtype.name, []).append(array.size)
    return ", ".join(
        f"{sum(s):,} {dtype} elements in {len(s)} array{'s' if len(s) > 1 else ''}" for dtype, s in sizes.items()
    )


def shown(value: Any) -> str:
    """Show a value in a message, briefly; some values cannot even be shown (10**5000).

    Args:
        value: The value.
    """
    try:
        text = repr(value)
    except Exception:
        return f"a value of type {type_name(value)}"
    return text if len(text) <= 80 else f"{text[:76]} ..."
