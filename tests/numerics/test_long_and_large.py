"""Late steps, extreme hyperparameters, nothing at all, and very many arrays. What takes long is in tests/long."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from bits import assert_same_bits
from cases import CASES, Case
from many_arrays import check_arrays, check_groups
from refusing import both

import adamas
from adamas import reference

SIZE = 300
LATE = [2**31 - 2, 2**32 - 2, 2**53 - 1, 2**62 - 3]
each_case = pytest.mark.parametrize("case", CASES, ids=map(str, CASES))
FORMATS: list[tuple[Any, dict[str, Any]]] = [
    (np.float64, {}),
    (np.float32, {"average": adamas.SWA()}),
    (np.float32, {"state_dtype": "int8"}),
    (np.float32, {"state_dtype": "int4", "average": adamas.EMA(0.9, dtype="bfloat16")}),
    (ml_dtypes.bfloat16, {"state_dtype": "bfloat16", "rounding": "stochastic"}),
]


def grads(count: int) -> list[Any]:
    return [np.random.default_rng(k).standard_normal(SIZE) for k in range(count)]


def twins(case: Case, dtype: Any = np.float64, **options: Any) -> tuple[list[Any], list[Any]]:
    arrays = [np.linspace(-1, 1, SIZE).astype(dtype) for _ in range(2)]
    return arrays, [case.compiled(arrays[0], **options), case.reference(arrays[1], **options)]


def assert_twins(arrays: list[Any], opts: list[Any]) -> None:
    assert_same_bits(arrays[0], arrays[1], "param")
    for key, value in opts[1].state[0].items():
        if isinstance(value, np.ndarray):
            assert_same_bits(opts[0].state[0][key], value, key)
        else:
            assert opts[0].state[0][key] == value, key


def make_late(opt: Any, step: int) -> None:
    state = opt.state_dict()
    state["step"] = state["state"]["0"]["step"] = step
    opt.load_state_dict(state)


def take_late_steps(arrays: list[Any], opts: list[Any], step: int) -> None:
    with np.errstate(all="ignore"):
        for opt in opts:
            opt.step(grads(1)[0])
            make_late(opt, step)
            for grad in grads(2):
                opt.step(grad)
            assert opt.state[0]["step"] == step + 2
    assert np.isfinite(arrays[0].astype(np.float64)).all()
    assert_twins(arrays, opts)


@each_case
def test_late_steps_of_every_rule(case: Case) -> None:
    for step in LATE:
        take_late_steps(*twins(case), step)


@pytest.mark.parametrize(("dtype", "options"), FORMATS, ids=str)
def test_late_steps_of_every_format(dtype: Any, options: dict[str, Any]) -> None:
    for step in LATE:
        take_late_steps(*twins(Case("AdamW", None), dtype, **options), step)


@both
def test_there_is_a_last_step(module: Any, tmp_path: Path) -> None:
    """Whatever can be reached can be saved and loaded."""
    param = np.ones(3)
    opt = module.AdamW(param)
    make_late(opt, 2**62 - 2)
    assert opt.step(np.ones(3)).step == 2**62 - 1
    before = param.tobytes()
    acts: list[Callable[[], Any]] = [
        lambda: opt.step(np.ones(3)),
        lambda: opt.step_async(np.ones(3)),
        lambda: opt.step_scope().__enter__(),
    ]
    for act in acts:
        with pytest.raises(ValueError, match="step: 4611686018427387903 steps have been taken, and no more can be"):
            act()
    assert param.tobytes() == before
    opt.save(tmp_path / "last.npz")
    opt.load(tmp_path / "last.npz")
    assert opt.state[0]["step"] == 2**62 - 1
    with pytest.raises(ValueError, match="step: expected a count >= 0"):
        make_late(opt, 2**62)


@both
@pytest.mark.parametrize("mode", ["lazy", "exact"])
def test_there_is_a_last_step_for_rows(module: Any, mode: str) -> None:
    table = np.ones((4, 3), np.float32)
    opt = module.AdamW({"t": table}, sparse={"t": mode})
    state = opt.state_dict()
    state["step"] = state["state"]["t"]["step"] = 2**32 - 2
    state["state"]["t"]["row_step"][:] = 2**32 - 2
    opt.load_state_dict(state)
    grad = adamas.RowGrad(np.array([1, 2]), np.ones((2, 3), np.float32))
    assert opt.step({"t": grad}).step == 2**32 - 1
    before = table.copy()
    with pytest.raises(ValueError, match=r"params\['t'\]: its rows have taken 4294967295 steps"):
        opt.step({"t": grad})
    np.testing.assert_array_equal(table, before)


BETAS = [(0.0, 0.0), (5e-324, 1e-300), (0.5, 1e-200), (1 - 2**-53, 1 - 2**-53)]


@pytest.mark.parametrize("betas", BETAS, ids=str)
@pytest.mark.parametrize("name", sorted({case.optimizer for case in CASES}))
def test_extreme_betas(name: str, betas: tuple[float, float]) -> None:
    """Powers of them that underflow after a few steps, and ones that hardly move; for rules that have betas."""
    defaults = getattr(reference, name)(np.ones(1)).defaults
    if "betas" not in defaults:
        rates = {"alpha", "rho"} & set(defaults)
        options: dict[str, Any] = dict.fromkeys(rates, betas[1])
    else:
        first = 0.5 if name.startswith("ScheduleFree") and not betas[0] else betas[0]  # they refuse 0
        options = {"betas": (first, betas[1], betas[1])[: len(defaults["betas"])]}
    arrays, opts = twins(Case(name, None, options))
    with np.errstate(all="ignore"):
        for grad in grads(12):
            for opt in opts:
                opt.step(grad)
    assert_twins(arrays, opts)


@pytest.mark.parametrize("case", [case for case in CASES if case.optimizer != "Rprop"], ids=str)  # it has a least step
def test_lr_0(case: Case) -> None:
    """Parameters stay, states go on."""
    options = {**case.options, "lr": 0.0, "weight_decay": 0.0}
    arrays, opts = twins(Case(case.optimizer, None, options), np.float32)
    before = arrays[0].copy()
    with np.errstate(all="ignore"):
        for grad in grads(3):
            for opt in opts:
                opt.step(grad)
    np.testing.assert_array_equal(arrays[0], before)
    assert_twins(arrays, opts)
    moved = [value for value in opts[0].state[0].values() if isinstance(value, np.ndarray)]
    within = case.optimizer == "LARS"  # lr is a factor of all that its momentum takes in
    assert not moved or any(value.any() for value in moved) != within


@both
@pytest.mark.parametrize("name", sorted({case.optimizer for case in CASES}))
def test_nothing_but_empty_arrays(module: Any, name: str, tmp_path: Path) -> None:
    params = {"a": np.zeros(0, np.float32), "b": np.zeros((3, 0, 2), np.float32)}
    nothing = {"a": np.zeros(0, np.float32), "b": np.zeros((3, 0, 2))}
    opt = getattr(module, name)(params, average=adamas.EMA(0.9), max_norm=1.0, on_nonfinite="skip")
    assert opt.step(nothing).grad_norm == 0.0
    opt.accumulate(nothing)
    assert opt.step().updated == 2
    assert opt.step_async(nothing).result().step == 3
    with opt.averaged():
        pass
    opt.save(tmp_path / "empty.npz")
    assert opt.load(tmp_path / "empty.npz") == []
    opt.load_state_dict(opt.state_dict())
    assert opt.step(nothing).step == 4


@pytest.mark.parametrize(("dtype", "options"), FORMATS, ids=str)
def test_empty_arrays_among_others(dtype: Any, options: dict[str, Any]) -> None:
    shapes: list[tuple[int, ...]] = [(0,), (SIZE,), (0, 5), (5, 0), (1,), (0,)]
    made = [[np.ones(shape).astype(dtype) for shape in shapes] for _ in range(2)]
    opts = [module.AdamW(params, **options) for module, params in zip((adamas, reference), made, strict=True)]
    for k in range(3):
        for opt in opts:
            opt.step([np.random.default_rng(k).standard_normal(shape) for shape in shapes])
    for ours, theirs in zip(*made, strict=True):
        assert_same_bits(ours, theirs, "param")


def test_many_arrays() -> None:
    check_arrays(10_000)  # tests/long has 100,000


def test_many_groups() -> None:
    check_groups(1_000)
