"""Moments as they occur: recorded while a network trains."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from low_precision_tasks import Task, each, flat

import adamas
from adamas.demo.mlp import Array

BETAS = (0.9, 0.999)


@dataclass(frozen=True)
class Record:
    """Both moments of a parameter after a step, and the gradient of the next."""

    name: str
    step: int
    exp_avg: Array
    exp_avg_sq: Array
    next_grad: Array


def record(task: Task, seed: int, steps: Collection[int]) -> Iterator[list[Record]]:
    """Train with float32 AdamW; give the moments of all parameters after each of these steps."""
    layers = task.new_layers(seed)
    opt = adamas.AdamW(layers, lr=1e-3, betas=BETAS)
    for done, (x, y) in enumerate(task.batches(seed, max(steps) + 1)):
        grads = task.loss_and_grads(layers, x, y)[1]
        if done in steps:
            yield [
                Record(name, done, opt.state[name]["exp_avg"].copy(), opt.state[name]["exp_avg_sq"].copy(), grad)
                for name, grad in flat(each(lambda grad: grad.copy(), grads)).items()
            ]
        opt.step(grads)
