"""Pytrees of parameters and gradients: their leaves, by name, and the checks of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from adamas.adapters.checks import shown, type_name
from adamas.jax._flat import Flat, Layout

_DTYPES = ("float32", "float64", "bfloat16", "float16")


class Leaf(NamedTuple):
    """What a program depends on of a parameter."""

    name: str
    #: In messages.
    path: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    #: Its first element in the array that holds all, or 0.
    place: int

    @property
    def size(self) -> int:
        """Elements."""
        return int(np.prod(self.shape, dtype=np.int64))


def _name(path: Any) -> str:
    keys = [getattr(key, "key", getattr(key, "idx", getattr(key, "name", None))) for key in path]
    return ".".join(map(str, keys)) or "0"


class Tree(NamedTuple):
    """Parameters as an optimizer sees them.

    Attributes:
        leaves: What is known of each.
        nesting: How they nest.
        held: The arrays that hold them: one for each, or one for all.
        layout: What lies where in that one; None for one for each.
    """

    leaves: list[Leaf]
    nesting: Any
    held: list[Any]
    layout: Layout | None

    def arrays(self) -> list[Any]:
        """Return the parameters."""
        return self.held if self.layout is None else self.layout.split(self.held[0])

    def like(self, held: Sequence[Any]) -> Any:
        """Return parameters that are held and nested as these are."""
        return self.nesting.unflatten(held) if self.layout is None else Flat(held[0], self.layout)

    def nested(self, values: Iterable[Any]) -> Any:
        """Return one value for each parameter, as they nest."""
        return self.nesting.unflatten(values)


def describe(params: Any) -> Tree:
    """Return what there is to know of parameters.

    Raises:
        TypeError: A leaf that is no array of a dtype that parameters can have.
        ValueError: There is no leaf.
    """
    if isinstance(params, Flat):
        layout, dtype = params.layout, params.buffer.dtype
        given = zip(layout.paths, layout.shapes, layout.places, strict=True)
        leaves = [_leaf(path, shape, dtype, place) for path, shape, place in given]
        _check_names(leaves)
        return Tree(leaves, layout.nesting, [params.buffer], layout)
    with_paths, nesting = jax.tree_util.tree_flatten_with_path(params)
    leaves = []
    for path, array in with_paths:
        if not hasattr(array, "shape") or not hasattr(array, "dtype"):
            raise TypeError(f"params{jax.tree_util.keystr(path)}: expected an array, got {type_name(array)}")
        leaves.append(_leaf(path, tuple(array.shape), array.dtype, 0))
    if not leaves:
        raise ValueError("params: expected at least one array, got none")
    _check_names(leaves)
    return Tree(leaves, nesting, [array for _, array in with_paths], None)


def _check_names(leaves: Sequence[Leaf]) -> None:
    seen: dict[str, str] = {}
    for leaf in leaves:
        if leaf.name in seen:
            raise ValueError(
                f"{leaf.path} and {seen[leaf.name]} would both be named {leaf.name!r}: rename one of the keys"
            )
        seen[leaf.name] = leaf.path


def _leaf(path: Any, shape: tuple[int, ...], dtype: Any, place: int) -> Leaf:
    where = f"params{jax.tree_util.keystr(path)}"
    dtype = jax.dtypes.canonicalize_dtype(dtype)  # as JAX will have it
    if dtype.name not in _DTYPES:
        raise TypeError(f"{where}: expected dtype {', '.join(_DTYPES[:-1])} or {_DTYPES[-1]}, got {dtype.name}")
    return Leaf(_name(path), where, shape, np.dtype(dtype), place)


def gradients_like(grads: Any, tree: Tree) -> list[Any]:
    """Return the arrays of gradients, as parameters are held; None for a parameter that has none.

    Raises:
        TypeError: A gradient that is no array of a dtype that gradients can have.
        ValueError: They do not nest as the parameters do, or one has another shape than its parameter.
    """
    if tree.layout is not None:
        return [_flat_gradient(grads, tree.layout)]
    leaves = tree.leaves
    try:
        found: list[Any] = tree.nesting.flatten_up_to(grads)
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


def _flat_gradient(grads: Any, layout: Layout) -> Any:
    if not isinstance(grads, Flat) or grads.layout != layout:
        raise TypeError(
            "grads: expected a Flat like params: the gradient of a function of params, which uses params.tree"
        )
    if grads.buffer.dtype.name not in _DTYPES:
        raise TypeError(f"grads: expected dtype float32, float64, bfloat16 or float16, got {grads.buffer.dtype.name}")
    return grads.buffer


@jax.tree_util.register_pytree_node_class
class Exact:
    """A plain number that a program is given when it runs, and not rounded to float32, though JAX may have no float64.

    Attributes:
        bits: Those of the float64, as two uint32.
    """

    def __init__(self, bits: Any) -> None:
        self.bits = bits

    @classmethod
    def of(cls, value: float) -> Exact:
        """Return a number as such a one."""
        return cls(jnp.asarray(np.array([value], np.float64).view(np.uint32)))

    def tree_flatten(self) -> tuple[tuple[Any], None]:
        """Return what JAX may trace."""
        return (self.bits,), None

    @classmethod
    def tree_unflatten(cls, _: None, children: tuple[Any]) -> Exact:
        """Return the number again."""
        return cls(*children)


def is_dynamic(value: Any) -> bool:
    """Tell whether a hyperparameter has a value that is known when a step runs, or is traced, alone."""
    return callable(value) or isinstance(value, jax.Array | Exact)


def any_dynamic(value: Any) -> bool:
    """Tell whether one is, of a number or of several."""
    return any(map(is_dynamic, value)) if isinstance(value, tuple | list) else is_dynamic(value)


def value_at(value: Any, count: Any) -> Any:
    """Return a hyperparameter with the values of its schedules after so many steps."""
    if isinstance(value, tuple | list):
        return tuple(value_at(part, count) for part in value)
    return value(count) if callable(value) else value


def as_operand(value: Any, name: str) -> Any:
    """Return a number that comes with a step, as an array of one number.

    Raises:
        TypeError: It is no number.
    """
    if isinstance(value, Exact):
        return value.bits
    try:
        array = jnp.asarray(value)
    except (TypeError, ValueError):
        raise TypeError(f"{name}: expected one real number, got {type_name(value)} {shown(value)}") from None
    is_real = jnp.issubdtype(array.dtype, jnp.floating) or jnp.issubdtype(array.dtype, jnp.integer)
    if array.shape != () or not is_real:
        raise TypeError(
            f"{name}: expected one real number, got an array of shape {array.shape} and dtype {array.dtype}"
        )
    return array if array.dtype.name == "float64" else array.astype(jnp.float32)
