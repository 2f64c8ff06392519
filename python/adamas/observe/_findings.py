"""Problems that show in a log, and the advice for each."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import overload

import numpy as np

from adamas._optimizer.observed import Observed
from adamas._types import Array

#: Widths of the text of a table.
_WIDTH = 100


@dataclass(frozen=True)
class Finding:
    """One problem of one parameter.

    Attributes:
        kind: What it is, in a few words: one of those in ``docs/observe.md``.
        parameter: The name of the parameter.
        value: The number that tells.
        text: What that number is.
        advice: What to do.
    """

    kind: str
    parameter: str
    value: float
    text: str
    advice: str


class Findings(Sequence[Finding]):
    """Findings, the most important first; as text, a table."""

    def __init__(self, found: Sequence[Finding], observed: int) -> None:
        self._found = tuple(found)
        self._observed = observed

    @overload
    def __getitem__(self, index: int) -> Finding: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Finding, ...]: ...
    def __getitem__(self, index: int | slice) -> Finding | tuple[Finding, ...]:
        return self._found[index]

    def __len__(self) -> int:
        return len(self._found)

    def kinds(self) -> dict[str, list[str]]:
        """Return the names of the parameters concerned, by kind."""
        kinds: dict[str, list[str]] = {}
        for finding in self._found:
            kinds.setdefault(finding.kind, []).append(finding.parameter)
        return kinds

    def __str__(self) -> str:
        if not self._observed:
            return "nothing was observed"
        if not self._found:
            return f"nothing looks wrong in {self._observed} observed step{'s' * (self._observed > 1)}"
        lines = []
        for advice in dict.fromkeys(finding.advice for finding in self._found):
            group = [finding for finding in self._found if finding.advice == advice]
            width = max(len(finding.parameter) for finding in group)
            lines.append(group[0].kind.upper())
            lines += [f"  {finding.parameter:<{width}}  {finding.text}" for finding in group]
            lines += textwrap.wrap(advice, _WIDTH, initial_indent="  -> ", subsequent_indent="     ")
        return "\n".join(lines)

    def __repr__(self) -> str:
        return f"<Findings: {', '.join(f'{kind} ({len(names)})' for kind, names in self.kinds().items()) or 'none'}>"


class _Course:
    """The observations of one parameter, in steps in which its learning rate was not 0."""

    def __init__(self, observations: Sequence[Observed], place: int) -> None:
        self._told = [each for each in observations if each.lr[place] > 0]
        self._place = place

    def __len__(self) -> int:
        return len(self._told)

    @property
    def steps(self) -> list[int]:
        return [each.step for each in self._told]

    def all(self, quantity: str) -> Array:
        return np.array([getattr(each, quantity)[self._place] for each in self._told])

    def recent(self, quantity: str) -> Array:
        """Return the later half."""
        return self.all(quantity)[len(self._told) // 2 :]

    def median(self, quantity: str) -> float:
        """Return the median of the later half; NaN if it is not known of most."""
        values = self.recent(quantity)
        known = values[~np.isnan(values)]
        return float(np.median(known)) if 2 * len(known) > len(values) else float("nan")

    @property
    def format(self) -> tuple[str, str, str]:
        return self._told[-1].formats[self._place]


#: The number that tells, and the words for it; None if all is well.
_Look = Callable[[_Course], "tuple[float, str] | None"]


@dataclass(frozen=True)
class _Kind:
    name: str
    look: _Look
    advice: str


def _if_above(quantity: str, limit: float, text: str) -> _Look:
    def look(course: _Course) -> tuple[float, str] | None:
        value = course.median(quantity)
        return (value, text.format(value)) if value > limit else None

    return look


def _if_any(quantity: str, text: str) -> _Look:
    def look(course: _Course) -> tuple[float, str] | None:
        values = course.all(quantity)
        largest = float(np.nanmax(values, initial=0.0))
        first = course.steps[int(np.argmax(values > 0))]
        return (largest, text.format(largest, first)) if largest > 0 else None

    return look


def _dead(course: _Course) -> tuple[float, str] | None:
    # One batch without a gradient is no news; a parameter that has had none for long is.
    values = course.recent("grad_max")
    if len(values) < _FEW or values.any() or np.isnan(values).any():
        return None
    return 0.0, f"its gradient was zero in each of the last {len(values)} observed steps"


def _exploding(course: _Course) -> tuple[float, str] | None:
    sizes, steps = course.all("param_rms"), course.steps
    ratios = course.all("update_ratio")
    ratios[~np.isfinite(ratios)] = np.nan  # what is not finite is named as that
    told = "an update {} was {:.2g} of the parameter (RMS); 0.001 to 0.01 is usual"
    largest = float(np.nanmax(ratios, initial=0.0))
    # The first updates of what begins near zero are large beside it, in any run.
    if sizes[0] >= _SMALL and largest > _QUARTER:
        return largest, told.format(f"of step {steps[int(np.nanargmax(ratios))]}", largest)
    median = course.median("update_ratio")
    if median > _TENTH and steps[len(steps) // 2] >= _LATE:
        return median, told.format("of late", median)
    return None


def _flushed(course: _Course) -> tuple[float, str] | None:
    if course.format[1] == "stochastic":  # what does not change now does so another time
        return None
    return _if_above("update_flushed", 0.5, "{:.0%} of its elements that have a gradient did not change")(course)


def _still(course: _Course) -> tuple[float, str] | None:
    text = "the second moment of {:.1%} of its elements that have a gradient stood still in a step"
    return _if_above("moment_lost", _STILL, text)(course) if course.format[2] == "bfloat16" else None


def _lowest(course: _Course) -> tuple[float, str] | None:
    text = "the second moment of {:.0%} of its elements that have a gradient is at the lowest code of its block"
    return _if_above("moment_lost", 0.5, text)(course) if course.format[2] in ("int8", "int4") else None


#: Fewer observations than this do not show that a parameter is dead.
_FEW = 3
#: A parameter that begins smaller than this begins near zero; from this step on, none is near zero for that reason.
_SMALL, _LATE = 0.01, 30
#: An update is too large beside the parameter: one of them, or most of them.
_QUARTER, _TENTH = 0.25, 0.1
#: The share of second moments that may stand still. Those in bfloat16 are rounded with a dither: they move seldom, and
#: then by more than their change. With beta2 = 0.999 three quarters of them stand still in a step, with 0.9999 all but
#: a fiftieth.
_STILL = 0.95

#: In order of what to look at first.
_KINDS = (
    _Kind(
        "non-finite parameter",
        _if_any("param_nonfinite", "{:.2%} of its elements were infinite or NaN, from step {} on"),
        "The run cannot recover: go back to a checkpoint from before, lower the learning rate, clip with max_norm, and "
        "set on_nonfinite='skip' or 'raise'.",
    ),
    _Kind(
        "non-finite gradient",
        _if_any("grad_nonfinite", "{:.2%} of the elements of a gradient were infinite or NaN, first in step {}"),
        "Set on_nonfinite='skip', with adamas.LossScaler if the loss is scaled; otherwise look for a division by zero "
        "or a logarithm of zero in the model.",
    ),
    _Kind(
        "dead layer",
        _dead,
        "Nothing that the loss depends on passes through it: look for units that a ReLU has switched off for all "
        "inputs (a large negative bias, a learning rate that was too large), a frozen or detached part of the model, "
        "or a parameter that is not used.",
    ),
    _Kind(
        "exploding ratio",
        _exploding,
        "A step changes much of the parameter: lower the learning rate by a factor of 10 to 100, or warm it up.",
    ),
    _Kind(
        "eps dominates",
        _if_above("below_eps", 0.5, "eps is larger than sqrt(v) for {:.0%} of its elements that have a gradient"),
        "The update shrinks with the gradient, as plain gradient descent does: lower eps (1e-8 is usual), or scale the "
        "loss up and leave grad_scale at 1.",
    ),
    _Kind(
        "flushed updates",
        _flushed,
        "The update is smaller than half the distance to the next number of the parameter's dtype: keep the low bits "
        "(master_weights=True, 'split32' or 'split24', or rounding='kahan'), round with rounding='stochastic', or "
        "raise the learning rate.",
    ),
    _Kind(
        "moments lost",
        _still,
        "The changes of the second moment are far below the steps of bfloat16, and reach it as rare jumps: keep states "
        "with state_dtype='float32', or lower beta2 to 0.999 or less.",
    ),
    _Kind(
        "moments lost",
        _lowest,
        "A few elements of a block are so large that the others share one code, and get updates that are too small: "
        "keep states with state_dtype='bfloat16' or 'float32'.",
    ),
)


def find(observations: Sequence[Observed]) -> Findings:
    """Return the problems that these observations show."""
    return Findings(list(_look(observations)), len(observations))


def _look(observations: Sequence[Observed]) -> Iterator[Finding]:
    names = observations[0].names if observations else ()
    courses = [(name, _Course(observations, place)) for place, name in enumerate(names)]
    for kind in _KINDS:
        for name, course in courses:
            found = kind.look(course) if len(course) else None
            if found is not None:
                yield Finding(kind.name, name, *found, kind.advice)
