"""`help()` of the classes of `adamas.thinc` is complete, and their examples run."""

from __future__ import annotations

import doctest

import pytest
from help_audit import flaws_of_module, flaws_of_optimizer

import adamas.thinc

NAMES = adamas.thinc._optimizers.__all__


@pytest.mark.parametrize("name", NAMES)
def test_help_is_complete(name: str) -> None:
    assert flaws_of_optimizer(getattr(adamas.thinc, name), {}) == []


def test_help_of_methods_is_complete() -> None:
    assert flaws_of_module(adamas.thinc) == []


def test_examples() -> None:
    results = doctest.testmod(adamas.thinc._optimizers)
    assert (results.failed, results.attempted) == (0, 6 * len(NAMES))
