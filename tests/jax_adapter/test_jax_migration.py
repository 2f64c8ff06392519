"""docs/migration/optax.md: its table and its code; and the examples of errors that need JAX."""

from __future__ import annotations

import inspect
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from migration_tables import Line, Side, Table, check_line, check_names, lines_of, run_blocks, tables_of
from page_examples import Example, check_that_it_leads, page_examples, run_example

import adamas
import adamas.jax

PAGE = "optax.md"
NAMES = {"optax": optax, "adamas": adamas}


def start() -> dict[str, Any]:
    rng = np.random.default_rng(0)
    return {"a": rng.standard_normal((6, 3)).astype(np.float32), "b": rng.standard_normal(5).astype(np.float32)}


def train(make: Any, **kwargs: Any) -> list[Any]:
    """Take some steps with gradients that depend on the number of the step alone."""
    transformation = make(**{"learning_rate": 1e-3, **kwargs})
    params = jax.tree.map(jnp.asarray, start())
    state = transformation.init(params)
    update = jax.jit(transformation.update)
    for step in range(5):
        rng = np.random.default_rng(1 + step)
        grads = {name: jnp.asarray(rng.standard_normal(each.shape), jnp.float32) for name, each in params.items()}
        updates, state = update(grads, state, params)
        params = optax.apply_updates(params, updates)
    return [np.asarray(each) for each in params.values()]


def side(make: Any) -> Side:
    return Side(inspect.signature(make), lambda **kwargs: train(make, **kwargs), list(start().values()))


@pytest.mark.parametrize(("table", "line"), lines_of(PAGE))
def test_line(table: Table, line: Line) -> None:
    check_line(table, line, side(optax.adamw), side(adamas.jax.adamw), NAMES)


def test_every_argument_of_theirs_is_in_the_table() -> None:
    (table,) = tables_of(PAGE)
    check_names(table, side(optax.adamw), [])


def test_code() -> None:
    run_blocks(PAGE)


@pytest.mark.parametrize("example", page_examples("jax"), ids=str)
def test_example_of_an_error(example: Example) -> None:
    run_example(example)
    check_that_it_leads(example)
