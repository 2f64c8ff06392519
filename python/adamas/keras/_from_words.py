"""Translation of Keras's arguments into those of `adamas.rules`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from adamas.adapters import Array
from adamas.keras._arguments import OPTIONS, names_of
from adamas.keras._binding import Binding, Step
from adamas.keras._optimizer import Optimizer


class WordedOptimizer(Optimizer):
    """An optimizer by a rule, with the conventions that its `adamas.rules.KerasWords` say."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.engine_class.spec.keras.check(self._values())

    def _values(self) -> dict[str, Any]:
        """Return the arguments that Keras does not keep itself, as they are now, and the options."""
        return {name: getattr(self, name) for name in (*names_of(self.arguments), *OPTIONS)}

    def _step_at(self, learning_rate: float) -> Step:
        step = super()._step_at(learning_rate)
        decay = step.weight_decay or 0.0
        other = self.engine_class.spec.keras.step(self._values(), step.hyperparameters["lr"], decay)
        return replace(
            step,
            hyperparameters={**step.hyperparameters, **other.hyperparameters},
            weight_decay=step.weight_decay if other.weight_decay is None else other.weight_decay,
            grad_scale=other.grad_scale,
            offsets=other.offsets,
        )

    def _bind(self, variables: Sequence[Any], arrays: Sequence[Array]) -> Binding:
        binding = super()._bind(variables, arrays)
        for name, value in self.engine_class.spec.keras.first_values(self._values()).items():
            for i in range(len(arrays)):
                binding.states(i)[name][...] = value
        return binding
