"""Ownership: an optimizer keeps nothing alive that refers to it."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator, Mapping

import numpy as np

import adamas
from adamas._types import Array


class Model(Mapping[str, Array]):
    """Parameters that are their optimizer's owner, too."""

    def __init__(self) -> None:
        self._arrays = {"w": np.ones(3, np.float32)}
        self.optimizer = adamas.AdamW(self)

    def __getitem__(self, name: str) -> Array:
        return self._arrays[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._arrays)

    def __len__(self) -> int:
        return len(self._arrays)


def test_a_model_that_holds_its_optimizer_goes() -> None:
    model = Model()
    for _ in range(3):
        model.optimizer.step({"w": np.ones(3, np.float32)})
    gone = weakref.ref(model)
    del model
    gc.collect()
    assert gone() is None
