"""Pytrees of parameters and gradients: their leaves, by name, and the checks of them."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from adamas.adapters.checks import shown, type_name

_DTYPES = ("float32", "float64", "bfloat16", "float16")


class Leaf(NamedTuple):
    """What a program depends on of a parameter."""

    name: str
    #: In messages.
    path: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]

    @property
    def size(self) -> int:
        """Elements."""
        return int(np.prod(self.shape, dtype=np.int64))


def _name(path: Any) -> str:
    keys = [getattr(key, "key", getattr(key, "idx", getattr(key, "name", None))) for key in path]
    return ".".join(map(str, keys)) or "0"


def describe(params: Any) -> tuple[list[Any], list[Leaf], Any]:
    """Return the leaves of parameters, what is known of them, and how they nest.

    Raises:
        TypeError: A leaf that is no array of a dtype that parameters can have.
        ValueError: There is no leaf.
    """
    with_paths, nesting = jax.tree_util.tree_flatten_with_path(params)
    leaves = []
    for path, array in with_paths:
        place = f"params{jax.tree_util.keystr(path)}"
        if not hasattr(array, "shape") or not hasattr(array, "dtype"):
            raise TypeError(f"{place}: expected an array, got {type_name(array)}")
        if array.dtype.name not in _DTYPES:
            raise TypeError(
                f"{place}: expected dtype {', '.join(_DTYPES[:-1])} or {_DTYPES[-1]}, got {array.dtype.name}"
            )
        leaves.append(Leaf(_name(path), place, tuple(array.shape), np.dtype(array.dtype)))
    if not leaves:
        raise ValueError("params: expected at least one array, got none")
    return [array for _, array in with_paths], leaves, nesting


def gradients_like(grads: Any, nesting: Any, leaves: list[Leaf]) -> list[Any]:
    """Return a gradient for each parameter; None where there is none.

    Raises:
        TypeError: A gradient that is no array of a dtype that gradients can have.
        ValueError: They do not nest as the parameters do, or one has another shape than its parameter.
    """
    try:
        found: list[Any] = nesting.flatten_up_to(grads)
    except ValueError as error:
        raise ValueError(f"grads: expected the structure of params; {error}") from None
    for gradient, leaf in zip(found, leaves, strict=True):
        path = leaf.path.replace("params", "grads", 1)
        if gradient is None:
            continue
        if not hasattr(gradient, "shape") or not hasattr(gradient, "dtype"):
            raise TypeError(f"{path}: expected an array or None, got {type_name(gradient)} {shown(gradient)}")
        if tuple(gradient.shape) != leaf.shape:
            raise ValueError(f"{path}: expected shape {leaf.shape}, as its parameter has, got {tuple(gradient.shape)}")
        if gradient.dtype.name not in _DTYPES:
            raise TypeError(
                f"{path}: expected dtype {', '.join(_DTYPES[:-1])} or {_DTYPES[-1]}, got {gradient.dtype.name}"
            )
    return found


def is_dynamic(value: Any) -> bool:
    """Tell whether a hyperparameter has a value that is known when a step runs, or is traced, alone."""
    return callable(value) or isinstance(value, jax.Array)


def as_operand(value: Any, name: str) -> Any:
    """Return a number that comes with a step, as an array of one number.

    Raises:
        TypeError: It is no number.
    """
    array = jnp.asarray(value)
    if array.shape != () or not jnp.issubdtype(array.dtype, jnp.number):
        raise TypeError(f"{name}: expected one number, got an array of shape {array.shape} and dtype {array.dtype}")
    return array if array.dtype.name == "float64" else array.astype(jnp.float32)
