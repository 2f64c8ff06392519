"""Checkpoints in the safetensors format, with the description and its checksum in the metadata."""

from __future__ import annotations

import json
import math
import os
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from adamas._numerics.formats import bfloat16, is_bfloat16
from adamas._system.worker_thread import background_threads
from adamas._types import Array
from adamas.checkpoint._checksums import bytes_of, checksums
from adamas.checkpoint._document import CheckpointError
from adamas.checkpoint._stream import stream

__all__ = ["header_of", "in_order", "longest_text", "read_safetensors", "write_safetensors"]

_KEY, _CHECKSUM = "adamas", "adamas_crc32"
#: In the order in which safetensors lays out arrays, which is by name among those of one dtype.
_DTYPES = {
    "I64": "i8", "F64": "f8", "F32": "f4", "U32": "u4", "BF16": "", "F16": "f2", "U16": "u2", "I8": "i1", "U8": "u1",
}  # fmt: skip
_CODES = {code: name for name, code in _DTYPES.items()}
_LARGEST_CHECKSUM = 0xFFFFFFFF
#: Of the header: what safetensors itself allows.
_MOST_HEADER = 100_000_000
#: Of an array: what NumPy allows.
_MOST_DIMENSIONS = 32


def write_safetensors(path: Path, arrays: Mapping[str, Array], describe: Callable[[Mapping[str, int]], str]) -> None:
    """Write arrays, and the description of them that `describe` makes from their checksums, to a new file.

    The header comes first, and what it says of the arrays is known last: it is written once more then. Until then the
    description is the longest that it can become; spaces fill what is left of that.

    Raises:
        OSError: The disk is full, or cannot be written to.
        ValueError: There are more arrays than fit into a header.
    """
    ordered = in_order(arrays)
    longest = longest_text(arrays, describe)
    header = header_of(ordered, longest)
    with stream(path) as file, background_threads() as other:
        found = other.submit(lambda: checksums(arrays))
        file.append(np.frombuffer(header, np.uint8))
        for array in ordered.values():
            file.append(bytes_of(array))
        text = describe(found.result()).ljust(len(longest))
        file.overwrite_beginning(header_of(ordered, text))


def in_order(arrays: Mapping[str, Array]) -> dict[str, Array]:
    """Return the arrays in the order in which a file has them."""
    order = list(_DTYPES)
    entries = sorted((order.index(_code(array)), name) for name, array in arrays.items())
    return {name: arrays[name] for _, name in entries}


def longest_text(arrays: Mapping[str, Array], describe: Callable[[Mapping[str, int]], str]) -> str:
    """Return the longest that the description of arrays can become."""
    return describe(dict.fromkeys(arrays, _LARGEST_CHECKSUM))


def header_of(arrays: Mapping[str, Array], text: str) -> bytes:
    """Return all that comes before the arrays, which follow in the order in which they are given."""
    fields: dict[str, Any] = {"__metadata__": {_KEY: text, _CHECKSUM: _text_checksum(text), "format": "np"}}
    end = 0
    for name, array in arrays.items():
        offsets = [end, end + array.nbytes]
        fields[name] = {"dtype": _code(array), "shape": list(array.shape), "data_offsets": offsets}
        end = offsets[1]
    content = json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode()
    content += b" " * (-len(content) % 8)
    if len(content) > _MOST_HEADER:
        raise ValueError(
            f"the description of the arrays takes {len(content):,} bytes, and safetensors files allow at most "
            f"{_MOST_HEADER:,}; save to a path that ends in .npz"
        )
    return len(content).to_bytes(8, "little") + content


def _code(array: Array) -> str:
    """Return what safetensors calls a dtype."""
    return "BF16" if is_bfloat16(array.dtype) else _CODES[array.dtype.str[1:]]


def _text_checksum(text: str) -> str:
    return f"{zlib.crc32(text.encode(errors='replace')):08x}"


def read_safetensors(path: Path) -> tuple[str, dict[str, Array]]:
    """Return the description and the arrays, which are mapped into memory, not read.

    The file is opened once: another one may take its place meanwhile.

    Raises:
        CheckpointError: It is no such file, or is damaged.
    """
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(0)
        length = int.from_bytes(file.read(8), "little")
        if not 2 <= length <= min(_MOST_HEADER, size - 8):
            raise CheckpointError(f"{path}: is not a safetensors file, or is damaged (a header of {length} bytes)")
        try:
            header = json.loads(file.read(length).decode(), object_pairs_hook=_without_twins)
            metadata = header.pop("__metadata__", {})
            spans = [_span(name, entry) for name, entry in header.items()]
            _check_layout(sorted(spans), size - 8 - length)
            text, checksum = metadata.get(_KEY), metadata.get(_CHECKSUM)
        except (ValueError, RecursionError, AttributeError, TypeError, KeyError) as error:
            raise CheckpointError(f"{path}: is not a safetensors file, or is damaged ({error})") from None
        if not isinstance(text, str):
            raise CheckpointError(f"{path}: is a safetensors file, but not a checkpoint of adamas")
        if _text_checksum(text) != checksum:
            raise CheckpointError(f"{path}: is damaged: its description does not have the checksum that it names")
        if hasattr(os, "posix_fadvise"):  # not everywhere
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_SEQUENTIAL)  # reads further ahead
        mapped: Array = np.memmap(file, np.uint8, "r").view(np.ndarray)
    return text, {name: _array(mapped[8 + length :], entry) for name, entry in header.items()}


def _without_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise ValueError("duplicate name")
    return fields


def _span(name: str, entry: Mapping[str, Any]) -> tuple[int, int]:
    """Return where an array lies, which must be as long as its dtype and shape say."""
    shape, (first, last) = entry["shape"], entry["data_offsets"]
    if entry["dtype"] not in _DTYPES:
        raise ValueError(f"{name}: checkpoints have no arrays of {entry['dtype']}")
    if not all(type(value) is int and 0 <= value < 1 << 62 for value in (*shape, first, last)):
        raise ValueError(f"{name}: shape and offsets are counts")
    if len(shape) > _MOST_DIMENSIONS or last - first != _dtype(entry).itemsize * math.prod(shape):
        raise ValueError(f"{name}: has {last - first} bytes for the shape {shape}")
    return first, last


def _check_layout(spans: list[tuple[int, int]], size: int) -> None:
    """Refuse gaps and overlaps."""
    end = 0
    for first, last in spans:
        if first != end:
            raise ValueError(f"arrays leave a gap or overlap at {first}")
        end = last
    if end != size:
        raise ValueError(f"its arrays have {end} bytes, it has {size}")


def _dtype(entry: Mapping[str, Any]) -> np.dtype[Any]:
    return bfloat16() if entry["dtype"] == "BF16" else np.dtype("<" + _DTYPES[entry["dtype"]])


def _array(data: Array, entry: Mapping[str, Any]) -> Array:
    dtype, (first, last) = _dtype(entry), entry["data_offsets"]
    if math.prod(entry["shape"]) == 0:
        return np.zeros([min(length, 1 << 30) for length in entry["shape"]], dtype)
    values = data[first:last]
    if values.ctypes.data % dtype.itemsize != 0:
        values = np.copy(values)
    array: Array = values.view(dtype).reshape(entry["shape"])
    return array
