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
    """Base of the averages.

    A class of your own sets `weight`. Its arguments ``start``, ``every`` and ``dtype`` are those of `EMA` and `SWA`.
    """

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
        """Return the dtype of the array that the average of a parameter is kept in.

        Args:
            param: The dtype of the parameter.
        """
        if param == np.float64:
            return np.dtype(np.float64)
        return bfloat16() if self.dtype == "bfloat16" else np.dtype(np.float32)

    def is_due(self, step: int) -> bool:
        """Tell whether the parameters are averaged after a step.

        Args:
            step: The number of the step, counted from 1.
        """
        return step >= self.start and (step - self.start) % self.every == 0

    def count_until(self, step: int) -> int:
        """Return how often parameters have been averaged after a step, if they were so from ``start`` on.

        Args:
            step: The number of the step, counted from 1.
        """
        return max(0, (step - self.start) // self.every + 1)

    def weight_at(self, step: int, number: int | None = None) -> float:
        """Return the weight of the parameters in the average after a step; 0 if nothing is averaged then.

        Args:
            step: The number of the step, counted from 1.
            number: How often the parameter has been averaged then, this time included. None: as often as `count_until`
                says.
        """
        if not self.is_due(step):
            return 0.0
        return self.weight(self.count_until(step) if number is None else number)

    @abstractmethod
    def weight(self, number: int) -> float:
        """Return the weight w of the parameters in the average.

        Args:
            number: How often the parameters have been averaged, this time included.
        """


@dataclass(frozen=True)
class EMA(Average):
    """Exponential moving average of the parameters.

    The first average is the parameters themselves. After that the weight w of the parameters is 1 - decay, which
    ``torch.optim.swa_utils.get_ema_multi_avg_fn`` uses, too.

    Args:
        decay: The share of the average that stays. A number in [0, 1). Default: 0.999.
        bias_correction: Use w = (1 - decay) / (1 - decay**n) at the n-th averaging: that of an average that starts at
            zero and is divided by the sum of its weights, as Adam does with its moments. True or False. Default: False.
        warmup: Use a decay of at most (1 + n) / (10 + n) at the n-th averaging, as TensorFlow and thinc do, so that
            early parameters are soon forgotten. True or False. Default: False.
        start: The first step that is averaged, counted from 1. A whole number >= 1. Default: 1.
        every: How many steps lie between two averagings. A whole number >= 1. Default: 1.
        dtype: The dtype of averages of float32, float16 and bfloat16 parameters: float32 or bfloat16, as a name or as a
            dtype of NumPy or PyTorch. bfloat16 averages are rounded up or down at random, so that small changes are not
            lost. Averages of float64 parameters are float64. Default: 'float32'.

    Raises:
        TypeError: An argument has the wrong type.
        ValueError: An argument is out of range, or both ``bias_correction`` and ``warmup`` are set.

    Example:
        >>> import numpy as np
        >>> import adamas
        >>> w = np.array([1.0])
        >>> opt = adamas.SGD([w], lr=0.5, average=adamas.EMA(0.5))
        >>> for _ in range(2):
        ...     report = opt.step([w.copy()])
        >>> w
        array([0.25])
        >>> with opt.averaged():
        ...     print(w)
        [0.375]
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
        """Return the weight w of the parameters in the average.

        Args:
            number: How often the parameters have been averaged, this time included.
        """
        decay = min(self.decay, (1.0 + number) / (10.0 + number)) if self.warmup else self.decay
        if number == 1:
            return 1.0
        return (1.0 - decay) / (1.0 - decay**number) if self.bias_correction else 1.0 - decay


@dataclass(frozen=True, kw_only=True)
class SWA(Average):
    """Stochastic weight averaging: the mean of the parameters, w = 1/n at the n-th averaging.

    Args:
        start: The first step that is averaged, counted from 1. A whole number >= 1. Default: 1.
        every: How many steps lie between two averagings. A whole number >= 1. Default: 1.
        dtype: The dtype of averages of float32, float16 and bfloat16 parameters: float32 or bfloat16, as a name or as a
            dtype of NumPy or PyTorch. bfloat16 averages are rounded up or down at random, so that small changes are not
            lost. Averages of float64 parameters are float64. Default: 'float32'.

    Raises:
        TypeError: An argument has the wrong type.
        ValueError: An argument is out of range.

    Example:
        >>> import adamas
        >>> average = adamas.SWA(start=3)
        >>> [average.weight_at(step) for step in range(1, 7)]
        [0.0, 0.0, 1.0, 0.5, 0.3333333333333333, 0.25]

    References:
        Izmailov et al., "Averaging Weights Leads to Wider Optima and Better Generalization",
        https://arxiv.org/abs/1803.05407
    """

    def weight(self, number: int) -> float:
        """Return the weight w of the parameters in the average.

        Args:
            number: How often the parameters have been averaged, this time included.
        """
        return 1.0 / number
