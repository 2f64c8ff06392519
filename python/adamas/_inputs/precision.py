"""Warnings about 16-bit parameters: lost small updates, and options without effect."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterable, Mapping
from typing import Any

#: Formats of 16 bits: the significant bits of a number, and what keeps small updates.
_HALVES = {
    "bfloat16": (8, "master_weights=True, 'split32' or 'split24', or rounding='kahan' or 'stochastic'"),
    "float16": (11, "master_weights=True or rounding='kahan'"),
}

#: Frames of these packages are not where a user has made an optimizer.
_INSIDE = ("adamas", "keras", "torch")


class PrecisionWarning(UserWarning):
    """Parameters in 16 bits lose small updates, or an option that would keep them changes nothing."""

    __module__ = "adamas"


#: The dtype whose lost updates this process has been told of. No Event: an interrupt may leave one locked.
_told: list[str] = []


def warn_without_effect(options: Mapping[str, Any], dtypes: Iterable[str]) -> None:
    """Warn of options for 16-bit parameters where there are none.

    Args:
        options: As an optimizer was given them.
        dtypes: Names of the dtypes of its parameters.
    """
    dtypes = set(dtypes)
    if not dtypes or dtypes.intersection(_HALVES):
        return
    for name, idle in (("master_weights", False), ("rounding", "nearest")):
        if options.get(name, idle) != idle:
            _warn(
                f"{name}={options[name]!r}: changes nothing, since no parameter is {' or '.join(_HALVES)} "
                f"(they are {', '.join(sorted(dtypes))}); leave it out"
            )


def warn_of_lost_updates(options: Mapping[str, Any], dtypes: Iterable[str], advice: str | None = None) -> None:
    """Warn, once in a process, of 16-bit parameters that are rounded to the nearest, unless that was asked for.

    Args:
        options: As an optimizer was given them.
        dtypes: Names of the dtypes of its parameters.
        advice: What keeps small updates. None: the options that do.
    """
    if _told or options.get("master_weights", False) is not False or "rounding" in options:
        return
    for name in dtypes:
        if name not in _HALVES:
            continue
        bits, options_that_do = _HALVES[name]
        ways = advice or f"pass {options_that_do}; rounding='nearest' accepts the loss, and says nothing"
        _warn(
            f"parameters are {name}, with {bits} significant bits: an update that is smaller than half the "
            f"distance to the next such number is lost; to keep it, {ways} (said once)"
        )
        _told.append(name)
        return


def _warn(message: str) -> None:
    """Warn, in the name of the line outside of the libraries that this goes back to."""
    frame, level = sys._getframe(), 1
    while frame.f_back is not None and str(frame.f_globals.get("__name__")).partition(".")[0] in _INSIDE:
        frame, level = frame.f_back, level + 1
    warnings.warn(message, PrecisionWarning, stacklevel=level)
