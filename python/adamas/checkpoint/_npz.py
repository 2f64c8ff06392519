"""The same content in NumPy's own file format, for those who would rather read that."""

from __future__ import annotations

import json
import zipfile
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from adamas._checks import Array, is_bfloat16
from adamas._formats import bfloat16
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
    """Return the description and the arrays.

    The file is opened once: another one may take its place meanwhile.

    Raises:
        CheckpointError: It is no such file, or is damaged.
    """
    with path.open("rb") as file:
        try:
            _check_members(file, path)
            return _read(file, path)
        except CheckpointError:
            raise
        except Exception as error:  # zipfile and NumPy raise a dozen kinds, OSError among them
            detail = str(error).splitlines() or [type(error).__name__]
            raise CheckpointError(f"{path}: is not an npz file, or is damaged ({detail[0]})") from None


def _check_members(file: Any, path: Path) -> None:
    """Refuse what would take more memory than the file has bytes."""
    with zipfile.ZipFile(file) as archive:
        members = archive.infolist()
    size = file.seek(0, 2)
    file.seek(0)
    if len({member.filename for member in members}) != len(members):
        raise CheckpointError(f"{path}: is damaged: a name stands there twice")
    if any(member.compress_type != zipfile.ZIP_STORED for member in members):
        raise CheckpointError(f"{path}: is compressed, which checkpoints are not")
    if sum(member.file_size for member in members) > size:
        raise CheckpointError(f"{path}: is damaged: its arrays are larger than it is")


def _read(file: Any, path: Path) -> tuple[str, dict[str, Array]]:
    with np.load(file, allow_pickle=False) as members:
        if _TEXT not in members.files or _CHECKSUM not in members.files:
            raise CheckpointError(f"{path}: is an npz file, but not a checkpoint of adamas")
        content = members[_TEXT].tobytes()
        if zlib.crc32(content) != int(members[_CHECKSUM]):
            raise CheckpointError(f"{path}: is damaged: its description does not have the checksum that it names")
        described = json.loads(content)
        names = described["arrays"]
        if set(members.files) != {_TEXT, _CHECKSUM, *map(str, range(len(names)))}:
            raise CheckpointError(f"{path}: is damaged: it has other arrays than it says")
        arrays = {name: _array(members[str(i)], dtype) for i, (name, dtype) in enumerate(names)}
        if len(arrays) != len(names):
            raise CheckpointError(f"{path}: is damaged: a name stands there twice")
        return str(described["text"]), arrays


def _array(array: Any, dtype: str) -> Array:
    if not isinstance(array, np.ndarray):
        raise ValueError("a member is no array")
    values = array.view(bfloat16()) if dtype == "bfloat16" else array
    if values.dtype.name != dtype or not values.dtype.isnative or values.dtype.kind not in "iufV":
        raise ValueError(f"an array of {values.dtype} instead of {dtype}")
    return np.ascontiguousarray(values)
