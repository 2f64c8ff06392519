"""What becomes of gradients before they reach the update."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any, Literal, NamedTuple, TypeAlias

from adamas import _structure as structure
from adamas._hyperparameters import number, shown
from adamas._report import StepReport

#: What to do about a gradient that holds an infinity or NaN.
OnNonFinite: TypeAlias = Literal["propagate", "skip", "raise"]

_CHOICES = ("propagate", "skip", "raise")

#: Types that may be compared without a surprise: True would equal 1.0, an array nothing at all.
_PLAIN = frozenset({float, int, str, type(None)})


class GradientOptions(NamedTuple):
    """Checked options of one step, as the engines take them."""

    grad_scale: float = 1.0
    max_norm: float = math.inf
    skip_nonfinite: bool = False

    @property
    def measured(self) -> bool:
        """Whether the gradients are to be looked at before the update."""
        return self.skip_nonfinite or self.max_norm < math.inf


def clip_coefficient(norm: float, max_norm: float) -> float:
    """Return what gradients of this norm are multiplied by."""
    coefficient = max_norm / (norm + 1e-6)
    return 1.0 if coefficient > 1.0 else coefficient  # NaN stays


class StepDefaults:
    """What an optimizer's steps do about gradients, unless their arguments say otherwise.

    Attributes:
        max_norm: The largest norm that is not clipped, > 0; infinity for no clipping.
        on_nonfinite: ``"propagate"``, ``"skip"`` or ``"raise"``.
    """

    #: Arguments of the last step that were checked, and what they came to: mostly those of the next one.
    _arguments: tuple[float | None, float | None, OnNonFinite | None] | None
    _checked: tuple[GradientOptions, OnNonFinite]
    #: Nothing is to be done: a step without arguments need not ask what.
    plain: bool

    def __init__(self, max_norm: float | None, on_nonfinite: OnNonFinite) -> None:
        self._on_nonfinite = _check_on_nonfinite(on_nonfinite)
        self.max_norm = max_norm

    def _settle(self) -> None:
        self.plain = self._max_norm == math.inf and self._on_nonfinite == "propagate"
        self._arguments = None

    @property
    def max_norm(self) -> float:
        return self._max_norm

    @max_norm.setter
    def max_norm(self, value: float | None) -> None:
        self._max_norm = math.inf if value is None else _check_max_norm(value)
        self._settle()

    @property
    def on_nonfinite(self) -> OnNonFinite:
        return self._on_nonfinite

    @on_nonfinite.setter
    def on_nonfinite(self, value: OnNonFinite) -> None:
        self._on_nonfinite = _check_on_nonfinite(value)
        self._settle()

    def options(
        self, grad_scale: float | None, max_norm: float | None, on_nonfinite: OnNonFinite | None
    ) -> tuple[GradientOptions, OnNonFinite]:
        """Check the arguments of a step; return its options, and what to do about gradients that are not finite."""
        arguments = (grad_scale, max_norm, on_nonfinite)
        if not (_PLAIN.issuperset(map(type, arguments)) and arguments == self._arguments):
            choice = self._on_nonfinite if on_nonfinite is None else _check_on_nonfinite(on_nonfinite)
            limit = self._max_norm if max_norm is None else _check_max_norm(max_norm)
            scale = 1.0 if grad_scale is None else _check_grad_scale(grad_scale)
            options = GradientOptions(scale, limit, choice != "propagate")
            self._arguments, self._checked = arguments, (options, choice)
        return self._checked


def conclude(
    report: StepReport, choice: OnNonFinite, leaves: Sequence[structure.Leaf], description: Any, grads: Any
) -> StepReport:
    """Name the parameter that the engine gave by its number.

    Raises:
        FloatingPointError: Its gradient is not finite, and that is what was asked for then.
    """
    if report.nonfinite is None:
        return report
    index = int(report.nonfinite)
    if choice == "raise":
        path, _ = next(itertools.islice(structure.leaves_like(description, grads), index, None))
        raise FloatingPointError(
            f"{path}: holds an infinity or NaN, once it is divided by grad_scale; nothing was updated"
        )
    return report._replace(nonfinite=leaves[index].name)


def _check_grad_scale(value: float) -> float:
    expected = "a finite number > 0, whose inverse is finite"
    return number(value, "grad_scale", expected, math.nextafter(1.0 / math.nextafter(math.inf, 0.0), 1.0), math.inf)


def _check_max_norm(value: float) -> float:
    if value == math.inf:
        return math.inf
    return number(value, "max_norm", "a number > 0 or None", math.nextafter(0.0, 1.0), math.inf)


def _check_on_nonfinite(value: OnNonFinite) -> OnNonFinite:
    if value not in _CHOICES:
        raise ValueError(f"on_nonfinite: expected 'propagate', 'skip' or 'raise', got {shown(value)}")
    return value
