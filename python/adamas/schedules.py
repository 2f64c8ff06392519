"""Learning-rate schedules: callables from the number of steps taken so far (0 at the first) to a number.

``lr`` and ``weight_decay`` take one, as a default or in a group. Schedules are values: they can be compared, printed
and pickled, and keep no count of their own. The optimizer counts the steps, so a run that goes on from a checkpoint
goes on in its schedule. ::

    opt = adamas.AdamW(params, lr=WarmUp(Cosine(1e-3, 1e-5, steps=9_000), steps=1_000))

Any other callable can take the place of a schedule; ``betas`` take one that returns all of them. The numbers are those
of ``torch.optim.lr_scheduler`` and ``optax`` where these have the same schedule. After its last step a schedule keeps
its last value.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from adamas._inputs.hyperparameters import number, plain, whole_number
from adamas._inputs.values import shown

__all__ = ["WSD", "Constant", "Cosine", "InverseSqrt", "Linear", "OneCycle", "Schedule", "WarmUp"]

_ANNEALINGS: dict[str, Callable[[float], float]] = {
    # From 0 to 1; how much of the way is done when so much of the time is over.
    "linear": lambda x: x,
    "cosine": lambda x: (1.0 - math.cos(math.pi * x)) / 2.0,
    "sqrt": math.sqrt,
}


class Schedule(ABC):
    """Base of all schedules: ``schedule(step)`` returns the value for the step after ``step`` steps."""

    def __call__(self, step: int) -> float:
        """Return the value for the next step.

        Args:
            step: How many steps have been taken: 0 at the first step.
        """
        return self._at(step)

    @abstractmethod
    def _at(self, step: int) -> float: ...


def _keep_number(schedule: object, name: str, expected: str, least: float) -> None:
    """Check a number >= ``least``, and keep it as an int or float: in float16, say, so would be what is computed."""
    value = getattr(schedule, name)
    number(value, f"{type(schedule).__name__}: {name}", expected, least, math.inf)
    object.__setattr__(schedule, name, plain(value))


def _check_numbers(schedule: object, *names: str) -> None:
    for name in names:
        _keep_number(schedule, name, "a finite number >= 0", 0.0)


def _check_steps(schedule: object, *names: str, least: int = 1) -> None:
    for name in names:
        count = whole_number(getattr(schedule, name), f"{type(schedule).__name__}: {name}", least)
        object.__setattr__(schedule, name, count)


def _check_shape(schedule: object, shape: str, known: tuple[str, ...]) -> None:
    if shape not in known:
        names = " or ".join(repr(name) for name in known)
        raise ValueError(f"{type(schedule).__name__}: shape: expected {names}, got {shown(shape)}")


def _between(start: float, end: float, done: float) -> float:
    """Return the value when the share ``done`` of the way is over."""
    return start + (end - start) * done


@dataclass(frozen=True)
class Constant(Schedule):
    """The same value at every step.

    Args:
        value: The value, a finite number >= 0.

    Raises:
        TypeError: An argument has the wrong type.
        ValueError: An argument is out of range.

    Example:
        >>> from adamas.schedules import Constant
        >>> Constant(0.5)(100)
        0.5
    """

    value: float

    def __post_init__(self) -> None:
        _check_numbers(self, "value")

    def _at(self, step: int) -> float:
        return self.value


@dataclass(frozen=True)
class _Way(Schedule):
    """From one value to another, in so many steps."""

    start: float
    end: float
    steps: int

    def __post_init__(self) -> None:
        _check_numbers(self, "start", "end")
        _check_steps(self, "steps")

    #: Of the way.
    SHAPE: ClassVar[str]

    def _at(self, step: int) -> float:
        return _between(self.start, self.end, _ANNEALINGS[self.SHAPE](min(step / self.steps, 1.0)))


@dataclass(frozen=True)
class Linear(_Way):
    """From ``start`` to ``end``, by the same amount at each step: ``start + (end - start) * t/steps``.

    It is the same as ``optax.linear_schedule`` and ``torch.optim.lr_scheduler.LinearLR``.

    Args:
        start: Value at the first step, a finite number >= 0.
        end: Value after ``steps`` steps, and from then on; a finite number >= 0.
        steps: How many steps the way takes, a whole number >= 1.

    Raises:
        TypeError: An argument has the wrong type.
        ValueError: An argument is out of range.

    Example:
        >>> from adamas.schedules import Linear
        >>> schedule = Linear(1.0, 0.0, steps=4)
        >>> [schedule(step) for step in range(6)]
        [1.0, 0.75, 0.5, 0.25, 0.0, 0.0]
    """

    SHAPE: ClassVar[str] = "linear"


@dataclass(frozen=True)
class Cosine(_Way):
    """From ``start`` to ``end`` along half a cosine: ``end + (start - end) * (1 + cos(pi*t/steps))/2``.

    It is the same as ``optax.cosine_decay_schedule``. ``torch.optim.lr_scheduler.CosineAnnealingLR`` differs after its
    last step, where it turns back.

    Args:
        start: Value at the first step, a finite number >= 0.
        end: Value after ``steps`` steps, and from then on; a finite number >= 0.
        steps: How many steps the way takes, a whole number >= 1.

    Raises:
        TypeError: An argument has the wrong type.
        ValueError: An argument is out of range.

    Example:
        >>> from adamas.schedules import Cosine
        >>> schedule = Cosine(1.0, 0.0, steps=4)
        >>> [round(schedule(step), 3) for step in range(6)]
        [1.0, 0.854, 0.5, 0.146, 0.0, 0.0]

    References:
        I. Loshchilov, F. Hutter: SGDR: Stochastic Gradient Descent with Warm Restarts. ICLR 2017, arXiv:1608.03983
        (here without restarts).
    """

    SHAPE: ClassVar[str] = "cosine"


@dataclass(frozen=True)
class WarmUp(Schedule):
    """In a straight line from ``start`` to the first value of another schedule, which then begins.

    ``optax.warmup_cosine_decay_schedule(start, peak, steps, steps + n, end)`` is ``WarmUp(Cosine(peak, end, n), steps,
    start)``.

    Args:
        schedule: The schedule that comes after, or a number that stays from then on. It counts its steps from there.
        steps: How many steps the way takes, a whole number >= 1.
        start: Value at the first step, a finite number >= 0. Default: 0.0.

    Raises:
        TypeError: An argument has the wrong type.
        ValueError: An argument is out of range.

    Example:
        >>> from adamas.schedules import Linear, WarmUp
        >>> schedule = WarmUp(Linear(1.0, 0.0, steps=2), steps=2)
        >>> [schedule(step) for step in range(5)]
        [0.0, 0.5, 1.0, 0.5, 0.0]

    References:
        P. Goyal et al.: Accurate, Large Minibatch SGD: Training ImageNet in 1 Hour. arXiv:1706.02677, 2017, section
        2.2.
    """

    schedule: Callable[[int], float] | float
    steps: int
    start: float = 0.0

    def __post_init__(self) -> None:
        if not callable(self.schedule):
            object.__setattr__(self, "schedule", Constant(self.schedule))
        _check_numbers(self, "start")
        _check_steps(self, "steps")

    def _at(self, step: int) -> float:
        schedule = self.schedule
        assert callable(schedule)
        if step >= self.steps:
            return schedule(step - self.steps)
        return _between(self.start, plain(schedule(0)), step / self.steps)


@dataclass(frozen=True)
class InverseSqrt(Schedule):
    """Up to ``peak`` in a straight line, then down with the square root of time: ``peak * min(t/w, sqrt(w/t))``.

    Args:
        peak: Highest value, a finite number >= 0.
        warm_up: How many steps w the way up takes, a whole number >= 1.

    Raises:
        TypeError: An argument has the wrong type.
        ValueError: An argument is out of range.

    Example:
        >>> from adamas.schedules import InverseSqrt
        >>> schedule = InverseSqrt(1.0, warm_up=2)
        >>> [schedule(step) for step in (0, 1, 2, 8)]
        [0.0, 0.5, 1.0, 0.5]

    References:
        A. Vaswani et al.: Attention Is All You Need. NeurIPS 2017, arXiv:1706.03762, equation 3.
    """

    peak: float
    warm_up: int

    def __post_init__(self) -> None:
        _check_numbers(self, "peak")
        _check_steps(self, "warm_up")

    def _at(self, step: int) -> float:
        if step < self.warm_up:
            return self.peak * (step / self.warm_up)
        return self.peak * math.sqrt(self.warm_up / step)


@dataclass(frozen=True)
class WSD(Schedule):
    """Warm-up, stable, decay: up to ``peak``, there for most of the time, and down to ``end``.

    Args:
        peak: Highest value, a finite number >= 0.
        steps: How many steps there are in all, a whole number >= 1.
        warm_up: How many of them, from the first on, go up to the peak in a straight line; a whole number >= 0.
        decay: How many of them, at the end, go down from the peak; a whole number >= 0.
        end: Value after all steps, and from then on; a finite number >= 0. Default: 0.0.
        shape: How the value goes down: ``"linear"``, ``"cosine"`` or ``"sqrt"`` (``1 - sqrt(x)``). Default: 'sqrt'.

    Raises:
        TypeError: An argument has the wrong type.
        ValueError: An argument is out of range.

    Example:
        >>> from adamas.schedules import WSD
        >>> schedule = WSD(1.0, steps=8, warm_up=2, decay=2, shape="linear")
        >>> [schedule(step) for step in range(9)]
        [0.0, 0.5, 1.0, 1.0, 1.0, 1.0, 1.0, 0.5, 0.0]

    References:
        S. Hu et al.: MiniCPM: Unveiling the Potential of Small Language Models with Scalable Training Strategies.
        arXiv:2404.06395, 2024.

        A. Hägele et al.: Scaling Laws and Compute-Optimal Training Beyond Fixed Training Durations. NeurIPS 2024,
        arXiv:2405.18392 (the shape ``"sqrt"``).
    """

    peak: float
    steps: int
    warm_up: int
    decay: int
    end: float = 0.0
    shape: str = "sqrt"

    SHAPES: ClassVar[tuple[str, ...]] = ("linear", "cosine", "sqrt")

    def __post_init__(self) -> None:
        _check_numbers(self, "peak", "end")
        _check_steps(self, "steps")
        _check_steps(self, "warm_up", "decay", least=0)
        _check_shape(self, self.shape, self.SHAPES)
        if self.warm_up + self.decay > self.steps:
            raise ValueError(
                f"WSD: warm_up and decay: expected at most {self.steps} steps together, got {self.warm_up + self.decay}"
            )

    def _at(self, step: int) -> float:
        if step < self.warm_up:
            return self.peak * (step / self.warm_up)
        over = step - (self.steps - self.decay)
        if over < 0:
            return self.peak
        done = min(over / self.decay, 1.0) if self.decay else 1.0
        return _between(self.peak, self.end, _ANNEALINGS[self.shape](done))


@dataclass(frozen=True)
class OneCycle(Schedule):
    """Up to ``peak`` from a fraction of it, and down to almost nothing.

    It is the same as ``torch.optim.lr_scheduler.OneCycleLR`` with two phases: from ``peak/div_factor`` to the peak, and
    from there to ``peak/(div_factor*final_div_factor)``.

    Args:
        peak: Highest value, a finite number >= 0. (PyTorch calls it ``max_lr``.)
        steps: How many steps there are in all, a whole number >= 1. The last step has the least value. (PyTorch calls
            it ``total_steps``.)
        pct_start: Share of the steps on the way up, a number in (0, 1). Default: 0.3.
        div_factor: The peak divided by the first value, a finite number > 0. Default: 25.0.
        final_div_factor: The first value divided by the last one, a finite number > 0. Default: 10000.0.
        shape: The shape of both ways: ``"cosine"`` or ``"linear"``. (PyTorch calls it ``anneal_strategy``.) Default:
            'cosine'.

    Raises:
        TypeError: An argument has the wrong type.
        ValueError: An argument is out of range.

    Example:
        >>> from adamas.schedules import OneCycle
        >>> schedule = OneCycle(1.0, steps=10, pct_start=0.3)
        >>> [round(schedule(step), 3) for step in (0, 2, 9)]
        [0.04, 1.0, 0.0]

    References:
        L. N. Smith, N. Topin: Super-Convergence: Very Fast Training of Neural Networks Using Large Learning Rates.
        arXiv:1708.07120, 2018.
    """

    peak: float
    steps: int
    pct_start: float = 0.3
    div_factor: float = 25.0
    final_div_factor: float = 1e4
    shape: str = "cosine"

    SHAPES: ClassVar[tuple[str, ...]] = ("cosine", "linear")

    def __post_init__(self) -> None:
        _check_numbers(self, "peak")
        _check_steps(self, "steps")
        tiny = math.nextafter(0.0, 1.0)
        number(self.pct_start, "OneCycle: pct_start", "a number in (0, 1)", tiny, 1.0)
        object.__setattr__(self, "pct_start", plain(self.pct_start))
        for name in ("div_factor", "final_div_factor"):
            _keep_number(self, name, "a finite number > 0", tiny)
        _check_shape(self, self.shape, self.SHAPES)
        top, last = self._turns()
        if not 0.0 < top < last:
            raise ValueError(
                f"OneCycle: steps: expected enough for at least one step up and one down with pct_start "
                f"{self.pct_start}, got {self.steps}"
            )

    def _turns(self) -> tuple[float, float]:
        return self.pct_start * self.steps - 1.0, self.steps - 1.0

    def _at(self, step: int) -> float:
        top, last = self._turns()
        start = self.peak / self.div_factor
        annealing = _ANNEALINGS[self.shape]
        if step <= top:
            return _between(start, self.peak, annealing(step / top))
        return _between(self.peak, start / self.final_div_factor, annealing(min((step - top) / (last - top), 1.0)))
