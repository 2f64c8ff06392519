"""docs/migration/scikit-learn.md: its tables and its code."""

from __future__ import annotations

import inspect
import warnings
from typing import Any

import numpy as np
import pytest
import sklearn.neural_network
from migration_tables import Line, Side, Table, check_line, lines_of, run_blocks, tables_of
from sklearn.datasets import load_iris
from sklearn.exceptions import ConvergenceWarning

import adamas.sklearn

PAGE = "scikit-learn.md"


def train(make: Any, **kwargs: Any) -> list[Any]:
    """Fit five epochs, or as many as asked for."""
    x, y = load_iris(return_X_y=True)
    arguments = {"hidden_layer_sizes": (8,), "max_iter": 5, "tol": 0.0, "n_iter_no_change": 10, "random_state": 0}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model = make(**{**arguments, **kwargs}).fit(x[::3], y[::3])
    return [*model.coefs_, *model.intercepts_]


def side(make: Any) -> Side:
    start = [np.zeros_like(each) for each in train(make, max_iter=1)]
    return Side(inspect.signature(make), lambda **kwargs: train(make, **kwargs), start)


THEIRS = side(sklearn.neural_network.MLPClassifier)
OURS = side(adamas.sklearn.MLPClassifier)


@pytest.mark.parametrize(("table", "line"), lines_of(PAGE))
def test_line(table: Table, line: Line) -> None:
    check_line(table, line, THEIRS, OURS, {"adamas": adamas})


def test_all_arguments_are_there_with_their_defaults() -> None:
    listed = {line.theirs.partition("=")[0] for table in tables_of(PAGE) for line in table.lines} - {""}
    assert listed <= THEIRS.defaults.keys()
    assert {name: OURS.defaults[name] for name in THEIRS.defaults} == THEIRS.defaults
    assert OURS.defaults.keys() - THEIRS.defaults.keys() == {"optimizer", "weight_decay"}


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_code() -> None:
    run_blocks(PAGE)
