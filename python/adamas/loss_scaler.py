"""Dynamic loss scaling, for gradients in 16 bits."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from adamas._inputs.hyperparameters import number, whole_number
from adamas._optimizer.base import Optimizer
from adamas._optimizer.report import StepReport

_LARGEST = float(np.finfo(np.float32).max)
_SMALLEST = float(np.finfo(np.float32).tiny)


def _check_scale(value: Any, path: str) -> float:
    return number(value, path, "a normal float32 number > 0", _SMALLEST, math.nextafter(_LARGEST, math.inf))


class LossScaler:
    """Keeps small gradients above what 16 bits can hold, by making the loss larger.

    Multiply the loss, or the gradient that backward begins with, by ``scale``; `step` divides the gradients by it. If
    one of them has become infinite or NaN, the step is skipped and the scale multiplied by ``backoff_factor``; after
    ``growth_interval`` steps in a row without that, it is multiplied by ``growth_factor``. As ``torch.amp.GradScaler``;
    Micikevicius et al. 2018, "Mixed Precision Training" (arXiv 1710.03740), section 3.2. ::

        scaler = LossScaler()
        for batch in batches:
            grads = backward(params, batch, scaler.scale)  # in float16
            report = scaler.step(opt, grads, max_norm=1.0)

    Args:
        init_scale: First scale, a finite number > 0.
        growth_factor: > 1.
        backoff_factor: In (0, 1).
        growth_interval: Steps in a row without an overflow after which the scale grows, >= 1.

    Attributes:
        scale: What to multiply the loss by.
    """

    def __init__(
        self,
        init_scale: float = 2.0**16,
        growth_factor: float = 2.0,
        backoff_factor: float = 0.5,
        growth_interval: int = 2000,
    ) -> None:
        above_one, above_zero = math.nextafter(1.0, 2.0), math.nextafter(0.0, 1.0)
        self.scale = _check_scale(init_scale, "init_scale")
        self._growth_factor = number(growth_factor, "growth_factor", "a finite number > 1", above_one, math.inf)
        self._backoff_factor = number(backoff_factor, "backoff_factor", "a number in (0, 1)", above_zero, 1.0)
        self._growth_interval = whole_number(growth_interval, "growth_interval", 1)
        self._good_steps = 0

    def step(self, optimizer: Optimizer, grads: Any, *, max_norm: float | None = None) -> StepReport:
        """Step the optimizer with gradients of the scaled loss, unless they have overflowed, and adapt the scale.

        Args:
            optimizer: Any of adamas.
            grads: As in its ``step``.
            max_norm: The same, for gradients of the loss itself.

        Returns:
            The optimizer's report; ``skipped`` tells of an overflow.

        Raises:
            TypeError, ValueError, RuntimeError: As the optimizer's ``step``; the scale has not changed then.
        """
        report = optimizer.step(grads, grad_scale=self.scale, max_norm=max_norm, on_nonfinite="skip")
        self.update(overflow=report.skipped)
        return report

    def update(self, *, overflow: bool) -> None:
        """Adapt the scale after a step of one's own."""
        if overflow:
            self._good_steps = 0
            self.scale = max(self.scale * self._backoff_factor, _SMALLEST)
            return
        self._good_steps += 1
        if self._good_steps == self._growth_interval:
            self._good_steps = 0
            if self.scale * self._growth_factor <= _LARGEST:
                self.scale *= self._growth_factor

    def state_dict(self) -> dict[str, Any]:
        """Return what is needed to go on later."""
        return {"scale": self.scale, "good_steps": self._good_steps}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Restore what `state_dict` returned.

        Raises:
            KeyError, TypeError, ValueError: It is not such a dict; nothing has changed then.
        """
        good_steps = whole_number(state_dict["good_steps"], "good_steps", 0)
        self.scale, self._good_steps = _check_scale(state_dict["scale"], "scale"), good_steps

    def __repr__(self) -> str:
        return (
            f"LossScaler(scale={self.scale!r}, growth_factor={self._growth_factor!r}, "
            f"backoff_factor={self._backoff_factor!r}, growth_interval={self._growth_interval!r})"
        )
