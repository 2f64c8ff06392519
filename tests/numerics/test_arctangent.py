"""The angle of `adamas.AdamAtan2`: how near it is to the true one, and what it is at the edges."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from adamas.rules.arctangent import arctangent

#: What docstrings promise.
MOST_ULP = 3.0


def points(dtype: Any) -> tuple[Any, Any]:
    """Return points of all directions and sizes, many of them near the borders between cases."""
    rng = np.random.default_rng(5)
    count = 200_000
    x = np.exp(rng.uniform(-60, 60, 3 * count))
    directions = [
        rng.uniform(0.0, np.pi / 2, count),
        np.exp(rng.uniform(-40, 0, count)),
        rng.choice([np.pi / 8, np.pi / 4, 3 * np.pi / 8], count) * (1 + rng.uniform(-1e-6, 1e-6, count)),
    ]
    y = x * np.tan(np.concatenate(directions)) * rng.choice([-1.0, 1.0], 3 * count)
    return y.astype(dtype), x.astype(dtype)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_it_is_near_to_the_true_angle(dtype: Any) -> None:
    y, x = points(dtype)
    wanted = np.arctan2(y.astype(np.longdouble), x.astype(np.longdouble))
    error = np.abs(arctangent(y, x) - wanted) / np.spacing(np.abs(wanted).astype(dtype))
    assert error.max() < MOST_ULP


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_edges(dtype: Any) -> None:
    tiny, nan, infinite = np.finfo(dtype).smallest_subnormal, np.nan, np.inf
    y = np.array([0.0, -0.0, 1.0, -1.0, tiny, nan, 1.0, infinite, -infinite], dtype)
    x = np.array([0.0, 0.0, 0.0, 0.0, 0.0, 1.0, nan, 1.0, 1.0], dtype)
    with np.errstate(all="ignore"):
        found = arctangent(y, x)
    half = dtype(np.pi / 2)
    np.testing.assert_array_equal(found, np.array([0, 0, half, -half, half, nan, nan, half, -half], dtype))
    assert np.signbit(found[1])
