"""The two tasks that low-precision training is measured on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import text_model

from adamas.demo import mlp
from adamas.demo.data import load_fashion_mnist
from adamas.demo.mlp import Array, Layers

#: How many examples of a set its loss is taken on, evenly spaced.
_EVALUATED = 10_000
_TEXT = 3_000_000
_HELD_OUT_TEXT = 300_000


@dataclass(frozen=True)
class Task:
    """A network and its data."""

    name: str
    batch_size: int
    init: Callable[[np.random.Generator], Layers]
    logits: Callable[[Layers, Array], Array]
    loss_and_grads: Callable[[Layers, Array, Array], tuple[float, Layers]]
    train: tuple[Array, Array]
    held_out: tuple[Array, Array]

    def new_layers(self, seed: int) -> Layers:
        """Make the network that this seed starts from."""
        return self.init(np.random.default_rng([seed, 0]))

    def batches(self, seed: int, steps: int) -> Iterator[tuple[Array, Array]]:
        """Give the batches of this seed: the same ones to everyone who asks."""
        rng = np.random.default_rng([seed, 1])
        x, y = self.train
        for _ in range(steps):
            rows = rng.integers(0, len(y), self.batch_size)
            yield x[rows], y[rows]

    def evaluate(self, layers: Layers, data: tuple[Array, Array]) -> tuple[float, float]:
        """Return mean cross-entropy and accuracy on evenly spaced examples."""
        rows = np.linspace(0, len(data[1]) - 1, min(_EVALUATED, len(data[1]))).astype(np.int64)
        x, y = data[0][rows], data[1][rows]
        probabilities = mlp.softmax(self.logits(layers, x))
        loss = -float(np.log(np.maximum(probabilities[np.arange(len(y)), y], 1e-30)).mean())
        return loss, float((probabilities.argmax(axis=1) == y).mean())


def images(directory: Path | None = None) -> Task:
    """Fashion-MNIST, and a perceptron of two hidden layers."""
    data = load_fashion_mnist(directory)
    return Task(
        "Fashion-MNIST, perceptron 784-256-128-10",
        128,
        lambda rng: mlp.init_mlp([784, 256, 128, 10], rng),
        lambda layers, x: mlp.forward(layers, x)[-1],
        mlp.loss_and_grads,
        (data.x_train, data.y_train),
        (data.x_test, data.y_test),
    )


def text() -> Task:
    """Movie reviews, and a model of the next character."""
    characters = text_model.load_text(_TEXT)

    def examples(part: Array) -> tuple[Array, Array]:
        windows = np.lib.stride_tricks.sliding_window_view(part[:-1], text_model.CONTEXT)
        return windows, part[text_model.CONTEXT :]

    return Task(
        "movie reviews, next of 64 characters",
        128,
        text_model.init,
        text_model.logits,
        text_model.loss_and_grads,
        examples(characters[:-_HELD_OUT_TEXT]),
        examples(characters[-_HELD_OUT_TEXT:]),
    )


def flat(layers: Layers) -> dict[str, Array]:
    """Return the arrays by the names that an optimizer's state gives them."""
    return {f"{i}.{name}": array for i, layer in enumerate(layers) for name, array in layer.items()}


def each(function: Callable[[Array], Array], layers: Layers) -> Layers:
    """Apply a function to every array."""
    return [{name: function(array) for name, array in layer.items()} for layer in layers]
