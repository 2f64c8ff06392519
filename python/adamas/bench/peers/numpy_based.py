"""Optimizers that update NumPy arrays."""

from __future__ import annotations

from typing import Any

from adamas.bench.peers._base import Array, Peer, Run
from adamas.bench.workload import CHECK_STEPS, MAX_NORM, Phase, Workload

__all__ = ["Autograd", "ScikitLearn", "Thinc"]


def _copies(arrays: list[Array]) -> list[Array]:
    return [array.copy() for array in arrays]


class ScikitLearn(Peer):
    """The optimizer inside ``MLPClassifier``."""

    name = "scikit-learn"
    distributions = ("scikit-learn",)
    decays = False
    holds_gradients = False
    note = "Adam without decay"

    def start(self, workload: Workload, params: list[Array], grads: list[list[Array]], threads: int) -> Run:
        from sklearn.neural_network._stochastic_optimizers import AdamOptimizer

        params = _copies(params)
        beta1, beta2 = workload.betas
        opt = AdamOptimizer(params, workload.lr, beta1, beta2, workload.eps)
        chosen = grads[0]

        def step() -> None:
            opt.update_params(params, chosen)

        def refresh(k: int) -> None:
            nonlocal chosen
            chosen = grads[k]

        return Run(step, refresh, lambda i: params[i])


class Thinc(Peer):
    """thinc's Adam, the optimizer of spaCy; it sets used gradients to zero."""

    name = "thinc"
    distributions = ("thinc",)
    decays = False
    note = "Adam without decay"

    def can(self, workload: Workload) -> bool:
        return super().can(workload) or workload.phase == Phase(clip="each", average=True, zero=True)

    def start(self, workload: Workload, params: list[Array], grads: list[list[Array]], threads: int) -> Run:
        from thinc.api import Adam

        beta1, beta2 = workload.betas
        clip = MAX_NORM if workload.phase.clip == "each" else 0.0
        opt = Adam(
            workload.lr,
            L2=0.0,
            beta1=beta1,
            beta2=beta2,
            eps=workload.eps,
            grad_clip=clip,
            use_averages=workload.phase.average,
        )
        params, buffers = _copies(params), _copies(grads[0])

        def step() -> None:
            for i, (param, grad) in enumerate(zip(params, buffers, strict=True)):
                params[i], _ = opt((i, "W"), param, grad)
            opt.step_schedules()

        def refresh(k: int) -> None:
            for buffer, values in zip(buffers, grads[k], strict=True):
                buffer[...] = values

        return Run(step, refresh, lambda i: params[i], consumes=True)


class Autograd(Peer):
    """``autograd.misc.optimizers.adam``, which has its own loop: each call takes several steps, from new states."""

    name = "autograd"
    distributions = ("autograd",)
    decays = False
    holds_gradients = False
    note = "Adam without decay"

    def can(self, workload: Workload) -> bool:
        # Beyond that, a call takes minutes.
        return super().can(workload) and len(workload.shapes) <= 1_000 and workload.size <= 1 << 26

    def start(self, workload: Workload, params: list[Array], grads: list[list[Array]], threads: int) -> Run:
        from autograd.misc.optimizers import adam

        values: Any = _copies(params)
        first = 0
        beta1, beta2 = workload.betas

        def gradient(_: Any, i: int) -> list[Array]:
            return grads[(first + i) % len(grads)]

        def step() -> None:
            nonlocal values
            values = adam(
                gradient, values, num_iters=CHECK_STEPS, step_size=workload.lr, b1=beta1, b2=beta2, eps=workload.eps
            )

        def refresh(k: int) -> None:
            nonlocal first
            first = k

        return Run(step, refresh, lambda i: values[i], steps=CHECK_STEPS)
