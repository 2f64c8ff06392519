"""Small models and data, and training them."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

BACKEND = keras.backend.backend()
Array = np.ndarray[Any, np.dtype[Any]]

rng = np.random.default_rng(0)
X = rng.standard_normal((256, 8)).astype(np.float32)
Y = (X[:, :1] + X[:, 1:2] ** 2 > 0.5).astype(np.float32)


def network() -> Any:
    layers = keras.layers
    dense = layers.Dense(16, activation="tanh", kernel_regularizer=keras.regularizers.L2(1e-4))
    return keras.Sequential([layers.Input((8,)), dense, layers.Dense(1, activation="sigmoid")])


def compiled(optimizer: Any, **more: Any) -> Any:
    keras.utils.set_random_seed(3)
    model = network()
    model.compile(optimizer=optimizer, loss="binary_crossentropy", **more)
    return model


def train(model: Any, steps: int, first: int = 0) -> Array:
    """Return the losses of so many batches."""
    losses = []
    for step in range(first, first + steps):
        part = slice(step * 32 % 256, step * 32 % 256 + 32)
        model.reset_metrics()  # older versions return the mean since then
        losses.append(float(model.train_on_batch(X[part], Y[part])))
    return np.array(losses)


def weights(model: Any) -> list[Array]:
    return [to_numpy(weight) for weight in model.weights]


def values(optimizer: Any) -> list[Array]:
    return [to_numpy(variable) for variable in optimizer.variables]


def to_numpy(value: Any) -> Array:
    if isinstance(value, keras.Variable):
        value = keras.ops.convert_to_tensor(value.value)
    if BACKEND == "tensorflow" and hasattr(value, "numpy"):
        return np.array(value.numpy())  # a scalar of bfloat16 is no array
    return np.array(keras.ops.convert_to_numpy(value))


def largest_difference(a: list[Array], b: list[Array]) -> float:
    return max(float(np.abs(x - y).max()) for x, y in zip(a, b, strict=True))


def variable(value: Any, dtype: str = "float32", name: str = "w") -> Any:
    return keras.Variable(np.asarray(value), dtype=dtype, name=name)


def tensor(value: Any, dtype: str = "float32") -> Any:
    return keras.ops.convert_to_tensor(np.asarray(value), dtype=dtype)
