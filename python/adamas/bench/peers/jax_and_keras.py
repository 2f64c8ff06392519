"""Optimizers of JAX and Keras."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from adamas.bench.peers._base import Array, Peer, Run
from adamas.bench.workload import Phase, Workload

__all__ = ["Keras", "Optax"]


class Optax(Peer):
    """``optax.adamw``, compiled by JAX, with donated parameters and states."""

    name = "optax, jit"
    distributions = ("optax", "jax")

    def can(self, workload: Workload) -> bool:
        # It takes minutes, and 10 GB, to compile the update of 10,000 tensors.
        if len(workload.shapes) > 1_000:
            return False
        return (
            workload.phase == Phase()
            and workload.params == workload.states
            and workload.params in ("float32", "bfloat16")
        )

    def start(self, workload: Workload, params: list[Array], grads: list[list[Array]], threads: int) -> Run:
        import jax
        import jax.numpy as jnp
        import optax

        beta1, beta2 = workload.betas
        rule = optax.adamw(workload.lr, beta1, beta2, workload.eps, weight_decay=workload.weight_decay)
        dtype = jnp.dtype(workload.params)
        values: Any = [jnp.array(param, dtype) for param in params]
        sets = [[jnp.array(grad, dtype) for grad in chosen] for chosen in grads]
        state = rule.init(values)
        chosen = sets[0]

        def update(values: Any, grads: Any, state: Any) -> Any:
            updates, state = rule.update(grads, state, values)
            return optax.apply_updates(values, updates), state

        compiled = jax.jit(update, donate_argnums=(0, 2))

        def step() -> None:
            nonlocal values, state
            values, state = compiled(values, chosen, state)
            jax.block_until_ready(values)

        def refresh(k: int) -> None:
            nonlocal chosen
            chosen = sets[k]

        return Run(step, refresh, lambda i: np.asarray(values[i].astype(jnp.float32)))


class Keras(Peer):
    """``keras.optimizers.AdamW`` on its torch backend."""

    name = "Keras (torch)"
    distributions = ("keras", "torch")

    def start(self, workload: Workload, params: list[Array], grads: list[list[Array]], threads: int) -> Run:
        os.environ["KERAS_BACKEND"] = "torch"
        import keras
        import torch

        torch.set_num_threads(threads)
        beta1, beta2 = workload.betas
        opt = keras.optimizers.AdamW(
            learning_rate=workload.lr,
            beta_1=beta1,
            beta_2=beta2,
            epsilon=workload.eps,
            weight_decay=workload.weight_decay,
        )
        variables = [keras.Variable(param) for param in params]
        buffers = [torch.empty(param.shape) for param in params]
        sources = [[torch.from_numpy(grad) for grad in chosen] for chosen in grads]
        opt.build(variables)

        def refresh(k: int) -> None:
            for buffer, values in zip(buffers, sources[k], strict=True):
                buffer.copy_(values)

        def step() -> None:
            opt.apply(buffers, variables)

        def param(i: int) -> Array:
            return np.asarray(variables[i].value.detach().numpy())

        return Run(step, refresh, param)
