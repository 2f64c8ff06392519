"""`help()` of the strategies of both interfaces of Flower is complete, and their examples run."""

from __future__ import annotations

import doctest
import pydoc
from types import ModuleType

import pytest
from help_audit import documented, flaws_of_module, flaws_of_optimizer

import adamas.flower
import adamas.flower.older
from adamas.flower import _older_strategies, _strategies

NAMES = _strategies.__all__


@pytest.mark.parametrize("module", [adamas.flower, adamas.flower.older])
@pytest.mark.parametrize("name", NAMES)
def test_help_is_complete(module: ModuleType, name: str) -> None:
    cls = getattr(module, name)
    assert flaws_of_optimizer(cls, {}) == []
    assert "    eta: " in pydoc.render_doc(cls)


@pytest.mark.parametrize("module", [adamas.flower, adamas.flower.older])
def test_help_of_methods_is_complete(module: ModuleType) -> None:
    assert flaws_of_module(module) == []


@pytest.mark.parametrize("module", [_strategies, _older_strategies])
def test_examples(module: ModuleType) -> None:
    results = doctest.testmod(module)
    assert results.failed == 0
    assert results.attempted >= 3 * len(NAMES)


def test_arguments_of_flower_have_the_texts_that_it_has() -> None:
    """They are read from the docstrings of the Flower that is installed."""
    text = documented(adamas.flower.FedAdam)["min_train_nodes"]
    assert "inimum number of nodes" in text
    assert text.endswith("Default: 2.")
