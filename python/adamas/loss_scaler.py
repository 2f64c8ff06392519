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
    """Dynamic loss scaling: keeps small gradients above what 16 bits can hold, by making the loss larger.

    Multiply the loss, or the gradient that backward begins with, by ``scale``; `step` divides the gradients by it. If a
    gradient is infinite or NaN, the step is skipped, and the scale is multiplied by ``backoff_factor``. After
    ``growth_interval`` steps in a row without that, it is multiplied by ``growth_factor``. ``torch.amp.GradScaler``
    follows the same rule.

    ::

        scaler = LossScaler()
        for batch in batches:
            grads = backward(params, batch, scaler.scale)  # in float16
            report = scaler.step(opt, grads, max_norm=1.0)

    Args:
        init_scale: The first scale, a finite number > 0. Default: 65536.0.
        growth_factor: What the scale is multiplied by when it grows, a number > 1. Default: 2.0.
        backoff_factor: What the scale is multiplied by after an overflow, a number in (0, 1). Default: 0.5.
        growth_interval: How many steps in a row without an overflow let the scale grow, a whole number >= 1. Default:
            2000.

    Attributes:
        scale: What to multiply the loss by.

    Raises:
        TypeError: An argument has the wrong type.
        ValueError: An argument is out of range.

    Example:
        >>> import numpy as np
        >>> import adamas
        >>> w = np.array([1.0, -2.0], dtype=np.float32)
        >>> opt, scaler = adamas.SGD([w], lr=0.5), adamas.LossScaler(init_scale=1024.0)
        >>> scaler.step(opt, [scaler.scale * w]).skipped
        False
        >>> scaler.step(opt, [np.array([np.inf, 0.0])]).skipped
        True
        >>> scaler.scale
        512.0

    References:
        P. Micikevicius et al.: Mixed Precision Training. ICLR 2018, arXiv:1710.03740, section 3.2.
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
            optimizer: An optimizer of `adamas`.
            grads: The gradients of the scaled loss, nested as its parameters are.
            max_norm: The largest norm that is not clipped, of gradients of the loss itself, > 0. None: what the
                ``step_defaults`` of the optimizer say.

        Returns:
            The report of the optimizer; ``skipped`` tells of an overflow.

        Raises:
            TypeError: A gradient or hyperparameter has the wrong type; the message names it.
            ValueError: A gradient does not fit, or a hyperparameter is out of range; the message names it.
            RuntimeError: Another thread is stepping the optimizer.

            After any of these errors neither the optimizer nor the scale has changed.
        """
        report = optimizer.step(grads, grad_scale=self.scale, max_norm=max_norm, on_nonfinite="skip")
        self.update(overflow=report.skipped)
        return report

    def update(self, *, overflow: bool) -> None:
        """Adapt the scale after a step that you have taken yourself.

        Args:
            overflow: Whether a gradient was infinite or NaN.
        """
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
        """Return what is needed to go on later: a dict of the scale and of how many steps it has been good for."""
        return {"scale": self.scale, "good_steps": self._good_steps}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Restore what `state_dict` returned.

        Args:
            state_dict: The dict.

        Raises:
            KeyError: An entry is missing.
            TypeError: An entry has the wrong type.
            ValueError: An entry is out of range.

            After any of these errors nothing has changed.
        """
        good_steps = whole_number(state_dict["good_steps"], "good_steps", 0)
        self.scale, self._good_steps = _check_scale(state_dict["scale"], "scale"), good_steps

    def __repr__(self) -> str:
        return (
            f"LossScaler(scale={self.scale!r}, growth_factor={self._growth_factor!r}, "
            f"backoff_factor={self._backoff_factor!r}, growth_interval={self._growth_interval!r})"
        )
