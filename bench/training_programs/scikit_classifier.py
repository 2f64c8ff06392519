"""``MLPClassifier`` on scikit-learn's digits, enlarged; its optimizer is an attribute that takes another."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

import adamas
from training_programs.clock import Clock, Trainer


class Swapped:
    """Has the one method of scikit-learn's optimizers that training calls."""

    def __init__(self, params: list[Any], learning_rate: float, betas: tuple[float, float], eps: float) -> None:
        self._optimizer = adamas.Adam(params, lr=learning_rate, betas=betas, eps=eps)

    def update_params(self, params: list[Any], grads: list[Any]) -> None:
        """Update in place; the parameters are those that it was made with."""
        self._optimizer.step(grads)

    def iteration_ends(self, time_step: int) -> None:
        """Nothing: the learning rate is constant."""

    def trigger_stopping(self, message: str, verbose: bool) -> bool:
        """Say whether training that has stopped improving is to end."""
        return True


class Timed:
    """Runs a clock around an optimizer."""

    def __init__(self, optimizer: Any, clock: Clock) -> None:
        self._optimizer, self._clock = optimizer, clock

    def update_params(self, params: list[Any], grads: list[Any]) -> None:
        """Update in place."""
        with self._clock:
            self._optimizer.update_params(params, grads)

    def iteration_ends(self, time_step: int) -> None:
        """As it is."""
        self._optimizer.iteration_ends(time_step)

    def trigger_stopping(self, message: str, verbose: bool) -> bool:
        """As it is."""
        return bool(self._optimizer.trigger_stopping(message, verbose))


def mlp_classifier() -> dict[str, Trainer]:
    """Return trainers of 784 - 512 - 512 - 10, in batches of 200 images of 28 x 28."""
    return {"its own Adam": _trainer(swapped=False), "adamas": _trainer(swapped=True)}


def _trainer(swapped: bool) -> Trainer:
    from sklearn.datasets import load_digits
    from sklearn.neural_network import MLPClassifier

    digits, labels = load_digits(return_X_y=True)
    images = np.kron(digits.reshape(-1, 8, 8), np.ones((4, 4)))[:, 2:-2, 2:-2].reshape(len(digits), -1) / 16.0
    images = images.astype(np.float32)
    net = MLPClassifier((512, 512), learning_rate_init=1e-3, random_state=0)
    net.partial_fit(images[:200], labels[:200], classes=np.unique(labels))
    params = net.coefs_ + net.intercepts_
    own = net._optimizer
    clock = Clock()
    optimizer = Swapped(params, 1e-3, (own.beta_1, own.beta_2), own.epsilon) if swapped else own
    net._optimizer = Timed(optimizer, clock)
    starts = itertools.cycle(range(0, len(images) - 200, 200))

    def iterate() -> None:
        start = next(starts)
        net.partial_fit(images[start : start + 200], labels[start : start + 200])

    return Trainer(iterate, sum(param.size for param in params), clock)
