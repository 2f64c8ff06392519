"""`help()` of the classes of `adamas.keras` is complete, and their examples run."""

from __future__ import annotations

import doctest
import inspect

import keras
import pytest
from help_audit import flaws_of_module, flaws_of_optimizer
from peer_arguments import differences

import adamas.keras
from adamas.rules import SPECS
from adamas.rules.keras_classes import keras_name
from adamas.rules.peer_defaults import PEER_DEFAULTS


@pytest.mark.parametrize("name", SPECS)
def test_help_is_complete(name: str) -> None:
    cls = getattr(adamas.keras, keras_name(SPECS[name]))
    assert flaws_of_optimizer(cls, {}) == []
    assert len(inspect.signature(cls).parameters) > 12


def test_help_of_methods_is_complete() -> None:
    assert flaws_of_module(adamas.keras) == []


def test_examples() -> None:
    results = doctest.testmod(adamas.keras._optimizers)
    assert (results.failed, results.attempted) == (0, 6 * len(SPECS))


@pytest.mark.parametrize("name", [name for name in SPECS if hasattr(keras.optimizers, keras_name(SPECS[name]))])
def test_defaults_of_keras(name: str) -> None:
    peer = keras_name(SPECS[name])
    assert differences(name, getattr(keras.optimizers, peer)) == PEER_DEFAULTS[name][f"keras.optimizers.{peer}"]
