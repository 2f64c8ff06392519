"""The optimizers' interface: structures, groups, schedules, states. The reference is tested in the same way."""

from __future__ import annotations

import types
from collections import OrderedDict
from typing import Any, NamedTuple

import numpy as np
import pytest
from bits import assert_same_bits, ones
from refusing import both

import adamas
from adamas import _core, reference


class Layer(NamedTuple):
    w: Any
    b: Any


STRUCTURES: dict[str, tuple[Any, list[str]]] = {
    "array": (lambda: ones(3), ["0"]),
    "list": (lambda: [ones(3), ones(2, 2)], ["0", "1"]),
    "tuple": (lambda: (ones(3), ones(2, 2)), ["0", "1"]),
    "mapping": (lambda: {"w": ones(3), "b": ones(1)}, ["w", "b"]),
    "integer keys": (lambda: {0: ones(3), 7: ones(1)}, ["0", "7"]),
    "ordered": (lambda: OrderedDict(w=ones(3), b=ones(1)), ["w", "b"]),
    "proxy": (lambda: types.MappingProxyType({"w": ones(3)}), ["w"]),
    "nested": (lambda: {"enc": [{"w": ones(3)}, {"w": ones(1)}], "out": ones(2)}, ["enc.0.w", "enc.1.w", "out"]),
    "layers": (lambda: [(ones(3), ones(1)), (), (ones(2), ones(1))], ["0.0", "0.1", "2.0", "2.1"]),
    "list of dicts": (lambda: [{"w": ones(3)}, {"w": ones(2)}], ["0.w", "1.w"]),
    "named tuples": (lambda: [Layer(ones(3), ones(1))], ["0.0", "0.1"]),
    "groups": (lambda: [{"params": [ones(3), ones(2)]}, {"params": ones(1), "lr": 0.5}], ["0", "1", "2"]),
    "named groups": (lambda: [{"params": {"w": ones(3)}}, {"params": {"b": ones(2)}}], ["w", "b"]),
    "empty group": (lambda: [{"params": []}, {"params": [ones(2)]}, {"params": []}], ["0"]),
}


def gradients_of(params: Any, value: float = 2.0) -> Any:
    """Build gradients nested as the parameters are; a group dict becomes the gradients of its parameters."""
    if isinstance(params, np.ndarray):
        return np.full_like(params, value)
    if hasattr(params, "keys"):
        if "params" in params:
            return gradients_of(params["params"], value)
        return {key: gradients_of(child, value) for key, child in params.items()}
    return [gradients_of(child, value) for child in params]


@both
@pytest.mark.parametrize("name", STRUCTURES)
def test_structures(module: Any, name: str) -> None:
    make, names = STRUCTURES[name]
    params = make()
    opt = module.Adam(params, lr=0.25)
    assert list(opt.state) == names
    report = opt.step(gradients_of(params))
    assert report == adamas.StepReport(step=1, updated=len(names))
    for parameter in opt._model.parameters:
        lr = opt.param_groups[parameter.group]["lr"]
        np.testing.assert_allclose(parameter.array, 1.0 - lr, rtol=1e-6)


@both
def test_group_gradients_may_be_wrapped(module: Any) -> None:
    a, b, c = ones(3), ones(2), ones(1)
    opt = module.Adam([{"params": [a, b]}, {"params": {"params": c}}])
    assert opt.step([{"params": [ones(3), ones(2)]}, {"params": ones(1)}]).updated == 3
    assert opt.step([[None, ones(2)], {"params": None}]).updated == 1


@both
def test_groups_have_their_own_hyperparameters(module: Any) -> None:
    a, b = ones(3), ones(3)
    opt = module.AdamW([{"params": [a], "lr": 0.5, "amsgrad": True}, {"params": [b]}], lr=0.25, weight_decay=0.0)
    opt.step([[ones(3)], [ones(3)]])
    np.testing.assert_allclose(a, 0.5, rtol=1e-6)
    np.testing.assert_allclose(b, 0.75, rtol=1e-6)
    assert set(opt.state[0]) == {"step", "exp_avg", "exp_avg_sq", "max_exp_avg_sq"}
    assert set(opt.state[1]) == {"step", "exp_avg", "exp_avg_sq"}


@both
def test_hyperparameters_are_read_at_every_step(module: Any) -> None:
    w = ones(3)
    opt = module.Adam(w, lr=0.0)
    opt.step(ones(3))
    np.testing.assert_array_equal(w, 1.0)
    opt.param_groups[0]["lr"] = np.float32(0.25)
    opt.param_groups[0]["betas"] = [0, 0]
    opt.step(ones(3))
    np.testing.assert_allclose(w, 0.75, rtol=1e-6)


@both
def test_callable_lr_gets_the_number_of_steps_taken(module: Any) -> None:
    calls: list[int] = []

    def schedule(step: int) -> float:
        calls.append(step)
        return 0.1 / (1 + step)

    w, v = ones(3), ones(3)
    opt, plain = module.Adam(w, lr=schedule), module.Adam(v)
    for step in range(4):
        opt.step(ones(3))
        plain.param_groups[0]["lr"] = 0.1 / (1 + step)
        plain.step(ones(3))
    assert calls == [0, 1, 2, 3]
    assert_same_bits(w, v, "schedule")


@both
def test_no_gradient_leaves_parameter_state_and_count_alone(module: Any) -> None:
    a, b = ones(3), ones(3)
    opt = module.AdamW({"a": a, "b": b})
    opt.step({"a": ones(3), "b": ones(3)})
    before = b.tobytes(), opt.state["b"]["exp_avg"].tobytes()
    assert opt.step({"a": ones(3), "b": None}) == adamas.StepReport(step=2, updated=1)
    assert (b.tobytes(), opt.state["b"]["exp_avg"].tobytes()) == before
    assert (opt.state["a"]["step"], opt.state["b"]["step"]) == (2, 1)


@both
def test_read_only_gradients_and_memmaps(module: Any, tmp_path: Any) -> None:
    grad = ones(4)
    grad.flags.writeable = False
    w = np.memmap(tmp_path / "w", np.float32, "w+", shape=(4,))
    module.Adam(w, lr=0.25).step(grad)
    np.testing.assert_allclose(w, -0.25, rtol=1e-6)


@both
def test_equal_dtypes_that_are_other_objects(module: Any) -> None:
    dtype = np.dtype(np.float32, metadata={"unit": "m"})
    w, g = np.ones(3, dtype), np.ones(3, dtype)
    module.Adam(w, lr=0.25).step(g)
    np.testing.assert_allclose(w, 0.75, rtol=1e-6)


def test_states_are_live_and_their_memory_is_safe() -> None:
    opt = adamas.Adam({"w": ones(3)})
    state = opt.state["w"]["exp_avg"]
    opt.step({"w": ones(3)})
    np.testing.assert_allclose(state, 0.1, rtol=1e-6)
    with pytest.raises(ValueError, match="resize"):
        state.resize(100, refcheck=False)
    del opt
    state += 1.0  # the view keeps its memory


def test_state_is_placed_like_its_parameter() -> None:
    memory = np.zeros(1000, np.float32)
    for offset in range(20):
        param = memory[offset : offset + 100]
        opt = adamas.Adam(param, amsgrad=True)
        for name in ("exp_avg", "exp_avg_sq", "max_exp_avg_sq"):
            state = opt.state[0][name]
            assert (state.ctypes.data - param.ctypes.data) % 64 == 0
            assert state.shape == (100,)
            assert not state.any()


@both
def test_parameter_reshaped_in_place(module: Any) -> None:
    w = ones(6)
    opt = module.Adam({"w": w}, lr=0.25)
    opt.step({"w": ones(6)})
    w.shape = (2, 3)
    opt.step({"w": ones(2, 3)})
    np.testing.assert_allclose(w, np.full((2, 3), 0.5), rtol=1e-6)


def test_state_mapping() -> None:
    opt = adamas.Adam({"w": ones(3), "b": ones(1)})
    assert len(opt.state) == 2
    assert opt.state[1].keys() == {"step", "exp_avg", "exp_avg_sq"}
    assert "x" not in opt.state
    assert repr(opt.state) == "<states of 'w', 'b'>"
    bad_names: list[Any] = ["x", 2, -1]
    for bad in bad_names:
        with pytest.raises(KeyError, match="no such parameter; there are 'w', 'b'"):
            opt.state[bad]


def test_repr() -> None:
    opt = adamas.AdamW([{"params": [np.ones((2, 3), np.float32), np.ones(4)]}], lr=0.5)
    assert repr(opt) == (
        "AdamW(\n  6 float32 elements in 1 array, 4 float64 elements in 1 array; step 0\n"
        "  group 0: lr=0.5, betas=(0.9, 0.999), eps=1e-08, weight_decay=0.01, amsgrad=False, maximize=False, "
        "bias_correction=True, eps_hat=False, decay='scaled', max_lr=None, cautious=False\n)"
    )


def test_repr_shows_the_options_that_were_chosen() -> None:
    """Those that are as they are unless somebody chooses are not shown, whether they were written or not."""
    average = adamas.EMA(0.5)
    for module in (adamas, adamas.reference):
        for options, shown in (
            ({"state_dtype": None, "rounding": "nearest", "max_norm": None, "seed": 0, "master_weights": False}, None),
            ({"state_dtype": np.int8, "max_norm": 1}, "state_dtype='int8', max_norm=1.0"),
            ({"num_threads": 2, "average": average}, f"num_threads=2, average={average!r}"),
            ({"copy_out": [np.ones(2, np.float16)]}, "copy_out='2 float16 elements in 1 array'"),
            ({"on_nonfinite": "skip", "accumulation": "mean"}, "on_nonfinite='skip', accumulation='mean'"),
        ):
            opt = module.AdamW([np.ones(2, np.float32)], **options)
            lines = repr(opt).splitlines()
            assert [line for line in lines if "options" in line] == ([f"  options: {shown}"] if shown else [])
            assert len(lines) == (5 if shown else 4)
        halves = module.AdamW([np.ones(2, np.float16)], rounding="kahan")
        assert repr(halves).endswith("\n  options: rounding='kahan'\n)")
        halves.num_threads, halves.step_defaults.clip_each = 3, True
        assert repr(halves).endswith("\n  options: rounding='kahan', num_threads=3, clip_each=True\n)")
        rows = module.AdamW({"w": np.ones((2, 2), np.float32)}, sparse={"w": "exact"})
        assert repr(rows).endswith("\n  options: sparse={'w': 'exact'}\n)")


def test_repr_of_the_defaults_of_steps() -> None:
    defaults = adamas.AdamW([np.ones(2)], max_norm=1).step_defaults
    defaults.zero_grads = True
    assert repr(defaults) == (
        "StepDefaults(max_norm=1.0, max_value=None, norm_type=2.0, clip_eps=1e-06, clip_each=False, "
        "on_nonfinite='propagate', zero_grads=True, accumulation='sum', observe=None)"
    )


@both
def test_state_dict_resumes_with_the_same_bits(module: Any) -> None:
    rng = np.random.default_rng(0)
    grads = [rng.standard_normal((2, 50)).astype(np.float32) for _ in range(20)]
    straight = {"a": ones(50), "b": ones(50)}
    opt = module.AdamW(straight, amsgrad=True, lr=0.01)
    for i, (g, h) in enumerate(grads):
        opt.step({"a": g, "b": h if i % 3 else None})

    stopped = {"a": ones(50), "b": ones(50)}
    first = module.AdamW(stopped, amsgrad=True, lr=0.01)
    for i, (g, h) in enumerate(grads[:10]):
        first.step({"a": g, "b": h if i % 3 else None})
    saved = first.state_dict()
    first.step({"a": ones(50), "b": ones(50)})  # the saved copy is not touched by later steps
    resumed = {name: array.copy() for name, array in stopped.items()}
    second = module.AdamW(resumed, amsgrad=True, lr=9.0)
    for name, array in restored_parameters(module, grads[:10]).items():  # parameters are the caller's to restore
        resumed[name][...] = array
    second.load_state_dict(saved)
    assert second.param_groups[0]["lr"] == 0.01
    for i, (g, h) in enumerate(grads[10:], 10):
        second.step({"a": g, "b": h if i % 3 else None})
    for name, array in straight.items():
        assert_same_bits(resumed[name], array, name)
    assert second.state_dict()["step"] == 20


def restored_parameters(module: Any, grads: Any) -> Any:
    params = {"a": ones(50), "b": ones(50)}
    opt = module.AdamW(params, amsgrad=True, lr=0.01)
    for i, (g, h) in enumerate(grads):
        opt.step({"a": g, "b": h if i % 3 else None})
    return params


def test_state_dict_goes_between_compiled_and_reference() -> None:
    a, b = ones(30), ones(30)
    one, two = adamas.AdamW(a), reference.AdamW(b)
    one.step(ones(30))
    b[...] = a
    two.load_state_dict(one.state_dict())
    one.step(ones(30))
    two.step(ones(30))
    assert_same_bits(a, b, "param")


@both
def test_state_dict_leaves_a_schedule_behind(module: Any) -> None:
    """It can be pickled, and loading it keeps the schedule of the optimizer that loads."""
    import pickle

    a, b = ones(3), ones(3)
    opt = module.AdamW(a, lr=lambda step: 0.1 / (1 + step), weight_decay=0.25)
    opt.step(ones(3))
    saved = pickle.loads(pickle.dumps(opt.state_dict()))
    assert saved["param_groups"][0]["lr"] is None
    b[...] = a
    other = module.AdamW(b, lr=lambda step: 0.1 / (1 + step))
    other.load_state_dict(saved)
    opt.step(ones(3))
    other.step(ones(3))
    assert_same_bits(b, a, "param")


@both
def test_counts_may_be_numpy_integers(module: Any) -> None:
    opt = module.AdamW(ones(3))
    state = opt.state_dict()
    state["step"] = np.array(5)
    state["state"]["0"]["step"] = np.int64(4)
    opt.load_state_dict(state)
    assert opt.step(ones(3)).step == 6
    assert opt.state[0]["step"] == 5


def test_state_dict_without_copy_is_live() -> None:
    opt = adamas.Adam(ones(3))
    live, copied = opt.state_dict(copy=False), opt.state_dict()
    opt.step(ones(3))
    assert live["state"]["0"]["exp_avg"][0] != 0.0
    assert copied["state"]["0"]["exp_avg"][0] == 0.0


def corrupt(state: dict[str, Any], /, **changes: Any) -> dict[str, Any]:
    return {**state, **changes}


BAD_STATE_DICTS: dict[str, tuple[Any, type[Exception], str]] = {
    "no mapping": (lambda s: [1], TypeError, "state_dict: expected a mapping, got list"),
    "no states": (lambda s: corrupt(s, state=None), TypeError, "state_dict['state']: expected a mapping, got None"),
    "other class": (lambda s: corrupt(s, optimizer="Lion"), ValueError, "it is from Lion, this is AdamW"),
    "negative": (lambda s: corrupt(s, step=-1), ValueError, "step: expected a count >= 0, got -1"),
    "groups": (lambda s: corrupt(s, param_groups=[]), ValueError, "param_groups: expected 1, got 0"),
    "group": (lambda s: corrupt(s, param_groups=[3]), ValueError, "param_groups[0]: expected a dict, got int"),
    "names": (
        lambda s: corrupt(s, param_groups=[{**s["param_groups"][0], "params": ["x"]}]),
        ValueError,
        "param_groups[0]['params']: expected the names ['w', 'b'], got ['x']",
    ),
    "lr": (
        lambda s: corrupt(s, param_groups=[{**s["param_groups"][0], "lr": -1}]),
        ValueError,
        "param_groups[0]['lr']: expected a finite number >= 0",
    ),
    "amsgrad": (
        lambda s: corrupt(s, param_groups=[{**s["param_groups"][0], "amsgrad": True}]),
        ValueError,
        "param_groups[0]['amsgrad']: cannot change after construction (it is False)",
    ),
    "missing parameter": (lambda s: corrupt(s, state={"w": s["state"]["w"]}), ValueError, "state['b']: missing"),
    "extra parameter": (
        lambda s: corrupt(s, state={**s["state"], "x": {}}),
        ValueError,
        "state['x']: this optimizer has no such param",
    ),
    "extra state": (
        lambda s: corrupt(s, state={**s["state"], "w": {**s["state"]["w"], "x": 1}}),
        ValueError,
        "state['w']['x']: this optimizer keeps no such state",
    ),
    "shape": (
        lambda s: corrupt(s, state={**s["state"], "b": {**s["state"]["b"], "exp_avg": ones(2)}}),
        ValueError,
        "state['b']['exp_avg']: expected float32 of shape (1,), got float32 of shape (2,)",
    ),
    "dtype": (
        lambda s: corrupt(s, state={**s["state"], "b": {**s["state"]["b"], "exp_avg": np.ones(1)}}),
        ValueError,
        "state['b']['exp_avg']: expected float32 of shape (1,), got float64 of shape (1,)",
    ),
    "list": (
        lambda s: corrupt(s, state={**s["state"], "b": {**s["state"]["b"], "exp_avg": [1.0]}}),
        ValueError,
        "state['b']['exp_avg']: expected an array, got list",
    ),
    "count": (
        lambda s: corrupt(s, state={**s["state"], "b": {**s["state"]["b"], "step": 1.5}}),
        ValueError,
        "state['b']['step']: expected a count >= 0, got 1.5",
    ),
}


@both
@pytest.mark.parametrize("name", BAD_STATE_DICTS)
def test_load_refuses(module: Any, name: str) -> None:
    change, error, message = BAD_STATE_DICTS[name]
    opt = module.AdamW({"w": ones(3), "b": ones(1)})
    opt.step({"w": ones(3), "b": ones(1)})
    before = opt.state_dict()
    other = opt.state_dict()
    other["state"]["w"]["exp_avg"] += 1.0
    with pytest.raises(error) as caught:
        opt.load_state_dict(change(other))
    assert message in str(caught.value)
    after = opt.state_dict()
    assert after["param_groups"] == before["param_groups"]
    np.testing.assert_equal(after["state"], before["state"])


def test_load_lists_all_mismatches() -> None:
    opt = adamas.AdamW({"w": ones(3), "b": ones(1)})
    state = opt.state_dict()
    state["optimizer"] = "Adam"
    del state["state"]["b"]
    state["state"]["w"]["exp_avg"] = ones(4)
    with pytest.raises(ValueError, match="nothing was loaded") as caught:
        opt.load_state_dict(state)
    assert str(caught.value).count("\n") == 3


def test_registries_agree() -> None:
    from adamas.rules import FORMULAS

    def described(rule: Any) -> list[Any]:
        numbers = dict(rule.scalars), dict(rule.shared_scalars)
        traits = rule.own_decay, rule.sums, rule.has_closed_form, rule.unchanged_state, rule.cautious
        return [list(rule.states.items()), numbers, traits, rule.follows_average]

    compiled = _core.rules()
    assert {name: described(rule) for name, rule in FORMULAS.items()} == {
        name: described(rule) for name, rule in compiled.items()
    }
    assert all(rule.name == name for name, rule in compiled.items())
    assert {name for name, rule in compiled.items() if not rule.steps_rows} == {
        name for name, rule in FORMULAS.items() if not rule.works_on_rows
    }
    assert {rule.starts_at_param for rule in compiled.values()} == {None, "z", "p0"}


def test_every_optimizer_has_a_reference_and_cases() -> None:
    from cases import CASES

    from adamas import optimizers

    assert set(optimizers.__all__) == set(reference.__all__) == {case.optimizer for case in CASES}
    assert set(optimizers.__all__) <= set(adamas.__all__)


@both
def test_loading_strided_live_states(module: Any) -> None:
    opt = module.Adam([np.ones(3)])
    opt.step([np.arange(3.0)])
    live = opt.state_dict(copy=False)
    entry = live["state"]["0"]
    kept = entry["exp_avg"].copy()
    entry["exp_avg"], entry["exp_avg_sq"] = entry["exp_avg_sq"][::-1], entry["exp_avg"][::-1]
    opt.load_state_dict(live)
    np.testing.assert_array_equal(opt.state[0]["exp_avg_sq"], kept[::-1])
