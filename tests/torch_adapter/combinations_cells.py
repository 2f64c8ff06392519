"""One cell of the tables in docs/combinations.md: what becomes of an option under a way of stepping."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from adamas._inputs import precision as _precision

#: What a run leaves, by name, in a form that can be compared with ==.
Found = dict[str, Any]

#: Errors that say that something is refused. Any other is a fault.
REFUSALS = (TypeError, ValueError, RuntimeError)
STEPS = 3


@dataclass(frozen=True)
class Cell:
    """What was found out.

    Attributes:
        word: "works", "refused", "differs", or a dash where the question makes no sense.
        notes: Why it was refused, and what was warned of.
        unequal: What came out otherwise than by the plain step.
    """

    word: str
    notes: tuple[str, ...] = ()
    unequal: tuple[str, ...] = ()


EMPTY = Cell("\N{EN DASH}")


def find_out(run: Callable[[], Found], expected: Callable[[], Found]) -> Cell:
    """Run a combination, and compare what it leaves with what it should.

    Args:
        run: Steps a model, and returns what that leaves.
        expected: Returns what should come out; it is called only if ``run`` was not refused.
    """
    _precision._told.clear()  # what is said once in a process is said of each cell
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            found = run()
        except REFUSALS as error:
            return Cell("refused", (f"`{type(error).__name__}`: {_first_sentence(str(error))}",))
    notes = tuple(dict.fromkeys(_told(warning) for warning in caught if _is_ours(warning)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        right = expected()
    unequal = tuple(name for name in right if found.get(name) != right[name])
    return Cell("differs" if unequal else "works", notes, unequal)


def _is_ours(warning: warnings.WarningMessage) -> bool:
    """Tell whether adamas warned: of those that others give, no two versions have the same."""
    return warning.category.__module__.startswith("adamas") or str(warning.message).startswith(_OUR_WARNINGS)


#: How warnings of adamas begin that have no category of their own.
_OUR_WARNINGS = ("step_in_backward: ", "parameters that are spread ")


def _told(warning: warnings.WarningMessage) -> str:
    return f"warns (`{warning.category.__name__}`): {_first_sentence(str(warning.message))}"


def _first_sentence(text: str) -> str:
    return re.split(r"(?<=[\w)'\"])\.\s", text.replace("\n", " "), maxsplit=1)[0].rstrip(".")


def report_of(report: Any) -> Any:
    """Return what a report tells that does not depend on the order in which a norm was summed up."""
    if report is None:
        return None
    numbers = [None if x is None else f"{x:.5g}" for x in (report.grad_norm, report.clip_coefficient)]
    return report.step, report.updated, report.skipped, report.nonfinite, *numbers
