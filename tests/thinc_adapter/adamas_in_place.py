"""A plugin for pytest that puts the optimizers of `adamas.thinc` where thinc has its own: ``-p adamas_in_place``.

For the tests of thinc and spaCy themselves: names of ``thinc.api`` and ``thinc.optimizers``, and the entries of thinc's
registry that configs name.
"""

from __future__ import annotations

from typing import Any

import thinc.api
import thinc.optimizers

import adamas.thinc

#: How often a tensor was updated, by adamas and by thinc's own code.
UPDATES = {"adamas": 0, "thinc": 0}

_thinc_call = thinc.optimizers.Optimizer.__call__


def _counted(self: Any, *args: Any, **kwargs: Any) -> Any:
    UPDATES["thinc"] += 1
    return _thinc_call(self, *args, **kwargs)


thinc.optimizers.Optimizer.__call__ = _counted


class _AnyRule(type):
    """thinc's class makes Adam or RAdam, as an argument says."""

    def __call__(cls, learn_rate: Any, *, use_radam: bool = False, **others: Any) -> Any:
        return (adamas.thinc.RAdam if use_radam else adamas.thinc.Adam)(learn_rate, **others)

    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, adamas.thinc.Optimizer)


class Optimizer(metaclass=_AnyRule):
    """``thinc.api.Optimizer``, as tests call it."""


def pytest_configure() -> None:
    """Put ours in thinc's places, before any test is imported."""
    for name in ("Adam", "RAdam", "SGD"):
        ours = getattr(adamas.thinc, name)
        setattr(thinc.api, name, ours)
        setattr(thinc.optimizers, name, ours)
        thinc.api.registry.optimizers.register(f"{name}.v1", func=ours)
    thinc.api.Optimizer = Optimizer
    call = adamas.thinc.Optimizer.__call__

    def counted(self: Any, *args: Any, **kwargs: Any) -> Any:
        UPDATES["adamas"] += 1
        return call(self, *args, **kwargs)

    adamas.thinc.Optimizer.__call__ = counted  # type: ignore[method-assign]


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say how many updates there were."""
    terminalreporter.write_line(f"updates: {UPDATES['adamas']} by adamas, {UPDATES['thinc']} by thinc")
