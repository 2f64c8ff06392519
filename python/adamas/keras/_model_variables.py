"""The variables of a model, with Keras variables for their states and the numbers of the rule."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import keras
import numpy as np

from adamas.adapters import Array
from adamas.keras._binding import Binding

#: Binds variables, given with their elements in arrays of one dimension, to an optimizer of adamas.
Bind: TypeAlias = Callable[[Sequence[Any], Sequence[Array]], Binding]


class ModelVariables:
    """Variables of a model with their states, and the numbers of the rule: one for each variable, or for all of them.

    Args:
        variables: Those that are updated.
        binding: Arrays like them, bound to an optimizer of adamas, whose states have their first values.
        add_variable: Makes a variable of the optimizer.
    """

    def __init__(self, variables: Sequence[Any], binding: Binding, add_variable: Callable[..., Any]) -> None:
        self.variables = variables
        self.index = {id(variable): i for i, variable in enumerate(variables)}
        self.names = unique([variable.path for variable in variables])
        self.states: list[dict[str, Any]] = []
        for i, variable in enumerate(variables):
            made = {}
            for name, array in binding.states(i).items():
                shape = variable.shape if array.shape == binding.arrays[i].shape else array.shape
                label = f"{self.names[i].replace('/', '_')}_{name}"
                made[name] = add_variable(shape=shape, initializer="zeros", dtype=array.dtype.name, name=label)
                made[name].assign(np.array(array).reshape(shape))  # of its own: JAX takes memory without copying it
            self.states.append(made)
        self.numbers = {
            name: add_variable(shape=(len(variables),), initializer="zeros", dtype=number_dtype(), name=name)
            for name in binding.numbers
        }
        for name, variable in self.numbers.items():
            variable.assign(np.full(len(variables), binding.numbers[name]))
        for name, first in binding.shared.items():
            self.numbers[name] = add_variable(shape=(), initializer="zeros", dtype=number_dtype(), name=name)
            self.numbers[name].assign(first)

    def path(self, variable: Any) -> str:
        """Return how messages call the gradient of a variable."""
        return f"the gradient of {self.names[self.index[id(variable)]]!r}"


def unique(names: Sequence[str]) -> list[str]:
    """Return the names, with marks at those that were there before."""
    taken: set[str] = set()
    result = []
    for given in names:
        name = given
        while name in taken:
            name += "'"
        taken.add(name)
        result.append(name)
    return result


def number_dtype() -> str:
    """Return the widest dtype of numbers that the backend has."""
    if keras.backend.backend() != "jax":
        return "float64"
    import jax

    return "float64" if jax.config.jax_enable_x64 else "float32"


def as_number(value: Any) -> float:
    """Return a tensor, a variable or a number as a number."""
    return float(to_numpy(value))


def to_numpy(value: Any) -> Array:
    """Return a tensor, a variable or a number as an array."""
    if isinstance(value, keras.Variable):
        value = value.value
    if keras.backend.backend() == "tensorflow" and hasattr(value, "numpy"):
        return np.asarray(value.numpy())  # NumPy itself does not see that bfloat16 tensors are arrays
    array: Array = keras.ops.convert_to_numpy(value)
    return array
