"""Networks of scikit-learn, and data to train them on."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.datasets import load_digits

from adamas.adapters import Array

#: Settings of networks that train for a few epochs, and stop there.
SHORT = {"hidden_layer_sizes": (24, 16), "random_state": 3, "max_iter": 4}


def digits(dtype: Any = np.float64) -> tuple[Array, Array]:
    """Return the images of scikit-learn's digits, and their labels."""
    images, labels = load_digits(return_X_y=True)
    return (images / 16).astype(dtype), labels


def params_of(network: Any) -> list[Array]:
    """Return all parameters of a network."""
    return [*network.coefs_, *network.intercepts_]


def bits(network: Any) -> list[bytes]:
    """Return the bits of all parameters."""
    return [param.tobytes() for param in params_of(network)]
