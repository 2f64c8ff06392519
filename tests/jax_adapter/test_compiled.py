"""What XLA makes of a step: in place, without copies, one compilation; and what else may happen around it."""

from __future__ import annotations

import threading
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from stepping import draw, on_device

import adamas
import adamas.jax

SIZE = 512


def loss_of(params: Any, x: Any) -> Any:
    """A layer."""
    return jnp.mean((x @ params["w"] + params["b"]) ** 2)


def make_step(opt: Any, *, side_use: bool, wait: bool) -> Any:
    """Return a compiled training step that also uses the old parameters, and may let the update wait for that."""

    def step(params: Any, state: Any, x: Any) -> Any:
        loss, grads = jax.value_and_grad(loss_of)(params, x)
        norm = sum(jnp.sum(leaf * leaf) for leaf in jax.tree.leaves(params)) if side_use else 0.0
        params, state = opt.step(params, grads, state, after=(loss, norm) if wait else ())
        return params, state, loss, norm

    return jax.jit(step, donate_argnums=(0, 1))


def inputs() -> tuple[Any, Any]:
    """Return parameters and a batch."""
    rng = np.random.default_rng(0)
    params = {"w": rng.standard_normal((SIZE, SIZE)), "b": rng.standard_normal(SIZE)}
    return {k: jnp.array(v, jnp.float32) for k, v in params.items()}, jnp.array(
        rng.standard_normal((8, SIZE)), jnp.float32
    )


def copies_in(compiled: Any) -> int:
    """Count the copies of whole arrays in a compiled program."""
    lines = [line for line in compiled.as_text().splitlines() if " copy(" in line or " copy-start(" in line]
    return sum("[] copy" not in line for line in lines)


@pytest.mark.parametrize("side_use", [False, True])
def test_steps_in_place_without_copies(side_use: bool) -> None:
    opt = adamas.jax.AdamW(lambda count: 0.01 / (1 + count), max_norm=1.0)
    params, x = inputs()
    state = opt.init(params)
    step = make_step(opt, side_use=side_use, wait=True)
    assert copies_in(step.lower(params, state, x).compile()) == 0

    def places() -> list[int]:
        return [leaf.unsafe_buffer_pointer() for leaf in jax.tree.leaves((params, state.buffers))]

    before = places()
    for _ in range(4):
        params, state, *_ = step(params, state, x)
    assert places() == before
    assert step._cache_size() == 1


def test_a_side_use_without_after_is_right_too() -> None:
    results = []
    for wait in (False, True):
        params, x = inputs()
        opt = adamas.jax.Adam(0.1)
        state = opt.init(params)
        step = make_step(opt, side_use=True, wait=wait)
        for _ in range(3):
            params, state, loss, norm = step(params, state, x)
        results.append([np.asarray(leaf).tobytes() for leaf in jax.tree.leaves((params, norm, loss))])
    assert results[0] == results[1]


def test_inputs_that_are_not_donated_stay() -> None:
    opt = adamas.jax.Adam(0.1)
    params, _ = inputs()
    state = opt.init(params)
    held = [np.array(leaf) for leaf in jax.tree.leaves((params, state))]
    for take in (opt.step, jax.jit(opt.step)):
        after, _ = take(params, params, state)
        assert np.any(np.asarray(after["b"]) != np.asarray(params["b"]))
        for leaf, copy in zip(jax.tree.leaves((params, state)), held, strict=True):
            assert np.asarray(leaf).tobytes() == copy.tobytes()


def test_donated_buffers_cannot_be_used_again() -> None:
    opt = adamas.jax.Adam(0.1)
    params, x = inputs()
    state = opt.init(params)
    make_step(opt, side_use=False, wait=True)(params, state, x)
    with pytest.raises(RuntimeError, match="deleted"):
        np.asarray(params["w"])


def test_equal_gradients_may_share_memory() -> None:
    """XLA keeps zeros of one shape once, and a parameter that is its own gradient."""
    opt = adamas.jax.SGD(0.5)
    params = {"a": jnp.ones((64, 64)), "b": jnp.ones((64, 64)), "c": jnp.full((64, 64), 2.0)}
    step = jax.jit(
        lambda params, state: opt.step(params, {**jax.tree.map(jnp.zeros_like, params), "c": params["c"]}, state),
        donate_argnums=(0, 1),
    )
    state = opt.init(params)
    for expected in (1.0, 0.5):
        params, state = step(params, state)
        assert np.all(np.asarray(params["a"]) == 1.0)
        assert np.all(np.asarray(params["c"]) == expected)


def test_inside_of_loops_and_branches() -> None:
    opt = adamas.jax.Adam(0.1)
    params, x = inputs()

    def step(carry: Any, _: Any) -> Any:
        params, state = carry
        return opt.step(params, jax.grad(loss_of)(params, x), state), None

    by_one = (params, opt.init(params))
    for _ in range(5):
        by_one, _ = jax.jit(step)(by_one, None)
    by_scan, _ = jax.jit(lambda carry: jax.lax.scan(step, carry, length=5))((params, opt.init(params)))
    branch = jax.jit(lambda flag, carry: jax.lax.cond(flag, lambda c: step(c, None)[0], lambda c: c, carry))
    by_branch = (params, opt.init(params))
    for flag in (True, False, True, True, False, True, True):
        by_branch = branch(flag, by_branch)
    for one, scan, cond in zip(*map(jax.tree.leaves, (by_one, by_scan, by_branch)), strict=True):
        assert np.array_equal(np.asarray(one), np.asarray(scan), equal_nan=True)
        assert np.array_equal(np.asarray(one), np.asarray(cond), equal_nan=True)


def test_several_threads_and_optimizers() -> None:
    """One compiled step from several threads at once, and steps of several optimizers."""
    opts = [adamas.jax.AdamW(0.1), adamas.jax.AdamW(0.1), adamas.jax.Lion(0.1)]
    grads = on_device(draw(1, np.float32))
    params = on_device(draw(0, np.float32))
    steps = [jax.jit(opt.step) for opt in opts]

    def train(index: int) -> list[bytes]:
        carry = params, opts[index % 3].init(params)
        for _ in range(20):
            carry = steps[index % 3](carry[0], grads, carry[1])
        return [np.asarray(leaf).tobytes() for leaf in jax.tree.leaves(carry)]

    alone = [train(index) for index in range(3)]
    found: dict[int, list[bytes]] = {}
    threads = [threading.Thread(target=lambda i=i: found.update({i: train(i)})) for i in range(9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [found[i] for i in range(9)] == 3 * alone


def test_new_shapes_are_new_programs() -> None:
    opt = adamas.jax.Adam(0.1)
    for size in (3, 1000, 3):
        params = {"w": jnp.ones(size)}
        after, _ = jax.jit(opt.step)(params, params, opt.init(params))
        np.testing.assert_allclose(np.asarray(after["w"]), 0.9, rtol=1e-6)
