"""Every number format: the same bits as the reference, for every rule, instruction set and thread count."""

from __future__ import annotations

import functools
from typing import Any, Literal, get_args, get_origin, get_type_hints

import numpy as np
import pytest
from bits import Array, assert_same_bits
from cases import CASES, DTYPES, GRADIENTS, QUANTISED_STATES, RESIDUES, STATE_BYTES, STATES, Case

import adamas
from adamas import _core, reference
from adamas._inputs.formats import MASTER_WEIGHTS, ROUNDINGS, STATE_DTYPES
from adamas._numerics.formats import Residue, RowMode, StateFormat

BFLOAT16 = DTYPES["bfloat16"]
LENGTHS = [0, 1, 5, 63, 65, 127, 128, 129, 300, 512, 513, 1000, 2049]
STEPS = 20


def rule_of(case: Case) -> str:
    opt = case.reference([np.ones(1)])
    return str(opt._model.parameters[0].formula.name)


#: One case for each rule.
RULES = {rule_of(case): case for case in reversed(CASES)}
#: Forms that vectors, of which the tests here are, never have; tests/numerics/test_axes.py is about these.
OF_MATRICES = {"adafactor", "adafactor_momentum"}


def test_all_rules_are_here() -> None:
    assert set(RULES) | OF_MATRICES == set(_core.rules())


def test_formats_are_those_of_the_core() -> None:
    for ours, theirs in ((StateFormat, _core.StateFormat), (Residue, _core.Residue), (RowMode, _core.RowMode)):
        assert [member.value for member in ours] == list(theirs.__members__)
    assert set(_core.DType.__members__) == set(GRADIENTS)


def test_types_of_options_name_every_format() -> None:
    hints = get_type_hints(adamas.Options)
    known = {"state_dtype": STATE_DTYPES, "master_weights": MASTER_WEIGHTS, "rounding": ROUNDINGS}
    for option, choices in known.items():
        hint = hints[option]
        words = {word for each in (hint, *get_args(hint)) if get_origin(each) is Literal for word in get_args(each)}
        assert words == {choice for choice in choices if isinstance(choice, str)}


def draw(rng: np.random.Generator, size: int, dtype: np.dtype[Any], special: bool) -> Array:
    values = (rng.standard_normal(size) * 10.0 ** rng.integers(-6, 3, size)).astype(np.float32)
    if special and size > 60:
        values[rng.integers(0, size, 3)] = rng.choice([np.nan, np.inf, -np.inf, 0.0, -0.0, 1e-42, 3e38], 3)
    with np.errstate(all="ignore"):
        drawn: Array = values.astype(dtype)
    return drawn


@functools.cache
def drawn(seed: int, dtypes: tuple[np.dtype[Any], ...], special: bool) -> list[list[Array]]:
    """For each of the dtypes, arrays of all lengths."""
    rng = np.random.default_rng(seed)
    return [[draw(rng, size, dtype, special) for size in LENGTHS] for dtype in dtypes]


def run(opt_of: Any, dtype: str, grads: list[np.dtype[Any]], special: bool, steps: int) -> dict[str, Array]:
    """Step on gradients whose dtype changes from step to step; return parameters and all that is kept."""
    params = [values.copy() for values in drawn(5, (DTYPES[dtype],), False)[0]]
    opt = opt_of(params)
    for t, gradients in enumerate(drawn(6, tuple(grads[t % len(grads)] for t in range(steps)), special)):
        with np.errstate(all="ignore"):
            opt.step([None if (t, i) == (2, 6) else g for i, g in enumerate(gradients)])
    kept = {f"{name}.{key}": np.atleast_1d(value) for name, e in opt.state.items() for key, value in e.items()}
    return {**{f"param {i}": p for i, p in enumerate(params)}, **kept}


def compare(case: Case, dtype: str, options: dict[str, Any], **how: Any) -> None:
    expected = run(lambda params: case.reference(params, **options), dtype, **how)
    for isa in adamas.available_isas():
        adamas.use_isa(isa)
        for threads in (1, 3):
            actual = run(lambda params: case.compiled(params, num_threads=threads, **options), dtype, **how)  # noqa: B023
            assert list(actual) == list(expected)
            for name, array in actual.items():
                assert_same_bits(array, expected[name], f"{name}, {isa}, {threads} threads, {options}")


@pytest.mark.parametrize("state_dtype", STATES)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("rule", RULES)
def test_bits_equal_reference(rule: str, dtype: str, state_dtype: str) -> None:
    _core.set_bytes_per_thread(1)
    order = list(RULES).index(rule)
    residues = RESIDUES[dtype]
    grads = list(GRADIENTS.values())
    options = {"state_dtype": state_dtype, **residues[order % len(residues)]}
    compare(RULES[rule], dtype, options, grads=grads, special=False, steps=STEPS)


@pytest.mark.parametrize("grad", GRADIENTS)
@pytest.mark.parametrize("state_dtype", STATES)
@pytest.mark.parametrize(
    ("dtype", "residue"), [(dtype, i) for dtype, residues in RESIDUES.items() for i in range(len(residues))]
)
def test_every_combination(dtype: str, residue: int, state_dtype: str, grad: str) -> None:
    """With infinities, NaN and zeros among the gradients, of one rule that has all kinds of states."""
    _core.set_bytes_per_thread(1)
    options = {"state_dtype": state_dtype, **RESIDUES[dtype][residue]}
    case = RULES["ademamix" if residue % 2 else "adam"]
    compare(case, dtype, options, grads=[GRADIENTS[grad]], special=True, steps=6)


@pytest.mark.parametrize("rule", RULES)
def test_float64_parameters_take_all_gradients(rule: str) -> None:
    _core.set_bytes_per_thread(1)
    rng = np.random.default_rng(1)
    start = rng.standard_normal(1500)
    results = []
    for module in (adamas, reference):
        param = start.copy()
        opt = getattr(module, RULES[rule].optimizer)([param], num_threads=2, **RULES[rule].options)
        again = np.random.default_rng(2)
        for dtype in [*GRADIENTS.values()] * 3:
            opt.step([again.standard_normal(1500).astype(dtype)])
        results.append(param)
    assert_same_bits(results[0], results[1], rule)


def test_split_master_is_float32_cut_in_two() -> None:
    """The parameter is the high half of what float32 training gives, rounded, and the rest is kept: to the last bit."""
    rng = np.random.default_rng(0)
    high = rng.standard_normal(3000).astype(BFLOAT16)
    whole = high.astype(np.float32)
    split, full = adamas.AdamW([high], master_weights="split32"), adamas.AdamW([whole])
    for _ in range(50):
        grad = rng.standard_normal(3000).astype(BFLOAT16)
        split.step([grad])
        full.step([grad])
    low = split.state["0"]["low_bits"]
    assert low.dtype == np.uint16
    joined = (high.view(np.uint16).astype(np.uint32) << 16) + low.view(np.int16).astype(np.uint32)
    assert_same_bits(joined.view(np.float32), whole, "both halves")
    away = np.abs(high.astype(np.float32) - whole)
    assert (away <= np.abs(whole - whole.astype(BFLOAT16).astype(np.float32))).all(), "no bfloat16 is nearer"


def test_master_weights_are_float32_training() -> None:
    rng = np.random.default_rng(0)
    param = rng.standard_normal(1000).astype(BFLOAT16)
    whole = param.astype(np.float32)
    opt, full = adamas.Adam([param], master_weights=True), adamas.Adam([whole])
    for _ in range(50):
        grad = rng.standard_normal(1000).astype(np.float32)
        opt.step([grad])
        full.step([grad])
    assert_same_bits(opt.state["0"]["master"], whole, "master")
    assert_same_bits(param, whole.astype(BFLOAT16), "parameter, rounded to nearest")


def test_stochastic_rounding_is_unbiased_and_follows_its_seed() -> None:
    """Steps of 1/16 of an ulp: rounded to nearest nothing moves; at random, the average does, by the exact amount."""
    size, steps, lr = 20_000, 64, 2.0**-12
    runs: dict[int, Array] = {}
    for seed in (1, 1, 2):
        param = np.full(size, 1.0, BFLOAT16)
        opt = adamas.SGD([param], lr=lr, rounding="stochastic", seed=seed)
        for _ in range(steps):
            opt.step([np.full(size, -1.0, np.float32)])
        if seed in runs:
            assert_same_bits(param, runs[seed], "the same seed")
        runs[seed] = param
    assert (runs[1] != runs[2]).any()
    mean = float(runs[1].astype(np.float64).mean())
    assert abs(mean - (1 + steps * lr)) < 5 * 2.0**-7 / np.sqrt(size)
    stuck = np.full(size, 1.0, BFLOAT16)
    nearest = adamas.SGD([stuck], lr=lr)
    nearest.step([np.full(size, -1.0, np.float32)])
    assert (stuck == 1.0).all()


@pytest.mark.parametrize(("state_dtype", "bound"), [("bfloat16", 0.01), ("int8", 0.05), ("int4", 0.12)])
def test_second_moments_decay(state_dtype: Any, bound: float) -> None:
    """Rounded to nearest, v would stand still under beta2 = 0.999; the dither lets it decay as it should.

    Standing still would give a ratio of 2.7 in the end.
    """
    rng = np.random.default_rng(0)
    size, steps = 4096, 2000
    opts = [adamas.AdamW([np.zeros(size, np.float32)], state_dtype=s) for s in (state_dtype, None)]
    first = np.exp(rng.standard_normal(size)).astype(np.float32)
    zero = np.zeros(size, np.float32)
    zero[::64] = 1.0  # some keep each block's scale where it is
    for t in range(steps):
        for opt in opts:
            opt.step([first if t == 0 else zero])
    coded = decoded(opts[0], "exp_avg_sq")
    exact = opts[1].state["0"]["exp_avg_sq"]
    asleep = zero == 0
    ratio = np.sqrt(coded[asleep]).mean() / np.sqrt(exact[asleep]).mean()
    assert abs(ratio - 1) < bound, ratio


def decoded(opt: Any, name: str) -> Array:
    """Return a state as float32 numbers."""
    from adamas._numerics.state_formats import load_states

    parameter = opt._model.parameters[0]
    kinds, states = parameter.formula.states, opt._model.states_of(parameter)
    values: Array = load_states(kinds, parameter.formats.states, states, parameter.array)[name]
    return values


@pytest.mark.parametrize("state_dtype", QUANTISED_STATES)
def test_no_second_moment_is_lost_under_a_first_moment(state_dtype: Any) -> None:
    """In one block, gradients from 1e-12 to 1: no update is larger than float32 would make it by more than rounding."""
    size, lr = 128, 1.0
    grad = np.logspace(-12, 0, size).astype(np.float32)
    rng = np.random.default_rng(3)
    coded, exact = np.zeros(size, np.float32), np.zeros(size, np.float32)
    opts = [adamas.AdamW([p], lr=lr, weight_decay=0.0, state_dtype=s) for p, s in ((coded, state_dtype), (exact, None))]
    for _ in range(200):
        before = coded.copy(), exact.copy()
        noise = (grad * rng.choice([-1.0, 1.0], size)).astype(np.float32)
        for opt in opts:
            opt.step([noise])
        moved, wanted = np.abs(coded - before[0]), np.abs(exact - before[1])
        # A quotient of moments is at most sqrt of (1-b1)^2/(1-b2)/(1-b1^2/b2), about 7.3, in exact arithmetic.
        assert moved.max() <= 1.5 * max(wanted.max(), 1.0), (moved.max(), wanted.max())


@pytest.mark.parametrize("state_dtype", STATES)
def test_bytes_of_states(state_dtype: Any) -> None:
    """Bytes of state for each parameter of AdamW, as the documentation says."""
    size = 1 << 16
    opt = adamas.AdamW([np.zeros(size, np.float32)], state_dtype=state_dtype)
    total = sum(a.nbytes for a in opt._model.states_of(opt._model.parameters[0]).values())
    assert total / size == 2 * STATE_BYTES[state_dtype]


@pytest.mark.parametrize("state_dtype", STATES)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ["AdamW", "Yogi", "ScheduleFreeAdamW", "Adan"])
def test_state_dicts_resume_with_the_same_bits(name: str, dtype: str, state_dtype: str) -> None:
    rng = np.random.default_rng(0)
    options = {"state_dtype": state_dtype, **RESIDUES[dtype][-1]}
    param = rng.standard_normal(300).astype(DTYPES[dtype])
    opt = getattr(adamas, name)({"w": param}, **options)
    grads = rng.standard_normal((10, 300)).astype(np.float32)
    for grad in grads[:5]:
        opt.step({"w": grad})
    saved, copy = opt.state_dict(), param.copy()
    for grad in grads[5:]:
        opt.step({"w": grad})
    resumed = getattr(adamas, name)({"w": copy}, **options)
    resumed.load_state_dict(saved)
    for grad in grads[5:]:
        resumed.step({"w": grad})
    assert_same_bits(copy, param, "resumed")


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("module", [adamas, reference], ids=["compiled", "reference"])
def test_schedule_free_average_of_low_precision(module: Any, dtype: str) -> None:
    rng = np.random.default_rng(0)
    for residue in RESIDUES[dtype]:
        param = rng.standard_normal(50).astype(DTYPES[dtype])
        opt = module.ScheduleFreeAdamW([param], lr=0.1, **residue)
        for _ in range(20):
            opt.step([rng.standard_normal(50).astype(np.float32)])
        before = param.tobytes()
        opt.eval()
        assert param.tobytes() != before
        opt.train()
        assert param.tobytes() == before
