"""Steps outside of compiled functions: the same bits, nothing of the caller's is written to, and one compilation."""

from __future__ import annotations

import copy
import pickle
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from stepping import assert_same, draw, on_device

import adamas
import adamas.jax


def compilations(opt: Any) -> list[int]:
    """Return how often each step of an optimizer was compiled."""
    return [step._cache_size() for step in opt._alone._compiled.values()]


@pytest.mark.parametrize(
    ("rule", "dtype", "options"),
    [
        ("AdamW", "float32", {"weight_decay": 0.1, "max_norm": 1.0}),
        ("AdamW", "float32", {"state_dtype": "int8"}),
        ("Adam", "float16", {"master_weights": True, "average": adamas.EMA(0.9)}),
        ("Prodigy", "float32", {}),
        ("Adafactor", "float32", {}),
        ("NovoGrad", "float32", {}),
    ],
)
def test_bits_and_what_was_passed_in(rule: str, dtype: str, options: dict[str, Any]) -> None:
    arrays = draw(0, dtype)
    opt, ours = getattr(adamas, rule)(arrays, **options), getattr(adamas.jax, rule)(**options)
    params = on_device(arrays)
    state = ours.init(params)
    for step in range(4):
        grads = draw(step + 1, dtype)
        opt.step(grads)
        given = (params, on_device(grads), state)
        before = [np.array(leaf) for leaf in jax.tree.leaves(given)]
        params, state = ours.step(*given)
        for leaf, value in zip(jax.tree.leaves(given), before, strict=True):
            assert np.asarray(leaf).tobytes() == value.tobytes()
    assert_same(params, arrays)
    assert int(state.count) == 4
    assert compilations(ours) == [1]


@pytest.mark.parametrize("size", [1, 2**20, 2**20 + 1, 3 * 2**20 - 7])
def test_large_arrays_are_copied_whole(size: int) -> None:
    """Which is done piece by piece, by several threads."""
    arrays = {"w": np.random.default_rng(0).standard_normal(size, np.float32)}
    opt, ours = adamas.Adam(arrays), adamas.jax.Adam()
    first = params = on_device(arrays)
    state = ours.init(params)
    kept = np.array(params["w"])
    for step in range(2):
        grads = {"w": np.random.default_rng(step + 1).standard_normal(size, np.float32)}
        opt.step(grads)
        params, state = ours.step(params, on_device(grads), state)
    assert_same(params, arrays)
    assert np.asarray(first["w"]).tobytes() == kept.tobytes()


def test_numbers_that_change_are_compiled_once() -> None:
    arrays = draw(0, "float32")
    params, plain = on_device(arrays), adamas.Adam(arrays, lr=lambda count: np.float32(0.1) / np.float32(count + 1))
    ours = adamas.jax.Adam(lambda count: 0.1 / (count + 1))
    twin = adamas.jax.Adam()
    own, state = params, ours.init(params)
    other = twin.init(params)
    for step in range(3):
        grads = draw(step + 1, "float32")
        plain.step(grads, grad_scale=2.0**step)
        scale = jnp.asarray(2.0**step)
        params, state = ours.step(params, on_device(grads), state, grad_scale=scale)
        rate = jnp.asarray(np.float32(0.1) / np.float32(step + 1))
        own, other = twin.step(own, on_device(grads), other, lr=rate, grad_scale=scale)
    assert_same(params, arrays)
    assert_same(own, arrays)
    assert compilations(ours) == compilations(twin) == [1]
    twin.step({"other": own["c"]}, {"other": own["c"]}, twin.init({"other": own["c"]}), lr=rate)
    assert compilations(twin)[0] == 2


def test_plain_numbers_that_change_are_compiled_once_and_not_rounded() -> None:
    arrays = draw(0, "float32")
    params, opt = on_device(arrays), adamas.jax.AdamW(weight_decay=0.5)
    plain = adamas.AdamW(arrays, lr=lambda count: 0.1 / (count + 3), weight_decay=0.5)
    state = opt.init(params)
    for step in range(4):
        grads = draw(step + 1, "float32")
        plain.step(grads)
        params, state = opt.step(params, on_device(grads), state, lr=0.1 / (step + 3))
    assert_same(params, arrays)
    assert compilations(opt) == [1]
    for value, match in ((-0.1, "lr: expected a finite number >= 0"), (float("nan"), "lr: expected a finite number")):
        with pytest.raises(ValueError, match=match):
            opt.step(params, params, state, lr=value)


def test_schedules_in_python_alone() -> None:
    """Such as those of adamas: with a number that is known, they can do what no program can be made of."""
    arrays = draw(0, "float32")
    schedule = adamas.schedules.Cosine(0.1, 0.01, 5)
    params, ours = on_device(arrays), adamas.jax.SGD(lambda count: jnp.float32(schedule(int(count) + 1)))
    plain = adamas.SGD(arrays, lr=lambda count: float(np.float32(schedule(count + 1))))
    state = ours.init(params)
    for step in range(3):
        grads = draw(step + 1, "float32")
        plain.step(grads)
        params, state = ours.step(params, on_device(grads), state)
    assert_same(params, arrays)


def test_what_it_was_made_with_stays() -> None:
    """Else steps that have been compiled would not know of it."""
    opt: Any = adamas.jax.SGD(1.0, max_norm=1.0)
    for name in ("hyperparameters", "options"):
        with pytest.raises(TypeError, match="does not support item assignment"):
            getattr(opt, name)["lr"] = 0.5
    for name in ("hyperparameters", "options", "mask"):
        with pytest.raises(AttributeError):
            setattr(opt, name, None)


def test_schedules_are_called_at_each_step() -> None:
    @dataclass
    class Plateau:  # without a hash
        rate: float

        def __call__(self, count: Any) -> Any:
            return self.rate

    schedule, params = Plateau(1.0), {"w": jnp.ones(3)}
    opt = adamas.jax.SGD(schedule)
    state = opt.init(params)
    first, _ = opt.step(params, params, state)
    schedule.rate = 0.5
    second, _ = opt.step(params, params, state)
    np.testing.assert_array_equal(first["w"], 0.0)
    np.testing.assert_array_equal(second["w"], 0.5)
    partial: Any = jax.tree_util.Partial(lambda rates, count: rates[count], np.array([0.25, 0.5]))
    third, _ = adamas.jax.SGD(partial).step(params, params, state)
    np.testing.assert_array_equal(third["w"], 0.75)
    for k in range(5):
        opt.step(params, params, state, lr=lambda count, k=k: 0.1 * k)
    assert compilations(opt) == [1]
    with pytest.raises(TypeError, match="lr: expected one real number, got str 'fast'"):
        opt.step(params, params, state, lr=lambda count: "fast")


def test_pickled_and_copied() -> None:
    params = {"w": jnp.ones(3)}
    opt = adamas.jax.AdamW(0.25, weight_decay=0.5, state_dtype="bfloat16", average=adamas.EMA(0.5))
    expected, _ = opt.step(params, params, opt.init(params))
    for other in (pickle.loads(pickle.dumps(opt)), copy.deepcopy(opt), copy.copy(opt)):
        assert repr(other) == repr(opt)
        again, _ = other.step(params, params, pickle.loads(pickle.dumps(opt.init(params))))
        assert_same(again, {"w": np.asarray(expected["w"])})


def test_from_several_threads() -> None:
    opt = adamas.jax.AdamW(0.01)
    params = on_device(draw(0, "float32"))
    grads = on_device(draw(1, "float32"))
    state = opt.init(params)
    expected = {name: np.asarray(array) for name, array in opt.step(params, grads, state)[0].items()}

    def work(_: int) -> None:
        for _ in range(5):
            assert_same(opt.step(params, grads, state)[0], expected)

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(work, range(4)))


def test_messages_are_the_same_as_inside() -> None:
    params = {"w": jnp.ones(3)}
    opt = adamas.jax.Adam()
    state = opt.init(params)
    for given, match in (
        ({"w": jnp.ones(4)}, r"grads\['w'\]: expected shape \(3,\)"),
        ({"v": jnp.ones(3)}, "grads: expected the structure of params"),
    ):
        with pytest.raises(ValueError, match=match):
            opt.step(params, given, state)
    for value in ("text", object()):
        with pytest.raises(TypeError, match=r"grads\['w'\]: expected an array or None"):
            opt.step(params, {"w": value}, state)
    after, _ = opt.step(params, params, state)
    assert float(after["w"][0]) < 1.0
    assert len(compilations(opt)) == 1, "what was refused does not keep others from being compiled"


def test_where_nothing_is_compiled() -> None:
    params = {"w": jnp.ones(3)}
    opt = adamas.jax.SGD(0.5)
    state = opt.init(params)
    with jax.disable_jit():
        after, _ = opt.step(params, params, state)
    np.testing.assert_array_equal(after["w"], 0.5)


def test_beside_a_program_that_is_traced() -> None:
    """Of a step whose arguments are not part of it."""
    params = {"w": jnp.ones(3)}
    opt = adamas.jax.SGD(0.5)
    state = opt.init(params)
    value = jax.jit(lambda x: x * opt.step(params, params, state)[0]["w"])(2.0)
    np.testing.assert_array_equal(value, 1.0)
