"""`help()` of the classes and functions of `adamas.jax` is complete, and their examples run."""

from __future__ import annotations

import doctest
import functools
from collections.abc import Callable
from typing import Any

import optax
import optax.contrib
import pytest
from help_audit import defaults_of_options, documented, flaws_of_module, flaws_of_optimizer, flaws_of_text
from peer_arguments import differences

import adamas.jax
from adamas.jax._arguments import OPTIONS
from adamas.rules import SPECS
from adamas.rules.optax_functions import FUNCTIONS
from adamas.rules.peer_defaults import PEER_DEFAULTS

DEFAULTS = {name: value for name, value in defaults_of_options().items() if name in OPTIONS}
OF_OPTAX = {
    peer: (rule, defaults)
    for rule, peers in PEER_DEFAULTS.items()
    for peer, defaults in peers.items()
    if peer.startswith("optax.")
}


@pytest.mark.parametrize("name", SPECS)
def test_help_of_a_class_is_complete(name: str) -> None:
    assert flaws_of_optimizer(getattr(adamas.jax, name), DEFAULTS) == []


@pytest.mark.parametrize("name", FUNCTIONS)
def test_help_of_a_function_is_complete(name: str) -> None:
    function, texts = getattr(adamas.jax, name), documented(getattr(adamas.jax, name))
    assert flaws_of_text(function.__doc__, name) == []
    for argument, default in FUNCTIONS[name].arguments.items():
        assert texts[argument].endswith(f"Default: {default!r}."), argument
    assert {*DEFAULTS, *FUNCTIONS[name].neutral} <= set(texts)
    namespace: dict[str, Any] = {}
    runner, finder = doctest.DocTestRunner(), doctest.DocTestFinder(recurse=False)
    for test in finder.find(function, name, globs=namespace):
        runner.run(test)
    assert runner.summarize(verbose=False).failed == 0
    assert runner.tries > 5


def test_help_of_methods_is_complete() -> None:
    assert flaws_of_module(adamas.jax) == []


def test_examples() -> None:
    results = doctest.testmod(adamas.jax._optimizers)
    assert (results.failed, results.attempted) == (0, 7 * len(SPECS))


@pytest.mark.parametrize("peer", OF_OPTAX)
def test_defaults_of_optax(peer: str) -> None:
    function: Callable[..., Any] = functools.reduce(getattr, peer.split(".")[1:], optax)
    rule, defaults = OF_OPTAX[peer]
    given = differences(rule, function)
    if "lr" not in defaults:  # that of `optax.adadelta` may be None
        given.pop("lr", None)
    assert given == defaults
