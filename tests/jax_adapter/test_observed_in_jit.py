"""Observed steps under JAX: what they find out is what those of the NumPy optimizer do."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from stepping import draw, jitted, on_device

import adamas
import adamas.jax


def assert_same_findings(ours: Any, expected: Any) -> None:
    """Compare all quantities of all parameters, bit for bit."""
    assert ours.step == expected.step
    assert sorted(ours.names) == sorted(expected.names)
    for name in expected.names:
        for quantity, value in expected[name].items():
            np.testing.assert_array_equal(ours[name][quantity], value, err_msg=f"{name} {quantity}")
    assert dict(zip(ours.names, ours.formats, strict=True)) == dict(zip(expected.names, expected.formats, strict=True))


@pytest.mark.parametrize(
    ("rule", "dtype", "options"),
    [
        ("AdamW", "float32", {"weight_decay": 0.1, "max_norm": 1.0, "max_value": 0.5}),
        ("AdamW", "float32", {"state_dtype": "int8"}),
        ("Adam", "float16", {"master_weights": True}),
        ("Adam", "bfloat16", {"rounding": "stochastic"}),
        ("SGD", "float32", {"lr": 0.1, "momentum": 0.9}),
        ("Prodigy", "float32", {"lr": 1.0}),
    ],
)
def test_same_findings(rule: str, dtype: str, options: dict[str, Any]) -> None:
    arrays = draw(0, jnp.dtype(dtype))
    opt = getattr(adamas, rule)(arrays, observe=2, **options)
    ours = getattr(adamas.jax, rule)(observe=2, **options)
    params = on_device(arrays)
    state = ours.init(params)
    assert ours.observed(params, state) is None
    for step in range(4):
        grads = draw(step + 1, "float32")
        opt.step(grads)
        params, state = jitted(ours)(params, state, on_device(grads))
        assert_same_findings(ours.observed(params, state), opt.observed)
    assert ours.observed(params, state).step == 3


def test_groups_and_parameters_without_gradient() -> None:
    arrays = draw(0, "float32")
    plain: Any = [{"params": {k: a for k, a in arrays.items() if a.ndim > 1}}]
    plain.append({"params": {k: a for k, a in arrays.items() if a.ndim == 1}, "weight_decay": 0.0})
    opt = adamas.AdamW(plain, weight_decay=0.1, observe=1)
    ours = adamas.jax.AdamW(weight_decay=0.1, observe=1, mask=lambda params: jax.tree.map(lambda a: a.ndim > 1, params))
    params, grads = on_device(arrays), draw(1, "float32")
    state = ours.init(params)
    missing: Any = {**grads, "c": None}
    opt.step([{k: missing[k] for k in group["params"]} for group in plain])
    _, state = ours.step(params, {k: None if g is None else jnp.array(g) for k, g in missing.items()}, state)
    found: Any = ours.observed(params, state)
    assert found.names == tuple(arrays)
    assert_same_findings(found, opt.observed)
    assert np.isnan(found["c"]["grad_rms"])


def test_in_one_array() -> None:
    arrays = draw(0, "float32")
    opt, ours = adamas.AdamW(arrays, observe=1), adamas.jax.AdamW(observe=1)
    flat, grads = adamas.jax.flat(on_device(arrays)), draw(1, "float32")
    opt.step(grads)
    after, state = ours.step(flat, adamas.jax.flat(on_device(grads)), ours.init(flat))
    assert_same_findings(ours.observed(after, state), opt.observed)


def test_skipped_steps_find_out_nothing() -> None:
    params = {"w": jnp.ones(3)}
    opt: Any = adamas.jax.Adam(on_nonfinite="skip", observe=1)
    _, state = opt.step(params, {"w": jnp.full(3, jnp.nan)}, opt.init(params))
    assert opt.observed(params, state) is None
    _, state = opt.step(params, params, state)
    assert opt.observed(params, state).step == 1


def test_what_goes_with_it() -> None:
    """Checkpoints, which have no place for it; the collection of what several steps found out; optax's names."""
    params = {"w": jnp.ones(3)}
    opt = adamas.jax.AdamW(observe=1)
    params, state = opt.step(params, params, opt.init(params))
    log = adamas.observe.Log()
    assert log.add(opt.observed(params, state))
    assert log.steps == [1]
    with pytest.raises(TypeError, match=r"make a Log without it, and add what observed\(params, state\) returns"):
        adamas.observe.Log(opt)
    arrays, numpy_optimizer = opt.to_numpy(params, state)
    params, state = opt.from_numpy(numpy_optimizer, params)
    assert opt.observed(params, state) is None
    numpy_optimizer.step({"w": np.ones(3, np.float32)})
    params, state = opt.step(params, {"w": jnp.ones(3)}, state)
    assert_same_findings(opt.observed(params, state), numpy_optimizer.observed)
    np.testing.assert_array_equal(params["w"], arrays["w"])
    tx = adamas.jax.adamw(1e-3, observe=3)
    assert tx.optimizer.options["observe"] == 3


def test_refusals() -> None:
    params = {"w": jnp.ones(3)}
    for value in (0, -1, 1.5, True):
        with pytest.raises((TypeError, ValueError), match="observe"):
            adamas.jax.Adam(observe=value)
    opt = adamas.jax.Adam()
    with pytest.raises(ValueError, match="observed: this optimizer observes no steps; make it with observe=1"):
        opt.observed(params, opt.init(params))
