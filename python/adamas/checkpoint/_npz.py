"""The same content in NumPy's own file format, for those without safetensors."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from adamas._checks import Array, is_bfloat16
from adamas._formats import bfloat16
from adamas.checkpoint._document import CheckpointError

__all__ = ["read_npz", "write_npz"]

_KEY, _CHECKSUM = "adamas", "adamas_crc32"
#: NumPy's files have no bfloat16: its arrays are kept as 16-bit words, under a name that ends so.
_BFLOAT16 = "@bfloat16"


def write_npz(path: Path, arrays: Mapping[str, Array], text: str) -> None:
    """Write arrays and description to a new file.

    Raises:
        OSError: The disk is full, or cannot be written to.
    """
    content: dict[str, Any] = {_KEY: np.frombuffer(text.encode(), np.uint8)}
    content[_CHECKSUM] = np.array(zlib.crc32(text.encode()), np.uint32)
    for name, array in arrays.items():
        if is_bfloat16(array.dtype):
            content[name + _BFLOAT16] = array.view(np.uint16)
        else:
            content[name] = array
    with path.open("wb") as file:
        np.savez(file, **content)


def read_npz(path: Path) -> tuple[str, dict[str, Array]]:
    """Return the description and the arrays.

    Raises:
        CheckpointError: It is no such file, or is damaged.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            if len(set(names)) != len(names):
                raise CheckpointError(f"{path}: is damaged: a name stands there twice")
            for member in archive.infolist():
                # Arrays are stored as they are, so that none can be larger than the file.
                if member.compress_type != zipfile.ZIP_STORED or member.file_size > path.stat().st_size:
                    raise CheckpointError(f"{path}: {member.filename}: is compressed, which checkpoints are not")
        with np.load(path, allow_pickle=False) as file:
            arrays: dict[str, Array] = {name: file[name] for name in file.files}
    except (
        zipfile.BadZipFile,
        ValueError,
        EOFError,
        KeyError,
        NotImplementedError,
        MemoryError,
        RuntimeError,
    ) as error:
        if isinstance(error, CheckpointError):
            raise
        raise CheckpointError(f"{path}: is not an npz file, or is damaged ({error})") from None
    text, checksum = arrays.pop(_KEY, None), arrays.pop(_CHECKSUM, None)
    if text is None or checksum is None:
        raise CheckpointError(f"{path}: is an npz file, but not a checkpoint of adamas")
    if zlib.crc32(text.tobytes()) != checksum:
        raise CheckpointError(f"{path}: is damaged: its description does not have the checksum that it names")
    for name in [name for name in arrays if name.endswith(_BFLOAT16)]:
        words = arrays.pop(name)
        arrays[name.removesuffix(_BFLOAT16)] = words.view(bfloat16()) if words.dtype == np.uint16 else words
    return text.tobytes().decode(), arrays
