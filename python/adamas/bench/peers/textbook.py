"""AdamW written in NumPy, formula by formula."""

from __future__ import annotations

import numpy as np

from adamas.bench.peers._base import Array, Peer, Run
from adamas.bench.workload import Workload

__all__ = ["PlainNumpy", "Textbook"]


class Textbook:
    """AdamW written in NumPy, formula by formula."""

    def __init__(self, params: list[Array], workload: Workload) -> None:
        self._params, self._work = params, workload
        self._means = [np.zeros_like(param) for param in params]
        self._squares = [np.zeros_like(param) for param in params]
        self._count = 0

    def step(self, grads: list[Array]) -> None:
        """Update the parameters in place."""
        workload, (beta1, beta2) = self._work, self._work.betas
        self._count += 1
        for i, grad in enumerate(grads):
            self._means[i] = beta1 * self._means[i] + (1 - beta1) * grad
            self._squares[i] = beta2 * self._squares[i] + (1 - beta2) * grad**2
            mean = self._means[i] / (1 - beta1**self._count)
            square = self._squares[i] / (1 - beta2**self._count)
            param = self._params[i]
            param -= workload.lr * (mean / (np.sqrt(square) + workload.eps) + workload.weight_decay * param)


class PlainNumpy(Peer):
    """The update written in NumPy, formula by formula."""

    name = "NumPy"
    distributions = ("numpy",)
    holds_gradients = False

    def start(self, workload: Workload, params: list[Array], grads: list[list[Array]], threads: int) -> Run:
        params = [param.copy() for param in params]
        opt = Textbook(params, workload)
        chosen = grads[0]

        def refresh(k: int) -> None:
            nonlocal chosen
            chosen = grads[k]

        return Run(lambda: opt.step(chosen), refresh, lambda i: params[i])
