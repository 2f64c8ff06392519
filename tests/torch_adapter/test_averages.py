"""Averages of parameters, whatever happens to the optimizer meanwhile; and other data of the whole optimizer."""

from __future__ import annotations

import copy
import io
from collections.abc import Callable
from typing import Any

import pytest
import torch

import adamas
import adamas.torch


def parameter(value: float, dtype: torch.dtype = torch.float32) -> torch.nn.Parameter:
    return torch.nn.Parameter(torch.tensor([value], dtype=dtype))


def step(opt: Any, *params: torch.nn.Parameter) -> None:
    for param in params:
        param.grad = torch.ones_like(param)
    opt.step()
    opt.zero_grad()


def averages(opt: Any) -> list[float]:
    with opt.averaged():
        return [param.item() for group in opt.param_groups for param in group["params"]]


def fresh(opt: Any) -> Any:
    return adamas.torch.AdamW([parameter(0.0), parameter(8.0)], average=opt._stepper.options["average"])


def by_state_dict(opt: Any) -> Any:
    other = fresh(opt)
    other.load_state_dict(opt.state_dict())
    return other


def by_file(opt: Any) -> Any:
    file = io.BytesIO()
    torch.save(opt.state_dict(), file)
    file.seek(0)
    other = fresh(opt)
    other.load_state_dict(torch.load(file))
    return other


def by_pickle(opt: Any) -> Any:
    file = io.BytesIO()
    torch.save(opt, file)
    file.seek(0)
    return torch.load(file, weights_only=False)


def with_other_memory(opt: Any) -> Any:
    param = opt.param_groups[0]["params"][0]
    param.data = param.data.clone()
    return opt


def with_states_cleared(opt: Any) -> Any:
    opt.state.clear()
    return opt


def by_dict_of_torch(opt: Any) -> Any:
    theirs = torch.optim.AdamW([parameter(0.0), parameter(8.0)])
    step(theirs, theirs.param_groups[0]["params"][0])
    other = fresh(opt)
    other.load_state_dict(theirs.state_dict())
    return other


WAYS: dict[str, Callable[[Any], Any]] = {
    "nothing": lambda opt: opt,
    "state dict": by_state_dict,
    "file": by_file,
    "pickle": by_pickle,
    "deepcopy": copy.deepcopy,
    "p.data": with_other_memory,
    "state.clear": with_states_cleared,
    "dict of torch.optim": by_dict_of_torch,
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("average", [adamas.EMA(0.9), adamas.EMA(0.9, dtype="bfloat16")], ids=["float32", "bfloat16"])
def test_a_frozen_parameter_is_its_average(average: Any, way: str) -> None:
    """A frozen backbone, evaluated after the run was resumed, is no model of zeros."""
    params = [parameter(0.0), parameter(8.0)]
    opt = adamas.torch.AdamW(params, average=average)
    step(opt, params[0])
    opt = WAYS[way](opt)
    params = opt.param_groups[0]["params"]
    step(opt, params[0])
    assert averages(opt)[1] == 8.0
    opt.add_param_group({"params": [parameter(5.0)]})
    step(opt, params[0])
    assert averages(opt)[1:] == [8.0, 5.0]


def test_a_frozen_parameter_in_offload() -> None:
    for dtype in (torch.bfloat16, torch.float32):
        params = [parameter(0.0, dtype), parameter(8.0, dtype)]
        opt = adamas.torch.Offload(params, adamas.torch.AdamW, average=adamas.EMA(0.9))
        step(opt, params[0])
        saved = opt.state_dict()
        params = [parameter(0.0, dtype), parameter(8.0, dtype)]
        opt = adamas.torch.Offload(params, adamas.torch.AdamW, average=adamas.EMA(0.9))
        opt.load_state_dict(saved)
        with opt.averaged():
            assert params[1].item() == 8.0
        step(opt, params[0])
        with opt.averaged():
            assert params[1].item() == 8.0
        assert params[1].item() == 8.0


def by_turns(average: Any, reload_at: int | None, **options: Any) -> list[float]:
    """Step two parameters alternately; the optimizer counts six steps, each parameter three."""
    params = [parameter(0.0), parameter(0.0)]
    opt = adamas.torch.SGD(params, lr=1.0, average=average, **options)
    for k in range(6):
        if k == reload_at:
            saved = opt.state_dict()
            opt = adamas.torch.SGD(params, lr=1.0, average=average, **options)
            opt.load_state_dict(saved)
        step(opt, params[k % 2])
    return averages(opt)


@pytest.mark.parametrize(
    "average",
    [
        adamas.SWA(),
        adamas.SWA(start=2, every=2),
        adamas.EMA(0.9, warmup=True),
        adamas.EMA(0.9, bias_correction=True),
        adamas.EMA(0.9, start=5),
    ],
    ids=str,
)
def test_the_steps_of_the_optimizer_are_saved(average: Any) -> None:
    expected = by_turns(average, None)
    for reload_at in range(1, 6):
        assert by_turns(average, reload_at) == expected, reload_at


def test_swa_by_turns() -> None:
    assert by_turns(adamas.SWA(), 4) == [-2.0, -1.5]


def test_stochastic_rounding_goes_on() -> None:
    """The random bits of a step are those of its number."""
    results = []
    for reload in (False, True):
        params = [torch.nn.Parameter(torch.ones(500, dtype=torch.bfloat16)) for _ in range(2)]
        opt = adamas.torch.AdamW(params, lr=1e-3, rounding="stochastic")
        for k in range(6):
            if reload and k == 3:
                saved = opt.state_dict()
                opt = adamas.torch.AdamW(params, lr=1e-3, rounding="stochastic")
                opt.load_state_dict(saved)
            step(opt, params[k % 2])
        results.append(torch.cat([param.detach() for param in params]))
    assert torch.equal(results[0], results[1])


def test_the_previous_norm_is_saved() -> None:
    """The first backward pass after loading is clipped by it."""
    moved = []
    for reload in (False, True):
        param = parameter(0.0)
        opt = adamas.torch.SGD([param], lr=1.0, max_norm=1.0)
        steps = adamas.torch.step_in_backward([param], opt, previous_norm=True)
        (10 * param).sum().backward()
        if reload:
            saved = opt.state_dict()
            steps.remove()
            opt = adamas.torch.SGD([param], lr=1.0, max_norm=1.0)
            opt.load_state_dict(saved)
            adamas.torch.step_in_backward([param], opt, previous_norm=True)
        before = param.item()
        (10 * param).sum().backward()
        moved.append(param.item() - before)
    assert moved[0] == moved[1] == pytest.approx(-1.0, rel=1e-5)


def test_dicts_without_these_entries_load() -> None:
    params = [parameter(0.0), parameter(0.0)]
    opt = adamas.torch.SGD(params, lr=1.0, average=adamas.SWA())
    step(opt, *params)
    step(opt, *params)
    saved = opt.state_dict()
    for group in saved["param_groups"]:
        assert group.pop("optimizer_step") == 2
    for entry in saved["state"].values():
        assert entry.pop("n_averaged") == 2
    other = adamas.torch.SGD(params, lr=1.0, average=adamas.SWA())
    other.load_state_dict(saved)
    step(other, *params)
    assert averages(other) == [-2.0, -2.0]


@pytest.mark.parametrize(
    ("name", "value"), [("optimizer_step", -1), ("optimizer_step", "x"), ("previous_norm", float("nan"))]
)
def test_wrong_entries_are_refused(name: str, value: Any) -> None:
    opt = adamas.torch.SGD([parameter(0.0)], lr=1.0)
    saved = opt.state_dict()
    saved["param_groups"][0][name] = value
    before = opt.state_dict()
    with pytest.raises((TypeError, ValueError), match=name):
        opt.load_state_dict(saved)
    assert opt.state_dict() == before


def test_torch_tolerates_these_entries() -> None:
    param = parameter(0.0)
    opt = adamas.torch.AdamW([param], max_norm=1.0)
    step(opt, param)
    theirs = torch.optim.AdamW([param])
    theirs.load_state_dict(opt.state_dict())
    step(theirs, param)
    opt.load_state_dict(theirs.state_dict())
    assert "optimizer_step" not in opt.param_groups[0]
    step(opt, param)
    assert opt.state_dict()["param_groups"][0]["optimizer_step"] == 3


def test_an_average_begun_over_loaded_states() -> None:
    params = [parameter(0.0)]
    plain = adamas.torch.SGD(params, lr=1.0, momentum=0.5)
    for _ in range(20):
        step(plain, *params)
    opt = adamas.torch.SGD(params, lr=0.0, momentum=0.5, average=adamas.SWA())
    opt.load_state_dict({**plain.state_dict(), "param_groups": opt.state_dict()["param_groups"]})
    for value in range(1, 11):
        with torch.no_grad():
            params[0].fill_(float(value))
        step(opt, *params)
    assert averages(opt) == [5.5]
