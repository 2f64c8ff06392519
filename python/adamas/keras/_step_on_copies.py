"""Steps on copies in host memory: for tensors that cannot be changed in place."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from adamas.adapters import Array, Observed, bfloat16
from adamas.keras._binding import Binding, Step
from adamas.keras._host_calls import call
from adamas.keras._model_variables import Bind, ModelVariables, as_number, number_dtype, to_numpy


class StepOnCopies:
    """An optimizer of adamas over memory of its own, into which variables and states are copied for each step.

    A step is a function of its inputs alone, so that a compiled program may call it whenever it likes.
    """

    def __init__(self, bind: Bind) -> None:
        self._bind = bind
        self._binding: Binding | None = None
        self._lock = threading.Lock()

    @property
    def observed(self) -> Observed | None:
        """The measurements of the last observed step; None before the first, and after variables were bound anew."""
        return None if self._binding is None else self._binding.bound.observed

    def start(self, variables: Sequence[Any]) -> Binding:
        """Bind copies of the variables; their states have their first values."""
        arrays = [np.array(to_numpy(variable)).reshape(-1) for variable in variables]
        self._binding = self._bind(variables, arrays)
        return self._binding

    def _start_empty(self, variables: Sequence[Any]) -> Binding:
        """Likewise, of variables whose values are elsewhere at present: each step brings them."""
        dtypes = [bfloat16() if v.dtype == "bfloat16" else np.dtype(v.dtype) for v in variables]
        arrays = [np.zeros(math.prod(v.shape), dtype) for v, dtype in zip(variables, dtypes, strict=True)]
        self._binding = self._bind(variables, arrays)
        return self._binding

    def forget(self) -> None:
        """Bind anew for the next step."""
        with self._lock:
            self._binding = None

    def step(
        self,
        model: ModelVariables,
        grads: Sequence[Any],
        variables: Sequence[Any],
        taken: Any,
        learning_rate: Any,
        step_at: Callable[[float], Step],
    ) -> None:
        """Assign their next values to variables and states.

        Args:
            model: All variables.
            grads: One for each of the variables that are updated.
            variables: Those.
            taken: Steps taken before this one.
            learning_rate: Of this step.
            step_at: Returns what adamas is asked for at a learning rate.
        """
        for grad, variable in zip(grads, variables, strict=True):
            if tuple(grad.shape) != tuple(variable.shape):
                raise ValueError(
                    f"{model.path(variable)}: expected shape {tuple(variable.shape)}, got {tuple(grad.shape)}"
                )
        indices = [model.index[id(variable)] for variable in variables]
        states = [state for i in indices for state in model.states[i].values()]
        changing = [*model.numbers.values(), *variables, *states]

        def next_values(taken: Array, learning_rate: Array, *arrays: Array) -> list[Array]:
            given = iter(arrays)
            with self._lock:
                binding = self._binding or self._start_empty(model.variables)
                numbers = {name: np.asarray(next(given)) for name in model.numbers}
                memory = [binding.arrays[i] for i in indices]
                memory += [array for i in indices for array in binding.states(i).values()]
                for array in memory:
                    array[...] = np.asarray(next(given)).reshape(array.shape)
                flat_grads: list[Array | None] = [None] * len(model.variables)
                for i in indices:
                    flat_grads[i] = np.ascontiguousarray(next(given)).reshape(-1)
                after = binding.step(step_at(as_number(learning_rate)), flat_grads, int(taken), numbers)
                results = [*(np.asarray(after[name], number_dtype()) for name in model.numbers), *memory]
                return [np.array(value).reshape(v.shape) for value, v in zip(results, changing, strict=True)]

        results = call(next_values, [taken, learning_rate, *changing, *grads], changing)
        for variable, result in zip(changing, results, strict=True):
            variable.assign(result)
