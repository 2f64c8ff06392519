"""Rules whose parameters share numbers: sums over all of them, and scalars of the optimizer. Prodigy is one."""

from __future__ import annotations

import itertools
import json
import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bits import Array, assert_same_bits
from cases import DTYPES, RESIDUES, STATES
from refusing import both

import adamas
from adamas import checkpoint, functional, reference
from adamas.checkpoint._document import Document
from adamas.checkpoint.inspect import describe

LENGTHS = [1, 2, 7, 0, 63, 64, 65, 511, 512, 513, 1000, 5003]
SCALARS = ["d", "d_max", "d_numerator", "k"]
#: d rises within a few steps.
FAST: dict[str, Any] = {"d0": 1e-2, "d_coef": 4.0}


def arrays(dtype: Any = np.float32) -> list[Array]:
    rng = np.random.default_rng(5)
    return [(3.0 * rng.standard_normal(length)).astype(dtype) for length in LENGTHS]


def slopes(params: list[Array], step: int) -> list[Array | None]:
    """Return gradients that lead to 1 and are a little noisy; two parameters have none in some steps."""
    rng = np.random.default_rng(100 + step)
    grads: list[Array | None] = []
    for i, p in enumerate(params):
        wide = p.astype(np.float64)
        grad = (wide - 1.0 + 0.1 * rng.standard_normal(p.shape)).astype(p.dtype)
        grads.append(None if i in (4, 9) and step % 3 == 1 else grad)
    return grads


def in_groups(params: list[Array]) -> list[dict[str, Any]]:
    return [
        {"params": params[:4], "weight_decay": 0.1},
        {"params": params[4:9], "eps": 1e-6, "safeguard_warmup": True},
        {"params": params[9:], "decoupled_weight_decay": False, "weight_decay": 0.01},
    ]


def kept(opt: Any) -> Iterator[tuple[str, Any]]:
    yield "scalars", np.array([*opt.scalars.values()])
    for name, entry in opt.state.items():
        for key, value in entry.items():
            yield f"{name} {key}", np.atleast_1d(value)


def assert_equal(a: Any, a_params: list[Array], b: Any, b_params: list[Array]) -> None:
    for i, (x, y) in enumerate(zip(a_params, b_params, strict=True)):
        assert_same_bits(x, y, f"parameter {i}")
    for (what, x), (_, y) in zip(kept(a), kept(b), strict=True):
        assert_same_bits(x, y, what)


def drive(opt: Any, params: list[Array], first: int, last: int, grouped: bool = False) -> None:
    """Take steps of all kinds: accumulated, clipped, with a gradient for some only."""
    for step in range(first, last):
        grads: Any = slopes(params, step)
        if grouped:
            grads = [{"params": grads[:4]}, {"params": grads[4:9]}, {"params": grads[9:]}]
        if step % 4 == 2:
            opt.accumulate(grads)
        opt.step(grads, max_norm=50.0 if step % 3 == 0 else None, grad_scale=2.0 if step % 5 == 1 else None)


FORMATS = [
    (dtype, states, residue)
    for dtype in ("float32", "bfloat16", "float16")
    for states in STATES
    for residue in RESIDUES[dtype]
]


@pytest.fixture(params=adamas.available_isas())
def isa(request: pytest.FixtureRequest) -> Iterator[str]:
    before = adamas.active_isa()
    adamas.use_isa(request.param)
    yield request.param
    adamas.use_isa(before)


@pytest.mark.parametrize(("dtype", "states", "residue"), FORMATS, ids=str)
def test_same_bits_in_all_formats(isa: str, dtype: str, states: str, residue: dict[str, Any]) -> None:
    options = {**FAST, **residue, "state_dtype": states}
    a, b = arrays(DTYPES[dtype]), arrays(DTYPES[dtype])
    one = adamas.Prodigy(in_groups(a), num_threads=3, **options)
    two = reference.Prodigy(in_groups(b), **options)
    drive(one, a, 0, 8, grouped=True)
    drive(two, b, 0, 8, grouped=True)
    assert one.scalars["d"] > 2 * FAST["d0"]  # else nothing of this would show
    assert_equal(one, a, two, b)


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_same_bits_in_float64_and_for_all_threads(isa: str, threads: int) -> None:
    a, b = arrays(np.float64), arrays(np.float64)
    options = {**FAST, "growth_rate": 1.5, "use_bias_correction": True}
    one, two = adamas.Prodigy(a, num_threads=threads, **options), reference.Prodigy(b, **options)
    drive(one, a, 0, 20)
    drive(two, b, 0, 20)
    assert one.scalars["d"] > 2 * FAST["d0"]
    assert_equal(one, a, two, b)


def test_d_is_one_number_for_all_parameters() -> None:
    """A model in one array, in several and in groups: the same d, and all parameters decide on it."""
    whole = np.concatenate([p.reshape(-1) for p in arrays(np.float64)])
    ends = np.cumsum([0, 100, 900, len(whole) - 1000])
    parts = [whole[a:b].copy() for a, b in itertools.pairwise(ends)]
    alone = parts[0].copy()
    one, two, three = adamas.Prodigy([whole]), adamas.Prodigy(parts), adamas.Prodigy([alone])
    for _ in range(60):
        one.step([whole - 1.0])
        two.step([p - 1.0 for p in parts])
        three.step([alone - 1.0])
    np.testing.assert_allclose([*two.scalars.values()], [*one.scalars.values()], rtol=1e-9)
    np.testing.assert_allclose(np.concatenate(parts), whole, rtol=1e-8)
    assert one.scalars["d"] > 1e-3
    assert not math.isclose(three.scalars["d"], one.scalars["d"], rel_tol=1e-3)


@both
def test_scalars_begin_and_move(module: Any) -> None:
    w = np.full(3, 2.0)
    opt = module.Prodigy([w])
    assert opt.scalars == dict.fromkeys(SCALARS, 0.0)
    opt.step([None])
    assert opt.scalars == dict.fromkeys(SCALARS, 0.0)
    opt.step([w - 1.0])
    assert opt.scalars == {"d": 1e-6, "d_max": 1e-6, "d_numerator": 0.0, "k": 1.0}
    assert module.Adam([w]).scalars == {}


@both
def test_without_any_gradient_nothing_moves(module: Any) -> None:
    """Prodigyopt leaves such a step out, too."""
    w = np.array([1.0, -2.0])
    opt = module.Prodigy([w], weight_decay=0.5)
    opt.step([np.zeros(2)])
    assert w.tolist() == [1.0, -2.0]
    assert opt.scalars == {"d": 1e-6, "d_max": 1e-6, "d_numerator": 0.0, "k": 0.0}
    opt.step([np.ones(2)])
    assert opt.scalars["k"] == 1.0
    assert (w < [1.0, -2.0]).sum() == 2


@both
def test_a_group_without_learning_rate_rests(module: Any) -> None:
    """Its arrays stay as they are, and the others move as if it were not there."""
    a, b, alone = (np.full(600, 2.0) for _ in range(3))
    opt = module.Prodigy([{"params": [a]}, {"params": [b], "lr": 0.0}], weight_decay=0.1, **FAST)
    other = module.Prodigy([alone], weight_decay=0.1, **FAST)
    for _ in range(20):
        opt.step([{"params": [a - 1.0]}, {"params": [np.full(600, 7.0)]}])
        other.step([alone - 1.0])
    assert_same_bits(a, alone, "the group that moves")
    assert opt.scalars == other.scalars
    assert opt.scalars["d"] > 2 * FAST["d0"]
    assert (b == 2.0).all()
    assert not any(opt.state["1"][name].any() for name in ("exp_avg", "exp_avg_sq", "s"))
    opt.param_groups[0]["lr"] = 0.0
    before = opt.scalars
    opt.step([{"params": [a - 1.0]}, {"params": [b + 1.0]}])
    assert opt.scalars == before
    assert_same_bits(a, alone, "all groups rest")


GROUPS_APART = [
    ("lr", 0.5, "expected 1.0, as in group 0, or 0, got 0.5"),
    ("betas", (0.8, 0.999), r"expected \(0.9, 0.999\), as in group 0, got \(0.8, 0.999\)"),
    ("beta3", 0.9, "expected None, as in group 0, got 0.9"),
    ("d0", 1e-4, "expected 1e-06, as in group 0, got 0.0001"),
    ("d_coef", 2.0, "expected 1.0, as in group 0, got 2.0"),
    ("growth_rate", 1.5, "expected None, as in group 0, got 1.5"),
    ("use_bias_correction", True, "expected False, as in group 0, got True"),
]


@pytest.mark.parametrize(("name", "value", "message"), GROUPS_APART)
@both
def test_what_concerns_all_groups_is_the_same_in_all(module: Any, name: str, value: Any, message: str) -> None:
    a, b = np.ones(3), np.ones(3)
    groups = [{"params": [a]}, {"params": [b], name: value}]
    with pytest.raises(ValueError, match=rf"params\[1\]\['{name}'\]: {message}; Prodigy has one step size"):
        module.Prodigy(groups)
    opt = module.Prodigy([{"params": [a]}, {"params": [b]}])
    grads = [{"params": [a + 1]}, {"params": [None]}]  # whether there is a gradient or not
    opt.step(grads)
    before = [[value.copy() for _, value in kept(opt)], a.copy(), opt.scalars]
    opt.param_groups[1][name] = value
    with pytest.raises(ValueError, match=rf"param_groups\[1\]\['{name}'\]: {message}"):
        opt.step(grads)
    for old, (what, new) in zip(before[0], kept(opt), strict=True):
        assert_same_bits(old, new, what)
    assert (a == before[1]).all()
    assert opt.scalars == before[2]
    opt.param_groups[0][name] = value
    opt.step(grads)


@both
def test_schedules_must_agree_too(module: Any) -> None:
    a, b = np.ones(3), np.ones(3)
    opt = module.Prodigy([{"params": [a], "lr": lambda t: 1.0}, {"params": [b], "lr": lambda t: 1.0 / (1 + t)}])
    grads = [{"params": [a + 1]}, {"params": [b + 1]}]
    opt.step(grads)
    with pytest.raises(ValueError, match=r"param_groups\[1\]\['lr'\]: expected 1.0, as in group 0, or 0, got 0.5"):
        opt.step(grads)


REFUSED = [
    ("beta3", 1.0, "beta3: expected None or a number in [0, 1), got 1.0"),
    ("beta3", -1.0, "beta3: expected None or a number in [0, 1), got -1.0"),
    ("growth_rate", 0.0, "growth_rate: expected None or a finite number >= 1, got 0.0"),
    ("growth_rate", -1.0, "growth_rate: expected None or a finite number >= 1, got -1.0"),
    ("growth_rate", math.inf, "growth_rate: expected None or a finite number >= 1, got inf"),
    ("d0", 0.0, "d0: expected a finite number > 0, got 0.0"),
    ("d0", math.inf, "d0: expected a finite number > 0, got inf"),
    ("d_coef", -1.0, "d_coef: expected a finite number >= 0, got -1.0"),
]


@pytest.mark.parametrize(("name", "value", "message"), REFUSED)
@both
def test_hyperparameters_are_checked(module: Any, name: str, value: float, message: str) -> None:
    w = np.ones(3)
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        module.Prodigy([w], **{name: value})
    opt = module.Prodigy([w])
    opt.param_groups[0][name] = value
    with pytest.raises(ValueError, match=name):
        opt.step([w + 1])
    assert (w == 1).all()
    assert opt.scalars["d"] == 0.0


@both
def test_skipped_and_refused_steps_leave_the_scalars(module: Any) -> None:
    a, b = np.full(3, 2.0), np.full(3, 3.0)
    opt = module.Prodigy([a, b], **FAST)
    for _ in range(5):
        opt.step([a - 1, b - 1])
    before = [opt.scalars, a.copy(), b.copy()]
    report = opt.step([a - 1, np.full(3, np.nan)], on_nonfinite="skip")
    assert report.skipped
    with pytest.raises(FloatingPointError):
        opt.step([a - 1, np.full(3, np.inf)], on_nonfinite="raise")
    with pytest.raises(ValueError, match="expected shape"):
        opt.step([a - 1, np.ones(4)])
    assert before[0] == opt.scalars
    assert (a == before[1]).all()
    assert (b == before[2]).all()


@both
def test_a_gradient_that_is_not_finite_leaves_d(module: Any) -> None:
    """It makes its own parameters NaN; d and all else go on."""
    a, b = np.full(3, 2.0), np.full(3, 3.0)
    opt = module.Prodigy([a, b], **FAST)
    for _ in range(5):
        opt.step([a - 1, b - 1])
    before = opt.scalars
    opt.step([np.array([1.0, np.inf, 1.0]), b - 1])
    assert {**opt.scalars, "k": before["k"]} == before
    assert opt.scalars["k"] == before["k"] + 1
    assert np.isfinite(b).all()
    assert np.isfinite(list(opt.scalars.values())).all()


@both
def test_steps_in_parts_and_rows_are_refused(module: Any) -> None:
    w = np.ones((3, 2), np.float32)
    opt = module.Prodigy({"w": w})
    message = "step_scope: Prodigy needs sums over the gradients of all parameters .* use step()"
    with pytest.raises(ValueError, match=message), opt.step_scope():
        pass
    opt.step({"w": w + 1})  # which it is free for
    with pytest.raises(ValueError, match="Prodigy"):
        module.Prodigy({"w": w}, sparse={"w": "lazy"})


@pytest.mark.parametrize("ending", ["npz", "safetensors"])
@pytest.mark.parametrize("first", [adamas, reference])
@pytest.mark.parametrize("then", [adamas, reference])
def test_checkpoints_resume_in_the_midst(first: Any, then: Any, ending: str, tmp_path: Path) -> None:
    whole, parts = arrays(), arrays()
    undisturbed = adamas.Prodigy(whole, state_dtype="int8", **FAST)
    before = first.Prodigy(parts, state_dtype="int8", **FAST)
    drive(undisturbed, whole, 0, 12)
    drive(before, parts, 0, 7)
    assert before.scalars["d"] > 2 * FAST["d0"]
    before.save(tmp_path / f"run.{ending}")
    loaded = [np.zeros_like(p) for p in parts]
    after = then.Prodigy(loaded, state_dtype="int8")
    after.load(tmp_path / f"run.{ending}")
    assert after.scalars == before.scalars
    drive(after, loaded, 7, 12)
    assert_equal(undisturbed, whole, after, loaded)


@both
def test_state_dicts_hold_the_scalars(module: Any) -> None:
    w, copy = np.full(5, 2.0), np.full(5, 2.0)

    class Own(module.Prodigy):  # type: ignore[misc]
        pass

    opt, other = Own([w], **FAST), Own([copy])
    for _ in range(8):
        opt.step([w - 1])
    saved = opt.state_dict()
    assert saved["scalars"] == opt.scalars
    assert saved["scalars"]["d_numerator"] != 0.0
    assert "scalars" not in module.Adam([w]).state_dict()
    copy[...] = w
    other.load_state_dict(saved)
    for _ in range(4):
        opt.step([w - 1])
        other.step([copy - 1])
    assert_equal(opt, [w], other, [copy])
    assert saved["scalars"] != opt.scalars  # it is a copy


@pytest.mark.parametrize("ending", ["npz", "safetensors"])
def test_files_show_them_and_are_checked(ending: str, tmp_path: Path) -> None:
    w = np.full(5, 2.0)
    opt = adamas.Prodigy([w])
    opt.step([w - 1])
    opt.save(tmp_path / f"run.{ending}")
    read = checkpoint.read(tmp_path / f"run.{ending}")
    assert read.document.scalars == opt.scalars == describe(read)["scalars"]
    text = read.document.dump()
    old = json.loads(text)
    del old["scalars"]  # as of versions without such rules
    assert Document.parse(json.dumps(old), "old").scalars == {}
    for wrong in ([1.0], {"d": "1"}, {"d": None}, None):
        with pytest.raises(checkpoint.CheckpointError, match="its description has scalars="):
            Document.parse(json.dumps({**json.loads(text), "scalars": wrong}), "wrong")
    adamas.Adam([w]).save(tmp_path / f"adam.{ending}")
    assert "scalars" not in describe(checkpoint.read(tmp_path / f"adam.{ending}"))


WRONG_SCALARS: list[tuple[Any, str]] = [
    (None, "scalars: expected a mapping, got None"),
    ({}, "scalars['d']: expected a finite number >= 0, got None"),
    ({"d": -1.0}, "scalars['d']: expected a finite number >= 0, got -1.0"),
    ({"d_numerator": math.nan}, "scalars['d_numerator']: expected a finite number, got nan"),
    ({"k": "3"}, "scalars['k']: expected a finite number >= 0, got '3'"),
    ({"mu": 1.0}, "scalars['mu']: this optimizer keeps no such number"),
]


@pytest.mark.parametrize(("change", "message"), WRONG_SCALARS)
@both
def test_wrong_scalars_are_refused(module: Any, change: Any, message: str) -> None:
    w = np.full(5, 2.0)
    opt = module.Prodigy([w])
    opt.step([w - 1])
    before = opt.scalars
    saved = opt.state_dict()
    saved["scalars"] = {**saved["scalars"], **change} if change else change
    with pytest.raises(ValueError, match=re.escape(message)):
        opt.load_state_dict(saved)
    assert opt.scalars == before
    negative = {**opt.state_dict(), "scalars": {**before, "d_numerator": -3.0}}
    opt.load_state_dict(negative)
    assert opt.scalars["d_numerator"] == -3.0
    del saved["scalars"]
    with pytest.raises(ValueError, match=r"scalars\['d'\]: expected a finite number >= 0, got None"):
        opt.load_state_dict(saved)
    plain = module.Adam([w])
    with pytest.raises(ValueError, match=r"scalars\['d'\]: this optimizer keeps no such number"):
        plain.load_state_dict({**plain.state_dict(), "scalars": before})


def test_any_finite_count_can_be_gone_on_from() -> None:
    """Nobody's step count is so large; but a state dict may say so."""
    for count in (2.0**60, 1e300):
        a, b = np.full(5, 2.0), np.full(5, 2.0)
        one = adamas.Prodigy([a], use_bias_correction=True)
        two = reference.Prodigy([b], use_bias_correction=True)
        for opt, w in ((one, a), (two, b)):
            opt.step([w - 1])
            saved = opt.state_dict()
            opt.load_state_dict({**saved, "scalars": {**saved["scalars"], "k": count}})
            opt.step([w - 1])
        assert_equal(one, [a], two, [b])


def test_the_function_takes_the_scalars() -> None:
    """One parameter alone: as the optimizer over it."""
    a, b = np.full(700, 2.0), np.full(700, 2.0)
    opt = adamas.Prodigy([b], **FAST)
    m, v, s, start = np.zeros(700), np.zeros(700), np.zeros(700), a.copy()
    scalars = dict.fromkeys(SCALARS, 0.0)
    for step in range(1, 30):
        functional.prodigy_(a, a - 1, m, v, s, start, step=step, scalars=scalars, **FAST)
        opt.step([b - 1])
    assert scalars == opt.scalars
    assert scalars["d_numerator"] < 0  # it may be, and is taken
    assert_same_bits(a, b, "parameter")
    with pytest.raises(ValueError, match="scalars: expected d, d_max, d_numerator, k, got d"):
        functional.prodigy_(a, a - 1, m, v, s, start, step=30, scalars={"d": 1.0})
    with pytest.raises(ValueError, match=r"scalars\['d'\]: expected a finite number >= 0, got -1.0"):
        functional.prodigy_(a, a - 1, m, v, s, start, step=30, scalars={**scalars, "d": -1.0})
    assert "needs `adamas.Prodigy`" in " ".join(str(functional.prodigy_.__doc__).split())


def test_the_start_is_where_the_first_step_finds_the_parameter() -> None:
    """Not where it was when the optimizer was made; and of each parameter by itself."""
    for module in (adamas, reference):
        a, b = np.zeros(600, np.float32), np.zeros(600, np.float32)
        opt = module.Prodigy([a, b])
        a[...], b[...] = 1.0, 2.0
        opt.step([a.copy(), None])
        assert opt.scalars["d_numerator"] == 0.0  # the sums have it, too
        opt.step([a.copy(), b.copy()])
        assert (opt.state["0"]["p0"] == 1.0).all()
        assert (opt.state["1"]["p0"] == 2.0).all()
