"""An optimizer that is made to refuse, and the proof that nothing has changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from bits import snapshot

import adamas
from adamas import reference

#: The compiled optimizers and the reference refuse in the same words.
MODULES = [adamas, reference]
both = pytest.mark.parametrize("module", MODULES, ids=["compiled", "reference"])


def params() -> dict[str, Any]:
    return {"w": np.ones((3, 4), np.float32), "deep": [np.zeros(5, np.float64), np.ones(2, np.float32)]}


def grads() -> dict[str, Any]:
    return {"w": np.full((3, 4), 0.5, np.float32), "deep": [np.ones(5), np.ones(2, np.float32)]}


def refuses_step(module: Any, act: Callable[[Any, Any], Any], error: type[Exception], message: str) -> None:
    """Make an optimizer with a history, act, and see the error and that all bytes are as they were."""
    model = params()
    opt = module.AdamW(model)
    opt.step(grads())
    arrays = [model["w"], *model["deep"]]
    states = [v for entry in opt.state.values() for k, v in entry.items() if k != "step"]
    counts = [entry["step"] for entry in opt.state.values()]
    before = snapshot([*arrays, *states])
    with pytest.raises(error) as caught:
        act(opt, model)
    assert message in str(caught.value)
    assert snapshot([*arrays, *states]) == before
    assert [entry["step"] for entry in opt.state.values()] == counts == [1, 1, 1]
    assert opt._engine.completed == 1
