"""`help()` of the classes of `adamas.sharded` is complete, and their examples run, in one process."""

from __future__ import annotations

import doctest

import pytest
from help_audit import defaults_of_options, flaws_of_module, flaws_of_optimizer

import adamas.sharded
from adamas.rules import SPECS
from adamas.sharded._docstrings import NOT_TAKEN

OPTIONS = {name: value for name, value in defaults_of_options().items() if name not in NOT_TAKEN}


@pytest.mark.parametrize("name", SPECS)
def test_help_is_complete(name: str) -> None:
    assert flaws_of_optimizer(getattr(adamas.sharded, name), OPTIONS) == []


def test_help_of_methods_is_complete() -> None:
    assert flaws_of_module(adamas.sharded) == []


def test_examples() -> None:
    for name in SPECS:
        cls = getattr(adamas.sharded, name)
        runner = doctest.DocTestRunner()
        for test in doctest.DocTestFinder(recurse=False).find(cls, name, globs={}):
            runner.run(test)
        assert (runner.summarize(verbose=False).failed, runner.tries) == (0, 7), name
