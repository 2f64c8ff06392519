"""docs/migration/keras.md: its table and its code; and the examples of errors that need Keras."""

from __future__ import annotations

import inspect
import re
from typing import Any

import keras
import numpy as np
import pytest
from migration_tables import FOLDER, Line, Side, Table, check_line, check_names, lines_of, run_blocks, tables_of
from page_examples import Example, check_that_it_leads, page_examples, run_example

import adamas
import adamas.keras

PAGE = "keras.md"
NAMES = {"keras": keras, "adamas": adamas}


def start() -> list[Any]:
    rng = np.random.default_rng(0)
    return [(0.1 * rng.standard_normal(shape)).astype(np.float32) for shape in ((6, 3), (5,))]  # little is rounded off


def train(make: Any, **kwargs: Any) -> list[Any]:
    """Take some steps with gradients that depend on the number of the step alone."""
    variables = [keras.Variable(each) for each in start()]
    optimizer = make(**kwargs)
    for step in range(6):
        rng = np.random.default_rng(1 + step)
        grads = [keras.ops.convert_to_tensor(rng.standard_normal(v.shape).astype(np.float32)) for v in variables]
        optimizer.apply(grads, variables)
    return [keras.ops.convert_to_numpy(each) for each in variables]


def side(make: Any) -> Side:
    return Side(inspect.signature(make), lambda **kwargs: train(make, **kwargs), start())


@pytest.mark.parametrize(("table", "line"), lines_of(PAGE))
def test_line(table: Table, line: Line) -> None:
    check_line(table, line, side(keras.optimizers.AdamW), side(adamas.keras.AdamW), NAMES)


def test_every_argument_of_theirs_is_in_the_table() -> None:
    (table,) = tables_of(PAGE)
    check_names(table, side(keras.optimizers.AdamW), ["kwargs"])


def test_the_classes_that_adamas_lacks() -> None:
    line = (FOLDER / PAGE).read_text(encoding="utf-8").partition("that adamas lacks: ")[2].partition("\n")[0]
    theirs = {
        name
        for name, each in vars(keras.optimizers).items()
        if inspect.isclass(each) and issubclass(each, keras.optimizers.Optimizer) and name != "Optimizer"
    }
    assert theirs - set(adamas.keras.__all__) == set(re.findall(r"`(\w+)`", line)) & theirs


def test_code() -> None:
    run_blocks(PAGE)


def test_states_carry_over() -> None:
    """Variables of both stand in the same order, as the page says."""
    old, new = keras.optimizers.AdamW(learning_rate=0.01), adamas.keras.AdamW(learning_rate=0.01)
    some, others = ([keras.Variable(each) for each in start()] for _ in range(2))
    grads = [keras.ops.ones(each.shape) for each in some]
    old.apply(grads, some)
    new.build(others)
    for target, source in zip(new.variables, old.variables, strict=True):
        target.assign(source)
    for target, source in zip(others, some, strict=True):
        target.assign(source)
    old.apply([2.0 * each for each in grads], some)
    new.apply([2.0 * each for each in grads], others)
    for one, other in zip(some, others, strict=True):
        a, b = keras.ops.convert_to_numpy(one), keras.ops.convert_to_numpy(other)
        np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("example", page_examples("keras"), ids=str)
def test_example_of_an_error(example: Example) -> None:
    run_example(example)
    check_that_it_leads(example)
