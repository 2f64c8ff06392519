"""A multi-layer perceptron in plain NumPy: forward pass, loss and gradients."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np

Array: TypeAlias = np.ndarray[Any, np.dtype[Any]]

#: One dict per layer, with the weights ``w`` (inputs x outputs) and the biases ``b``.
Layers: TypeAlias = list[dict[str, Array]]


def init_mlp(sizes: Sequence[int], rng: np.random.Generator) -> Layers:
    """Make the layers of a network with ``sizes[0]`` inputs and ``sizes[-1]`` outputs, in float32 (He et al. 2015)."""
    return [
        {
            "w": (rng.standard_normal((inputs, outputs)) * np.sqrt(2.0 / inputs)).astype(np.float32),
            "b": np.zeros(outputs, np.float32),
        }
        for inputs, outputs in itertools.pairwise(sizes)
    ]


def forward(layers: Layers, x: Array) -> list[Array]:
    """Return the activations of all layers: the input first, the logits last, ReLU in between."""
    activations = [x]
    for layer in layers[:-1]:
        activations.append(np.maximum(activations[-1] @ layer["w"] + layer["b"], 0.0))
    activations.append(activations[-1] @ layers[-1]["w"] + layers[-1]["b"])
    return activations


def softmax(logits: Array) -> Array:
    """Return class probabilities, row by row."""
    exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
    probabilities: Array = exponentials / exponentials.sum(axis=1, keepdims=True)
    return probabilities


def loss_and_grads(layers: Layers, x: Array, y: Array) -> tuple[float, Layers]:
    """Return the mean cross-entropy of a batch and its gradients, nested as the layers are."""
    activations = forward(layers, x)
    probabilities = softmax(activations[-1])
    rows = np.arange(len(y))
    loss = -float(np.log(np.maximum(probabilities[rows, y], 1e-30)).mean())

    delta = probabilities
    delta[rows, y] -= 1.0
    delta /= len(y)
    return loss, backward(layers, activations, delta)


def backward(layers: Layers, activations: list[Array], delta: Array) -> Layers:
    """Return the gradients of a loss, nested as the layers are.

    Args:
        layers: The network.
        activations: Of all layers, as `forward` returns them.
        delta: Gradients of the loss by the last of them.
    """
    grads: Layers = []
    for layer, inputs in zip(reversed(layers), reversed(activations[:-1]), strict=True):
        grads.insert(0, {"w": inputs.T @ delta, "b": delta.sum(axis=0)})
        delta = (delta @ layer["w"].T) * (inputs > 0.0)
    return grads


def evaluate(layers: Layers, x: Array, y: Array) -> tuple[float, float]:
    """Return mean cross-entropy and accuracy."""
    probabilities = softmax(forward(layers, x)[-1])
    loss = -float(np.log(np.maximum(probabilities[np.arange(len(y)), y], 1e-30)).mean())
    return loss, float((probabilities.argmax(axis=1) == y).mean())
