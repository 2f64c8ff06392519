"""Averages of the parameters over steps, for evaluation: ``adamas.AdamW(params, average=adamas.EMA(0.999))``.

The optimizer keeps the average of each parameter in an array of its own, brings it up to date in the same pass as the
parameter, and puts the averages into the parameters on request (`Optimizer.averaged`). Every average is kept as

    average = average + w * (parameter - average)

with a weight w that the class gives for each step; the first weight is 1. Each parameter counts how often it has been
averaged (``n_averaged`` in ``opt.state``): an average that begins later, as over states that were loaded without one,
begins with the parameter.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from adamas._inputs.hyperparameters import check_flag, number, whole_number
from adamas._inputs.values import DType, dtype_name, shown
from adamas._numerics.formats import bfloat16

__all__ = ["EMA", "SWA", "Average"]


@dataclass(frozen=True, kw_only=True)
class Average(ABC):
    """Base of the averages."""

    start: int = 1
    every: int = 1
    #: Its name, whether that was given or the dtype itself.
    dtype: Literal["float32", "bfloat16"] | type[Any] | DType = "float32"

    def __post_init__(self) -> None:
        object.__setattr__(self, "start", whole_number(self.start, "start", 1))
        object.__setattr__(self, "every", whole_number(self.every, "every", 1))
        object.__setattr__(self, "dtype", dtype_name(self.dtype))
        if not isinstance(self.dtype, str) or self.dtype not in ("float32", "bfloat16"):
            raise ValueError(f"dtype: expected 'float32' or 'bfloat16', got {shown(self.dtype)}")

    def array_dtype(self, param: np.dtype[Any]) -> np.dtype[Any]:
        """Return the dtype of the array that the average of a parameter is kept in."""
        if param == np.float64:
            return np.dtype(np.float64)
        return bfloat16() if self.dtype == "bfloat16" else np.dtype(np.float32)

    def is_due(self, step: int) -> bool:
        """Tell whether the parameters are averaged after step ``step``, counted from 1."""
        return step >= self.start and (step - self.start) % self.every == 0

    def count_until(self, step: int) -> int:
        """Return how often parameters have been averaged after step ``step``, if they were so from ``start`` on."""
        return max(0, (step - self.start) // self.every + 1)

    def weight_at(self, step: int, number: int | None = None) -> float:
        """Return the weight after step ``step``, counted from 1; 0 if nothing is averaged then.

        Args:
            step: The step.
            number: For the how many-th time a parameter is averaged then. None: as often as `count_until` says.
        """
        if not self.is_due(step):
            return 0.0
        return self.weight(self.count_until(step) if number is None else number)

    @abstractmethod
    def weight(self, number: int) -> float:
        """Return the weight of the parameters in the average when they are averaged for the ``number``-th time."""


@dataclass(frozen=True)
class EMA(Average):
    """Exponential moving average.

    The first average is the parameters themselves; from then on w = 1 - decay, as in
    ``torch.optim.swa_utils.get_ema_multi_avg_fn``.

    Args:
        decay: In [0, 1).
        bias_correction: w = (1 - decay) / (1 - decay**n) at the n-th averaging: the average that starts at zero,
            divided by the sum of its weights, as Adam does with its moments.
        warmup: The decay is at most (1 + n) / (10 + n), as in TensorFlow and thinc, so that early parameters are soon
            forgotten.
        start: The first step, counted from 1, that is averaged.
        every: Steps from one averaging to the next.
        dtype: Of the averages of float32, float16 and bfloat16 parameters: float32 or bfloat16, as a name or as a dtype
            of NumPy's or PyTorch's. (Those of float64 parameters are float64.) bfloat16 ones are rounded with a dither,
            so that small changes are not lost.
    """

    decay: float = 0.999
    bias_correction: bool = False
    warmup: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "decay", number(self.decay, "decay", "a number in [0, 1)", 0.0, 1.0))
        check_flag(self.bias_correction, "bias_correction")
        check_flag(self.warmup, "warmup")
        if self.bias_correction and self.warmup:
            raise ValueError("warmup: forgets early parameters, as bias_correction does; choose one")

    def weight(self, number: int) -> float:
        """Return w."""
        decay = min(self.decay, (1.0 + number) / (10.0 + number)) if self.warmup else self.decay
        if number == 1:
            return 1.0
        return (1.0 - decay) / (1.0 - decay**number) if self.bias_correction else 1.0 - decay


@dataclass(frozen=True, kw_only=True)
class SWA(Average):
    """Stochastic weight averaging: the mean of the parameters, w = 1/n at the n-th averaging.

    Args:
        start: The first step, counted from 1, that is averaged.
        every: Steps from one averaging to the next.
        dtype: As of `EMA`.

    References:
        Izmailov et al., "Averaging Weights Leads to Wider Optima and Better Generalization",
        https://arxiv.org/abs/1803.05407
    """

    def weight(self, number: int) -> float:
        """Return w."""
        return 1.0 / number
