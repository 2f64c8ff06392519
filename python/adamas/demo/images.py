"""Images with labels, in three parts: training, validation and test."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from adamas.demo.data import load_digits, load_fashion_mnist
from adamas.demo.extras import require
from adamas.demo.kinds import KINDS, Kind
from adamas.demo.mlp import Array

#: The share of the training images that is set aside for validation.
_VALIDATION = 0.15


@dataclass(frozen=True)
class Images:
    """Images as rows of float32 in [0, 1], labels as integers; each part is a pair of both."""

    kind: Kind
    train: tuple[Array, Array]
    validation: tuple[Array, Array]
    test: tuple[Array, Array]


def load_images(arguments: argparse.Namespace) -> Images:
    """Load the data that ``--data`` names, and use a part of the training images for validation.

    Raises:
        FileNotFoundError: The files are not there; the message says how to get them.
        ImportError: scikit-learn is not installed.
        ValueError: A file is damaged.
    """
    if arguments.data == "digits":
        require("--data digits", ("sklearn",), "examples")
        data = load_digits(arguments.seed)
    else:
        data = load_fashion_mnist(arguments.data_dir)
    rows = np.random.default_rng([arguments.seed, 1]).permutation(len(data.y_train))
    aside, rest = np.split(rows, [int(_VALIDATION * len(rows))])
    return Images(
        next(kind for kind in KINDS if kind.name == arguments.data),
        (data.x_train[rest], data.y_train[rest]),
        (data.x_train[aside], data.y_train[aside]),
        (data.x_test, data.y_test),
    )


def batches(count: int, size: int, rng: np.random.Generator) -> Iterator[Array]:
    """Give the numbers from 0 to ``count - 1`` once each, in random order, about ``size`` at a time."""
    yield from np.array_split(rng.permutation(count), batch_count(count, size))


def batch_count(count: int, size: int) -> int:
    """Return how many batches `batches` gives."""
    return -(-count // size)
