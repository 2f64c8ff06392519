"""docs/migration/thinc.md: its table and its code; and the examples of errors that need thinc."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest
import thinc.optimizers
from migration_tables import Line, Side, Table, check_line, check_names, lines_of, run_blocks, tables_of
from page_examples import Example, check_that_it_leads, page_examples, run_example
from small_thinc import arrays
from small_thinc import train as step_arrays

import adamas.thinc

PAGE = "thinc.md"


def train(make: Any, **kwargs: Any) -> list[Any]:
    weights = arrays(0)
    step_arrays(make(**kwargs), weights, 5)
    return weights


def side(make: Any) -> Side:
    return Side(inspect.signature(make), lambda **kwargs: train(make, **kwargs), arrays(0))


@pytest.mark.parametrize(("table", "line"), lines_of(PAGE))
def test_line(table: Table, line: Line) -> None:
    check_line(table, line, side(thinc.optimizers.Adam), side(adamas.thinc.Adam), {"adamas": adamas})


def test_every_argument_of_theirs_is_in_the_table() -> None:
    (table,) = tables_of(PAGE)
    check_names(table, side(thinc.optimizers.Adam), ["ops"])


def test_code() -> None:
    run_blocks(PAGE)


def test_moments_carry_over() -> None:
    """As the page does it: after that, both go on alike."""
    theirs, ours = thinc.optimizers.Adam(0.01), adamas.thinc.Adam(0.01)
    some = arrays(0)
    step_arrays(theirs, some, 3)
    others = [each.copy() for each in some]
    for i, each in enumerate(some):
        key = i, "W"
        ours(key, each.copy(), np.zeros_like(each))
        ours.mom1[key], ours.mom2[key] = theirs.mom1[key], theirs.mom2[key]
        ours.nr_update[key] = theirs.nr_update[key]
    for optimizer, weights in ((theirs, some), (ours, others)):
        step_arrays(optimizer, weights, 2, seed=7)
    for one, other in zip(some, others, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("example", page_examples("thinc"), ids=str)
def test_example_of_an_error(example: Example) -> None:
    run_example(example)
    check_that_it_leads(example)
