"""Observed steps of `adamas.keras`, in place and on copies."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest

import adamas
import adamas.keras


def network() -> Any:
    keras.utils.set_random_seed(0)
    return keras.Sequential([keras.layers.Input((8,)), keras.layers.Dense(4), keras.layers.Dense(1)])


def test_fit_is_observed() -> None:
    model = network()
    optimizer = adamas.keras.Adam(learning_rate=0.01, observe=2)
    log = adamas.observe.Log(optimizer)
    assert not log.add()
    model.compile(optimizer, loss="mse")
    x = np.random.default_rng(0).standard_normal((64, 8)).astype(np.float32)

    class Added(keras.callbacks.Callback):  # type: ignore[misc]
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            log.add()

    model.fit(x, x.sum(axis=1, keepdims=True), batch_size=16, epochs=2, verbose=0, callbacks=[Added()])
    assert log.steps == [1, 3, 5, 7]
    assert len(log.names) == 4
    assert (log.table("lr") == np.float32(0.01)).all()
    assert (log.table("grad_rms") > 0).all()
    assert optimizer.get_config()["observe"] == 2


def test_wrong_values() -> None:
    with pytest.raises(ValueError, match="observe: expected a whole number >= 1"):
        adamas.keras.Adam(observe=0)
    with pytest.raises(AttributeError, match="observe: is fixed at construction"):
        adamas.keras.Adam().observe = 3
