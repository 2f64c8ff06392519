"""The layout of files: the same bytes as the package safetensors writes."""

from __future__ import annotations

import errno
import io
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save

from adamas._numerics.formats import bfloat16
from adamas._system.worker_thread import background_threads
from adamas.checkpoint import _safetensors, _stream
from adamas.checkpoint._safetensors import read_safetensors, write_safetensors

DTYPES = ["float64", "float32", "uint32", "bfloat16", "float16", "uint16", "uint8"]
_PIECE = 4096


def arrays_of_all_kinds() -> dict[str, Any]:
    rng = np.random.default_rng(0)
    arrays: dict[str, Any] = {}
    for name in DTYPES:
        dtype = bfloat16() if name == "bfloat16" else np.dtype(name)
        for i, shape in enumerate([(), (3,), (0, 2), (7, 13), (4099,)]):
            count = int(np.prod(shape)) * dtype.itemsize
            arrays[f"params/{name}.{i}"] = rng.integers(0, 255, count, np.uint8).view(dtype).reshape(shape)
    odd = 'params/\u00e9\u4e2d\U0001f600 "\\/\n\t\x00\x1f\x7f\u2028'
    return {odd: np.ones(2, np.float32), "params/Z": np.ones(1, np.float32), **arrays}


def describe(checksums: Any) -> str:
    return repr(sorted(checksums.items()))


@pytest.fixture(params=[_PIECE, _stream._PIECE])
def _pieces(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_stream, "_PIECE", request.param)


@pytest.mark.usefixtures("_pieces")
class TestLayout:
    def test_bytes(self, tmp_path: Path) -> None:
        arrays = arrays_of_all_kinds()
        write_safetensors(tmp_path / "a.safetensors", arrays, describe)
        text, found = read_safetensors(tmp_path / "a.safetensors")
        metadata = {"adamas": text, "adamas_crc32": _safetensors._text_checksum(text), "format": "np"}
        # The package puts metadata in any order, anew each time.
        theirs = {save(arrays, metadata) for _ in range(200)}
        assert (tmp_path / "a.safetensors").read_bytes() in theirs
        for side in (found, load_file(tmp_path / "a.safetensors")):
            assert side.keys() == arrays.keys()
            for name, array in arrays.items():
                assert (side[name].dtype, side[name].shape) == (array.dtype, array.shape)
                assert side[name].tobytes() == array.tobytes()

    @pytest.mark.parametrize("size", [0, 1, _PIECE - 1, _PIECE, _PIECE + 1, 3 * _PIECE, 10 * _PIECE, 10 * _PIECE + 5])
    def test_streams_of_any_length(self, size: int, tmp_path: Path) -> None:
        data = np.random.default_rng(size).integers(0, 255, size, np.uint8)
        with _stream.stream(tmp_path / "a") as file:
            for first in range(0, size, 1000):
                part = data[first : first + 1000].copy()
                file.append(part)
                part[:] = 0  # which is the caller's right
            file.overwrite_beginning(b"x" * min(size, 5000))
        assert (tmp_path / "a").read_bytes() == (b"x" * min(size, 5000) + data.tobytes()[5000:])[:size]

    def test_a_disk_that_is_full(self, tmp_path: Path) -> None:
        """Whichever write it is that fails, and if a part of it went well."""

        class Full(io.FileIO):
            def write(self, data: Any) -> int:
                if self.tell() > 5 * _PIECE:
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
                return super().write(memoryview(data)[: max(1, len(data) // 2)])

        def fill(count: int) -> None:
            with Full(tmp_path / "a", "wb") as file, background_threads() as writer:
                stream = _stream.Stream(file, writer)
                stream.append(np.zeros(count, np.uint8))
                stream.finish()

        for count in (6 * _PIECE, 3 * _stream._PIECE + 9 * _PIECE):
            with pytest.raises(OSError, match="No space left"):
                fill(count)


def test_a_disk_with_larger_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Which refuses to be written to past the cache, only then."""
    refused: list[int] = []

    class Coarse(io.FileIO):
        def write(self, data: Any) -> int:
            if not refused:
                refused.append(len(data))
                raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
            return super().write(data)

    monkeypatch.setattr(_stream, "_PIECE", _PIECE)
    monkeypatch.setattr(_stream, "_set_direct", lambda file, direct: not direct)
    with Coarse(tmp_path / "a", "wb") as file, background_threads() as writer:
        stream = _stream.Stream(file, writer)
        stream.append(np.full(5 * _PIECE, 7, np.uint8))
        stream.finish()
    assert refused == [_PIECE]
    assert (tmp_path / "a").read_bytes() == b"\7" * (5 * _PIECE)


def test_a_header_that_would_be_too_long_to_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_safetensors, "_MOST_HEADER", 1000)
    arrays = {f"params/{i}": np.zeros(1, np.float32) for i in range(100)}
    with pytest.raises(ValueError, match=r"at most 1,000; save to a path that ends in \.npz"):
        write_safetensors(tmp_path / "a.safetensors", arrays, describe)
