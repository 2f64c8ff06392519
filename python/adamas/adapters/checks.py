"""Checks of an adapter's arguments, and warnings, with the same messages as the rest of adamas."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from adamas._inputs.hyperparameters import check_flag, check_threads, number, plain, whole_number
from adamas._inputs.names import MISTAKES, likely, no_argument, refuse_attribute
from adamas._inputs.precision import warn_of_lost_updates, warn_without_effect
from adamas._inputs.values import as_real, dtype_name, shown, type_name
from adamas._optimizer.base import SETTINGS
from adamas._optimizer.options import PLACES, chosen, read_options
from adamas._optimizer.step_defaults import StepDefaults
from adamas._system.exclusion import FORKED, forks

__all__ = [
    "FORKED",
    "MISTAKES",
    "PLACES",
    "SETTINGS",
    "as_real",
    "check_flag",
    "check_threads",
    "chosen",
    "dtype_name",
    "forks",
    "likely",
    "no_argument",
    "number",
    "plain",
    "read_step_defaults",
    "refuse_attribute",
    "shown",
    "type_name",
    "warn_of_lost_updates",
    "warn_without_effect",
    "whole_number",
]


def read_step_defaults(options: Mapping[str, Any], owner: str, hyperparameters: Collection[str]) -> StepDefaults:
    """Check the options of an optimizer; return what its steps do about gradients.

    Args:
        options: As given, under the names of `adamas.Adam`'s options.
        owner: Class of the optimizer, for messages.
        hyperparameters: Names of the arguments that it has beside options, for messages.

    Raises:
        TypeError: An unknown option, or one of the wrong type.
        ValueError: An option of the wrong value, or two that do not go together.
    """
    return read_options(options, owner, hyperparameters)[1]
