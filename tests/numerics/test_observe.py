"""Observed steps: the same bits as others, and measures that have the bits of the reference and are what they say."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from bits import Array, assert_same_bits
from cases import CASES, DTYPES, GRADIENTS, RESIDUES, STATES, Case
from refusing import both

import adamas
from adamas import _core, reference
from adamas._optimizer.observed import MEASURES
from adamas.observe import Observed

#: Around vectors, blocks, granules and the pieces that are measured at a time.
LENGTHS = (1, 7, 16, 127, 129, 512, 513, 1024, 3001, 0)
STEPS = 4
#: Rules of all kinds of states, beside which formats are tried.
RULES = ("AdamW", "Adamax", "LAMB", "SGD", "MARS", "Adadelta")
OF_RULES = [next(case for case in reversed(CASES) if case.optimizer == name) for name in RULES]


@pytest.fixture(autouse=True)
def _small_slices() -> Iterator[None]:
    before = _core.bytes_per_thread()
    _core.set_bytes_per_thread(1)
    yield
    _core.set_bytes_per_thread(before)


def model(dtype: Any) -> list[Array]:
    rng = np.random.default_rng(0)
    return [rng.standard_normal(length).astype(dtype) for length in LENGTHS]


def gradients(step: int, dtype: Any) -> list[Array | None]:
    """Make gradients of many sizes, with zeros; one in five parameters has none."""
    rng = np.random.default_rng(step)
    made: list[Array | None] = []
    for length in LENGTHS:
        values = rng.standard_normal(length) * 10.0 ** rng.integers(-7, 1, length)
        values[rng.random(length) < 0.3] = 0.0
        made.append(None if (step + length) % 5 == 0 else values.astype(dtype))
    return made


def arguments_of(step: int) -> dict[str, Any]:
    return {"grad_scale": 3.0, "max_norm": 1.0 if step % 2 else None, "max_value": 0.01 if step > 1 else None}


def take_step(opt: Any, params: list[Array], step: int, dtype: Any, **arguments: Any) -> None:
    """Take a step; before the third, somebody writes into the parameters."""
    if step == 2:
        for param in params:
            param[::3] = 0.5
    opt.step(gradients(step, dtype), **arguments_of(step), **arguments)


def run(opt: Any, params: list[Array], dtype: Any, **arguments: Any) -> list[Array]:
    """Take some steps; return what each of them measured."""
    measured = []
    for step in range(STEPS):
        take_step(opt, params, step, dtype, **arguments)
        number, values = opt._engine.observed
        assert number == step + 1
        measured.append(values)
    return measured


def bits_of(opt: Any, params: list[Array]) -> list[bytes]:
    arrays = [value for entry in opt.state.values() for value in entry.values() if isinstance(value, np.ndarray)]
    return [array.tobytes() for array in (*params, *arrays)]


def compare(case: Case, dtype: Any, grad_dtype: Any, options: dict[str, Any]) -> None:
    """Compare compiled optimizers, observed and not, with the reference."""
    params = model(dtype)
    opt = case.reference(params, observe=1, **options)
    expected = run(opt, params, grad_dtype)
    bits = bits_of(opt, params)
    for isa, threads in itertools.product(adamas.available_isas(), (1, 3)):
        adamas.use_isa(isa)
        params = model(dtype)
        opt = case.compiled(params, num_threads=threads, **options)
        measured = run(opt, params, grad_dtype, observe=True)
        for actual, right in zip(measured, expected, strict=True):
            assert_same_bits(actual, right, f"{isa}, {threads} threads")
        assert bits_of(opt, params) == bits, f"{isa}, {threads} threads: observed"
        params = model(dtype)
        opt = case.compiled(params, num_threads=threads, **options)
        for step in range(STEPS):
            take_step(opt, params, step, grad_dtype)
        assert opt.observed is None
        assert bits_of(opt, params) == bits, f"{isa}, {threads} threads: not observed"


def test_both_engines_measure_the_same() -> None:
    assert _core.observed_fields == MEASURES


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_rules(case: Case, dtype: Any) -> None:
    compare(case, dtype, dtype, {})


@pytest.mark.parametrize("states", STATES)
@pytest.mark.parametrize(
    ("dtype", "residue"),
    [(name, residue) for name, residues in RESIDUES.items() for residue in residues],
    ids=lambda value: str(value) if isinstance(value, str) else "-".join(map(str, value.values())) or "none",
)
@pytest.mark.parametrize("case", OF_RULES, ids=lambda case: case.optimizer)
def test_formats(case: Case, dtype: str, residue: dict[str, Any], states: str) -> None:
    compare(case, DTYPES[dtype], DTYPES[dtype], {**residue, "state_dtype": states})


@pytest.mark.parametrize("grad_dtype", GRADIENTS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64, DTYPES["bfloat16"]])
def test_gradients_of_other_dtypes(dtype: Any, grad_dtype: str) -> None:
    compare(OF_RULES[0], dtype, GRADIENTS[grad_dtype], {})


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_infinities_and_nan(dtype: Any) -> None:
    """Where something is not finite it is counted, and what can be told besides is told."""

    def measured(module: Any) -> list[Array]:
        rng = np.random.default_rng(1)
        params = [rng.standard_normal(length).astype(dtype) for length in (600, 40)]
        grads = [rng.standard_normal(length).astype(dtype) for length in (600, 40)]
        grads[0][[3, 599]] = np.nan
        grads[0][[4, 5, 6]] = 0.0
        grads[1][[0, 39]] = np.inf
        params[1][7] = np.inf
        opt = module.AdamW(params, observe=1)
        opt.step(grads, max_value=2.0)
        seen = opt.observed
        assert seen.grad_nonfinite.tolist() == [2 / 600, 2 / 40]
        assert seen.grad_zero.tolist() == [3 / 600, 0.0]
        assert seen.grad_max.tolist() == [float(np.nanmax(np.abs(grads[0]))), math.inf]
        assert seen.param_nonfinite[0] == 2 / 600
        assert seen.param_nonfinite[1] >= 1 / 40
        assert seen.param_max[1] == math.inf
        opt.step(grads)
        return [seen.grad_rms, opt._engine.observed[1]]

    expected = measured(reference)
    for isa in adamas.available_isas():
        adamas.use_isa(isa)
        for actual, right in zip(measured(adamas), expected, strict=True):
            assert_same_bits(actual, right, isa)


@both
def test_what_quantities_are(module: Any) -> None:
    """Each quantity is what its name says, computed anew from the arrays before and after the step."""
    rng = np.random.default_rng(2)
    params = {"w": rng.standard_normal((40, 30)), "b": rng.standard_normal(30)}
    opt = module.AdamW(params, lr=0.01, betas=(0.8, 0.9), eps=0.3, weight_decay=0.1)
    opt.step({name: rng.standard_normal(value.shape) for name, value in params.items()})
    before = {name: value.copy() for name, value in params.items()}
    moments = {name: opt.state[name]["exp_avg"].copy() for name in params}
    grads = {name: rng.standard_normal(value.shape) for name, value in params.items()}
    grads["w"][rng.random((40, 30)) < 0.25] = 0.0
    report = opt.step(grads, observe=True, grad_scale=2.0, max_norm=1.0, max_value=0.02)
    seen = opt.observed
    assert seen.step == 2
    assert seen.names == ("w", "b") == tuple(seen)
    assert len(seen) == 2
    for name, value in params.items():
        told, g, update = seen[name], grads[name] / 2, value - before[name]
        clipped = g * report.clip_coefficient
        moving = g != 0
        root = np.sqrt(opt.state[name]["exp_avg_sq"] / (1 - 0.9**2))
        expected = {
            "grad_rms": np.sqrt(np.mean(g**2)),
            "grad_max": np.abs(g).max(),
            "grad_zero": np.mean(g == 0),
            "grad_nonfinite": 0.0,
            "grad_clipped": np.mean(np.abs(clipped) > 0.02),
            "clip_coefficient": report.clip_coefficient,
            "update_rms": np.sqrt(np.mean(update**2)),
            "update_max": np.abs(update).max(),
            "update_ratio": np.sqrt(np.mean(update**2) / np.mean(before[name] ** 2)),
            "update_flushed": np.mean(update[moving] == 0),
            "param_rms": np.sqrt(np.mean(before[name] ** 2)),
            "param_max": np.abs(before[name]).max(),
            "param_nonfinite": 0.0,
            "cosine": -np.sum(update * moments[name]) / np.sqrt(np.sum(update**2) * np.sum(moments[name] ** 2)),
            "below_eps": np.mean(root[moving] < 0.3),
            "moment_lost": math.nan,
            "lr": 0.01,
        }
        assert list(told) == list(Observed.quantities) == list(expected)
        for quantity, right in expected.items():
            assert told[quantity] == pytest.approx(right, rel=1e-12, abs=0.0, nan_ok=True), (name, quantity)
        assert 0.0 < told["below_eps"] < 1.0
        assert 0.0 < told["grad_clipped"] < 1.0
        assert told["cosine"] > 0.1
    with pytest.raises(KeyError, match="'v': no such parameter"):
        seen["v"]
    assert repr(seen) == "<Observed: step 2, 2 parameters>"


@both
def test_flushed_updates_and_lost_moments(module: Any) -> None:
    """An update below half a unit in the last place of bfloat16, and one far below the steps of bfloat16 states."""
    w = np.ones(1000, DTYPES["bfloat16"])
    grads = [np.ones(1000, np.float32)]
    grads[0][:250] = 0.0
    opt = module.Adam([w], lr=1e-3, observe=1, rounding="nearest")
    opt.step(grads)
    assert opt.observed.update_flushed.tolist() == [1.0]
    kept = module.Adam([np.ones(1000, DTYPES["bfloat16"])], lr=1e-3, observe=1, master_weights=True)
    kept.step(grads)
    assert kept.observed.update_flushed.tolist() == [0.0]
    assert kept.observed.update_rms[0] == pytest.approx(1e-3 * math.sqrt(0.75), rel=1e-4)

    for beta2, least, most in ((0.5, 0.0, 0.1), (0.999, 0.6, 0.9), (0.9999, 0.95, 1.0)):
        opt = module.Adam([np.ones(5000, np.float32)], betas=(0.9, beta2), state_dtype="bfloat16", observe=1)
        rng = np.random.default_rng(0)
        opt.step([rng.standard_normal(5000).astype(np.float32)])
        opt.state["0"]["exp_avg_sq"][...] = 1.0  # where it would be after many steps
        opt.step([rng.standard_normal(5000).astype(np.float32)])
        assert least <= opt.observed.moment_lost[0] <= most, beta2
    # In codes, a moment is lost if it is at the lowest one: beside one that is so much larger.
    grad = np.full(256, 1e-6, np.float32)
    grad[0] = 1.0
    opt = module.Adam([np.ones(256, np.float32)], state_dtype="int8", observe=1)
    opt.step([grad])
    assert opt.observed.moment_lost[0] == 127 / 256


@both
def test_which_steps_are_observed(module: Any) -> None:
    grads = [np.ones(3)]
    opt = module.SGD([np.ones(3)], observe=3)
    seen = []
    for _ in range(8):
        opt.step(grads)
        seen.append(opt.observed.step)
    assert seen == [1, 1, 1, 4, 4, 4, 7, 7]
    opt.step(grads, observe=True)
    assert opt.observed.step == 9
    opt.step(grads, observe=False)
    assert opt.observed.step == 9
    opt.step_defaults.observe = None
    opt.step(grads)
    assert opt.observed.step == 9
    opt.step_defaults.observe = 1
    opt.step(grads)
    assert opt.observed.step == 12
    opt.step([np.full(3, np.nan)], on_nonfinite="skip")
    assert opt.observed.step == 12
    with pytest.raises(FloatingPointError):
        opt.step([np.full(3, np.nan)], on_nonfinite="raise")
    assert opt.observed.step == 12
    # What was observed stays as it was.
    before, kept = opt.observed, opt.observed.grad_rms.copy()
    opt.step([np.full(3, 5.0)])
    assert before.grad_rms.tolist() == kept.tolist() != opt.observed.grad_rms.tolist()


@both
def test_parameters_that_are_not_observed(module: Any) -> None:
    params = {"w": np.ones((4, 3)), "none": np.ones(2), "empty": np.ones(0), "table": np.ones((5, 2))}
    opt = module.AdamW(params, sparse={"table": "lazy"}, observe=1)
    rows = adamas.RowGrad(np.array([1]), np.ones((1, 2)))
    opt.step({"w": np.ones((4, 3)), "none": None, "empty": np.ones(0), "table": rows})
    for name in ("none", "empty", "table"):
        assert all(map(math.isnan, opt.observed[name].values())), name
    assert opt.observed["w"]["grad_rms"] == 1.0
    opt.step({"w": None, "none": None, "empty": None, "table": np.ones((5, 2))})
    assert np.isnan(opt.observed.grad_rms).all()


@both
def test_groups_and_schedules(module: Any) -> None:
    groups = [{"params": [np.ones(3)], "lr": lambda step: 0.1 * (step + 1)}, {"params": [np.ones(2)], "lr": 0.5}]
    opt = module.SGD(groups, observe=1)
    for step in range(2):
        opt.step([[np.ones(3)], [np.ones(2)]])
        assert opt.observed.lr.tolist() == [0.1 * (step + 1), 0.5]


@both
def test_every_way_of_stepping(module: Any) -> None:
    """At once, in the background, parameter by parameter, of accumulated gradients, beside averages and copies."""

    def started() -> tuple[dict[str, Array], Any]:
        rng = np.random.default_rng(3)
        params = {name: rng.standard_normal(size).astype(np.float32) for name, size in (("a", 700), ("b", 2100))}
        copies = {name: np.zeros(value.shape, np.float16) for name, value in params.items()}
        return params, module.AdamW(params, average=adamas.EMA(0.9), copy_out=copies)

    def grads(step: int) -> dict[str, Array]:
        rng = np.random.default_rng(step)
        return {name: rng.standard_normal(size).astype(np.float32) for name, size in (("a", 700), ("b", 2100))}

    def all_bits(params: dict[str, Array], opt: Any) -> list[bytes]:
        copies = [copy for _, copy in opt._model.parameters.copied()]
        return bits_of(opt, [*params.values(), *copies])

    params, opt = started()
    for step in range(3):
        opt.step(grads(step))
    bits = all_bits(params, opt)
    params, opt = started()
    for step in range(3):
        opt.step(grads(step), observe=True)
    expected = opt._engine.observed[1]

    def same(params: dict[str, Array], opt: Any) -> None:
        assert_same_bits(opt._engine.observed[1], expected, "observed")
        assert all_bits(params, opt) == bits

    same(params, opt)

    params, opt = started()
    for step in range(3):
        opt.step_async(grads(step), observe=True).result()
    same(params, opt)

    params, opt = started()
    for step in range(3):
        with opt.step_scope(observe=True):
            for name, grad in reversed(grads(step).items()):
                opt.step_param(name, grad)
    same(params, opt)

    params, opt = started()
    for step in range(3):
        halves = {name: grad * np.float32(0.5) for name, grad in grads(step).items()}
        opt.accumulate(halves)
        opt.step(halves, observe=True)
    same(params, opt)

    params, opt = started()
    for step in range(3):
        given = grads(step)
        opt.step(given, observe=True, zero_grads=True)
        assert not any(grad.any() for grad in given.values())
    same(params, opt)

    params, opt = started()
    with opt.step_scope(observe=True):
        opt.step_param("b", grads(0)["b"])
    assert np.isnan(opt.observed["a"]["grad_rms"])
    assert opt.observed["b"]["grad_rms"] > 0


@both
def test_checkpoints_know_nothing_of_it(module: Any) -> None:
    def state_dict(**options: Any) -> dict[str, Any]:
        opt = module.AdamW([np.ones(3)], **options)
        opt.step([np.ones(3)])
        state: dict[str, Any] = opt.state_dict()
        return state

    assert repr(state_dict(observe=1)) == repr(state_dict())


@both
@pytest.mark.parametrize("value", [0, -1, 1.5, True, "2", [1]])
def test_wrong_options(module: Any, value: Any) -> None:
    with pytest.raises((TypeError, ValueError), match="observe: expected a whole number >= 1"):
        module.AdamW([np.ones(3)], observe=value)
    opt = module.AdamW([np.ones(3)])
    with pytest.raises((TypeError, ValueError), match="observe: expected a whole number >= 1"):
        opt.step_defaults.observe = value


@both
@pytest.mark.parametrize("value", [0, 1, "yes", 2.0, np.ones(2)])
def test_wrong_arguments(module: Any, value: Any) -> None:
    w = np.ones(3)
    opt = module.AdamW([w])
    with pytest.raises(TypeError, match="observe: expected True or False"):
        opt.step([np.ones(3)], observe=value)
    with pytest.raises(AttributeError, match=r"observe: .*opt\.step_defaults\.observe = 3"):
        opt.observe = 3
    assert w.tolist() == [1, 1, 1]
    assert opt.observed is None
