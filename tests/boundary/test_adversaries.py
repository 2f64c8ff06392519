"""Inputs that lie, change under us, or contain themselves: a clear error or the right result."""

from __future__ import annotations

import copy
import ctypes
import pickle
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bits import assert_same_bits, ones
from child import check_python
from refusing import both

import adamas
from adamas._numerics.formats import bfloat16


@both
def test_native_byte_order_spelt_out(module: Any) -> None:
    """As ctypes, multiprocessing and memoryview hand arrays over."""
    param = np.ctypeslib.as_array((ctypes.c_float * 4)(1, 1, 1, 1))
    grad = np.asarray(memoryview(ones(4)))
    module.Adam(param, lr=0.25).step(grad)
    np.testing.assert_allclose(param, 0.75, rtol=1e-6)


@both
def test_equal_dtype_assigned_later(module: Any) -> None:
    param = ones(4)
    opt = module.Adam(param, lr=0.25)
    param.dtype = np.dtype(np.float32, metadata={"unit": "m"})
    opt.step(ones(4))
    np.testing.assert_allclose(param, 0.75, rtol=1e-6)


@both
def test_other_dtype_assigned_later(module: Any) -> None:
    param = ones(4)
    opt = module.Adam({"w": param})
    param.dtype = np.dtype(np.int32)
    before = param.tobytes()
    with pytest.raises(TypeError, match=r"params\['w'\]: expected dtype float32, .*, got int32"):
        opt.step({"w": ones(4)})
    assert param.tobytes() == before


@both
def test_reshaped_to_0d(module: Any) -> None:
    param = ones(1)
    opt = module.Adam([param])
    param.shape = ()
    with pytest.raises(ValueError, match=r"params\[0\]: expected an array of one dimension or more"):
        opt.step([np.ones((), np.float32)])


@both
def test_empty_array_at_an_odd_address(module: Any) -> None:
    empty: Any = np.ndarray((0,), np.float32, bytearray(64), offset=1)
    other: Any = np.ndarray((0,), np.float32, bytearray(64), offset=1)
    assert module.Adam([empty, ones(2)]).step([other, ones(2)]).updated == 2


@both
def test_defaultdict_does_not_hide_a_missing_gradient(module: Any) -> None:
    opt = module.Adam({"w": ones(3), "b": ones(1)})
    grads: dict[str, Any] = defaultdict(lambda: None, {"w": ones(3), "typo": ones(1)})
    with pytest.raises(ValueError, match="grads: missing 'b'"):
        opt.step(grads)
    assert list(grads) == ["w", "typo"]


@both
@pytest.mark.parametrize("make", [list, dict])
def test_parameters_that_contain_themselves(module: Any, make: Any) -> None:
    nested = make()
    if make is list:
        nested.append(nested)
    else:
        nested["x"] = nested
    with pytest.raises(ValueError, match="nested more than 100 levels deep; does it contain itself"):
        module.Adam(nested)


@both
@pytest.mark.parametrize("value", [0.0, 0, np.False_, 0j])
def test_what_equals_a_flag_is_none(module: Any, value: Any) -> None:
    opt = module.Adam(ones(3))
    opt.param_groups[0]["amsgrad"] = value
    with pytest.raises(TypeError, match=r"\['amsgrad'\]: expected True or False"):
        opt.step(ones(3))


@both
def test_what_is_kept_takes_the_shape_of_the_parameter(module: Any, tmp_path: Path) -> None:
    half: Any = np.ones((2, 3), bfloat16())
    single = np.ones((2, 3), np.float32)
    copies: list[Any] = [None, np.ones((2, 3), bfloat16())]
    opt = module.AdamW([half, single], rounding="kahan", average=adamas.EMA(decay=0.5), copy_out=copies)
    opt.accumulate([ones(2, 3), ones(2, 3)])
    half.shape = single.shape = (6,)
    opt.step([ones(6), ones(6)])
    assert {value.shape for entry in opt.state.values() for value in entry.values() if np.ndim(value)} == {(6,)}
    np.testing.assert_array_equal(copies[1].reshape(-1), single.astype(bfloat16()))
    opt.save(tmp_path / "a.npz")
    opt.load(tmp_path / "a.npz")
    half.dtype = np.int16
    assert opt.state["0"]["compensation"].dtype == bfloat16()


@both
def test_eval_that_fails_half_way_puts_all_back(module: Any) -> None:
    params = [ones(3), ones(2)]
    opt = module.ScheduleFreeAdamW([{"params": param} for param in params], lr=0.5)
    opt.step([ones(3), ones(2)])
    before = [param.tobytes() for param in params]
    opt.param_groups[1]["betas"] = ()
    with pytest.raises(IndexError):
        opt.eval()
    assert [param.tobytes() for param in params] == before


@both
def test_of_several_overlaps_the_first_is_named(module: Any) -> None:
    params = [ones(3), ones(3), ones(3)]
    opt = module.Adam(params)
    for order in ([2, 1, 0], [0, 1, 2]):
        grads: list[Any] = [None] * 3
        for i in order:
            grads[i] = params[i]
        with pytest.raises(ValueError, match=r"^params\[0\] shares memory with grads\[0\]"):
            opt.step(grads)


class Half(float):
    def __float__(self) -> float:
        raise RuntimeError("should not be asked")


@both
def test_float_subclass_counts_as_the_float_it_is(module: Any) -> None:
    param = ones(3)
    module.Adam(param, lr=Half(0.25)).step(ones(3))
    np.testing.assert_allclose(param, 0.75, rtol=1e-6)


@both
@pytest.mark.parametrize("name", ["lr", "eps", "weight_decay"])
def test_number_that_cannot_be_shown(module: Any, name: str) -> None:
    with pytest.raises(ValueError, match=f"{name}: expected a finite number >= 0.*, got a value of type int"):
        module.Adam(ones(3), **{name: 10**5000})


@both
def test_schedule_is_called_once_even_if_the_step_is_refused(module: Any) -> None:
    values = iter([float("nan"), 0.25, 0.5])
    param = ones(3)
    opt = module.Adam(param, lr=lambda step: next(values))
    with pytest.raises(ValueError, match=r"param_groups\[0\]\['lr'\] \(called with step 0\): .* got nan"):
        opt.step(ones(3))
    with pytest.raises(ValueError, match="expected shape"):
        opt.step(ones(2))
    opt.step(ones(3))
    np.testing.assert_allclose(param, 0.5, rtol=1e-6)


@both
def test_schedule_that_changes_the_gradients(module: Any) -> None:
    params = [ones(3), ones(2)]
    grads = [ones(3), ones(2)]

    def schedule(step: int) -> float:
        grads.append(ones(1))
        return 0.1

    opt = module.Adam(params, lr=schedule)
    with pytest.raises(ValueError, match="grads: expected 2 entries, got 3"):
        opt.step(grads)
    assert (params[0] == 1.0).all()


def test_schedule_that_resizes_an_array_is_seen() -> None:
    param, grad = ones(100_000), ones(100_000)

    def schedule(step: int) -> float:
        grad.resize(1, refcheck=False)
        return 0.1

    opt = adamas.Adam(param, lr=schedule)
    with pytest.raises(ValueError, match=r"grads: expected shape \(100000,\), that of params, got \(1,\)"):
        opt.step(grad)
    assert (param == 1.0).all()


@both
@pytest.mark.parametrize("step", [2**63, 2**63 - 1, -1, True])
def test_load_refuses_impossible_counts_before_it_writes(module: Any, step: int) -> None:
    opt, other = module.Adam(ones(3)), module.Adam(ones(3))
    other.step(ones(3))
    state = other.state_dict()
    state["step"] = step
    with pytest.raises(ValueError, match="step: expected a count >= 0"):
        opt.load_state_dict(state)
    assert not opt.state[0]["exp_avg"].any()


@both
def test_load_of_live_states_in_another_order(module: Any) -> None:
    opt = module.Adam({"w": ones(3)})
    opt.step({"w": ones(3) * 2})
    first, second = (opt.state["w"][key].copy() for key in ("exp_avg", "exp_avg_sq"))
    live = opt.state_dict(copy=False)
    entry = live["state"]["w"]
    entry["exp_avg"], entry["exp_avg_sq"] = entry["exp_avg_sq"], entry["exp_avg"]
    opt.load_state_dict(live)
    assert_same_bits(opt.state["w"]["exp_avg"], second, "exp_avg")
    assert_same_bits(opt.state["w"]["exp_avg_sq"], first, "exp_avg_sq")


@both
def test_lists_are_not_shared(module: Any) -> None:
    betas = [0.5, 0.75]
    opt = module.Adam([{"params": ones(3)}, {"params": ones(2)}], betas=betas)
    saved = opt.state_dict()
    betas[0] = 7.0
    assert [group["betas"] for group in opt.param_groups] == [(0.5, 0.75)] * 2
    opt.param_groups[0]["betas"] = shared = [0.1, 0.2]
    later = opt.state_dict()
    shared[0] = 0.9
    assert saved["param_groups"][0]["betas"] == (0.5, 0.75)
    assert later["param_groups"][0]["betas"] == (0.1, 0.2)


@both
def test_floating_point_errors_of_numpy_are_not_raised_half_way(module: Any) -> None:
    param = ones(3)
    opt = module.Adam(param, lr=1e300)
    with np.errstate(all="raise"):
        assert opt.step(ones(3)).step == opt.state[0]["step"] == 1
    assert (param == -np.inf).all()


@both
def test_state_dict_of_spoilt_groups_is_refused(module: Any) -> None:
    opt = module.Adam(ones(3))
    opt.param_groups[0]["lr"] = "fast"
    with pytest.raises(TypeError, match=r"param_groups\[0\]\['lr'\]: expected a finite number"):
        opt.state_dict()
    opt.param_groups.clear()
    with pytest.raises(ValueError, match="param_groups: expected a list of 1 dicts"):
        opt.state_dict()


@both
@pytest.mark.parametrize("names", [None, 5, ["1"]])
def test_load_refuses_odd_names(module: Any, names: Any) -> None:
    opt = module.Adam(ones(3))
    state = opt.state_dict()
    state["param_groups"][0]["params"] = names
    with pytest.raises(ValueError, match=r"param_groups\[0\]\['params'\]: expected the names \['0'\]"):
        opt.load_state_dict(state)


@both
@pytest.mark.parametrize("act", [copy.copy, copy.deepcopy, pickle.dumps])
def test_copies_are_refused(module: Any, act: Any) -> None:
    with pytest.raises(TypeError, match=r"Adam cannot be copied or pickled.*keep its state_dict\(\)"):
        act(module.Adam(ones(3)))


def test_daemon_thread_in_a_step_at_exit() -> None:
    """The interpreter ends while a thread steps: quietly."""
    code = """
import threading, time, numpy as np, adamas
p = np.ones(200_000, np.float32)
opt = adamas.AdamW(p)
g = np.ones_like(p)
def train():
    while True:
        opt.step(g)
threading.Thread(target=train, daemon=True).start()
time.sleep(0.1)
"""
    for _ in range(5):
        assert check_python(code) == ""
