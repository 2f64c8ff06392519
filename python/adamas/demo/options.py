"""Parsing of numbers on a command line, with their limits."""

from __future__ import annotations

import argparse
import math


def positive_int(text: str) -> int:
    """Return a whole number >= 1."""
    return _at_least(1, text)


def natural_int(text: str) -> int:
    """Return a whole number >= 0."""
    return _at_least(0, text)


def non_negative(text: str) -> float:
    """Return a finite number >= 0."""
    value = float(text)
    if not 0.0 <= value < math.inf:
        raise argparse.ArgumentTypeError(f"expected a finite number >= 0, got {text}")
    return value


def _at_least(least: int, text: str) -> int:
    value = int(text)
    if value < least:
        raise argparse.ArgumentTypeError(f"expected a whole number >= {least}, got {text}")
    return value
