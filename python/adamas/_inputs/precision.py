"""Warnings about 16-bit parameters: small updates that are lost, and options that change nothing."""

from __future__ import annotations

import sys
import threading
import warnings
from collections.abc import Iterable, Mapping
from typing import Any

#: Significant bits of a number in each of the 16-bit formats.
_BITS = {"bfloat16": 8, "float16": 11}

#: What keeps small updates, by format.
_WAYS_OUT = {
    "bfloat16": "master_weights=True, 'split32' or 'split24', or rounding='kahan' or 'stochastic'",
    "float16": "master_weights=True or rounding='kahan'",
}

#: Frames of these packages are not where a user has made an optimizer.
_INSIDE = ("adamas", "keras", "torch")


class PrecisionWarning(UserWarning):
    """Parameters in 16 bits lose small updates, or an option that would keep them changes nothing."""

    __module__ = "adamas"


#: Whether this process has been told of lost updates.
_told = threading.Event()


def warn_without_effect(options: Mapping[str, Any], dtypes: Iterable[str]) -> None:
    """Warn of options for 16-bit parameters where there are none.

    Args:
        options: As an optimizer was given them.
        dtypes: Names of the dtypes of its parameters.
    """
    dtypes = set(dtypes)
    if not dtypes or dtypes.intersection(_BITS):
        return
    for name, idle in (("master_weights", False), ("rounding", "nearest")):
        if options.get(name, idle) != idle:
            _warn(
                f"{name}={options[name]!r}: changes nothing, since no parameter is bfloat16 or float16 "
                f"(they are {', '.join(sorted(dtypes))}); leave it out"
            )


def warn_of_lost_updates(options: Mapping[str, Any], dtypes: Iterable[str], advice: str | None = None) -> None:
    """Warn, once in a process, of 16-bit parameters that are rounded to the nearest, unless that was asked for.

    Args:
        options: As an optimizer was given them.
        dtypes: Names of the dtypes of its parameters.
        advice: What keeps small updates. None: the options that do.
    """
    if _told.is_set() or options.get("master_weights", False) is not False or "rounding" in options:
        return
    for name in dtypes:
        if name not in _BITS:
            continue
        ways = advice or f"pass {_WAYS_OUT[name]}; rounding='nearest' accepts the loss, and says nothing"
        _warn(
            f"parameters are {name}, with {_BITS[name]} significant bits: an update that is smaller than half the "
            f"distance to the next such number is lost; to keep it, {ways} (said once)"
        )
        _told.set()
        return


def _warn(message: str) -> None:
    """Warn, in the name of the line outside of the libraries that this goes back to."""
    frame, level = sys._getframe(), 1
    while frame.f_back is not None and str(frame.f_globals.get("__name__")).partition(".")[0] in _INSIDE:
        frame, level = frame.f_back, level + 1
    warnings.warn(message, PrecisionWarning, stacklevel=level)
