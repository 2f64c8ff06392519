"""Configs, ``.keras`` files, and going on from them."""

from __future__ import annotations

import json
import pickle
from itertools import cycle
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from cases import ROUNDED_STATES
from small_keras import compiled, train, values, weights

import adamas.keras

NAMES = [name for name in adamas.keras.__all__ if name != "Optimizer"]
SCHEDULE = keras.optimizers.schedules.ExponentialDecay(0.01, 10, 0.9)


@pytest.mark.parametrize(
    ("name", "state_dtype"),
    [*((name, None) for name in NAMES), *zip(cycle(["AdamW", "Adam", "Adamax"]), ROUNDED_STATES), ("Adan", "int8")],
)
def test_going_on_equals_never_having_stopped(name: str, state_dtype: str | None, tmp_path: Path) -> None:
    model = compiled(getattr(adamas.keras, name)(learning_rate=SCHEDULE, weight_decay=0.01, state_dtype=state_dtype))
    train(model, 7)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert type(loaded.optimizer) is type(model.optimizer)
    assert loaded.optimizer.get_config() == model.optimizer.get_config()
    for ours, theirs in zip(values(loaded.optimizer), values(model.optimizer), strict=True):
        assert ours.tobytes() == theirs.tobytes()
    assert (train(loaded, 7, first=7) == train(model, 7, first=7)).all()
    for ours, theirs in zip(weights(loaded), weights(model), strict=True):
        assert ours.tobytes() == theirs.tobytes()
    for ours, theirs in zip(values(loaded.optimizer), values(model.optimizer), strict=True):
        assert ours.tobytes() == theirs.tobytes()


@pytest.mark.parametrize(
    "options",
    [
        {"use_ema": True, "ema_overwrite_frequency": 4},
        {"gradient_accumulation_steps": 3},
        {"loss_scale_factor": 64.0, "global_clipnorm": 0.1},
    ],
)
def test_going_on_with_what_keras_keeps(options: dict[str, Any], tmp_path: Path) -> None:
    model = compiled(adamas.keras.AdamW(0.01, **options))
    train(model, 7)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert (train(loaded, 7, first=7) == train(model, 7, first=7)).all()
    for ours, theirs in zip(weights(loaded), weights(model), strict=True):
        assert ours.tobytes() == theirs.tobytes()


@pytest.mark.parametrize("name", NAMES)
def test_config(name: str) -> None:
    cls = getattr(adamas.keras, name)
    made = cls(learning_rate=SCHEDULE, weight_decay=0.02, clipnorm=1.0, use_ema=True, ema_momentum=0.5, num_threads=1)
    config = json.loads(json.dumps(made.get_config()))
    again = cls.from_config(config)
    assert again.get_config() == made.get_config()
    assert isinstance(again._learning_rate, keras.optimizers.schedules.ExponentialDecay)
    serialized = keras.optimizers.serialize(made)
    assert serialized["registered_name"] == f"adamas>{name}"
    assert type(keras.optimizers.deserialize(serialized)) is cls


@pytest.mark.parametrize("name", ["AdamW", "Adam", "Lamb", "Lion"])
def test_goes_on_from_weights_of_keras(name: str) -> None:
    theirs = compiled(getattr(keras.optimizers, name)(0.01))
    train(theirs, 5)
    ours = compiled(getattr(adamas.keras, name)(0.01))
    ours.set_weights(theirs.get_weights())
    ours.optimizer.build(ours.trainable_variables)
    ours.optimizer.set_weights(values(theirs.optimizer))
    np.testing.assert_allclose(train(ours, 10, first=5), train(theirs, 10, first=5), atol=2e-6)


def test_pickle_of_a_model() -> None:
    model = compiled(adamas.keras.AdamW(0.01))
    train(model, 3)
    loaded = pickle.loads(pickle.dumps(model))
    for ours, theirs in zip(values(loaded.optimizer), values(model.optimizer), strict=True):
        assert ours.tobytes() == theirs.tobytes()
