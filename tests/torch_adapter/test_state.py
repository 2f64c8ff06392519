"""State dicts, pickles and copies: what goes on from them goes on with the same bits."""

from __future__ import annotations

import copy
import io
import pickle
from collections.abc import Callable
from typing import Any

import pytest
import torch
from twins import assert_same, every_class, every_input, give_gradients, make_params, ours, params_of, train


def resume(old: Any, new: Any, state_dict: Any = None) -> None:
    """Bring parameters and states over."""
    new.load_state_dict(copy.deepcopy(old.state_dict()) if state_dict is None else state_dict)
    with torch.no_grad():
        for param, value in zip(params_of(new), params_of(old), strict=True):
            param.copy_(value)


def goes_on(old: Any, new: Any) -> None:
    train(old, range(4, 8))
    train(new, range(4, 8))
    assert_same(old, new)
    for mine, other in zip(params_of(new), params_of(old), strict=True):
        assert new.state[mine].keys() == old.state[other].keys()
        for key, value in old.state[other].items():
            assert torch.equal(new.state[mine][key], value), key


@every_input
def test_round_trip(name: str, kwargs: dict[str, Any]) -> None:
    old = ours(name, make_params(), **kwargs)
    train(old, range(4))
    new = ours(name, make_params(), lr=0.5)
    resume(old, new)
    goes_on(old, new)


@every_class
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16, torch.float16], ids=str)
def test_round_trip_through_a_file(name: str, dtype: torch.dtype) -> None:
    old = ours(name, make_params(dtype))
    train(old, range(4))
    file = io.BytesIO()
    torch.save(old.state_dict(), file)
    file.seek(0)
    new = ours(name, make_params(dtype))
    resume(old, new, torch.load(file, weights_only=True))
    goes_on(old, new)


def _pickled(optimizer: Any) -> Any:
    return pickle.loads(pickle.dumps(optimizer))


@every_input
@pytest.mark.parametrize("copied", [copy.deepcopy, _pickled])
def test_copies(name: str, kwargs: dict[str, Any], copied: Callable[[Any], Any]) -> None:
    old = ours(name, make_params(), **kwargs)
    train(old, range(4))
    new = copied(old)
    assert not {id(param) for param in params_of(old)} & {id(param) for param in params_of(new)}
    before = [param.detach().clone() for param in params_of(old)]
    train(new, range(4, 6))
    assert_same(before, old)
    train(old, range(4, 6))
    assert_same(old, new)


@pytest.mark.parametrize("copied", [copy.deepcopy, _pickled])
def test_a_copy_counts_the_steps_of_all(copied: Callable[[Any], Any]) -> None:
    """Also when no parameter took part in all of them: stochastic rounding goes by that number."""
    old = ours("AdamW", make_params(torch.bfloat16), rounding="stochastic", lr=0.1)

    def alternate(optimizer: Any, steps: range) -> None:
        for step in steps:
            params = params_of(optimizer)
            give_gradients(params, step)
            for i in range(step % 2, len(params), 2):
                params[i].grad = None
            optimizer.step()

    alternate(old, range(5))
    new = copied(old)
    alternate(old, range(5, 8))
    alternate(new, range(5, 8))
    assert_same(old, new)
    assert new.report.step == 8


def test_a_copy_before_the_first_step() -> None:
    old = ours("AdamW", make_params())
    new = copy.deepcopy(old)
    train(old, range(2))
    train(new, range(2))
    assert_same(old, new)


@every_class
def test_a_state_dict_is_live_and_its_copy_is_not(name: str) -> None:
    """As in torch."""
    optimizer = ours(name, make_params())
    train(optimizer, range(2))
    live = optimizer.state_dict()
    kept = copy.deepcopy(live)
    train(optimizer, range(2, 4))
    assert live["state"][0]["step"] == 4
    assert kept["state"][0]["step"] == 2


def test_groups_may_have_changed_meanwhile() -> None:
    old = ours("AdamW", make_params())
    train(old, range(2))
    saved = copy.deepcopy(old.state_dict())
    old.param_groups[0]["lr"] = 0.5
    old.add_param_group({"params": [torch.nn.Parameter(torch.ones(3))]})
    with pytest.raises(ValueError, match="different number of parameter groups"):
        old.load_state_dict(saved)
    assert len(old.param_groups) == 2
    train(old, range(2, 3))
    old.param_groups.pop()
    old.load_state_dict(saved)
    assert old.param_groups[0]["lr"] == 1e-3
    assert all(old.state[param]["step"] == 2 for param in params_of(old))
    train(old, range(2, 3))
    assert old.state[params_of(old)[0]]["step"] == 3


@pytest.mark.parametrize(
    "count", [4, 4.0, torch.tensor(4), torch.tensor(4.0, dtype=torch.float64), torch.tensor([4.0])]
)
def test_steps_of_any_kind(count: Any) -> None:
    """Earlier versions of torch saved a plain number."""
    old = ours("AdamW", make_params())
    train(old, range(4))
    saved = copy.deepcopy(old.state_dict())
    for entry in saved["state"].values():
        entry["step"] = count
    new = ours("AdamW", make_params())
    resume(old, new, saved)
    goes_on(old, new)


BAD_STATES: dict[str, tuple[Callable[[Any], Any], str]] = {
    "missing": (lambda entry: entry.pop("exp_avg"), "of '1': 'exp_avg': missing; there are 'step', 'exp_avg_sq'"),
    "None": (lambda entry: entry.update(exp_avg=None), "'exp_avg': missing"),
    "shape": (lambda entry: entry.update(exp_avg=torch.ones(2)), r"'exp_avg': expected shape \(\), got \(2,\)"),
    "number": (lambda entry: entry.update(exp_avg=1.0), r"'exp_avg': expected a tensor, got 1\.0"),
    "dtype": (lambda entry: entry.update(exp_avg=torch.ones((), dtype=torch.int32)), "expected dtype torch.float64"),
    "nan": (lambda entry: entry.update(step=torch.tensor(float("nan"))), "'step': expected a number"),
    "inf": (lambda entry: entry.update(step=float("inf")), "'step': expected a number"),
    "negative": (lambda entry: entry.update(step=-1), "'step': expected a number"),
    "text": (lambda entry: entry.update(step="four"), "'step': expected a number"),
    "many": (lambda entry: entry.update(step=torch.ones(2)), "'step': expected a number"),
}


@pytest.mark.parametrize("bad", BAD_STATES)
def test_states_that_do_not_fit_change_nothing(bad: str) -> None:
    spoil, message = BAD_STATES[bad]
    optimizer, peer = ours("AdamW", make_params()), ours("AdamW", make_params())
    train(optimizer, range(4))
    train(peer, range(4))
    saved = copy.deepcopy(optimizer.state_dict())
    saved["param_groups"][0]["lr"] = 0.7
    spoil(saved["state"][1])
    with pytest.raises(ValueError, match=message):
        optimizer.load_state_dict(saved)
    assert optimizer.param_groups[0]["lr"] == 1e-3
    goes_on(peer, optimizer)


def test_hyperparameters_that_do_not_fit_change_nothing() -> None:
    optimizer, peer = ours("AdamW", make_params()), ours("AdamW", make_params())
    train(optimizer, range(4))
    train(peer, range(4))
    for key, value, error in (("lr", -1.0, ValueError), ("betas", (0.9, 2.0), ValueError), ("eps", "small", TypeError)):
        saved = copy.deepcopy(optimizer.state_dict())
        saved["param_groups"][0][key] = value
        with pytest.raises(error, match="Invalid"):
            optimizer.load_state_dict(saved)
    goes_on(peer, optimizer)


def test_hyperparameters_that_are_missing_are_the_defaults() -> None:
    """As when an older version has saved."""
    old = ours("AdamW", make_params(), eps_hat=True)
    train(old, range(2))
    saved = copy.deepcopy(old.state_dict())
    for key in ("eps_hat", "amsgrad", "fused"):
        del saved["param_groups"][0][key]
    new = ours("AdamW", make_params(), eps_hat=True)
    new.load_state_dict(saved)
    assert new.param_groups[0]["eps_hat"] is True
    assert new.param_groups[0]["amsgrad"] is False
    assert new.param_groups[0]["fused"] is None


@every_class
def test_hooks_of_state_dict(name: str) -> None:
    seen = []
    optimizer = ours(name, make_params())
    train(optimizer, range(2))

    def before(which: Any) -> None:
        assert which is optimizer
        seen.append("pre")

    def after(which: Any, state_dict: Any) -> Any:
        seen.append("post")
        return {**state_dict, "note": 17}

    optimizer.register_state_dict_pre_hook(before)
    handle = optimizer.register_state_dict_post_hook(after)
    assert optimizer.state_dict()["note"] == 17
    assert seen == ["pre", "post"]
    handle.remove()
    assert "note" not in optimizer.state_dict()


@every_class
def test_hooks_of_load_state_dict(name: str) -> None:
    optimizer = ours(name, make_params())
    train(optimizer, range(2))
    saved = copy.deepcopy(optimizer.state_dict())
    train(optimizer, range(2, 4))
    seen = []

    def before(which: Any, state_dict: Any) -> Any:
        assert which is optimizer
        groups = [{**group, "lr": 0.25} for group in state_dict["param_groups"]]
        return {**state_dict, "param_groups": groups}

    def after(which: Any) -> None:
        seen.append(which.state[params_of(which)[0]]["step"].item())

    optimizer.register_load_state_dict_pre_hook(before)
    optimizer.register_load_state_dict_post_hook(after)
    optimizer.load_state_dict(saved)
    assert optimizer.param_groups[0]["lr"] == 0.25
    assert saved["param_groups"][0]["lr"] != 0.25
    assert seen == [2]
    assert len(optimizer._optimizer_load_state_dict_pre_hooks) == 1  # ours is gone again


def test_a_hook_that_raises_changes_nothing() -> None:
    optimizer, peer = ours("AdamW", make_params()), ours("AdamW", make_params())
    train(optimizer, range(4))
    train(peer, range(4))
    saved = copy.deepcopy(optimizer.state_dict())
    saved["param_groups"][0]["lr"] = 0.7

    def refuse(which: Any, *_: Any) -> None:
        raise KeyError("no")

    for register in (optimizer.register_load_state_dict_pre_hook, optimizer.register_load_state_dict_post_hook):
        handle = register(refuse)
        with pytest.raises(KeyError):
            optimizer.load_state_dict(saved)
        handle.remove()
    assert optimizer.param_groups[0]["lr"] == 1e-3
    goes_on(peer, optimizer)


def test_states_under_names() -> None:
    """As torch's recipes for state dicts in another order do it, with a hook."""
    first, second = make_params()[0], make_params()[4]
    old = ours("AdamW", [("first", first), ("second", second)])
    train(old, range(4))
    saved = copy.deepcopy(old.state_dict())
    new = ours("AdamW", [("second", make_params()[4]), ("first", make_params()[0])])

    def by_name(optimizer: Any, state_dict: Any) -> Any:
        names = optimizer.param_groups[0]["param_names"]
        numbers = dict(zip(state_dict["param_groups"][0]["param_names"], state_dict["state"], strict=True))
        state = {i: state_dict["state"][numbers[name]] for i, name in enumerate(names)}
        return {**state_dict, "state": state}

    new.register_load_state_dict_pre_hook(by_name)
    new.load_state_dict(saved)
    assert torch.equal(new.state[params_of(new)[1]]["exp_avg"], old.state[first]["exp_avg"])
    new.step()
    assert new.state[params_of(new)[0]]["exp_avg"].shape == second.shape


@every_class
def test_a_loaded_state_is_not_shared(name: str) -> None:
    """Another optimizer goes on with the tensors that were in the dict."""
    old, new, twin = (ours(name, make_params()) for _ in range(3))
    train(old, range(2))
    resume(old, new, old.state_dict())
    resume(old, twin)
    train(old, range(2, 4))
    train(new, range(2, 4))
    train(twin, range(2, 4))
    assert_same(new, twin)


def test_no_parameters_at_all() -> None:
    """As on a process of ZeRO that got none."""
    optimizer = ours("AdamW", [{"params": []}])
    optimizer.step()
    optimizer.load_state_dict(copy.deepcopy(optimizer.state_dict()))
    optimizer.add_param_group({"params": make_params()})
    train(optimizer, range(1))
    assert optimizer.report.updated == len(params_of(optimizer))
