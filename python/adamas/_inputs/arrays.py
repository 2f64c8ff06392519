"""Checks of arrays, and the error messages for arrays that do not fit.

The compiled core asks the same questions faster (``cpp/bindings/arrays.cpp``) and comes here when an answer is no.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from adamas._inputs.values import is_a, type_name
from adamas._numerics.formats import is_bfloat16
from adamas._types import Array

_DTYPES = (np.dtype(np.float32), np.dtype(np.float64), np.dtype(np.float16))


def check_array(array: Any, path: str, *, writable: bool) -> Array:
    """Return ``array`` if it can be read, or with ``writable`` updated, in place.

    Raises:
        TypeError: Not a plain NumPy array, or not of a floating-point dtype in native byte order.
        ValueError: Zero-dimensional, not C-contiguous, misaligned or read-only.
    """
    _check_type(array, path)
    _check_dtype(array, path)
    if array.ndim == 0:
        raise ValueError(
            f"{path}: expected an array of one dimension or more, got a 0-dimensional one; give it the shape (1,)"
        )
    if not array.flags.c_contiguous:
        layout = "Fortran-ordered" if array.flags.f_contiguous else f"strided (strides {array.strides})"
        advice = (
            "make the parameter itself contiguous (numpy.ascontiguousarray) before the optimizer is made"
            if writable
            else "pass numpy.ascontiguousarray of it"
        )
        raise ValueError(f"{path}: expected a C-contiguous array, got a {layout} one of shape {array.shape}; {advice}")
    if not array.flags.aligned:
        raise ValueError(f"{path}: expected an array aligned to its element size of {array.itemsize} bytes; copy it")
    if writable and not array.flags.writeable:
        raise ValueError(
            f"{path}: expected a writeable array, got a read-only one; it is updated in place: pass a writeable copy"
        )
    return array  # type: ignore[no-any-return]


def _check_type(array: Any, path: str) -> None:
    if type(array) in (np.ndarray, np.memmap):
        return
    if is_a(array, np.ndarray):
        advice = "pass the plain array (numpy.asarray or its .data): a subclass may give elements another meaning"
    elif is_a(array, np.generic):
        advice = "keep it an array: sum or average with keepdims=True, or give it the shape (1,)"
    elif hasattr(type(array), "__array__"):
        advice = "make it a NumPy array first; numpy.asarray shares the memory of most CPU tensors"
    else:
        advice = "make it a NumPy array first"
    raise TypeError(f"{path}: expected a numpy.ndarray, got {type_name(array)}; {advice}")


def _check_dtype(array: Array, path: str) -> None:
    if is_bfloat16(array.dtype):
        return
    if array.dtype.kind != "f" or array.dtype.newbyteorder("=") not in _DTYPES:
        advice = ""
        if array.dtype in (np.uint16, np.int16):
            advice = "; if these are the bits of bfloat16 numbers, pass .view(ml_dtypes.bfloat16)"
        raise TypeError(f"{path}: expected dtype float32, float64, float16 or bfloat16, got {array.dtype}{advice}")
    if not array.dtype.isnative:
        raise TypeError(
            f"{path}: expected native byte order, got {array.dtype.str!r}; "
            f"convert it with .astype({array.dtype.newbyteorder('=').name!r})"
        )


def copy_gradient(grad: Any, param: Array, kept: Array | None) -> Array | None:
    """Return a copy of a gradient that can be read beside a parameter.

    Args:
        grad: Of the parameter's shape and any dtype that gradients have, in any layout; or a scalar of NumPy or a
            0-dimensional array, if the parameter has one element.
        param: The parameter.
        kept: An earlier copy, which is used again if it fits.

    Returns:
        The copy; None if something else than the layout of ``grad`` is wrong.
    """
    if type(grad) not in (np.ndarray, np.memmap) and not is_a(grad, np.generic):
        return None
    is_number = grad.ndim == 0 and param.size == 1
    dtype = grad.dtype
    if not (grad.shape == param.shape or is_number) or not (dtype in _DTYPES or is_bfloat16(dtype)):
        return None
    if kept is None or kept.dtype != dtype or kept.shape != param.shape:
        kept = np.empty(param.shape, dtype)
    kept[...] = grad
    return kept


def readable(grad: Any, param: Array) -> Any:
    """Return a gradient as an engine can read it: copied, if its layout asks for that, and nothing else is wrong."""
    flags = grad.flags if is_a(grad, np.ndarray) else None
    if flags is not None and grad.ndim and flags.c_contiguous and flags.aligned:
        return grad
    copy = copy_gradient(grad, param, None)
    return grad if copy is None else copy


def check_like(
    array: Any, path: str, param: Array, param_path: str, *, writable: bool = False, same_dtype: bool = True
) -> Array:
    """Return ``array`` if it can be read beside ``param``: as `check_array`, and of its shape and, mostly, dtype."""
    checked = check_array(array, path, writable=writable)
    if same_dtype and checked.dtype != param.dtype:
        raise TypeError(f"{path}: expected dtype {param.dtype}, that of {param_path}, got {checked.dtype}")
    if checked.shape != param.shape:
        raise ValueError(f"{path}: expected shape {param.shape}, that of {param_path}, got {checked.shape}")
    return checked


def check_state_memory(memory: Any, nbytes: int) -> Array:
    """Return what a ``state_memory`` gave, if it can be used."""
    fits = isinstance(memory, np.ndarray) and memory.dtype == np.uint8 and memory.shape == (nbytes,)
    if not (fits and memory.flags.c_contiguous and memory.flags.writeable and address(memory) % 64 == 0):
        raise ValueError(
            "state_memory: expected it to return a writeable, contiguous array of dtype uint8 and length "
            f"{nbytes}, which begins at a multiple of 64 bytes"
        )
    return memory  # type: ignore[no-any-return]


def address(array: Array) -> int:
    """Address of the first element."""
    return array.ctypes.data or 0  # __array_interface__ takes some memory for each array, for good


def any_overlap(arrays: Iterable[Array]) -> bool:
    """Tell whether two of the arrays, which are contiguous, share memory."""
    pairs = ((address(array), array.nbytes) for array in arrays if array.nbytes > 0)
    begins, sizes = np.fromiter(itertools.chain.from_iterable(pairs), np.uint64).reshape(-1, 2).T
    order = np.argsort(begins)
    return bool((begins[order][1:] < (begins + sizes)[order][:-1]).any())


def check_overlap(arrays: Sequence[tuple[str, Array]]) -> None:
    """Refuse arrays of which two share memory.

    Args:
        arrays: Path and array, contiguous, each.

    Raises:
        ValueError: Naming the two.
    """
    extents = sorted(
        (address(array), array.nbytes, path, i) for i, (path, array) in enumerate(arrays) if array.nbytes > 0
    )
    overlaps = [
        (max(i, next_i), next_path, path)
        for (begin, nbytes, path, i), (next_begin, _, next_path, next_i) in itertools.pairwise(extents)
        if next_begin < begin + nbytes
    ]
    if overlaps:  # of several the first, wherever they lie
        _, path, other = min(overlaps)
        raise ValueError(f"{path} shares memory with {other}: each array must have memory of its own; copy one")
