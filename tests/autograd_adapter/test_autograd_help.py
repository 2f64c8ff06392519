"""`help()` of the functions of `adamas.autograd` is complete."""

from __future__ import annotations

from help_audit import flaws_of_module

import adamas.autograd


def test_help_is_complete() -> None:
    assert flaws_of_module(adamas.autograd) == []
