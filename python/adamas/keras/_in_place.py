"""Steps in the memory of PyTorch's tensors.

Here variables are asked for ``_value``, the tensor that they keep: ``value`` is the same one, and takes 5 us to find
out that no scope has put another in its place.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import keras
import torch

from adamas.adapters import Array
from adamas.keras._kept import Kept, LayOut, as_number
from adamas.keras._layout import Layout, Step
from adamas.torch.tensors import as_tensor, check_param, flat, gradient


class InPlace:
    """An engine over the memory of a model's variables, whose states are the memory of their Keras variables."""

    def __init__(self, lay_out: LayOut) -> None:
        self._lay_out = lay_out
        self._layout: Layout | None = None
        self._places: list[int] = []

    def start(self, variables: Sequence[Any]) -> Layout:
        """Return an engine over the variables, whose states have their first values.

        Raises:
            TypeError: A variable is of a dtype that adamas does not have.
            ValueError: One is not in memory, or its elements do not lie side by side.
        """
        arrays: list[Array] = []
        for variable in variables:
            tensor = variable._value
            if tensor.device.type not in ("cpu", "meta"):
                raise ValueError(
                    f"{variable.path}: expected a variable on the CPU, got one on {tensor.device}; set "
                    "KERAS_TORCH_DEVICE=cpu before Keras is imported"
                )
            check_param(tensor, variable.path)
            arrays.append(flat(tensor))
        self._layout = self._lay_out(variables, arrays)
        return self._layout

    def forget(self) -> None:
        """Make the engine anew for the next step."""
        self._layout = None

    def share(self, kept: Kept, layout: Layout) -> None:
        """Put the states of the engine in the place of those that there are, with their values."""
        for i, (variable, states) in enumerate(zip(kept.variables, kept.states, strict=True)):
            for name, array in layout.states(i).items():
                one_each = array.shape == layout.arrays[i].shape
                tensor = as_tensor(array, variable._value) if one_each else as_tensor(array)
                tensor.copy_(states[name]._value.detach())
                states[name]._value = torch.nn.Parameter(tensor, requires_grad=False)
        self._places = places(kept)

    def step(
        self,
        kept: Kept,
        grads: Sequence[Any],
        variables: Sequence[Any],
        taken: Any,
        learning_rate: Any,
        step_at: Callable[[float], Step],
    ) -> None:
        """Update variables and states; arguments as of `Copies.step`."""
        flat_grads: list[Any] = [None] * len(kept.variables)
        seen: set[int] = set()
        for grad, variable in zip(grads, variables, strict=True):
            tensor = grad if isinstance(grad, torch.Tensor) else keras.ops.convert_to_tensor(grad)
            if tensor.data_ptr() in seen:  # one tensor for two variables, which the engine would refuse
                tensor = tensor.clone()
            seen.add(tensor.data_ptr())
            place = kept.index[id(variable)]
            flat_grads[place] = gradient(tensor, variable._value, kept.path(variable), takes_rows=False)
        layout = self._layout
        if layout is None or self._places != places(kept):
            layout = self.start(kept.variables)
            self.share(kept, layout)
        numbers = {name: as_number(variable) for name, variable in kept.numbers.items()}
        after = layout.step(step_at(as_number(learning_rate)), flat_grads, int(as_number(taken)), numbers)
        for name, variable in kept.numbers.items():
            variable.assign(after[name])
        torch.autograd.graph.increment_version([variable._value for variable in variables])


def places(kept: Kept) -> list[int]:
    """Return where the elements of all variables and states lie."""
    return [
        variable._value.data_ptr()
        for owner, states in zip(kept.variables, kept.states, strict=True)
        for variable in (owner, *states.values())
    ]
