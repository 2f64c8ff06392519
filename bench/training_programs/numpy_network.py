"""The network of ``adamas demo``, in NumPy, with the update as one writes it down and with adamas."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import adamas
from adamas.bench.peers.textbook import Textbook
from adamas.bench.workload import Workload
from adamas.demo.mlp import Layers, init_mlp, loss_and_grads
from training_programs.clock import Clock, Trainer

_SIZES, _BATCH = (784, 512, 512, 10), 128


def numpy_network() -> dict[str, Trainer]:
    """Return trainers of 784 - 512 - 512 - 10, in batches of 128."""
    return {"NumPy": _trainer(_plain), "adamas": _trainer(_adamas)}


def _adamas(layers: Layers) -> Callable[[Layers], object]:
    opt = adamas.AdamW(layers, lr=1e-3)
    return opt.step


def _plain(layers: Layers) -> Callable[[Layers], object]:
    params = [array for layer in layers for array in layer.values()]
    opt = Textbook(params, Workload(tuple(param.shape for param in params)))
    return lambda grads: opt.step([array for layer in grads for array in layer.values()])


def _trainer(make: Callable[[Layers], Callable[[Any], object]]) -> Trainer:
    rng = np.random.default_rng(0)
    layers = init_mlp(_SIZES, rng)
    update = make(layers)
    images = rng.random((_BATCH, _SIZES[0]), dtype=np.float32)
    labels = rng.integers(0, _SIZES[-1], _BATCH)
    clock = Clock()

    def iterate() -> None:
        _, grads = loss_and_grads(layers, images, labels)
        with clock:
            update(grads)

    return Trainer(iterate, sum(array.size for layer in layers for array in layer.values()), clock)
