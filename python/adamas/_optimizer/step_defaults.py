"""Defaults of steps: clipping, gradients that are not finite, zeroing; and the checks of such arguments."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Any, Literal, TypeAlias

from adamas._inputs import trees
from adamas._inputs.hyperparameters import check_flag, number, whole_number
from adamas._inputs.values import any_of, as_real, shown
from adamas._optimizer.engine import StepOptions
from adamas._optimizer.parameters import Parameters
from adamas._optimizer.report import StepReport

#: What to do about a gradient that holds an infinity or NaN.
OnNonFinite: TypeAlias = Literal["propagate", "skip", "raise"]

_LEAST = math.nextafter(0.0, 1.0)

#: Types that may be compared without a surprise: True would equal 1.0, an array nothing at all.
_PLAIN = frozenset({float, int, str, bool, type(None)})


def _check_grad_scale(value: float) -> float:
    expected = "a finite number > 0, whose inverse is finite"
    return number(value, "grad_scale", expected, math.nextafter(1.0 / math.nextafter(math.inf, 0.0), 1.0), math.inf)


def _limit(name: str) -> Callable[[Any], float | None]:
    def check(value: Any) -> float | None:
        if value is None:
            return None
        if as_real(value) == math.inf:
            return math.inf
        return number(value, name, "a number > 0 or None", _LEAST, math.inf)

    return check


def _word(name: str, *choices: str) -> Callable[[Any], str]:
    def check(value: Any) -> str:
        if not isinstance(value, str) or value not in choices:
            raise ValueError(f"{name}: expected {any_of(choices)}, got {shown(value)}")
        return value

    return check


def _check_norm_type(value: Any) -> float:
    norm_type = as_real(value)
    if norm_type not in (2.0, math.inf):
        raise ValueError(f"norm_type: expected 2 or infinity, got {shown(value)}")
    return norm_type


#: How each setting is checked.
_CHECKS: dict[str, Callable[[Any], Any]] = {
    "max_norm": _limit("max_norm"),
    "max_value": _limit("max_value"),
    "norm_type": _check_norm_type,
    "clip_eps": lambda value: number(value, "clip_eps", "a finite number >= 0", 0.0, math.inf),
    "clip_each": lambda value: check_flag(value, "clip_each"),
    "on_nonfinite": _word("on_nonfinite", "propagate", "skip", "raise"),
    "zero_grads": lambda value: check_flag(value, "zero_grads"),
    "accumulation": _word("accumulation", "sum", "mean", "tree"),
    "observe": lambda value: None if value is None else whole_number(value, "observe", 1),
}


class StepDefaults:
    """Defaults for the arguments of an optimizer's steps: clipping, skipping, zeroing of gradients.

    All may be changed at any time.

    Attributes:
        max_norm: The largest norm that is not clipped, > 0. Infinity: the norm is taken, and nothing is clipped. None:
            it is not taken.
        max_value: The largest magnitude of an element that is not clipped, > 0; None or infinity for no clipping.
        norm_type: 2.0 for the L2 norm, or infinity for the largest magnitude.
        clip_eps: A gradient whose norm N is larger than ``max_norm`` is multiplied by ``max_norm / (N + clip_eps)``:
            1e-6, as in PyTorch, or 0, as in Keras, optax and thinc.
        clip_each: Each parameter's gradient is clipped by its own norm, instead of all of them by the norm of all.
        on_nonfinite: ``"propagate"``, ``"skip"`` or ``"raise"``.
        zero_grads: Gradients are set to zero once they have been used.
        accumulation: A step after `accumulate` uses the ``"sum"`` or the ``"mean"`` of what was accumulated; ``"tree"``
            is a mean whose sum is a binary tree.
        observe: Every so many-th step is observed, the first one on (`Optimizer.observed`); None: no step.
    """

    max_norm: float | None
    max_value: float | None
    norm_type: float
    clip_eps: float
    clip_each: bool
    on_nonfinite: OnNonFinite
    zero_grads: bool
    accumulation: Literal["sum", "mean", "tree"]
    observe: int | None

    #: Nothing is to be done: a step without arguments need not ask what.
    plain: bool
    #: Arguments of the last step that were checked, and what they came to: mostly those of the next one.
    _arguments: tuple[Any, Any, Any, Any, Any, Any] | None
    _checked: tuple[StepOptions, OnNonFinite]

    def __init__(
        self,
        *,
        max_norm: float | None = None,
        max_value: float | None = None,
        norm_type: float = 2.0,
        clip_eps: float = 1e-6,
        clip_each: bool = False,
        on_nonfinite: OnNonFinite = "propagate",
        zero_grads: bool = False,
        accumulation: Literal["sum", "mean", "tree"] = "sum",
        observe: int | None = None,
    ) -> None:
        given = locals()
        self.__dict__.update((name, check(given[name])) for name, check in _CHECKS.items())
        self._settle()

    def __setattr__(self, name: str, value: Any) -> None:
        if name not in _CHECKS:
            raise AttributeError(f"{name}: no such setting; there are {', '.join(_CHECKS)}")
        self.__dict__[name] = _CHECKS[name](value)
        self._settle()

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"{name}: a setting cannot be deleted")

    def __repr__(self) -> str:
        return f"StepDefaults({', '.join(f'{name}={getattr(self, name)!r}' for name in _CHECKS)})"

    def changed(self) -> dict[str, Any]:
        """Return the settings that are not what they are unless somebody chooses."""
        initial = StepDefaults()
        return {name: getattr(self, name) for name in _CHECKS if getattr(self, name) != getattr(initial, name)}

    def _settle(self) -> None:
        idle = self.max_norm is None and self.max_value in (None, math.inf) and self.accumulation == "sum"
        idle = idle and self.on_nonfinite == "propagate" and self.observe is None
        self.__dict__["plain"] = idle and not self.zero_grads
        self.__dict__["_arguments"] = None

    def options(
        self,
        grad_scale: float | None,
        max_norm: float | None,
        max_value: float | None,
        on_nonfinite: OnNonFinite | None,
        zero_grads: bool | None,
        observe: bool | None,
    ) -> tuple[StepOptions, OnNonFinite]:
        """Check the arguments of a step; return its options, and what to do about gradients that are not finite.

        Args:
            grad_scale: The argument of the step.
            max_norm: The argument of the step; None for what is set here, as for the arguments below.
            max_value: The argument of the step.
            on_nonfinite: The argument of the step.
            zero_grads: The argument of the step.
            observe: The argument of the step.

        Raises:
            TypeError: An argument has the wrong type.
            ValueError: An argument is out of range.
        """
        last = self._arguments
        if (
            last is not None
            and grad_scale is last[0]
            and max_norm is last[1]
            and max_value is last[2]
            and on_nonfinite is last[3]
            and zero_grads is last[4]
            and observe is last[5]
        ):
            return self._checked
        arguments = (grad_scale, max_norm, max_value, on_nonfinite, zero_grads, observe)
        norm = self._chosen("max_norm", max_norm)
        value = self._chosen("max_value", max_value)
        choice: OnNonFinite = self._chosen("on_nonfinite", on_nonfinite)
        options = StepOptions(
            grad_scale=1.0 if grad_scale is None else _check_grad_scale(grad_scale),
            max_norm=math.inf if norm is None else norm,
            max_value=math.inf if value is None else value,
            largest=self.norm_type == math.inf,
            clip_each=self.clip_each,
            measure=norm is not None,
            skip_nonfinite=choice != "propagate",
            zero_grads=self._chosen("zero_grads", zero_grads),
            mean=self.accumulation != "sum",
            keep_accumulated=choice == "raise",
            observe=self.observe or 0 if observe is None else int(check_flag(observe, "observe")),
            clip_eps=self.clip_eps,
        )
        if _PLAIN.issuperset(map(type, arguments)):  # then nobody can change them
            self.__dict__.update(_arguments=arguments, _checked=(options, choice))
        return options, choice

    def _chosen(self, name: str, argument: Any) -> Any:
        return getattr(self, name) if argument is None else _CHECKS[name](argument)


def not_finite(grad_scale: float) -> str:
    """Say in a message what is wrong with a gradient that was given with this ``grad_scale``."""
    divided = "" if grad_scale == 1.0 else f", once it is divided by grad_scale ({grad_scale!r})"
    return f"holds an infinity or NaN{divided}"


def conclude(
    report: StepReport,
    options: StepOptions,
    choice: OnNonFinite,
    parameters: Parameters,
    grads: Any,
) -> StepReport:
    """Name the parameter that the engine gave by its number.

    Raises:
        FloatingPointError: Its gradient is not finite, and that is what was asked for then.
    """
    if report.nonfinite is None:
        return report
    index = int(report.nonfinite)
    if choice == "raise":
        path = _path_of(index, parameters, grads)
        raise FloatingPointError(f"{path}: {not_finite(options.grad_scale)}; nothing was updated")
    return report._replace(nonfinite=parameters[index].name)


def _path_of(index: int, parameters: Parameters, grads: Any) -> str:
    if grads is None:
        return f"the accumulated gradient of {parameters[index].name!r}"
    try:
        return next(itertools.islice(trees.leaves_like(parameters.description, grads), index, None))[0]
    except (TypeError, ValueError):  # it has been changed meanwhile
        return f"the gradient of {parameters[index].name!r}"
