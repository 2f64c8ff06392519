"""Steps under JAX, beside those of the NumPy optimizer."""

from __future__ import annotations

import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import adamas
import adamas.jax

Arrays = dict[str, np.ndarray[Any, Any]]

#: Names in the order in which JAX has the entries of a dict. Of a single element, none, a line, awkward, and large.
SHAPES: dict[str, tuple[int, ...]] = {"a": (1,), "b": (0, 3), "c": (33,), "d": (7, 19), "e": (3, 5, 4), "f": (260, 257)}


def wide() -> Any:
    """Return a context with arrays of float64."""
    return jax.enable_x64(True) if hasattr(jax, "enable_x64") else jax.experimental.enable_x64()


def draw(seed: int, dtype: Any, shapes: dict[str, tuple[int, ...]] | None = None) -> Arrays:
    """Return arrays of normal numbers."""
    rng = np.random.default_rng(seed)
    return {name: rng.standard_normal(shape).astype(dtype) for name, shape in (shapes or SHAPES).items()}


def on_device(arrays: Arrays) -> dict[str, jax.Array]:
    """Return copies that JAX owns. It may make them later: so it is given arrays that nobody will change."""
    return {name: jnp.array(array.copy()) for name, array in arrays.items()}


def assert_same(params: Any, arrays: Arrays) -> None:
    """Compare the bits of all arrays."""
    for name, array in arrays.items():
        assert np.asarray(params[name]).tobytes() == array.tobytes(), name


@functools.cache
def jitted(opt: adamas.jax.Optimizer) -> Any:
    """Return its step, compiled, in place."""
    return jax.jit(lambda params, state, grads: opt.step(params, grads, state), donate_argnums=(0, 1))


def assert_same_bits(rule: str, options: dict[str, Any], dtype: Any, grad_dtype: Any, steps: int = 4) -> None:
    """Take the same steps in NumPy and in a compiled program; compare parameters and states."""
    arrays = draw(0, dtype)
    opt = getattr(adamas, rule)(arrays, **options)
    ours = getattr(adamas.jax, rule)(**options)
    params = on_device(arrays)
    state = ours.init(params)
    for step in range(steps):
        grads = draw(step + 1, grad_dtype)
        opt.step(grads)
        params, state = jitted(ours)(params, state, on_device(grads))
    assert int(state.count) == steps
    kept = ours.states(params, state)
    assert_same(params, arrays)
    for name in arrays:
        assert kept[name].keys() == {key for key, value in opt.state[name].items() if isinstance(value, np.ndarray)}
        for key, values in kept[name].items():
            assert np.asarray(values).tobytes() == np.asarray(opt.state[name][key]).tobytes(), (name, key)
            assert values.shape == np.shape(opt.state[name][key]), (name, key)
