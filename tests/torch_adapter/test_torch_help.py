"""`help()` of the classes of `adamas.torch` and `adamas.sharded.torch` is complete, and their examples run."""

from __future__ import annotations

import doctest

import pytest
import torch
from help_audit import defaults_of_options, documented, flaws_of_module, flaws_of_optimizer
from peer_arguments import differences

import adamas.sharded.torch
import adamas.torch
from adamas.rules import SPECS
from adamas.rules.peer_defaults import PEER_DEFAULTS

OPTIONS = {**defaults_of_options(), "sparse": "lazy"}


@pytest.mark.parametrize("name", SPECS)
def test_help_is_complete(name: str) -> None:
    cls = getattr(adamas.torch, name)
    assert flaws_of_optimizer(cls, OPTIONS) == []


def test_examples() -> None:
    results = doctest.testmod(adamas.torch._optimizers)
    assert (results.failed, results.attempted) == (0, 6 * len(SPECS))


def test_help_of_methods_is_complete() -> None:
    assert flaws_of_module(adamas.torch) == []
    assert flaws_of_module(adamas.sharded.torch) == []


@pytest.mark.parametrize("name", adamas.sharded.torch._optimizers.__all__)
def test_help_under_torch_distributed(name: str) -> None:
    texts = documented(getattr(adamas.sharded.torch, name))
    taken = {*OPTIONS} - {"sparse", "copy_out", "accumulation"}
    assert {"params", "process_group", "lanes", "fused", *SPECS[name].argument_names, *taken} <= set(texts)
    assert not {"sparse", "copy_out", "accumulation"} & set(texts)


@pytest.mark.parametrize("name", [name for name in SPECS if hasattr(torch.optim, name)])
def test_defaults_of_torch(name: str) -> None:
    assert differences(name, getattr(torch.optim, name)) == PEER_DEFAULTS[name][f"torch.optim.{name}"]
