"""The problem that adamas and its peers are given, and what it means to agree on it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

import adamas
from adamas.rules import SPECS

Array = NDArray[np.float64]

STEPS = 200
#: Shapes, and scales of the gradients: from one element to more than two granules of LAMB's norms.
SHAPES: dict[tuple[int, ...], float] = {(40, 30): 1.0, (30,): 0.1, (2, 3, 4): 10.0, (1,): 1.0, (5, 6): 1e-3}


def starts() -> list[Array]:
    """Return fresh parameters, of order one; the second array starts at zero, as biases do."""
    rng = np.random.default_rng(17)
    params = [rng.standard_normal(shape) for shape in SHAPES]
    params[1][...] = 0.0
    return params


def gradients() -> list[Array]:
    """Return the gradients of each parameter, steps first; of the last, most elements get none in most steps."""
    rng = np.random.default_rng(19)
    grads = [scale * rng.standard_normal((STEPS, *shape)) for shape, scale in SHAPES.items()]
    grads[-1][rng.random(grads[-1].shape) < 0.7] = 0.0
    return grads


def row(params: list[Array]) -> Array:
    """Lay all parameters out in one row of a trajectory."""
    return np.concatenate([np.ravel(p) for p in params])


def ours(name: str, options: Mapping[str, Any], given: Callable[[int, int], bool] = lambda step, index: True) -> Array:
    """Return the trajectory of ``adamas.<name>``: parameters after each step and, of a schedule-free rule, averages.

    Args:
        name: Of the optimizer.
        options: Its options.
        given: Whether a parameter has a gradient in a step; all have, unless this is given.
    """
    params, grads = starts(), gradients()
    opt = getattr(adamas, name)(params, **options)
    trajectory = []
    for step in range(STEPS):
        opt.step([grad[step] if given(step, i) else None for i, grad in enumerate(grads)])
        trajectory.append(row(params))
        if SPECS[name].evaluation is not None:
            opt.eval()
            trajectory[-1] = np.concatenate([trajectory[-1], row(params)])
            opt.train()
    return np.array(trajectory)


def assert_agree(actual: Array, wanted: Array, rtol: float = 1e-12, atol: float = 1e-14) -> None:
    """Demand the same numbers up to rounding.

    Parameters of order one are rounded by 1e-16 a step, and on their way to zero they take that with them: no relative
    bound holds there. Over 200 steps it comes to less than 1e-14.
    """
    assert np.isfinite(wanted).all()
    np.testing.assert_allclose(actual, wanted, rtol=rtol, atol=atol)
