"""Arrays as Flower sends them: the bytes of ``numpy.save``, read without a copy and written with one."""

from __future__ import annotations

import functools
import io
import math
import struct
from collections.abc import Mapping
from typing import Any

import numpy as np

from adamas.adapters import Array

_MAGIC = b"\x93NUMPY"
#: Of the length of the header, by the major version of the format.
_LENGTHS = {1: "<H", 2: "<I", 3: "<I"}
#: Kinds of dtypes that a model may have, beside floats: whole numbers and flags.
_WHOLE = "iub"


def header_of(dtype: np.dtype[Any], shape: tuple[int, ...]) -> bytes:
    """Return what ``numpy.save`` writes before the elements of an array in C order."""
    file = io.BytesIO()
    fields = {"descr": np.lib.format.dtype_to_descr(dtype), "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(file, fields)
    return file.getvalue()


def pack(array: Array, header: bytes) -> bytes:
    """Return the bytes of an array in C order behind its header."""
    return b"".join((header, array.data)) if array.size else header


def unpack(data: Any) -> Array:
    """Return the array that bytes hold, as a read-only view of them.

    Raises:
        ValueError: They are not those of one whole array of numbers.
    """
    if not isinstance(data, bytes):
        raise ValueError(f"expected bytes, got {type(data).__name__}")
    if data[:6] != _MAGIC or len(data) < 12 or data[6] not in _LENGTHS:
        raise ValueError(
            "expected the bytes that numpy.save writes for one array; sparse or compressed arrays have to be made "
            "plain arrays before they are sent"
        )
    length = _LENGTHS[data[6]]
    end = 8 + struct.calcsize(length) + struct.unpack_from(length, data, 8)[0]
    try:
        shape, in_columns, dtype = _parse(data[:end])
    except Exception as error:  # of whatever kind: NumPy parses a header as Python
        raise ValueError(f"expected the bytes that numpy.save writes, but their header is damaged ({error})") from None
    if dtype.hasobject:
        raise ValueError("expected an array of numbers, got one of Python objects")
    size = math.prod(shape)
    if min(shape, default=0) < 0 or len(data) - end != size * dtype.itemsize:
        raise ValueError(
            f"expected {size * dtype.itemsize} bytes for {dtype} {shape}, got {len(data) - end}: the array is cut off "
            "or damaged"
        )
    flat = np.frombuffer(data, dtype, size, end) if size else np.empty(0, dtype)
    return flat.reshape(shape, order="F" if in_columns else "C")


def packed(model: Mapping[str, Array]) -> dict[str, bytes]:
    """Return the bytes of a model's arrays, as ``numpy.save`` writes them in C order."""
    # What makes an array contiguous makes one dimension of none.
    plain = {name: np.ascontiguousarray(array).reshape(array.shape) for name, array in model.items()}
    return {name: pack(array, header_of(array.dtype, array.shape)) for name, array in plain.items()}


def views(data: Mapping[str, bytes]) -> dict[str, Array]:
    """Return a model's arrays: read-only views of its bytes."""
    return {name: unpack(each) for name, each in data.items()}


@functools.lru_cache(4096)
def _parse(header: bytes) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    file = io.BytesIO(header)
    version = np.lib.format.read_magic(file)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, in_columns, dtype = read(file)
    return shape, in_columns, dtype


def check_dtype(dtype: np.dtype[Any], path: str) -> None:
    """Refuse a dtype that models here cannot have.

    Raises:
        TypeError: Naming the array.
    """
    if dtype.kind in _WHOLE and dtype.isnative:
        return
    if dtype.name not in ("float64", "float32", "float16") or not dtype.isnative:
        raise TypeError(
            f"{path}: expected float32, float64, float16 or whole numbers, in the byte order of this machine, got "
            f"{dtype.str if dtype.name != 'object' else 'Python objects'}"
        )
