"""Parameters in one array: the same bits, and gradients that are flat, too."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from stepping import SHAPES, assert_same, draw, jitted, on_device

import adamas
import adamas.jax


def test_what_it_holds() -> None:
    params = on_device(draw(0, np.float32))
    flat = adamas.jax.flat(params)
    assert len(jax.tree.leaves(flat)) == 1
    assert all(place % 16 == 0 for place in flat.layout.places)
    assert_same(flat.tree, {name: np.asarray(array) for name, array in params.items()})
    assert jax.tree.structure(jax.tree.map(lambda array: 2 * array, flat)) == jax.tree.structure(flat)


@pytest.mark.parametrize("rule", adamas.rules.SPECS)
def test_same_bits(rule: str) -> None:
    """With rules that sum up over each parameter or over all, and by its shape."""
    arrays = draw(0, np.float32)
    opt, ours = getattr(adamas, rule)(arrays), getattr(adamas.jax, rule)()
    params = adamas.jax.flat(on_device(arrays))
    state = ours.init(params)
    for step in range(3):
        grads = draw(step + 1, np.float32)
        opt.step(grads)
        params, state = jitted(ours)(params, state, adamas.jax.flat(on_device(grads)))
    assert_same(params.tree, arrays)
    copies, other = ours.to_numpy(params, state)
    assert_same(params.tree, copies)
    back, kept = ours.from_numpy(other, params)
    assert np.asarray(back.buffer).tobytes() == np.asarray(params.buffer).tobytes()
    assert all(np.array_equal(kept.buffers[key], state.buffers[key]) for key in state.buffers)


@pytest.mark.parametrize(
    "options",
    [
        {"weight_decay": 0.5, "mask": lambda params: jax.tree.map(lambda array: array.ndim > 1, params)},
        {"state_dtype": "int8", "max_norm": 0.1, "average": adamas.EMA(0.9)},
    ],
    ids=["mask", "options"],
)
def test_options(options: dict[str, Any]) -> None:
    ours = adamas.jax.AdamW(lambda count: 0.1 / (1.0 + count), **options)
    apart = on_device(draw(0, np.float32))
    together = adamas.jax.flat(apart)
    states = [ours.init(apart), ours.init(together)]
    for step in range(3):
        grads = on_device(draw(step + 1, np.float32))
        apart, states[0] = ours.step(apart, grads, states[0])
        together, states[1] = ours.step(together, adamas.jax.flat(grads), states[1])
    assert_same(together.tree, {name: np.asarray(array) for name, array in apart.items()})
    if "average" in options:
        assert_same(
            ours.averaged(together, states[1]),
            {name: np.asarray(array) for name, array in ours.averaged(apart, states[0]).items()},
        )


def test_gradients() -> None:
    """Of a function of the parameters as they nest; second ones, too."""
    params = on_device(draw(0, np.float32))
    weights = on_device(draw(1, np.float32))

    def loss_of(tree: Any) -> Any:
        return sum(jnp.sum(weights[name] * tree[name] ** 3) for name in SHAPES if name != "c")

    flat = adamas.jax.flat(params)
    value, grads = jax.jit(jax.value_and_grad(lambda flat: loss_of(flat.tree)))(flat)
    expected = jax.jit(jax.grad(loss_of))(params)
    assert isinstance(grads, adamas.jax.Flat)
    assert_same(grads.tree, {name: np.asarray(array) for name, array in expected.items()})
    assert float(value) == pytest.approx(float(loss_of(params)), rel=1e-5)
    padding = np.ones(flat.layout.size, bool)
    for place, shape in zip(flat.layout.places, flat.layout.shapes, strict=True):
        padding[place : place + int(np.prod(shape))] = False
    assert not np.any(np.asarray(grads.buffer)[padding])


def test_steps_in_place() -> None:
    ours = adamas.jax.AdamW(0.1)
    params = adamas.jax.flat(on_device(draw(0, np.float32)))
    state = ours.init(params)
    grads = adamas.jax.flat(on_device(draw(1, np.float32)))
    place = params.buffer.unsafe_buffer_pointer()
    for _ in range(3):
        params, state = jitted(ours)(params, state, grads)
    assert params.buffer.unsafe_buffer_pointer() == place


def test_refusals() -> None:
    params = on_device(draw(0, np.float32))
    flat = adamas.jax.flat(params)
    ours = adamas.jax.AdamW()
    with pytest.raises(TypeError, match="params: expected arrays of one dtype, got bfloat16, float32"):
        adamas.jax.flat({"a": jnp.ones(3), "b": jnp.ones(3, jnp.bfloat16)})
    for nothing in ({}, {"a": jnp.ones((0, 3))}):
        with pytest.raises(ValueError, match="params: expected at least one array that is not empty"):
            adamas.jax.flat(nothing)
    with pytest.raises(TypeError, match="grads: expected a Flat like params"):
        ours.step(flat, params, ours.init(flat))
    with pytest.raises(TypeError, match="grads: expected a Flat like params"):
        ours.step(flat, adamas.jax.flat({"a": jnp.ones(3)}), ours.init(flat))
