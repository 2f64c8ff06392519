"""All parameters in one flat array, because XLA is slow with many arrays."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

#: Each parameter begins on a multiple of so many bytes.
_LINE = 64


class Layout(NamedTuple):
    """Where in the array which parameter lies; a constant of a compiled program."""

    nesting: Any
    paths: tuple[Any, ...]
    shapes: tuple[tuple[int, ...], ...]
    #: Their first elements.
    places: tuple[int, ...]
    size: int

    def split(self, buffer: Any) -> list[Any]:
        """Return the parameters."""
        return [
            buffer[place : place + int(np.prod(shape, dtype=np.int64))].reshape(shape)
            for place, shape in zip(self.places, self.shapes, strict=True)
        ]

    def join(self, arrays: list[Any], dtype: Any) -> Any:
        """Return the array that holds these, with zeros between them."""
        pieces: list[Any] = []
        end = 0
        for place, array in zip(self.places, arrays, strict=True):
            if place > end:
                pieces.append(jnp.zeros(place - end, dtype))
            pieces.append(jnp.ravel(array))
            end = place + array.size
        return jnp.concatenate([*pieces, jnp.zeros(self.size - end, dtype)])


# The gradient of a slice is an array of zeros with one part: the sum of many such would take more than the step.
@jax.custom_vjp
def _split(flat: Flat) -> list[Any]:
    return flat.layout.split(flat.buffer)


def _split_forward(flat: Flat) -> tuple[list[Any], Flat]:
    return _split(flat), jax.tree_util.tree_map(lambda _: None, flat)


def _split_backward(kept: Any, gradients: list[Any]) -> tuple[Any]:
    return (Flat(kept.layout.join(gradients, gradients[0].dtype), kept.layout),)


@jax.tree_util.register_pytree_node_class
class Flat:
    """Parameters of one dtype in one array, which is the one leaf of this pytree. Made by `flat`.

    Attributes:
        buffer: The array.
        layout: What lies where in it.
    """

    def __init__(self, buffer: Any, layout: Layout) -> None:
        self.buffer = buffer
        self.layout = layout

    @property
    def tree(self) -> Any:
        """The parameters as they were nested; gradients of these are a `Flat`, too."""
        return self.layout.nesting.unflatten(_split(self))

    def tree_flatten(self) -> tuple[tuple[Any], Layout]:
        """Return what JAX asks of a pytree."""
        return (self.buffer,), self.layout

    @classmethod
    def tree_unflatten(cls, layout: Layout, children: tuple[Any]) -> Flat:
        """Make it again.

        Args:
            layout: What lies where in the array.
            children: The array alone.
        """
        return cls(children[0], layout)

    def __repr__(self) -> str:
        return f"Flat({len(self.layout.shapes)} parameters, {self.layout.size} elements)"


_split.defvjp(_split_forward, _split_backward)


def flat(params: Any) -> Flat:
    """Put parameters into one array, for models of many small ones.

    ::

        params = adamas.jax.flat(params)
        loss, grads = jax.value_and_grad(lambda flat: loss_of(flat.tree))(params)     # grads are flat, too
        params, state = opt.step(params, grads, state)

    A step gives the same bits. What changes is the number of arrays that XLA goes through: two, instead of two for each
    parameter. In return, the model reads its parameters out of the one array, and gradients are copied into one: with a
    few large parameters that costs more than it gives.

    Args:
        params: A pytree of arrays of one dtype.

    Raises:
        TypeError: They are of several dtypes.
        ValueError: There is none, or all are empty.
    """
    with_paths, nesting = jax.tree_util.tree_flatten_with_path(params)
    arrays = [jnp.asarray(array) for _, array in with_paths]
    if not any(array.size for array in arrays):
        raise ValueError("params: expected at least one array that is not empty, got none")
    dtypes = sorted({array.dtype.name for array in arrays})
    if len(dtypes) > 1:
        raise TypeError(f"params: expected arrays of one dtype, got {', '.join(dtypes)}")
    line = _LINE // arrays[0].dtype.itemsize
    ends = np.cumsum([-(-array.size // line) * line for array in arrays])
    places = tuple(int(end) for end in (0, *ends[:-1]))
    shapes = tuple(array.shape for array in arrays)
    layout = Layout(nesting, tuple(path for path, _ in with_paths), shapes, places, int(ends[-1]))
    return Flat(layout.join(arrays, arrays[0].dtype), layout)
