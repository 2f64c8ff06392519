"""Networks of Flax and Equinox, trained as docs/jax.md says, and checkpoints of Orbax."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import equinox as eqx
import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax
import orbax.checkpoint as ocp
import pytest
from flax import nnx
from flax.training.train_state import TrainState
from stepping import wide

import adamas.jax

X = jnp.asarray(np.random.default_rng(0).standard_normal((64, 8)), jnp.float32)
Y = X.sum(axis=1, keepdims=True)
STEPS = 40


def loss_of(predicted: Any) -> Any:
    return jnp.mean((predicted - Y) ** 2)


def network() -> Any:
    return nnx.Sequential(nnx.Linear(8, 16, rngs=nnx.Rngs(0)), nnx.relu, nnx.Linear(16, 1, rngs=nnx.Rngs(1)))


def nnx_losses(tx: Any) -> list[float]:
    """By Flax's own optimizer class."""
    model = network()
    opt = nnx.Optimizer(model, tx, wrt=nnx.Param)

    def step(model: Any, opt: Any) -> Any:
        loss, grads = nnx.value_and_grad(lambda model: loss_of(model(X)))(model)
        opt.update(model, grads)
        return loss

    jitted = nnx.jit(step)
    return [float(jitted(model, opt)) for _ in range(STEPS)]


def nnx_losses_in_place() -> list[float]:
    """By steps in place, on the parameters apart from the graph."""
    opt = adamas.jax.AdamW(1e-2, weight_decay=1e-4)
    graph, params = nnx.split(network(), nnx.Param)
    state = opt.init(params)

    def step(params: Any, state: Any) -> Any:
        loss, grads = jax.value_and_grad(lambda params: loss_of(nnx.merge(graph, params)(X)))(params)
        params, state = opt.step(params, grads, state, after=loss)
        return params, state, loss

    jitted = jax.jit(step, donate_argnums=(0, 1))
    losses = []
    for _ in range(STEPS):
        params, state, loss = jitted(params, state)
        losses.append(float(loss))
    return losses


def test_nnx() -> None:
    theirs = nnx_losses(optax.adamw(1e-2))
    assert theirs[-1] < 0.5 * theirs[0]
    for ours in (nnx_losses(adamas.jax.adamw(1e-2)), nnx_losses_in_place()):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4)


@pytest.mark.parametrize("in_place", [False, True])
def test_linen(in_place: bool) -> None:
    model = nn.Sequential([nn.Dense(16), nn.relu, nn.Dense(1)])
    params = model.init(jax.random.key(0), X)

    def losses_with(tx: Any, *, in_place: bool) -> list[float]:
        train_state = TrainState.create(apply_fn=model.apply, params=params, tx=tx)

        def step(train_state: Any) -> Any:
            loss, grads = jax.value_and_grad(lambda p: loss_of(train_state.apply_fn(p, X)))(train_state.params)
            if not in_place:
                return train_state.apply_gradients(grads=grads), loss
            new, opt_state = train_state.tx.apply(train_state.params, grads, train_state.opt_state, after=loss)
            return train_state.replace(step=train_state.step + 1, params=new, opt_state=opt_state), loss

        losses, jitted = [], jax.jit(step)
        for _ in range(STEPS):
            train_state, loss = jitted(train_state)
            losses.append(float(loss))
        return losses

    ours = losses_with(adamas.jax.adamw(1e-2), in_place=in_place)
    np.testing.assert_allclose(ours, losses_with(optax.adamw(1e-2), in_place=False), rtol=1e-4)


@pytest.mark.parametrize("in_place", [False, True])
def test_equinox(in_place: bool) -> None:
    def losses_with(tx: Any, *, in_place: bool) -> list[float]:
        model = eqx.nn.MLP(8, 1, 16, 1, key=jax.random.key(0))
        params, static = eqx.partition(model, eqx.is_inexact_array)
        state = tx.init(params)

        def step(params: Any, state: Any) -> Any:
            loss, grads = jax.value_and_grad(lambda p: loss_of(jax.vmap(eqx.combine(p, static))(X)))(params)
            if in_place:
                params, state = tx.apply(params, grads, state, after=loss)
            else:
                updates, state = tx.update(grads, state, params)
                params = eqx.apply_updates(params, updates)
            return params, state, loss

        losses, jitted = [], eqx.filter_jit(step)
        for _ in range(STEPS):
            params, state, loss = jitted(params, state)
            losses.append(float(loss))
        return losses

    ours = losses_with(adamas.jax.adamw(1e-2), in_place=in_place)
    np.testing.assert_allclose(ours, losses_with(optax.adamw(1e-2), in_place=False), rtol=1e-4)


class Transformer(eqx.Module):  # type: ignore[misc]
    """A decoder of one block: each word is the sum of the two before it, modulo their number."""

    words: eqx.nn.Embedding
    attention: eqx.nn.MultiheadAttention
    norms: list[eqx.nn.LayerNorm]
    hidden: eqx.nn.MLP
    out: eqx.nn.Linear

    def __init__(self, count: int, width: int) -> None:
        keys = jax.random.split(jax.random.key(0), 4)
        self.words = eqx.nn.Embedding(count, width, key=keys[0])
        self.attention = eqx.nn.MultiheadAttention(4, width, key=keys[1])
        self.norms = [eqx.nn.LayerNorm(width) for _ in range(2)]
        self.hidden = eqx.nn.MLP(width, width, 4 * width, 1, key=keys[2])
        self.out = eqx.nn.Linear(width, count, key=keys[3])

    def __call__(self, text: Any) -> Any:
        x = jax.vmap(self.words)(text)
        y = jax.vmap(self.norms[0])(x)
        x = x + self.attention(y, y, y, mask=jnp.tril(jnp.ones((len(text), len(text)), bool)))
        x = x + jax.vmap(self.hidden)(jax.vmap(self.norms[1])(x))
        return jax.vmap(self.out)(x)


def test_transformer() -> None:
    texts = np.random.default_rng(0).integers(0, 7, (32, 12))
    for place in range(2, 12):
        texts[:, place] = (texts[:, place - 1] + texts[:, place - 2]) % 7

    def loss_of_text(params: Any, static: Any) -> Any:
        logits = jax.vmap(eqx.combine(params, static))(texts[:, :-1])
        return optax.softmax_cross_entropy_with_integer_labels(logits, texts[:, 1:]).mean()

    def losses_with(tx: Any, *, in_place: bool) -> list[float]:
        params, static = eqx.partition(Transformer(7, 32), eqx.is_inexact_array)
        state = tx.init(params)

        def step(params: Any, state: Any) -> Any:
            loss, grads = jax.value_and_grad(loss_of_text)(params, static)
            if in_place:
                return *tx.apply(params, grads, state, after=loss), loss
            updates, state = tx.update(grads, state, params)
            return eqx.apply_updates(params, updates), state, loss

        losses, jitted = [], jax.jit(step, donate_argnums=(0, 1))
        for _ in range(60):
            params, state, loss = jitted(params, state)
            losses.append(float(loss))
        return losses

    with wide():  # in float32, roundings grow to 1 % of the loss in these steps
        theirs = losses_with(optax.adamw(3e-3), in_place=False)
        ours = losses_with(adamas.jax.adamw(3e-3), in_place=True)
    assert theirs[-1] < 0.5 * theirs[0]
    np.testing.assert_allclose(ours, theirs, rtol=1e-9)


@pytest.mark.filterwarnings("ignore")  # Orbax's own
def test_orbax(tmp_path: Path) -> None:
    opt = adamas.jax.NovoGrad(0.1, state_dtype="int8")  # codes, scales, and numbers of each parameter
    params = {"a": jnp.ones((4, 5)), "b": jnp.ones(7)}
    params, state = opt.step(params, params, opt.init(params))
    checkpointer = ocp.StandardCheckpointer()
    checkpointer.save(tmp_path / "step", {"params": params, "state": state})
    checkpointer.wait_until_finished()
    restored = checkpointer.restore(tmp_path / "step", {"params": params, "state": opt.init(params)})
    assert jax.tree.structure(restored["state"]) == jax.tree.structure(state)
    for one, other in zip(jax.tree.leaves(restored), jax.tree.leaves({"params": params, "state": state}), strict=True):
        assert np.asarray(one).tobytes() == np.asarray(other).tobytes()
