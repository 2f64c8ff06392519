"""Arrays are read and written as Flower does, and what is no array is refused."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from flwr.app import Array
from hypothesis import given
from hypothesis import strategies as st

from adamas.flower._wire import header_of, pack, unpack

DTYPES = [np.float32, np.float64, np.float16, np.int64, np.uint8, np.bool_]
SHAPES: list[tuple[int, ...]] = [(), (1,), (0,), (3, 0), (7,), (2, 3, 4), (300, 5)]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", SHAPES)
def test_bytes_are_flowers(shape: tuple[int, ...], dtype: Any) -> None:
    array = np.asarray(np.random.default_rng(0).standard_normal(shape) * 9).astype(dtype)
    data = pack(array, header_of(array.dtype, array.shape))
    assert data == Array(array).data
    found = unpack(data)
    assert (found.dtype, found.shape) == (array.dtype, array.shape)
    assert found.tobytes() == array.tobytes()
    assert not found.flags.writeable or found.size == 0


def test_columns_and_newer_formats_are_read() -> None:
    array = np.arange(6.0).reshape(2, 3)
    for version in ((1, 0), (2, 0), (3, 0)):
        for form in (array, np.asfortranarray(array)):
            file = io.BytesIO()
            np.lib.format.write_array(file, form, version=version)
            np.testing.assert_array_equal(unpack(file.getvalue()), array)


def saved(value: Any) -> bytes:
    file = io.BytesIO()
    np.save(file, value, allow_pickle=True)
    return file.getvalue()


def zipped() -> bytes:
    file = io.BytesIO()
    np.savez(file, data=np.ones(2), indices=np.ones(2))
    return file.getvalue()


WHOLE = saved(np.arange(5, dtype=np.float32))
REFUSED = {
    "nothing": (b"", "numpy.save writes"),
    "text": ("text", "expected bytes, got str"),
    "zip, as sparse arrays are sent": (zipped(), "sparse or compressed"),
    "cut off": (WHOLE[:-1], "expected 20 bytes.*got 19.*cut off"),
    "too long": (WHOLE + b"x", "expected 20 bytes.*got 21"),
    "half a header": (WHOLE[:40], "header is damaged|cut off"),
    "unknown version": (WHOLE[:6] + b"\x09" + WHOLE[7:], "numpy.save writes"),
    "damaged header": (WHOLE.replace(b"descr", b"dascr"), "header is damaged"),
    "objects": (saved(np.array([{}, "a"], object)), "Python objects"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_array_is_refused(case: str) -> None:
    data, message = REFUSED[case]
    with pytest.raises(ValueError, match=message):
        unpack(data)


@given(st.integers(0, len(WHOLE) - 1), st.integers(0, 255))
def test_any_damage_is_refused_or_read_as_numpy_reads_it(place: int, value: int) -> None:
    data = WHOLE[:place] + bytes([value]) + WHOLE[place + 1 :]
    try:
        found = unpack(data)
    except ValueError:
        return
    expected = np.load(io.BytesIO(data), allow_pickle=False)
    assert found.dtype == expected.dtype
    assert found.tobytes() == expected.tobytes()
