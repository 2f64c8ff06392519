"""Arrays that cannot be parameters or gradients: each is refused with the reason and what to do."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from array_layouts import misaligned, strided
from bits import Array
from refusing import both, grads, refuses_step


class Subclass(Array):
    pass


class FakeTensor:
    def __array__(self) -> Array:
        return np.ones((3, 4), np.float32)


W = np.ones((3, 4), np.float32)

#: What is given as an array, the error, and its message after the path.
EXPECTED = "expected dtype float32, float64, float16 or bfloat16"
BAD_ARRAYS: dict[str, tuple[Callable[[], Any], type[Exception], str]] = {
    "float": (lambda: 1.0, TypeError, "expected a numpy.ndarray, got float; make it a NumPy array first"),
    "string": (lambda: "w", TypeError, "expected a numpy.ndarray, got str"),
    "tensor": (
        FakeTensor,
        TypeError,
        "expected a numpy.ndarray, got test_bad_arrays.FakeTensor; make it a NumPy array",
    ),
    "masked": (
        lambda: np.ma.masked_array(W),
        TypeError,
        "expected a numpy.ndarray, got numpy.ma.",
    ),
    "subclass": (lambda: W.view(Subclass), TypeError, "expected a numpy.ndarray, got test_bad_arrays.Subclass"),
    "scalar": (lambda: np.float32(1), TypeError, "expected a numpy.ndarray, got numpy.float32; keep it an array"),
    "integers": (
        lambda: W.astype(np.int32),
        TypeError,
        f"{EXPECTED}, got int32",
    ),
    "bits of bfloat16": (
        lambda: W.astype(np.uint16),
        TypeError,
        f"{EXPECTED}, got uint16; if these are the bits of bfloat16",
    ),
    "quadruple": (lambda: W.astype(np.longdouble), TypeError, f"{EXPECTED}, got float128"),
    "complex": (
        lambda: W.astype(np.complex64),
        TypeError,
        f"{EXPECTED}, got complex64",
    ),
    "objects": (
        lambda: W.astype(object),
        TypeError,
        f"{EXPECTED}, got object",
    ),
    "records": (
        lambda: np.zeros((3, 4), "f4,f4"),
        TypeError,
        f"{EXPECTED}, got [(",
    ),
    "big-endian": (
        lambda: W.astype(">f4"),
        TypeError,
        "expected native byte order, got '>f4'; convert it with .astype",
    ),
    "0-d": (lambda: np.array(1.0, np.float32), ValueError, "expected an array of one dimension or more, got a 0-dim"),
}

#: Parameters must lie in memory as they are updated. Gradients are only read: those are copied.
BAD_LAYOUTS: dict[str, tuple[Callable[[], Any], type[Exception], str]] = {
    "strided": (lambda: strided(W), ValueError, "expected a C-contiguous array, got a strided (strides (32, 8)) one"),
    "fortran": (lambda: np.asfortranarray(W), ValueError, "expected a C-contiguous array, got a Fortran-ordered one"),
    "reversed": (lambda: W[::-1], ValueError, "expected a C-contiguous array, got a strided"),
    "broadcast": (lambda: np.broadcast_to(np.float32(1), (3, 4)), ValueError, "expected a C-contiguous array"),
    "misaligned": (lambda: misaligned(W), ValueError, "expected an array aligned to its element size of 4 bytes; copy"),
}


@both
@pytest.mark.parametrize("name", [*BAD_ARRAYS, *BAD_LAYOUTS])
def test_bad_parameter(module: Any, name: str) -> None:
    make, error, message = (BAD_ARRAYS | BAD_LAYOUTS)[name]
    with pytest.raises(error, match=re.escape(f"params['deep'][1]: {message}")):
        module.AdamW({"w": W.copy(), "deep": [np.zeros(2), make()]})


@both
@pytest.mark.parametrize("name", BAD_ARRAYS)
def test_bad_gradient(module: Any, name: str) -> None:
    make, error, message = BAD_ARRAYS[name]
    bad = grads() | {"w": make()}
    refuses_step(module, lambda opt, p: opt.step(bad), error, f"grads['w']: {message}")


@both
@pytest.mark.parametrize("name", BAD_LAYOUTS)
def test_bad_gradient_that_is_to_be_cleared(module: Any, name: str) -> None:
    make, error, message = BAD_LAYOUTS[name]
    bad = grads() | {"w": make()}
    refuses_step(module, lambda opt, p: opt.step(bad, zero_grads=True), error, f"grads['w']: {message}")
