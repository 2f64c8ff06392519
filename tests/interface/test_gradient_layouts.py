"""Gradients that do not lie in memory as an engine reads them: they are copied, and the report says how many."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from array_layouts import misaligned, strided
from bits import Array, assert_same_bits
from cases import GRADIENTS
from refusing import both

import adamas

LAYOUTS: dict[str, Callable[[Array], Array]] = {
    "strided": strided,
    "Fortran-ordered": np.asfortranarray,
    "transposed": lambda grad: np.ascontiguousarray(grad.T).T,
    "reversed": lambda grad: np.ascontiguousarray(grad[::-1])[::-1],
    "misaligned": misaligned,
    "read-only and strided": lambda grad: np.lib.stride_tricks.as_strided(strided(grad), writeable=False),
}


def in_scope(opt: Any, grads: list[Any]) -> Any:
    with opt.step_scope() as scope:
        for i, grad in enumerate(grads):
            opt.step_param(i, grad)
    return scope.report


WAYS: dict[str, Callable[[Any, list[Any]], Any]] = {
    "step": lambda opt, grads: opt.step(grads),
    "async": lambda opt, grads: opt.step_async(grads).result(),
    "clipped": lambda opt, grads: opt.step(grads, max_norm=0.5),
    "scope": in_scope,
}


def drawn(dtype: Any) -> list[Array]:
    rng = np.random.default_rng(0)
    return [rng.standard_normal(shape).astype(dtype) for shape in ((30, 20), (7,))]


@both
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_bits_of_contiguous_gradients(module: Any, layout: str, way: str) -> None:
    for dtype in GRADIENTS.values():
        results = []
        for lay_out in (LAYOUTS[layout], lambda grad: grad):
            params = [np.ones((30, 20), np.float32), np.ones(7, np.float32)]
            opt = module.AdamW(params, lr=0.1)
            for _ in range(2):
                first, second = drawn(dtype)
                report = WAYS[way](opt, [lay_out(first), second])
            results.append((params, report.copied))
        (params, copied), (expected, none) = results
        assert (copied, none) == (1, 0)
        for actual, right in zip(params, expected, strict=True):
            assert_same_bits(actual, right, f"{layout}, {way}, {dtype}")


@both
@pytest.mark.parametrize("grad", [np.array(2.0), np.float32(2.0), np.array(2.0, ml_dtypes.bfloat16)], ids=repr)
def test_zero_dimensional(module: Any, grad: Any) -> None:
    """A bias of one element, whose gradient is a sum over everything."""
    for param in (np.ones(1), np.ones((1, 1), np.float32)):
        assert module.SGD([param], lr=0.25).step([grad]).copied == 1
        np.testing.assert_array_equal(param, 0.5)
    with pytest.raises((TypeError, ValueError), match=r"grads\[0\]: expected"):
        module.SGD([np.ones(2)]).step([grad])


@both
def test_accumulated(module: Any) -> None:
    param = np.ones((3, 2), np.float32)
    opt = module.SGD([param], lr=1.0)
    grad = np.arange(6, dtype=np.float32).reshape(2, 3)
    opt.accumulate([grad.T])
    assert opt.step([grad.T]).copied == 1
    np.testing.assert_array_equal(param, 1 - 2 * grad.T)


def test_the_memory_for_copies_is_kept() -> None:
    """Each step copies to where the last one did, and changes nothing that it has read."""
    param = np.ones((400, 300), np.float32)
    opt = adamas.SGD([param], lr=1.0)
    grad = np.asfortranarray(np.ones((400, 300), np.float32))
    kept = grad.copy()
    opt.step([grad])
    before = param.copy()
    grad[...] = 2.0
    opt.step([grad])
    np.testing.assert_array_equal(param, before - 2.0)
    np.testing.assert_array_equal(grad, 2.0 * kept)


@both
def test_a_view_of_the_parameter(module: Any) -> None:
    """Its values are those from before the step, as of any copy."""
    param = np.array([[1.0, 2.0], [3.0, 4.0]], np.float32)
    expected = param - param.T
    module.SGD([param], lr=1.0).step([param.T])
    np.testing.assert_array_equal(param, expected)
