"""The file format: safetensors, with the description and a checksum of it in its metadata."""

from __future__ import annotations

import json
import math
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from adamas._checks import Array
from adamas._formats import bfloat16
from adamas.checkpoint._document import CheckpointError

__all__ = ["read_safetensors", "write_safetensors"]

_KEY, _CHECKSUM = "adamas", "adamas_crc32"
_DTYPES = {"F64": "f8", "F32": "f4", "F16": "f2", "U8": "u1", "I8": "i1", "U16": "u2", "U32": "u4", "I64": "i8"}
#: Of the header: what safetensors itself allows.
_MOST_HEADER = 100_000_000


def write_safetensors(path: Path, arrays: Mapping[str, Array], text: str) -> None:
    """Write arrays and description to a new file.

    Raises:
        ImportError: The package safetensors is not installed.
        OSError: The disk is full, or cannot be written to.
    """
    safetensors = _library()
    metadata = {_KEY: text, _CHECKSUM: f"{zlib.crc32(text.encode()):08x}", "format": "np"}
    try:
        safetensors.numpy.save_file(dict(arrays), path, metadata)
    except safetensors.SafetensorError as error:  # so it reports a full disk
        raise OSError(f"{path}: {error}") from error


def read_safetensors(path: Path) -> tuple[str, dict[str, Array]]:
    """Return the description and the arrays, which are mapped into memory, not read.

    Raises:
        CheckpointError: It is no such file, or is damaged.
        ImportError: The package safetensors is not installed.
    """
    safetensors = _library()
    header, begin = _header(path)
    try:
        with safetensors.safe_open(path, framework="np") as file:
            file.keys()
    except safetensors.SafetensorError as error:
        raise CheckpointError(f"{path}: is not a safetensors file, or is damaged ({error})") from None
    metadata = header.pop("__metadata__", {})
    text, checksum = metadata.get(_KEY), metadata.get(_CHECKSUM)
    if not isinstance(text, str):
        raise CheckpointError(f"{path}: is a safetensors file, but not a checkpoint of adamas")
    if f"{zlib.crc32(text.encode()):08x}" != checksum:
        raise CheckpointError(f"{path}: is damaged: its description does not have the checksum that it names")
    mapped = np.memmap(path, np.uint8, "r")
    return text, {name: _array(mapped, begin, name, entry, path) for name, entry in header.items()}


def _library() -> Any:
    try:
        import safetensors  # noqa: PLC0415 (an extra)
        import safetensors.numpy  # noqa: PLC0415
    except ImportError as error:
        raise ImportError(
            "checkpoints need the package safetensors; install it with: pip install 'adamas[checkpoint]' "
            "(or save to a path that ends in .npz)"
        ) from error
    return safetensors


def _header(path: Path) -> tuple[dict[str, Any], int]:
    """Return the header, and where in the file arrays begin.

    The library finds out whether it is in order, but for names that it has twice, of which it takes the last.
    """
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if not 2 <= length <= min(_MOST_HEADER, path.stat().st_size):
            raise CheckpointError(f"{path}: is not a safetensors file, or is damaged (a header of {length} bytes)")
        try:
            header = json.loads(file.read(length).decode(), object_pairs_hook=_without_twins)
        except (ValueError, RecursionError) as error:
            raise CheckpointError(f"{path}: is not a safetensors file, or is damaged ({error})") from None
    if not isinstance(header, dict):
        raise CheckpointError(f"{path}: is not a safetensors file, or is damaged (its header is no object)")
    return header, 8 + length


def _without_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise ValueError("a name stands there twice")
    return fields


def _array(mapped: Array, begin: int, name: str, entry: Mapping[str, Any], path: Path) -> Array:
    code, shape, (first, last) = entry["dtype"], tuple(entry["shape"]), entry["data_offsets"]
    if code != "BF16" and code not in _DTYPES:
        raise CheckpointError(f"{path}: {name}: has a dtype that checkpoints do not have, {code}")
    dtype = bfloat16() if code == "BF16" else np.dtype("<" + _DTYPES[code])
    values = mapped[begin + first : begin + last]
    if values.nbytes != dtype.itemsize * math.prod(shape):
        raise CheckpointError(f"{path}: {name}: is damaged")
    if values.ctypes.data % dtype.itemsize != 0:
        values = np.copy(values)
    array: Array = values.view(np.ndarray).view(dtype).reshape(shape)
    return array
