"""Steps in the memory of PyTorch's tensors.

Here variables are asked for ``_value``, the tensor that they keep: ``value`` is the same one, and takes 5 us to find
out that no scope has put another in its place. Only ``_value`` can be set to a tensor of other memory.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any

import keras
import torch

from adamas.adapters import Array, Observed
from adamas.keras._binding import Binding, Step
from adamas.keras._model_variables import Bind, ModelVariables, as_number, to_numpy
from adamas.torch.tensors import as_tensor, check_param, flat, gradient

#: Returns the tensor that a variable keeps; as fast as to ask for the attribute.
_tensor_of: Callable[[Any], torch.Tensor] = operator.attrgetter("_value")


class StepInPlace:
    """An optimizer of adamas over the memory of a model's variables, whose states are that of their Keras variables."""

    def __init__(self, bind: Bind) -> None:
        self._bind = bind
        self._binding: Binding | None = None
        self._places: list[int] = []

    @property
    def observed(self) -> Observed | None:
        """The measurements of the last observed step; None before the first, and after variables were bound anew."""
        return None if self._binding is None else self._binding.bound.observed

    def start(self, variables: Sequence[Any]) -> Binding:
        """Bind the variables; their states have their first values.

        Raises:
            TypeError: A variable is of a dtype that adamas does not have.
            ValueError: One is not in memory, or its elements do not lie side by side.
        """
        arrays: list[Array] = []
        for variable in variables:
            tensor = _tensor_of(variable)
            if tensor.device.type not in ("cpu", "meta"):
                raise ValueError(
                    f"{variable.path}: expected a variable on the CPU, got one on {tensor.device}; set "
                    "KERAS_TORCH_DEVICE=cpu before Keras is imported"
                )
            check_param(tensor, variable.path)
            arrays.append(flat(tensor))
        self._binding = self._bind(variables, arrays)
        return self._binding

    def forget(self) -> None:
        """Bind anew for the next step."""
        self._binding = None

    def share(self, model: ModelVariables, binding: Binding) -> None:
        """Put the states that are bound in the place of those that there are, with their values."""
        for i, (variable, states) in enumerate(zip(model.variables, model.states, strict=True)):
            for name, array in binding.states(i).items():
                one_each = array.shape == binding.arrays[i].shape
                tensor = as_tensor(array, _tensor_of(variable)) if one_each else as_tensor(array)
                tensor.copy_(_tensor_of(states[name]).detach())
                states[name]._value = torch.nn.Parameter(tensor, requires_grad=False)  # noqa: SLF001 (as above)
        self._places = places(model)

    def step(
        self,
        model: ModelVariables,
        grads: Sequence[Any],
        variables: Sequence[Any],
        taken: Any,
        learning_rate: Any,
        step_at: Callable[[float], Step],
    ) -> None:
        """Update variables and states; arguments as of `StepOnCopies.step`."""
        flat_grads: list[Any] = [None] * len(model.variables)
        seen: set[int] = set()
        for grad, variable in zip(grads, variables, strict=True):
            tensor = grad if isinstance(grad, torch.Tensor) else keras.ops.convert_to_tensor(grad)
            if tensor.data_ptr() in seen:  # one tensor for two variables, which adamas would refuse
                tensor = tensor.clone()
            seen.add(tensor.data_ptr())
            place = model.index[id(variable)]
            flat_grads[place] = gradient(tensor, _tensor_of(variable), model.path(variable), takes_rows=False)
        binding = self._binding
        if binding is None or self._places != places(model):
            binding = self.start(model.variables)
            self.share(model, binding)
        numbers = {name: to_numpy(variable) for name, variable in model.numbers.items()}
        after = binding.step(step_at(as_number(learning_rate)), flat_grads, int(as_number(taken)), numbers)
        for name, variable in model.numbers.items():
            variable.assign(after[name])
        torch.autograd.graph.increment_version([_tensor_of(variable) for variable in variables])


def places(model: ModelVariables) -> list[int]:
    """Return where the elements of all variables and states lie."""
    return [
        variable._value.data_ptr()  # noqa: SLF001 (as above: at every step)
        for owner, states in zip(model.variables, model.states, strict=True)
        for variable in (owner, *states.values())
    ]
