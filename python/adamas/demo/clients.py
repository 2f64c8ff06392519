"""Distribution of images among the clients of federated learning."""

from __future__ import annotations

import argparse
import functools

import numpy as np

from adamas.demo.images import load_images
from adamas.demo.mlp import Array

__all__ = ["images_of_client"]


def images_of_client(arguments: argparse.Namespace, number: int) -> tuple[Array, Array]:
    """Return the training images of a client, and their labels.

    Args:
        arguments: What `adamas.demo.images.load_images` needs, ``clients`` and ``skew``. This share of all images is
            divided in the order of the labels, so that a client sees few labels; the others are divided at random.
        number: Of the client, from 0.
    """
    images, labels, parts = _shared_out(tuple(sorted(vars(arguments).items())))
    return images[parts[number]], labels[parts[number]]


@functools.cache
def _shared_out(settings: tuple[tuple[str, object], ...]) -> tuple[Array, Array, list[Array]]:
    """Return all images and labels, and the rows of each client: once in each process."""
    arguments = argparse.Namespace(**dict(settings))
    images, labels = load_images(arguments).train
    rows = np.random.default_rng([arguments.seed, 2]).permutation(len(labels))
    by_label, rest = np.split(rows, [int(arguments.skew * len(rows))])
    by_label = by_label[np.argsort(labels[by_label], kind="stable")]
    parts = zip(np.array_split(by_label, arguments.clients), np.array_split(rest, arguments.clients), strict=True)
    return images, labels, [np.concatenate(part) for part in parts]
