"""Arrays past 2**31 elements and past 2**32 bytes: the bits of the reference, run on slices, at places that matter.

Not part of the plain run. Each test needs as much memory as its docstring says, and fails at once if it is not there.
Gradients are zeros that the system keeps nowhere, except for the places that are looked at.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from bits import Array, assert_same_bits

import adamas
from adamas import reference
from adamas._numerics import param_formats
from adamas._numerics.dither import random_halves
from adamas._numerics.norms import sum_of_squares

BFLOAT16 = np.dtype(ml_dtypes.bfloat16)
#: What is looked at around each place, a multiple of blocks of quantised states and of granules of sums.
WINDOW = 2048
STEPS = 2


def require(gibibytes: float) -> None:
    lines = dict(line.split(":") for line in Path("/proc/meminfo").read_text().splitlines())
    available = int(lines["MemAvailable"].split()[0]) / 2**20
    assert available > gibibytes + 1, f"needs {gibibytes} GiB of memory, and there are {available:.1f}"


def windows(size: int, itemsize: int) -> list[slice]:
    """The ends, the middle, and around 2**31 and 2**32 elements and bytes."""
    places = [0, size // 2, 2**31, 2**32, 2**31 // itemsize, 2**32 // itemsize, 2**33 // itemsize, size]
    begins = sorted({max(place - WINDOW // 2, 0) // WINDOW * WINDOW for place in places if place <= size})
    found = [slice(begin, min(begin + 2 * WINDOW, size)) for begin in begins]
    return [w for w, after in zip(found, [*found[1:], None], strict=True) if after is None or w.stop <= after.start]


def fill(array: Array, where: list[slice], seed: int) -> None:
    for w in where:
        values = np.random.default_rng([seed, w.start]).standard_normal(w.stop - w.start, dtype=np.float32)
        array[w] = values.astype(array.dtype)


def slices_of(opt: Any, where: slice) -> Iterator[tuple[str, Array]]:
    """The part of each state that belongs to a slice on a block."""
    for key, value in opt.state[0].items():
        if not isinstance(value, np.ndarray):
            continue
        quantised = f"{key}_scale" in opt.state[0] or key.endswith("_scale")
        yield key, value[where.start // 128 : -(-where.stop // 128)] if quantised else value[where]


CASES: dict[str, tuple[float, int, np.dtype[Any], str, dict[str, Any]]] = {
    "bfloat16-int8": (9.5, 2**31 + 300, BFLOAT16, "AdamW", {"state_dtype": "int8"}),
    "float16-int4": (7.5, 2**31 + 5, np.dtype(np.float16), "AdamW", {"state_dtype": "int4"}),
    "stochastic": (9.0, 2**32 + 1000, BFLOAT16, "SGD", {"rounding": "stochastic", "weight_decay": 0.1, "lr": 0.1}),
    "float32": (13.5, 2**30 + 5, np.dtype(np.float32), "AdamW", {}),
}


@pytest.mark.parametrize("case", CASES)
def test_bits(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Needs 7.5 to 13.5 GiB, and takes up to a minute on two cores."""
    gibibytes, size, dtype, name, options = CASES[case]
    require(gibibytes)
    where = windows(size, dtype.itemsize)
    params, grads = np.empty(size, dtype), np.zeros(size, dtype)
    params[:] = 1.0
    fill(params, where, 0)
    before = [params[w].copy() for w in where]
    opt = getattr(adamas, name)(params, max_norm=math.inf, **options)
    for step in range(STEPS):
        fill(grads, where, step + 1)
        # Each but the last is a whole number of granules; all others are zeros.
        total = sum_of_squares(np.concatenate([grads[w].astype(np.float32) for w in where]))
        assert opt.step(grads).grad_norm == math.sqrt(total)
    for w, part in zip(where, before, strict=True):
        # The reference draws from the number of an element, too; here it has only some of them.
        monkeypatch.setattr(param_formats, "random_halves", functools.partial(random_halves, first=w.start))
        plain = getattr(reference, name)(part, max_norm=math.inf, **options)
        for step in range(STEPS):
            grad = np.zeros(part.size, dtype)
            fill_part(grad, w, step + 1)
            plain.step(grad)
        assert_same_bits(params[w], part, f"parameters from {w.start}")
        expected = dict(slices_of(plain, slice(0, part.size)))
        for key, value in slices_of(opt, w):
            assert_same_bits(value, expected[key], f"{key} from {w.start}")
    if options.get("rounding") != "stochastic":
        check_the_rest(params, where, name, options, dtype)


def fill_part(array: Array, where: slice, seed: int) -> None:
    values = np.random.default_rng([seed, where.start]).standard_normal(array.size, dtype=np.float32)
    array[:] = values.astype(array.dtype)


def check_the_rest(params: Array, where: list[slice], name: str, options: dict[str, Any], dtype: Any) -> None:
    """All other elements began as ones, and had no gradients: they are all the same."""
    one = np.ones(128, dtype)
    plain = getattr(reference, name)(one, **options)
    for _ in range(STEPS):
        plain.step(np.zeros(128, dtype))
    bits, expected = params.view(f"u{dtype.itemsize}"), int(one.view(f"u{dtype.itemsize}")[0])
    edges = [0, *(edge for w in where for edge in (w.start, w.stop)), params.size]
    for begin, end in zip(edges[::2], edges[1::2], strict=True):
        for first in range(begin, end, 1 << 26):
            assert (bits[first : min(first + (1 << 26), end)] == expected).all(), f"somewhere after {first}"


def test_checkpoint(tmp_path: Path) -> None:
    """One array of 4 GiB and a little, in each format. 9.5 GiB of memory, 4.1 GiB of disk; half a minute each."""
    require(9.5)
    size = 2**30 + 5
    where = windows(size, 4)
    params = np.ones(size, np.float32)
    fill(params, where, 0)
    opt = adamas.SGD(params)
    for ending in (".safetensors", ".npz"):
        path = tmp_path / f"large{ending}"
        opt.save(path)
        assert path.stat().st_size > 2**32
        before = [params[w].copy() for w in where]
        params[:] = 7.0
        opt.load(path)
        for w, part in zip(where, before, strict=True):
            assert_same_bits(params[w], part, f"from {w.start}")
            params[w] = 1.0
        assert all((params[i : i + (1 << 26)] == 1.0).all() for i in range(0, size, 1 << 26))
        fill(params, where, 0)
        path.unlink()
