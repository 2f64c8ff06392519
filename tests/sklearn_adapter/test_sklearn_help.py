"""`help()` of the optimizers and networks of `adamas.sklearn` is complete."""

from __future__ import annotations

import inspect

import pytest
from help_audit import documented, flaws_of_arguments, flaws_of_methods, flaws_of_module, flaws_of_text

import adamas.sklearn


def test_help_is_complete() -> None:
    assert flaws_of_text(adamas.sklearn.__doc__ or "", "adamas.sklearn") == []
    assert flaws_of_module(adamas.sklearn) == []


@pytest.mark.parametrize("cls", [adamas.sklearn.AdamOptimizer, adamas.sklearn.SGDOptimizer])
def test_help_of_optimizers_is_complete(cls: type) -> None:
    assert flaws_of_arguments(cls, cls.__name__) == []
    assert flaws_of_methods(cls) == []


@pytest.mark.parametrize("cls", [adamas.sklearn.MLPClassifier, adamas.sklearn.MLPRegressor])
def test_help_of_networks_names_all_arguments(cls: type) -> None:
    """Their docstrings are ours for two arguments, and after that scikit-learn's, in NumPy's style."""
    text = inspect.getdoc(cls) or ""
    assert {"optimizer", "weight_decay"} <= set(documented(cls))
    for name in inspect.signature(cls).parameters:
        assert f"{name} : " in text or f"{name}: " in text, name
