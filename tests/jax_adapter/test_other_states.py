"""States go to NumPy optimizers, checkpoints and optax, and come back: training goes on with the same bits."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from cases import ROUNDED_STATES
from stepping import assert_same, draw, on_device, wide

import adamas
import adamas.jax

SHAPES = {"b": (5,), "w": (40, 9)}


def trained(opt: Any, steps: int = 3) -> tuple[Any, Any]:
    """Return parameters and state after so many steps."""
    params = on_device(draw(0, np.float32, SHAPES))
    state = opt.init(params)
    for step in range(steps):
        params, state = opt.step(params, on_device(draw(step + 1, np.float32, SHAPES)), state)
    return params, state


def assert_go_on_alike(ours: Any, params: Any, state: Any, arrays: Any, optimizer: Any) -> None:
    """Take two more steps on both sides."""
    for step in range(2):
        grads = draw(100 + step, np.float32, SHAPES)
        optimizer.step(grads)
        params, state = ours.step(params, on_device(grads), state)
    assert_same(params, arrays)
    again, _ = ours.to_numpy(params, state)
    assert_same(params, again)


@pytest.mark.parametrize("rule", sorted(adamas.rules.SPECS))
def test_to_numpy_and_back(rule: str) -> None:
    ours = getattr(adamas.jax, rule)()
    params, state = trained(ours)
    arrays, optimizer = ours.to_numpy(params, state)
    assert type(optimizer) is getattr(adamas, rule)
    assert_same(params, arrays)
    back, kept = ours.from_numpy(optimizer, params)
    assert_same(back, arrays)
    for key, buffer in state.buffers.items():
        assert np.asarray(buffer).tobytes() == np.asarray(kept.buffers[key]).tobytes(), key
    assert_go_on_alike(ours, params, state, arrays, optimizer)


@pytest.mark.parametrize(
    "options",
    [
        *({"state_dtype": name} for name in ROUNDED_STATES),
        {"average": adamas.EMA(0.9), "max_norm": 0.1},
        {"mask": {"b": False, "w": True}, "weight_decay": 0.5},
    ],
    ids=str,
)
def test_options_go_along(options: dict[str, Any], tmp_path: Path) -> None:
    ours = adamas.jax.AdamW(0.1, **options)
    params, state = trained(ours)
    arrays, optimizer = ours.to_numpy(params, state)
    ours.save(tmp_path / "model.npz", params, state)
    loaded, kept = ours.load(tmp_path / "model.npz", jax.tree.map(jnp.zeros_like, params))
    assert_same(loaded, arrays)
    assert int(kept.count) == 3
    grads = draw(9, np.float32, SHAPES)
    if len(optimizer.param_groups) > 1:
        optimizer.step([{name: grads[name] for name in group["params"]} for group in optimizer.param_groups])
    else:
        optimizer.step(grads)
    for start in ((params, state), (loaded, kept)):
        after, _ = ours.step(start[0], on_device(grads), start[1])
        assert_same(after, arrays)


def test_checkpoints_of_numpy_optimizers(tmp_path: Path) -> None:
    arrays: Any = {"layers": [draw(0, np.float32, SHAPES), draw(1, np.float32, SHAPES)]}
    opt = adamas.NAdam(arrays, lr=0.1)
    opt.step({"layers": [draw(2, np.float32, SHAPES), draw(3, np.float32, SHAPES)]})
    opt.save(tmp_path / "model.npz")
    ours = adamas.jax.NAdam(0.1)
    like = jax.tree.map(jnp.asarray, jax.tree.map(np.zeros_like, arrays))
    params, state = ours.load(tmp_path / "model.npz", like)
    grads = {"layers": [draw(4, np.float32, SHAPES), draw(5, np.float32, SHAPES)]}
    opt.step(grads)
    params, _ = ours.step(params, grads, state)
    for ours_array, array in zip(jax.tree.leaves(params), jax.tree.leaves(arrays), strict=True):
        assert np.asarray(ours_array).tobytes() == array.tobytes()


@pytest.mark.parametrize(
    ("name", "tx"),
    [
        ("adamw", optax.adamw(0.01)),
        ("adam", optax.chain(optax.clip_by_global_norm(1e9), optax.adam(0.01))),
        ("adabelief", optax.adabelief(0.01)),
        ("lion", optax.lion(0.01)),
        ("sgd", optax.sgd(0.01, momentum=0.9)),
        ("adadelta", optax.adadelta(0.01)),
    ],
)
def test_to_optax_and_back(name: str, tx: Any) -> None:
    """Ten steps here, ten there, ten here, and thirty there alone."""
    with wide():
        options: dict[str, Any] = {"momentum": 0.9} if name == "sgd" else {}
        ours = getattr(adamas.jax, name)(0.01, **options).optimizer
        grads = [on_device(draw(i + 1, np.float64, SHAPES)) for i in range(30)]
        params = alone = on_device(draw(0, np.float64, SHAPES))
        state, theirs = ours.init(params), tx.init(params)
        for g in grads:
            updates, theirs = tx.update(g, theirs, alone)
            alone = optax.apply_updates(alone, updates)
        for g in grads[:10]:
            params, state = ours.step(params, g, state)
        other = ours.to_optax(params, state, tx.init(params))
        for g in grads[10:20]:
            updates, other = tx.update(g, other, params)
            params = optax.apply_updates(params, updates)
        state = ours.from_optax(params, other)
        for g in grads[20:]:
            params, state = ours.step(params, g, state)
        for key, array in alone.items():
            np.testing.assert_allclose(np.asarray(params[key]), np.asarray(array), rtol=1e-12, atol=1e-13)


def test_what_does_not_fit() -> None:
    ours = adamas.jax.AdamW()
    params, state = trained(ours)
    with pytest.raises(ValueError, match="optax keeps nothing that is 'max_exp_avg_sq' of adamas"):
        adamas.jax.Adam(amsgrad=True).from_optax(params, optax.adam(0.1).init(params))
    with pytest.raises(ValueError, match="optax keeps nothing that is 'exp_avg' of adamas"):
        ours.from_optax(params, optax.scale(0.1).init(params))
    for there in (optax.sgd(0.1), optax.lion(0.1)):
        with pytest.raises(ValueError, match=r"into: adamas keeps .*exp_avg_sq, which this state of optax"):
            ours.to_optax(params, state, there.init(params))
    with pytest.raises(ValueError, match="into: optax keeps an array of shape"):
        ours.to_optax(params, state, optax.chain(optax.adam(0.1), optax.scale_by_rss()).init(params))
    for rule in ("LARS", "AdEMAMix", "Adagrad", "LaProp", "MARS", "NAdam"):
        other = getattr(adamas.jax, rule)()
        with pytest.raises(ValueError, match=f"{rule} keeps other numbers than optax does"):
            other.to_optax(params, other.init(params), optax.adam(0.1).init(params))
        with pytest.raises(ValueError, match=f"{rule} keeps other numbers than optax does"):
            other.from_optax(params, optax.adam(0.1).init(params))
    for states in ROUNDED_STATES:
        with pytest.raises(
            ValueError, match=r"'exp_avg' of a parameter is .* of float32, but here are .* has another state_dtype"
        ):
            adamas.jax.AdamW(state_dtype=states).from_optax(params, optax.adamw(0.1).init(params))
        other = adamas.AdamW(draw(0, np.float32, SHAPES), state_dtype=states)
        with pytest.raises(ValueError, match="has another state_dtype"):
            ours.from_numpy(other, params)
    with pytest.raises(TypeError, match=r"optimizer: expected an adamas.AdamW, got Lion"):
        ours.from_numpy(adamas.Lion(draw(0, np.float32, SHAPES)), params)
    with pytest.raises(ValueError, match="optax keeps 'trace', and adamas has"):
        ours.to_optax(params, state, optax.sgd(0.1, momentum=0.9).init(params))
    with pytest.raises(ValueError, match=r"optimizer: has parameters .*, expected"):
        ours.from_numpy(adamas.AdamW({"x": np.ones(3, np.float32)}), params)
    arrays = draw(0, np.float32, SHAPES)
    other = adamas.AdamW(arrays)
    other.step({"b": arrays["b"].copy(), "w": None})
    with pytest.raises(ValueError, match=r"optimizer: its parameters have taken \[0, 1\] steps"):
        ours.from_numpy(other, params)
