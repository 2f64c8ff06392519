"""Helpers for the tests of `adamas.thinc`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import thinc
import thinc.optimizers

import adamas.thinc
from adamas.rules import SPECS
from adamas.rules.thinc_classes import OF_THINC_TOO, thinc_rules

#: Names of all classes, and of those that thinc has too.
NAMES = [spec.name for spec in thinc_rules(SPECS)]
OF_THINC = list(OF_THINC_TOO)
OWN = [name for name in NAMES if name not in OF_THINC]

IS_9 = hasattr(thinc.optimizers.Optimizer, "last_score")

SHAPES: tuple[tuple[int, ...], ...] = ((3, 4), (5,), (70, 30), (1,))


def make(name: str, **arguments: Any) -> Any:
    """Make an optimizer of adamas, with a learning rate where it must have one."""
    return getattr(adamas.thinc, name)(**{"learn_rate": 0.01, **arguments})


def arrays(seed: int, shapes: Sequence[tuple[int, ...]] = SHAPES, scale: float = 1.0) -> list[Any]:
    """Return arrays of float32 with a spread of magnitudes."""
    rng = np.random.default_rng(seed)
    return [(scale * rng.standard_normal(shape)).astype(np.float32) for shape in shapes]


def train(optimizer: Any, weights: Sequence[Any], steps: int, seed: int = 1, first_node: int = 0) -> None:
    """Update tensors by gradients that depend on seed and step alone; gradients of later tensors are larger."""
    for step in range(steps):
        gradients = arrays(1000 * seed + step, [each.shape for each in weights], 0.3)
        for i, (each, gradient) in enumerate(zip(weights, gradients, strict=True)):
            optimizer((first_node + i, "W"), each, gradient * np.float32(1 + 3 * i))
        optimizer.step_schedules()


def number_of(optimizer: Any, attribute: str) -> Any:
    """Return the value of a hyperparameter as it is now, in both versions of thinc."""
    value = getattr(optimizer, attribute)
    return value(optimizer.step, key=(0, "W"), last_score=None) if callable(value) else value


def same_bits(a: Sequence[Any], b: Sequence[Any]) -> bool:
    """Tell whether arrays have the same bits."""
    return all(x.tobytes() == y.tobytes() for x, y in zip(a, b, strict=True))
