"""Cautious updates: their bits in every format, what they are, and where they are refused."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import papers
import pytest
from bits import Array, assert_same_bits
from cases import DTYPES, GRADIENTS, RESIDUES, STATES
from refusing import both

import adamas
from adamas import RowGrad, _core, reference
from adamas.rules import FORMULAS, SPECS

#: Around a lane, a block, a stride, a granule and a piece.
LENGTHS = [0, 1, 7, 127, 128, 129, 255, 257, 511, 513, 2047, 2049, 4099]
SPECIAL = [0.0, -0.0, 1e-45, -1e-40, 1e30, np.inf, -np.inf, np.nan]
RULES = [name for name, spec in SPECS.items() if "cautious" in spec.by_name]
ALIKE: dict[str, dict[str, Any]] = {
    "SGD": {"momentum": 0.9, "nesterov": True},
    "RMSprop": {"momentum": 0.9, "centered": True},
    "Adam": {"amsgrad": True},
}


@functools.cache
def drawn(steps: int, *, special: bool) -> list[list[Array]]:
    rng = np.random.default_rng(23)
    found = []
    for _ in range(steps):
        arrays = [rng.standard_normal(length) * 10.0 ** rng.integers(-4, 2, length) for length in LENGTHS]
        for array in arrays if special else ():
            array[rng.random(array.size) < 0.1] = rng.choice(SPECIAL)
        found.append(arrays)
    return found


def run(module: Any, rule: str, dtype: Any, grad_dtype: Any, *, special: bool = False, **options: Any) -> list[Array]:
    """Take some steps; return parameters and all that is kept."""
    with np.errstate(all="ignore"):
        params = [array.astype(dtype) for array in drawn(1, special=False)[0]]
        opt = getattr(module, rule)(params, cautious=True, **options)
        for step, grads in enumerate(drawn(5, special=special)):
            if step == 3:
                opt.param_groups[0]["lr"] *= 0.5
            opt.step([grad.astype(grad_dtype) for grad in grads])
    kept = [value for entry in opt.state.values() for key, value in entry.items() if key != "step"]
    return [*params, *(np.atleast_1d(value) for value in kept)]


def assert_bits_equal_reference(*args: Any, threads: int = 2, **options: Any) -> None:
    wanted = run(reference, *args, **options)
    for i, (ours, theirs) in enumerate(zip(run(adamas, *args, num_threads=threads, **options), wanted, strict=True)):
        assert_same_bits(ours, theirs, f"array {i}")


@pytest.fixture(autouse=True)
def _many_parts() -> None:
    _core.set_bytes_per_thread(1)


@pytest.mark.parametrize("isa", adamas.available_isas())
@pytest.mark.parametrize("special", [False, True], ids=["normal", "special"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("rule", RULES)
def test_bits_equal_reference(rule: str, dtype: str, special: bool, isa: str) -> None:
    adamas.use_isa(isa)
    options = {"weight_decay": 0.1, "lr": 0.01, "maximize": special, **ALIKE.get(rule, {})}
    for threads in (1, 3):
        assert_bits_equal_reference(rule, dtype, dtype, special=special, threads=threads, **options)


@pytest.mark.filterwarnings("ignore::adamas.PrecisionWarning")
@pytest.mark.parametrize("isa", adamas.available_isas())
@pytest.mark.parametrize("state_dtype", STATES)
@pytest.mark.parametrize("rule", RULES)
def test_bits_of_every_state_format(rule: str, state_dtype: str, isa: str) -> None:
    adamas.use_isa(isa)
    options = {"weight_decay": 0.1, "state_dtype": state_dtype, **ALIKE.get(rule, {})}
    for name, dtype in DTYPES.items():
        assert_bits_equal_reference(rule, dtype, GRADIENTS["float16" if name == "bfloat16" else name], **options)


@pytest.mark.filterwarnings("ignore::adamas.PrecisionWarning")
@pytest.mark.parametrize("isa", adamas.available_isas())
@pytest.mark.parametrize("decoupled", [True, False], ids=["decoupled", "coupled"])
@pytest.mark.parametrize(("dtype", "residue"), [(d, i) for d, found in RESIDUES.items() for i in range(len(found))])
def test_bits_of_every_residue_and_gradient(dtype: str, residue: int, decoupled: bool, isa: str) -> None:
    adamas.use_isa(isa)
    for grad_dtype in GRADIENTS.values():
        options = {"decoupled_weight_decay": decoupled, "weight_decay": 0.1, **RESIDUES[dtype][residue]}
        assert_bits_equal_reference("Adam", DTYPES[dtype], grad_dtype, **options)


@pytest.mark.parametrize("decoupled", [True, False], ids=["decoupled", "coupled"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_bits_of_what_surrounds_the_update(dtype: Any, decoupled: bool) -> None:
    """Clipped, accumulated, averaged and copied; gradients become zero; parameters and copies are written to."""
    results = []
    for module in (adamas, reference):
        params = [array.astype(dtype) for array in drawn(1, special=False)[0]]
        copies = [array.astype(np.float16) for array in params] if dtype is np.float32 else None
        opt = module.NAdam(
            params, 0.01, weight_decay=0.1, decoupled_weight_decay=decoupled, cautious=True, average=adamas.EMA(0.9),
            copy_out=copies, max_norm=30.0, max_value=0.5, zero_grads=True,
        )  # fmt: skip
        for step, grads in enumerate(drawn(6, special=False)):
            given = [grad.astype(dtype) for grad in grads]
            if step == 2:
                opt.accumulate(given)
                continue
            opt.step([None if (step, i) == (1, 9) else grad for i, grad in enumerate(given)], grad_scale=2.0)
            assert not any(grad.any() for i, grad in enumerate(given) if (step, i) != (1, 9))
            if step == 3:
                params[-1][::3] = 0.25
        kept = [value for entry in opt.state.values() for key, value in entry.items() if isinstance(value, np.ndarray)]
        results.append([*params, *(copies or ()), *kept])
    for i, (ours, theirs) in enumerate(zip(*results, strict=True)):
        assert_same_bits(ours, theirs, f"array {i}")


@both
def test_parameter_by_parameter(module: Any) -> None:
    """The mask is one of each parameter: `step_param` gives the bits of `step`."""
    whole, parts = ([array.copy() for array in drawn(1, special=False)[0]] for _ in range(2))
    a, b = (module.AdamW(params, cautious=True, lr=0.1) for params in (whole, parts))
    for grads in drawn(4, special=False):
        a.step(grads)
        with b.step_scope():
            for i in reversed(range(len(grads))):
                b.step_param(i, grads[i])
    for i, (ours, theirs) in enumerate(zip(parts, whole, strict=True)):
        assert_same_bits(ours, theirs, f"array {i}")


@pytest.mark.parametrize("rule", [rule for rule in RULES if rule != "MARS"])  # which has a norm of its own
def test_follows_the_paper(rule: str) -> None:
    rng = np.random.default_rng(31)
    params = rng.standard_normal(40)
    options = {"weight_decay": 0.1, "momentum": 0.9} if rule in ("SGD", "RMSprop") else {"weight_decay": 0.1}
    opt = getattr(adamas, rule)([params], cautious=True, **options)
    paper = getattr(papers, {"AdamW": "adam", "AdamAtan2": "adam_atan2"}.get(rule, rule.lower()))
    wanted = papers.cautious_array(paper, [float(p) for p in params], opt.param_groups[0])
    next(wanted)
    for _ in range(200):
        grads = rng.standard_normal(40) * (rng.random(40) < 0.8)
        opt.step([grads])
        np.testing.assert_allclose(params, wanted.send([float(g) for g in grads]), rtol=1e-12, atol=1e-13)


@both
def test_elements_wait_and_others_move_the_further(module: Any) -> None:
    plain, careful = np.ones(4), np.ones(4)
    a, b = module.SGD([plain], 0.1, momentum=0.9), module.SGD([careful], 0.1, momentum=0.9, cautious=True)
    for opt in (a, b):
        opt.step([np.ones(4)])
    before = plain.copy(), careful.copy()
    grad = np.array([1.0, -0.5, 0.0, 1.0])
    for opt in (a, b):
        opt.step([grad])
    moved = plain - before[0]
    np.testing.assert_allclose(careful - before[1], np.where([True, False, False, True], 2 * moved, 0.0), rtol=1e-15)


@both
def test_the_least_share_is_a_thousandth(module: Any) -> None:
    params = np.zeros(4000)
    opt = module.SGD([params], 1.0, momentum=0.5, cautious=True)
    opt.step([np.full(4000, 1.0)])
    params[...] = 0.0
    grad = np.full(4000, -0.25)  # the buffer stays above zero
    grad[7] = 0.25
    opt.step([grad])
    assert params[7] == -0.75 * 1000.0
    assert np.count_nonzero(params) == 1


@both
def test_signs_of_tiny_numbers_count(module: Any) -> None:
    """Their product would be zero, and the elements would wait."""
    params = np.zeros(3, np.float32)
    opt = module.SGD([params], 1.0, momentum=0.5, cautious=True)
    opt.step([np.full(3, 1e-30, np.float32)])
    np.testing.assert_array_equal(params, np.full(3, -1e-30, np.float32))


@both
def test_no_number_reaches_the_parameter(module: Any) -> None:
    params = np.ones(3)
    module.AdamW([params], cautious=True).step([np.array([1.0, np.nan, -1.0])])
    assert np.isnan(params).tolist() == [False, True, False]


@both
def test_it_is_read_at_every_step(module: Any) -> None:
    params, twin = np.ones(5), np.ones(5)
    a, b = module.AdamW([params], lr=0.1), module.AdamW([twin], lr=0.1, cautious=True)
    grads = np.random.default_rng(1).standard_normal((4, 5))
    a.step([grads[0]])
    b.step([np.zeros(5)])
    a.param_groups[0]["cautious"] = True
    b.load_state_dict(a.state_dict())
    twin[...] = params
    for grad in grads[1:]:
        a.step([grad])
        b.step([grad])
    assert_same_bits(params, twin, "turned on, and loaded")


def test_some_groups_are_cautious() -> None:
    results = []
    for module in (adamas, reference):
        params = [array.copy() for array in drawn(1, special=False)[0]]
        groups = [{"params": params[i], "cautious": i % 3 == 0} for i in range(len(params))]
        opt = module.MARS(groups, lr=0.01)
        for grads in drawn(4, special=False):
            opt.step([[grad] if isinstance(params, tuple) else grad for grad in grads])
        results.append(params)
    for i, (ours, theirs) in enumerate(zip(*results, strict=True)):
        assert_same_bits(ours, theirs, f"array {i}")


def test_functions_take_it() -> None:
    p, q = np.ones(5), np.ones(5)
    m, v = np.zeros(5), np.zeros(5)
    opt = reference.AdamW([q], lr=0.1, cautious=True)
    for step, grad in enumerate(np.random.default_rng(2).standard_normal((4, 5)), 1):
        adamas.functional.adamw_(p, grad, m, v, step=step, lr=0.1, cautious=True)
        opt.step([grad])
    assert_same_bits(p, q, "function against optimizer")


def test_rules_that_may_be_cautious() -> None:
    assert {spec.name for spec in SPECS.values() if any(formula.cautious for formula in spec.formulas)} == set(RULES)
    without = {"adam_mini", "adam_mini_elements", "rmsprop", "rmsprop_centered", "sgd", "adadelta", "adagrad", "rprop"}
    own = {name for name, formula in FORMULAS.items() if formula.own_decay}
    assert {name for name, formula in FORMULAS.items() if not formula.cautious} == without | own


@both
@pytest.mark.parametrize("rule", RULES)
def test_changes_do_not_depend_on_the_parameter(module: Any, rule: str) -> None:
    """What a rule declares by being cautious: wherever the parameter is, it moves by as much."""
    options = {key: value for key, value in ALIKE.get(rule, {}).items() if key != "centered"}
    moved = []
    for at in (0.0, 0.5, -32.0):
        params = np.full(64, at)
        opt = getattr(module, rule)([params], weight_decay=0.0, lr=0.5, **options)
        for grad in np.random.default_rng(3).standard_normal((3, 64)):
            opt.step([grad])
        moved.append(params - at)
    np.testing.assert_allclose(moved[1:], [moved[0]] * 2, atol=1e-13)


@both
@pytest.mark.parametrize("rule", ["SGD", "RMSprop"])
def test_without_momentum_it_is_refused(module: Any, rule: str) -> None:
    with pytest.raises(ValueError, match=r"^cautious: needs momentum; without it, an update always goes against"):
        getattr(module, rule)([np.ones(3)], cautious=True)
    w = np.ones(3)
    for options in ({}, {"momentum": 0.9}):
        opt = getattr(module, rule)([w], **options)
        opt.param_groups[0].update(cautious=True, momentum=0.0)
        with pytest.raises(ValueError, match=r"^param_groups\[0\]\['cautious'\]: needs momentum"):
            opt.step([np.ones(3)])
    assert (w == 1.0).all()


@both
@pytest.mark.parametrize("rule", [name for name in SPECS if name not in RULES])
def test_other_rules_have_no_such_option(module: Any, rule: str) -> None:
    with pytest.raises(TypeError, match=r"cautious: no such hyperparameter or option"):
        getattr(module, rule)([np.ones(3)], cautious=True)


@both
def test_wrong_values(module: Any) -> None:
    for value in (1, "yes", None, 0.5):
        with pytest.raises(TypeError, match=r"^cautious: expected True or False, got "):
            module.AdamW([np.ones(3)], cautious=value)
    w = np.ones(3)
    opt = module.AdamW([w])
    opt.param_groups[0]["cautious"] = 1
    with pytest.raises(TypeError, match=r"^param_groups\[0\]\['cautious'\]: expected True or False, got 1"):
        opt.step([np.ones(3)])
    del opt.param_groups[0]["cautious"]
    with pytest.raises(ValueError, match=r"^param_groups\[0\]\['cautious'\]: missing"):
        opt.step([np.ones(3)])
    assert (w == 1.0).all()


@both
@pytest.mark.parametrize("mode", ["lazy", "exact"])
def test_single_rows_are_refused(module: Any, mode: str) -> None:
    w = np.ones((4, 2), np.float32)
    opt = module.AdamW({"w": w}, sparse={"w": mode})
    grad = RowGrad(np.array([1]), np.ones((1, 2), np.float32))
    opt.step({"w": grad})
    before = w.copy()
    opt.param_groups[0]["cautious"] = True
    for given in (grad, np.ones((4, 2), np.float32)):
        with pytest.raises(ValueError, match=r"^param_groups\[0\]\['cautious'\]: 'w' takes gradients of single rows"):
            opt.step({"w": given})
    assert_same_bits(w, before, "after a refusal")
