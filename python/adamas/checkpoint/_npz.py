"""Checkpoints in NumPy's npz format."""

from __future__ import annotations

import errno
import json
import math
import zipfile
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from adamas._numerics.formats import bfloat16, is_bfloat16
from adamas._types import Array
from adamas.checkpoint._checksums import checksums
from adamas.checkpoint._document import CheckpointError

__all__ = ["read_npz", "write_npz"]

#: A JSON text with the description, and with the names and dtypes of the arrays, whose members are called 0, 1, ...
_TEXT, _CHECKSUM = "adamas", "adamas_crc32"


def write_npz(path: Path, arrays: Mapping[str, Array], describe: Callable[[Mapping[str, int]], str]) -> None:
    """Write arrays, and the description of them that `describe` makes from their checksums, to a new file.

    Raises:
        OSError: The disk is full, or cannot be written to.
    """
    names = [[name, array.dtype.name] for name, array in arrays.items()]
    content = json.dumps({"text": describe(checksums(arrays)), "arrays": names}).encode()
    # NumPy's files have no bfloat16: its arrays are kept as 16-bit words.
    words = [array.view(np.uint16) if is_bfloat16(array.dtype) else array for array in arrays.values()]
    members: dict[str, Any] = {_TEXT: np.frombuffer(content, np.uint8), _CHECKSUM: np.uint32(zlib.crc32(content))}
    members.update((str(i), array) for i, array in enumerate(words))
    with path.open("wb") as file:
        np.savez(file, **members)


def read_npz(path: Path) -> tuple[str, dict[str, Array]]:
    """Return the description and the arrays, which are mapped into memory, not read, and lie there as they may.

    The file is opened once: another one may take its place meanwhile.

    Raises:
        CheckpointError: It is no such file, or is damaged.
    """
    with path.open("rb") as file:
        size = file.seek(0, 2)
        try:
            with zipfile.ZipFile(file) as archive:
                _check_members(archive, size, path)
                return _read(archive, np.memmap(file, np.uint8, "r").view(np.ndarray), path)
        except (CheckpointError, MemoryError):
            raise
        except Exception as error:  # zipfile and NumPy raise a dozen kinds, OSError among them
            if isinstance(error, OSError) and error.errno in (errno.ENOMEM, errno.EIO):
                raise  # which the file is not to blame for
            detail = str(error).splitlines() or [type(error).__name__]
            raise CheckpointError(f"{path}: is not an npz file, or is damaged ({detail[0]})") from None


def _check_members(archive: zipfile.ZipFile, size: int, path: Path) -> None:
    """Refuse what would take more memory than the file has bytes."""
    members = archive.infolist()
    if len({member.filename for member in members}) != len(members):
        raise CheckpointError(f"{path}: is damaged: duplicate name")
    if any(member.compress_type != zipfile.ZIP_STORED for member in members):
        raise CheckpointError(f"{path}: is compressed; checkpoints are written uncompressed")
    if sum(member.file_size for member in members) > size:
        raise CheckpointError(f"{path}: is damaged: its arrays are larger than it is")


def _read(archive: zipfile.ZipFile, mapped: Array, path: Path) -> tuple[str, dict[str, Array]]:
    members = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}
    if _TEXT not in members or _CHECKSUM not in members:
        raise CheckpointError(f"{path}: is an npz file, but not a checkpoint of adamas")
    content = _member(archive, members[_TEXT], mapped).tobytes()
    if zlib.crc32(content) != int(_member(archive, members[_CHECKSUM], mapped)):
        raise CheckpointError(f"{path}: is damaged: its description does not have the checksum that it names")
    described = json.loads(content)
    names = described["arrays"]
    if not all(isinstance(name, str) and isinstance(dtype, str) for name, dtype in names):
        raise ValueError("names and dtypes of its arrays are texts")
    if members.keys() != {_TEXT, _CHECKSUM, *map(str, range(len(names)))}:
        raise CheckpointError(f"{path}: is damaged: it has other arrays than it says")
    arrays = {name: _array(_member(archive, members[str(i)], mapped), dtype) for i, (name, dtype) in enumerate(names)}
    if len(arrays) != len(names):
        raise CheckpointError(f"{path}: is damaged: duplicate name")
    return str(described["text"]), arrays


def _member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, mapped: Array) -> Array:
    """Return the array of a member, of which no more than the header is read."""
    with archive.open(info) as member:
        major, _ = np.lib.format.read_magic(member)
        read_header = np.lib.format.read_array_header_1_0 if major == 1 else np.lib.format.read_array_header_2_0
        shape, fortran_order, dtype = read_header(member)
        begin = member.tell()
    if dtype.hasobject:
        raise ValueError("it holds objects")
    if begin + math.prod(shape) * dtype.itemsize != info.file_size:
        raise ValueError(f"a member of {info.file_size} bytes for the shape {shape}")
    # Before the member come its name and a field of its own, whose lengths stand there.
    lengths = mapped[info.header_offset + 26 : info.header_offset + 30].view("<u2")
    begin += info.header_offset + 30 + int(lengths.sum())
    values = mapped[begin : begin + math.prod(shape) * dtype.itemsize].view(dtype)
    array: Array = values.reshape(shape, order="F" if fortran_order else "C")
    return array


def _array(array: Any, dtype: str) -> Array:
    if not isinstance(array, np.ndarray):
        raise ValueError("a member is no array")
    values = array.view(bfloat16()) if dtype == "bfloat16" else array
    if values.dtype.name != dtype or not values.dtype.isnative or values.dtype.kind not in "iufV":
        raise ValueError(f"an array of {values.dtype} instead of {dtype}")
    return np.ascontiguousarray(values)
