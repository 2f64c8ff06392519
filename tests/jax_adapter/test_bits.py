"""Steps inside a compiled program give the bits of the NumPy optimizer."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from cases import CASES, DTYPES, GRADIENTS, RESIDUES, ROUNDED_STATES, Case
from stepping import assert_same, assert_same_bits, draw, on_device, wide

import adamas
import adamas.jax

#: Python functions of the number of steps are no schedules of JAX.
TRACEABLE = [case for case in CASES if not any(map(callable, case.options.values()))]


def test_most_cases_can_be_traced() -> None:
    assert len(TRACEABLE) > 0.9 * len(CASES)


@pytest.mark.parametrize("case", TRACEABLE, ids=str)
def test_rules(case: Case) -> None:
    assert_same_bits(case.optimizer, case.options, np.float32, np.float32)


@pytest.mark.parametrize("rule", adamas.rules.SPECS)
def test_rules_in_float64(rule: str) -> None:
    with wide():
        assert_same_bits(rule, {}, np.float64, np.float64)


@pytest.mark.parametrize("states", ROUNDED_STATES)
@pytest.mark.parametrize("rule", adamas.rules.SPECS)
def test_state_formats(rule: str, states: str) -> None:
    assert_same_bits(rule, {"state_dtype": states}, np.float32, np.float32, steps=3)


@pytest.mark.parametrize("grads", [name for name in GRADIENTS if name != "float64"])
@pytest.mark.parametrize(
    ("name", "options"), [(name, options) for name, several in RESIDUES.items() for options in several], ids=str
)
@pytest.mark.filterwarnings("ignore::adamas.PrecisionWarning")
def test_parameter_formats(name: str, options: dict[str, Any], grads: str) -> None:
    options = {**options, "state_dtype": "int8"}
    assert_same_bits("AdamW", options, DTYPES[name], GRADIENTS[grads])


@pytest.mark.parametrize(
    "options",
    [
        {"max_norm": 0.5},
        {"max_norm": 0.5, "norm_type": float("inf")},
        {"max_norm": 0.1, "clip_each": True},
        {"max_value": 0.1},
        {"max_norm": 0.5, "max_value": 0.01, "state_dtype": "int4"},
        {"average": adamas.EMA(0.9)},
        {"average": adamas.EMA(0.9, bias_correction=True)},
        {"average": adamas.EMA(0.9, warmup=True, dtype="bfloat16")},
        {"average": adamas.SWA(start=2, every=2)},
        {"cautious": True},
        {"num_threads": 1},
    ],
    ids=str,
)
def test_options(options: dict[str, Any]) -> None:
    assert_same_bits("AdamW", options, np.float32, np.float32, steps=5)


def test_several_dtypes_in_one_tree() -> None:
    with wide():
        arrays: Any = {**draw(0, np.float32, {"a": (5, 4)}), **draw(1, np.float64, {"b": (3,)})}
        arrays["c"] = draw(2, DTYPES["bfloat16"], {"c": (2, 9)})["c"]
        opt, ours = adamas.AdamW(arrays, rounding="nearest"), adamas.jax.AdamW(rounding="nearest")
        params = on_device(arrays)
        state = ours.init(params)
        assert sorted(state.buffers) == [
            "exp_avg_float32",
            "exp_avg_float64",
            "exp_avg_sq_float32",
            "exp_avg_sq_float64",
        ]
        grads = {name: np.ones_like(array) for name, array in arrays.items()}
        opt.step(grads)
        params, state = ours.step(params, grads, state)
        assert_same(params, arrays)


def test_number_of_no_dimension() -> None:
    ours = adamas.jax.Adam(0.5)
    params, state = ours.step(jnp.float32(3.0), jnp.float32(2.0), ours.init(jnp.float32(3.0)))
    assert params.shape == ()
    assert float(params) == 2.5
    assert ours.states(params, state)["0"]["exp_avg"].shape == ()


@pytest.mark.parametrize(
    ("rule", "name", "values"),
    [
        ("Adam", "lr", (0.1, 0.05, 0.025)),
        ("AdamW", "weight_decay", (0.1, 0.0, 0.5)),
        ("Adam", "betas", ((0.9, 0.99), (0.5, 0.75), (0.25, 0.5))),
        ("Adam", "eps", (1e-3, 1e-2, 1.0)),
        ("RMSprop", "alpha", (0.9, 0.5, 0.75)),
        ("SGD", "momentum", (0.9, 0.5, 0.75)),
        ("Adafactor", "d", (1.0, 2.0, 4.0)),
    ],
)
def test_numbers_that_come_with_the_step(rule: str, name: str, values: tuple[Any, ...]) -> None:
    """As float32, or, with x64, as float64; one compiled program serves all of them."""
    fixed = {"momentum": 0.9} if rule == "SGD" else {}
    arrays = draw(0, np.float32)
    opt = getattr(adamas, rule)(arrays, **fixed)
    ours = getattr(adamas.jax, rule)(**fixed)
    params = on_device(arrays)
    state = ours.init(params)
    step = jax.jit(lambda params, state, grads, value: ours.step(params, grads, state, **{name: value}))
    for i, value in enumerate(values):
        single = tuple(map(np.float32, value)) if isinstance(value, tuple) else np.float32(value)
        opt.param_groups[0][name] = tuple(map(float, single)) if isinstance(single, tuple) else float(single)
        grads = draw(i + 1, np.float32)
        opt.step(grads)
        params, state = step(params, state, on_device(grads), single)
    assert step._cache_size() == 1
    assert_same(params, arrays)


def test_schedules_are_given_the_steps_so_far() -> None:
    arrays = draw(0, np.float32)
    opt = adamas.AdamW(arrays, lr=lambda step: float(np.float32(0.5) ** np.float32(step)), weight_decay=0.125)
    ours = adamas.jax.AdamW(lambda count: 0.5**count, weight_decay=0.125)
    params = on_device(arrays)
    state = ours.init(params)
    step = jax.jit(lambda params, state, grads: ours.step(params, grads, state))
    for i in range(4):
        grads = draw(i + 1, np.float32)
        opt.step(grads)
        params, state = step(params, state, on_device(grads))
    assert_same(params, arrays)


@pytest.mark.parametrize(
    "mask", [{"a": True, "b": False}, lambda params: {"a": True, "b": False}], ids=["tree", "function"]
)
def test_mask_of_weight_decay(mask: Any) -> None:
    arrays = draw(0, np.float32, {"a": (9, 5), "b": (4,)})
    groups = [{"params": [arrays["a"]]}, {"params": [arrays["b"]], "weight_decay": 0.0}]
    opt = adamas.AdamW(groups, weight_decay=0.5)
    ours = adamas.jax.AdamW(weight_decay=0.5, mask=mask)
    params = on_device(arrays)
    state = ours.init(params)
    for i in range(3):
        grads = draw(i + 1, np.float32, {"a": (9, 5), "b": (4,)})
        opt.step([[grads["a"]], [grads["b"]]])
        params, state = ours.step(params, grads, state)
    assert_same(params, arrays)


@pytest.mark.parametrize("rule", ["ScheduleFreeAdamW", "ScheduleFreeSGD", "ScheduleFreeRAdam", "AdamW"])
def test_what_is_evaluated(rule: str) -> None:
    arrays = draw(0, np.float32)
    opt, ours = getattr(adamas, rule)(arrays, lr=0.1), getattr(adamas.jax, rule)(0.1)
    params = on_device(arrays)
    state = ours.init(params)
    assert_same(ours.evaluated(params, state), arrays)
    for step in range(3):
        grads = draw(step + 1, np.float32)
        opt.step(grads)
        params, state = ours.step(params, grads, state)
    if rule != "AdamW":
        opt.eval()
    for name, values in jax.jit(ours.evaluated)(params, state).items():
        np.testing.assert_allclose(np.asarray(values), arrays[name], rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("average", [adamas.EMA(0.5), adamas.SWA(start=3)], ids=str)
def test_averages(average: Any) -> None:
    arrays = draw(0, np.float32)
    opt, ours = adamas.AdamW(arrays, average=average), adamas.jax.AdamW(average=average)
    params = on_device(arrays)
    state = ours.init(params)
    for step in range(4):
        grads = draw(step + 1, np.float32)
        opt.step(grads)
        params, state = ours.step(params, grads, state)
        if step + 1 < average.start:
            assert_same(ours.averaged(params, state), arrays)
    with opt.averaged():
        assert_same(jax.jit(ours.averaged)(params, state), arrays)
    with pytest.raises(ValueError, match="averaged: this optimizer keeps no averages"):
        adamas.jax.AdamW().averaged(params, state)


@pytest.mark.parametrize("bad", [np.inf, np.nan])
def test_skipped_steps_change_nothing(bad: float) -> None:
    ours = adamas.jax.NAdam(on_nonfinite="skip", average=adamas.EMA(0.5))
    params = on_device(draw(0, np.float32))
    state = ours.init(params)
    step = jax.jit(lambda params, state, grads: ours.step(params, grads, state))
    params, state = step(params, state, on_device(draw(1, np.float32)))
    grads = draw(2, np.float32)
    grads["d"][3, 7] = bad
    after, skipped = step(params, state, on_device(grads))
    for old, new in zip(
        jax.tree.leaves((params, state.count, state.buffers)),
        jax.tree.leaves((after, skipped.count, skipped.buffers)),
        strict=True,
    ):
        assert np.asarray(old).tobytes() == np.asarray(new).tobytes()
    assert skipped.report[2] == 1.0
    assert skipped.report[3] == list(params).index("d")
    assert state.report[2] == 0.0
    assert state.report[3] == -1.0


def test_report_names_the_leaf_whatever_the_mask() -> None:
    ours = adamas.jax.AdamW(on_nonfinite="skip", mask=lambda params: {name: name > "c" for name in params})
    params = on_device(draw(0, np.float32))
    grads = draw(1, np.float32)
    for name in ("c", "f"):
        bad = {**grads, name: np.full_like(grads[name], np.nan)}
        _, state = ours.step(params, bad, ours.init(params))
        assert state.report[3] == list(params).index(name)
    _, state = ours.step(params, grads, ours.init(params))
    assert state.report[3] == -1.0


def test_arrays_of_numpy() -> None:
    """float64 becomes float32, as JAX has it."""
    ours = adamas.jax.AdamW(0.1)
    params = draw(0, np.float64)
    after, state = ours.step(params, draw(1, np.float64), ours.init(params))
    assert {array.dtype.name for array in after.values()} == {"float32"}
    assert int(state.count) == 1


@pytest.mark.parametrize(
    "options",
    [{"decay": "corrected"}, {"decay": "independent"}, {"decay": "corrected", "max_lr": 0.5}],
    ids=str,
)
def test_decay(options: dict[str, Any]) -> None:
    assert_same_bits("AdamW", {"lr": 0.1, "weight_decay": 0.5, **options}, np.float32, np.float32)


def test_report_and_scale() -> None:
    ours = adamas.jax.SGD(1.0, max_norm=1.0)
    params = {"w": jnp.zeros(4)}
    step = jax.jit(lambda params, grads, scale: ours.step(params, grads, ours.init(params), grad_scale=scale))
    after, state = step(params, {"w": jnp.full(4, 8.0)}, 4.0)
    assert float(state.report[0]) == 4.0
    assert float(state.report[1]) == np.float32(1.0 / (4.0 + 1e-6))
    np.testing.assert_allclose(np.asarray(after["w"]), -0.5, rtol=1e-5)


def test_parameters_without_a_gradient_stay() -> None:
    ours = adamas.jax.AdamW(0.1, weight_decay=0.5)
    params = on_device(draw(0, np.float32))
    grads: Any = on_device(draw(1, np.float32))
    grads["d"] = None
    after, state = ours.step(params, grads, ours.init(params))
    kept = ours.states(after, state)
    assert np.asarray(after["d"]).tobytes() == np.asarray(params["d"]).tobytes()
    assert not np.any(np.asarray(kept["d"]["exp_avg"]))
    assert np.any(np.asarray(kept["f"]["exp_avg"]))


@pytest.mark.parametrize("mask", [True, False, {"inner": True, "b": False}, lambda params: {"inner": False, "b": True}])
def test_a_flag_may_stand_for_a_part_of_the_tree(mask: Any) -> None:
    params = {"inner": {"c": jnp.ones(3), "d": (jnp.ones(2), jnp.ones(4))}, "b": jnp.ones(5)}
    ours = adamas.jax.SGD(1.0, weight_decay=0.5, decoupled_weight_decay=True, mask=mask)
    zeros = jax.tree.map(jnp.zeros_like, params)
    flags = mask(params) if callable(mask) else mask
    flags = flags if isinstance(flags, dict) else {"inner": flags, "b": flags}
    for given, grads in ((params, zeros), (adamas.jax.flat(params), adamas.jax.flat(zeros))):
        after, _ = ours.step(given, grads, ours.init(given))
        after = after.tree if isinstance(after, adamas.jax.Flat) else after
        for name, flag in flags.items():
            for array in jax.tree.leaves(after[name]):
                assert np.all(np.asarray(array) == (0.5 if flag else 1.0))


def test_evaluated_with_a_schedule() -> None:
    params = on_device(draw(0, np.float32))
    for scheduled, plain in (
        (
            adamas.jax.ScheduleFreeAdamW(betas=(lambda count: 0.75, 0.9)),
            adamas.jax.ScheduleFreeAdamW(betas=(0.75, 0.9)),
        ),
        (adamas.jax.ScheduleFreeSGD(momentum=lambda count: 0.75), adamas.jax.ScheduleFreeSGD(momentum=0.75)),
    ):
        results = []
        for opt in (scheduled, plain):
            after, state = opt.step(params, params, opt.init(params))
            results.append(opt.evaluated(after, state))
        for name in params:
            np.testing.assert_allclose(np.asarray(results[0][name]), np.asarray(results[1][name]), rtol=1e-6)
