"""adamas itself."""

from __future__ import annotations

from typing import Any

import numpy as np

import adamas
from adamas._numerics.formats import bfloat16
from adamas.bench.peers._base import Array, Peer, Run
from adamas.bench.workload import LOSS_SCALE, MAX_NORM, Workload

__all__ = ["Adamas"]


class Adamas(Peer):
    """`adamas.AdamW` on the arrays of an `adamas.Arena`. With fp8 states its 8-bit states are compared."""

    name = "adamas"
    distributions = ("adamas",)

    def can(self, workload: Workload) -> bool:
        return True

    def start(self, workload: Workload, params: list[Array], grads: list[list[Array]], threads: int) -> Run:
        dtype = bfloat16() if workload.params == "bfloat16" else np.dtype(np.float32)
        arena = adamas.Arena([np.empty(param.shape, dtype) for param in params])
        for own, values in zip(arena.params, params, strict=True):
            own[...] = values
        phase = workload.phase
        options: dict[str, Any] = {}
        if workload.states != "float32":
            options["state_dtype"] = "int8" if workload.states == "fp8" else workload.states
        if workload.master:
            options["master_weights"] = workload.master
        elif workload.params == "bfloat16":
            options["rounding"] = "nearest"
        if phase.clip != "no":
            options.update(max_norm=MAX_NORM, clip_each=phase.clip == "each")
        if phase.average:
            options["average"] = adamas.EMA(0.9999, warmup=True)
        if phase.copies:
            options["copy_out"] = [np.zeros(param.shape, bfloat16()) for param in params]
        opt = adamas.AdamW(
            arena.params,
            lr=workload.lr,
            betas=workload.betas,
            eps=workload.eps,
            weight_decay=workload.weight_decay,
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
