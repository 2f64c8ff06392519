"""Averages of the parameters, and copies in 16 bits, kept up to date by steps."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from bits import assert_same_bits, snapshot
from refusing import both

import adamas

HALF = np.dtype(ml_dtypes.bfloat16)


def trained(module: Any, average: Any, steps: int, **options: Any) -> tuple[Any, dict[str, Any], list[dict[str, Any]]]:
    """Step some parameters; return what they were after each step."""
    rng = np.random.default_rng(0)
    params = {"w": rng.standard_normal((40, 5)), "b": rng.standard_normal(7)}
    opt = module.AdamW(params, lr=0.1, average=average, **options)
    history = []
    for step in range(steps):
        grads = {"w": rng.standard_normal((40, 5)), "b": None if step % 2 else rng.standard_normal(7)}
        opt.step(grads)
        history.append({name: param.copy() for name, param in params.items()})
    return opt, params, history


@both
@pytest.mark.parametrize("warmup", [False, True])
def test_ema(module: Any, warmup: bool) -> None:
    opt, _, history = trained(module, adamas.EMA(0.9, warmup=warmup), 12)
    for name in ("w", "b"):
        average = history[0][name]
        for n, after in enumerate(history[1:], 2):
            decay = min(0.9, (1 + n) / (10 + n)) if warmup else 0.9
            average = decay * average + (1 - decay) * after[name]
        np.testing.assert_allclose(opt.state[name]["average"], average, rtol=1e-13)


@both
def test_bias_correction(module: Any) -> None:
    opt, _, history = trained(module, adamas.EMA(0.9, bias_correction=True), 12)
    for name in ("w", "b"):
        average = np.zeros_like(history[0][name])
        for after in history:
            average = 0.9 * average + 0.1 * after[name]
        np.testing.assert_allclose(opt.state[name]["average"], average / (1 - 0.9**12), rtol=1e-13)


@both
def test_swa(module: Any) -> None:
    opt, _, history = trained(module, adamas.SWA(start=3, every=4), 12)
    for name in ("w", "b"):
        mean = np.mean([history[k - 1][name] for k in (3, 7, 11)], axis=0)
        np.testing.assert_allclose(opt.state[name]["average"], mean, rtol=1e-13)


@both
@pytest.mark.parametrize(
    ("dtype", "options"),
    [
        (np.float32, {}),
        (np.float64, {}),
        (HALF, {}),
        (HALF, {"master_weights": True}),
        (HALF, {"master_weights": "split24"}),
        (np.float16, {"rounding": "kahan"}),
    ],
    ids=str,
)
@pytest.mark.parametrize("average", [adamas.EMA(0.5), adamas.EMA(0.5, dtype="bfloat16")], ids=["float32", "bfloat16"])
def test_swap_and_back(module: Any, dtype: Any, options: dict[str, Any], average: Any) -> None:
    rng = np.random.default_rng(0)
    sizes = (150, 2_000_003 if dtype == np.float32 else 9)  # more than is swapped at a time
    params = [rng.standard_normal(size).astype(dtype) for size in sizes]
    opt = module.AdamW(params, lr=0.1, average=average, **options)
    for _ in range(3):
        opt.step([rng.standard_normal(p.shape).astype(dtype) for p in params])
    states = [v for entry in opt.state.values() for v in entry.values() if isinstance(v, np.ndarray)]
    before = snapshot([*params, *states])
    averages = [opt.state[i]["average"].astype(dtype) for i in range(2)]
    with opt.averaged():
        for param, expected in zip(params, averages, strict=True):
            assert_same_bits(param, expected, "inside")
        for act in (lambda: opt.step(params), opt.state_dict, opt.averaged().__enter__):
            with pytest.raises(RuntimeError, match="the parameters hold averages inside averaged"):
                act()
    assert snapshot([*params, *states]) == before
    with pytest.raises(KeyError), opt.averaged():
        raise KeyError
    assert snapshot([*params, *states]) == before
    opt.step([np.zeros_like(p) for p in params])


def test_bfloat16_average_does_not_stand_still() -> None:
    """Under a decay of 0.999 a step moves the average by less than half of bfloat16's precision."""
    param = np.ones(4_096, np.float32)
    opt = adamas.SGD(param, lr=1.0, average=adamas.EMA(0.999, dtype="bfloat16"))
    opt.step(np.zeros(4_096, np.float32))
    param[:] = 1.5
    for _ in range(1_000):
        opt.step(np.zeros(4_096, np.float32))
    exact = 1.5 - 0.5 * 0.999**1_000
    average = opt.state[0]["average"].astype(np.float64)
    assert abs(average.mean() - exact) < 4e-3, "half of the precision"
    assert np.abs(average - exact).max() < 0.05


@both
def test_state_dict_carries_averages(module: Any) -> None:
    opt, params, _ = trained(module, adamas.EMA(0.9), 5)
    saved, copies = opt.state_dict(), {name: param.copy() for name, param in params.items()}
    other = module.AdamW(copies, lr=0.1, average=adamas.EMA(0.9))
    other.load_state_dict(saved)
    for optimizer in (opt, other):
        optimizer.step({"w": np.ones((40, 5)), "b": np.ones(7)})
    assert_same_bits(other.state["w"]["average"], opt.state["w"]["average"], "after loading")
    with pytest.raises(ValueError, match=r"state\['w'\]\['average'\]: this optimizer keeps no such state"):
        module.AdamW(copies).load_state_dict(saved)


@both
def test_a_skipped_step_is_not_averaged(module: Any) -> None:
    param = np.ones(3)
    opt = module.SGD(param, lr=1.0, average=adamas.SWA(), on_nonfinite="skip")
    opt.step(np.ones(3))
    opt.step(np.full(3, np.nan))
    np.testing.assert_array_equal(opt.state[0]["average"], 0.0)
    opt.step(np.ones(3))
    np.testing.assert_array_equal(opt.state[0]["average"], -0.5)


@both
def test_refusals(module: Any) -> None:
    params = [np.ones(3)]
    with pytest.raises(ValueError, match="averaged: this optimizer keeps no averages"), module.Adam(params).averaged():
        pass
    late = module.Adam(params, average=adamas.SWA(start=2))
    late.step([np.ones(3)])
    with pytest.raises(ValueError, match="averaged: nothing has been averaged before step 2"), late.averaged():
        pass
    with pytest.raises(TypeError, match=r"average: expected adamas.EMA, adamas.SWA or None, got 0.9"):
        module.Adam(params, average=0.9)


def test_refusals_of_averages() -> None:
    with pytest.raises(ValueError, match=r"decay: expected a number in \[0, 1\), got 1.0"):
        adamas.EMA(1.0)
    with pytest.raises(TypeError, match=r"every: expected a whole number >= 1, got 1.5"):
        adamas.SWA(every=1.5)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="start: expected a whole number >= 1, got 0"):
        adamas.SWA(start=0)
    with pytest.raises(ValueError, match="dtype: expected 'float32' or 'bfloat16', got 'int8'"):
        adamas.EMA(dtype="int8")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="warmup: forgets early parameters, as bias_correction does; choose one"):
        adamas.EMA(warmup=True, bias_correction=True)


@both
@pytest.mark.parametrize("dtype", [HALF, np.float16])
def test_copies(module: Any, dtype: Any) -> None:
    rng = np.random.default_rng(0)
    params: dict[str, Any] = {"w": rng.standard_normal((33, 31)).astype(np.float32), "b": np.ones(2)}
    copies: dict[str, Any] = {"w": np.zeros((33, 31), dtype), "b": None}
    opt = module.AdamW(params, lr=0.1, copy_out=copies)
    assert_same_bits(copies["w"], params["w"].astype(dtype), "at first")
    for step in range(3):
        opt.step({"w": rng.standard_normal((33, 31)).astype(np.float32), "b": np.ones(2)}, max_value=0.1 * step + 0.1)
        assert_same_bits(copies["w"], params["w"].astype(dtype), f"after step {step + 1}")
    before = snapshot([params["w"], copies["w"]])
    with pytest.raises(FloatingPointError):
        opt.step({"w": np.full((33, 31), np.nan), "b": None}, on_nonfinite="raise")
    assert snapshot([params["w"], copies["w"]]) == before


@both
def test_refused_copies(module: Any) -> None:
    params: list[Any] = [np.ones(3, np.float32), np.ones(3)]
    good = np.zeros(3, HALF)
    refused: list[tuple[Any, type[Exception], str]] = [
        ([good], ValueError, r"copy_out: expected 2 entries, got 1"),
        ([good, good], TypeError, r"copy_out\[1\]: copies are of float32 parameters; params\[1\] is float64"),
        ([np.zeros(3, np.float32), None], TypeError, r"copy_out\[0\]: expected dtype bfloat16 or float16, got float32"),
        (
            [np.zeros(4, HALF), None],
            ValueError,
            r"copy_out\[0\]: expected shape \(3,\), that of params\[0\]",
        ),
        ([params[0].view(np.float16)[:3], None], ValueError, "shares memory"),
    ]
    for copies, error, message in refused:
        with pytest.raises(error, match=message):
            module.Adam(params, copy_out=copies)
    opt = module.Adam(params, copy_out=[good, None])
    good.setflags(write=False)
    with pytest.raises(ValueError, match=r"copy_out\[0\]: expected a writeable array"):
        opt.step(params and [np.ones(3), np.ones(3)])
    np.testing.assert_array_equal(params[0], 1.0)


@both
@pytest.mark.parametrize("dtype", [np.float32, np.float16])
def test_back_whatever_becomes_of_the_arrays(module: Any, dtype: Any) -> None:
    first, second = np.ones(3, dtype), np.ones((3, 2), dtype)
    opt = module.SGD([first, second], lr=1.0, average=adamas.EMA(0.5))
    for _ in range(3):
        opt.step([np.ones(3, dtype), np.ones((3, 2), dtype)])
    before = snapshot([first, second])
    with opt.averaged():
        first.setflags(write=False)
        second.shape = (2, 3)
    assert snapshot([first, second]) == before
    first.setflags(write=True)
    second.shape = (3, 2)
    opt.step([np.ones(3, dtype), np.ones((3, 2), dtype)])


@both
def test_one_at_a_time(module: Any) -> None:
    param, other = np.ones(3), np.ones(2)
    opt = module.ScheduleFreeAdamW([param, other], lr=0.1, average=adamas.EMA(0.5))
    for _ in range(3):
        opt.step([np.ones(3), np.ones(2)])
    with opt.averaged(), pytest.raises(RuntimeError, match="the parameters hold averages inside"):
        opt.eval()
    before = snapshot([param, other])
    other.setflags(write=False)
    with pytest.raises(ValueError, match=r"params\[1\]: expected a writeable array"):
        opt.eval()
    assert snapshot([param, other]) == before
    other.setflags(write=True)
    opt.eval()
    param.setflags(write=False)
    opt.train()
    assert snapshot([param, other]) == before


@both
def test_numbers_of_other_types(module: Any) -> None:
    param = np.ones(3)
    opt = module.SGD([param], lr=1.0, average=adamas.SWA(start=np.uint8(3)))
    for _ in range(4):
        opt.step([np.ones(3)])
    np.testing.assert_array_equal(opt.state[0]["average"], -2.5)
    with pytest.raises(TypeError, match="warmup: expected True or False, got 'no'"):
        adamas.EMA(warmup="no")  # type: ignore[arg-type]

    class Wild(adamas.averaging.Average):
        def weight(self, number: int) -> float:
            return 2.0

    wild = module.SGD([param], lr=1.0, average=Wild())
    with pytest.raises(ValueError, match=r"the weight of .*Wild.*: expected a number from 0 to 1, got 2.0"):
        wild.step([np.ones(3)])


@both
def test_another_average_does_not_load(module: Any) -> None:
    param = np.ones(3)
    opt = module.SGD([param], average=adamas.SWA(start=100))
    opt.step([np.ones(3)])
    with pytest.raises(ValueError, match=r"formats: saved with average=.SWA\(start=100"):
        module.SGD([param], average=adamas.SWA()).load_state_dict(opt.state_dict())


def mean_of_ten(opt: Any, param: Any) -> float:
    """Write 1 to 10 into a parameter that steps do not move, a number before each step."""
    for value in range(1, 11):
        param[...] = value
        opt.step([np.zeros(3)])
    with opt.averaged():
        return float(param[0])


@both
@pytest.mark.parametrize("by", ["state dict", "file", "not strict"])
def test_an_average_that_begins_over_loaded_states(module: Any, by: str, tmp_path: Path) -> None:
    """A thousand steps without an average are no thousand zeros in it."""
    param = np.zeros(3)
    plain = module.Adam([param], lr=0.0)
    for _ in range(1_000):
        plain.step([np.ones(3)])
    plain.save(tmp_path / "a.npz")
    opt = module.Adam([param], lr=0.0, average=adamas.SWA())
    if by == "state dict":
        opt.load_state_dict(plain.state_dict())
    else:
        assert opt.load(tmp_path / "a.npz", strict=by == "file") == []
    assert opt.state[0]["step"] == 1_000
    assert_same_bits(opt.state[0]["exp_avg"], plain.state[0]["exp_avg"], "states are loaded nevertheless")
    with opt.averaged():
        np.testing.assert_array_equal(param, 0.0)
    assert mean_of_ten(opt, param) == 5.5
    assert opt.state[0]["n_averaged"] == 10


@both
def test_averages_of_parameters_that_keep_what_they_have(module: Any, tmp_path: Path) -> None:
    """With ``strict=False`` one parameter has a history of its own: so has its average."""
    shape = {"w": 3, "v": 2}
    saved = module.SGD({name: np.zeros(n) for name, n in shape.items()}, lr=1.0, average=adamas.SWA())
    for _ in range(4):
        saved.step({name: -np.ones(n) for name, n in shape.items()})
    saved.save(tmp_path / "a.npz")
    params = {"w": np.zeros(3), "v": np.full(5, 7.0)}
    opt = module.SGD(params, lr=1.0, average=adamas.SWA())
    assert opt.load(tmp_path / "a.npz", strict=False) == ["v"]
    with opt.averaged():
        np.testing.assert_array_equal(params["w"], 2.5)
        np.testing.assert_array_equal(params["v"], 7.0)
    for _ in range(2):
        opt.step({"w": -np.ones(3), "v": -np.ones(5)})
    with opt.averaged():
        np.testing.assert_array_equal(params["w"], np.mean([1, 2, 3, 4, 5, 6]))
        np.testing.assert_array_equal(params["v"], np.mean([8, 9]))
    assert [entry["n_averaged"] for entry in opt.state.values()] == [6, 2]


@both
def test_dicts_of_versions_that_did_not_count(module: Any) -> None:
    opt, params, _ = trained(module, adamas.SWA(start=2, every=2), 7)
    saved = opt.state_dict()
    for entry in saved["state"].values():
        assert entry.pop("n_averaged") == 3
    other = module.AdamW({name: param.copy() for name, param in params.items()}, average=adamas.SWA(start=2, every=2))
    other.load_state_dict(saved)
    assert [entry["n_averaged"] for entry in other.state.values()] == [3, 3]


@both
def test_the_first_average_is_the_parameter_whatever_was_there(module: Any) -> None:
    param = np.full(3, np.inf)
    opt = module.SGD([param], lr=0.0, average=adamas.EMA(0.5))
    with np.errstate(all="ignore"):
        opt.step([np.zeros(3)])
    param[...] = 2.0
    state = opt.state_dict()
    state["state"]["0"]["n_averaged"] = 0
    opt.load_state_dict(state)
    opt.step([np.zeros(3)])
    np.testing.assert_array_equal(opt.state[0]["average"], 2.0)
