"""Learning-rate schedules: callables from the number of steps taken so far (0 at the first) to a number.

``lr`` and ``weight_decay`` take one, of the defaults or of a group. They are values: they keep no count of their own,
can be compared, printed and pickled, and a run that goes on from a checkpoint goes on in its schedule, since the
optimizer counts the steps. ::

    opt = adamas.AdamW(params, lr=WarmUp(Cosine(1e-3, 1e-5, steps=9_000), steps=1_000))

Any other callable will do as well, and ``betas`` take one that returns all of them. Numbers are those of
``torch.optim.lr_scheduler`` and ``optax`` where these have the same schedule; after its last step a schedule stays
where it is.
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
    """Base of all schedules: ``schedule(step)``, for the number of steps taken so far."""

    def __call__(self, step: int) -> float:
        """Return the value for the step that comes after ``step`` steps."""
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
    """Always the same.

    Args:
        value: >= 0.
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

    ``optax.linear_schedule``; ``torch.optim.lr_scheduler.LinearLR``.

    Args:
        start: Value at the first step, >= 0.
        end: Value after ``steps`` steps, and from then on.
        steps: How many steps it takes.
    """

    SHAPE: ClassVar[str] = "linear"


@dataclass(frozen=True)
class Cosine(_Way):
    """From ``start`` to ``end`` along half a cosine: ``end + (start - end) * (1 + cos(pi*t/steps))/2``.

    Loshchilov and Hutter 2017, "SGDR: Stochastic Gradient Descent with Warm Restarts" (arXiv 1608.03983), without
    restarts. ``optax.cosine_decay_schedule``; ``torch.optim.lr_scheduler.CosineAnnealingLR``, which turns back after
    its last step.

    Args:
        start: Value at the first step, >= 0.
        end: Value after ``steps`` steps, and from then on.
        steps: How many steps it takes.
    """

    SHAPE: ClassVar[str] = "cosine"


@dataclass(frozen=True)
class WarmUp(Schedule):
    """Straight from ``start`` to the first value of another schedule, which then begins.

    Goyal et al. 2017, "Accurate, Large Minibatch SGD" (arXiv 1706.02677), 2.2.
    ``optax.warmup_cosine_decay_schedule(start, peak, steps, steps + n, end)`` is
    ``WarmUp(Cosine(peak, end, n), steps, start)``.

    Args:
        schedule: What comes after, or a number that stays.
        steps: How many steps it takes; the other schedule counts from there.
        start: Value at the first step, >= 0.
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
    """Up to ``peak`` in a straight line, then down with the root of time: ``peak * min(t/w, sqrt(w/t))``.

    Vaswani et al. 2017, "Attention Is All You Need" (arXiv 1706.03762), equation 3.

    Args:
        peak: Highest value, >= 0.
        warm_up: Steps w up to it; it is reached after so many.
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

    Hu et al. 2024, "MiniCPM" (arXiv 2404.06395); the shape ``"sqrt"``, ``1 - sqrt(x)``, from Hägele et al. 2024,
    "Scaling Laws and Compute-Optimal Training Beyond Fixed Training Durations" (arXiv 2405.18392).

    Args:
        peak: Highest value, >= 0.
        steps: Steps in all.
        warm_up: Of these, the ones from 0 up to the peak, in a straight line.
        decay: And the last ones, from the peak down.
        end: Value after all steps, and from then on.
        shape: Of the decay: ``"linear"``, ``"cosine"`` or ``"sqrt"``.
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
    """Up to ``peak`` from a fraction of it, and down to next to nothing.

    Smith and Topin 2018, "Super-Convergence" (arXiv 1708.07120), as in ``torch.optim.lr_scheduler.OneCycleLR``, of two
    phases: from ``peak/div_factor`` to the peak, and from there to ``peak/(div_factor*final_div_factor)``.

    Args:
        peak: Highest value, >= 0 (``max_lr``).
        steps: Steps in all (``total_steps``); at the last one, the value is the least.
        pct_start: Share of the steps on the way up, in (0, 1).
        div_factor: How much lower it begins, > 0.
        final_div_factor: How much lower still it ends, > 0.
        shape: Of both ways: ``"cosine"`` or ``"linear"`` (``anneal_strategy``).
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
                f"OneCycle: steps: expected so many that the ways up and down have one each, with pct_start "
                f"{self.pct_start}; got {self.steps}"
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
