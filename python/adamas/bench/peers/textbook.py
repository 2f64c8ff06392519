"""adamas itself, and textbook code."""

from __future__ import annotations

from typing import Any

import numpy as np

import adamas
from adamas import _formats
from adamas.bench.peers._base import Array, Peer, Run
from adamas.bench.workload import LOSS_SCALE, MAX_NORM, Work

__all__ = ["Adamas", "PlainNumpy", "Textbook"]


class Adamas(Peer):
    """`adamas.AdamW` on the arrays of an `adamas.Arena`. Next to fp8 stand its 8-bit states."""

    name = "adamas"
    distributions = ("adamas",)

    def can(self, work: Work) -> bool:
        return True

    def start(self, work: Work, params: list[Array], grads: list[list[Array]], threads: int) -> Run:
        dtype = _formats.bfloat16() if work.params == "bfloat16" else np.dtype(np.float32)
        arena = adamas.Arena([np.empty(param.shape, dtype) for param in params])
        for own, values in zip(arena.params, params, strict=True):
            own[...] = values
        phase = work.phase
        options: dict[str, Any] = {}
        if work.states != "float32":
            options["state_dtype"] = "int8" if work.states == "fp8" else work.states
        if work.master:
            options["master_weights"] = work.master
        elif work.params == "bfloat16":
            options["rounding"] = "nearest"
        if phase.clip != "no":
            options.update(max_norm=MAX_NORM, clip_each=phase.clip == "each")
        if phase.average:
            options["average"] = adamas.EMA(0.9999, warmup=True)
        if phase.copies:
            options["copy_out"] = [np.zeros(param.shape, _formats.bfloat16()) for param in params]
        opt = adamas.AdamW(
            arena.params,
            lr=work.lr,
            betas=work.betas,
            eps=work.eps,
            weight_decay=work.weight_decay,
            num_threads=threads,
            on_nonfinite="skip" if phase.unscale else "propagate",
            zero_grads=phase.zero,
            **options,
        )

        def refresh(k: int) -> None:
            for own, values in zip(arena.grads, grads[k], strict=True):
                own[...] = values

        own_grads, scale = arena.grads, LOSS_SCALE
        step = (lambda: opt.step(own_grads, grad_scale=scale)) if phase.unscale else (lambda: opt.step(own_grads))
        return Run(step, refresh, lambda i: arena.params[i], consumes=phase.zero)


class Textbook:
    """AdamW as one writes it down in NumPy."""

    def __init__(self, params: list[Array], work: Work) -> None:
        self._params, self._work = params, work
        self._means = [np.zeros_like(param) for param in params]
        self._squares = [np.zeros_like(param) for param in params]
        self._count = 0

    def step(self, grads: list[Array]) -> None:
        """Update the parameters in place."""
        work, (beta1, beta2) = self._work, self._work.betas
        self._count += 1
        for i, grad in enumerate(grads):
            self._means[i] = beta1 * self._means[i] + (1 - beta1) * grad
            self._squares[i] = beta2 * self._squares[i] + (1 - beta2) * grad**2
            mean = self._means[i] / (1 - beta1**self._count)
            square = self._squares[i] / (1 - beta2**self._count)
            param = self._params[i]
            param -= work.lr * (mean / (np.sqrt(square) + work.eps) + work.weight_decay * param)


class PlainNumpy(Peer):
    """The update as one writes it down."""

    name = "NumPy"
    distributions = ("numpy",)
    holds_gradients = False

    def start(self, work: Work, params: list[Array], grads: list[list[Array]], threads: int) -> Run:
        params = [param.copy() for param in params]
        opt = Textbook(params, work)
        chosen = grads[0]

        def refresh(k: int) -> None:
            nonlocal chosen
            chosen = grads[k]

        return Run(lambda: opt.step(chosen), refresh, lambda i: params[i])
