"""Several backward passes for each step that is taken inside one, and passes inside passes."""

from __future__ import annotations

import copy
import functools
import warnings
from typing import Any

import pytest
import torch
from test_in_backward import backward, fail_half_way, make_model
from torch.utils.checkpoint import checkpoint
from twins import assert_same, ours

import adamas.torch
from adamas.torch import step_in_backward


def accumulated(model: Any, optimizer: Any, seeds: range, passes: int) -> None:
    for seed in seeds:
        backward(model, seed)
        if (seed + 1) % passes == 0:
            optimizer.step()
            optimizer.zero_grad()


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
@pytest.mark.parametrize("calls_step", [False, True])
@pytest.mark.parametrize("passes", [1, 2, 3])
def test_each_kth_pass_is_a_step(passes: int, calls_step: bool, dtype: torch.dtype) -> None:
    a, b = make_model(dtype), make_model(dtype)
    one, other = ours("AdamW", a.parameters()), ours("AdamW", b.parameters())
    step_in_backward(a, one, gradient_accumulation_steps=passes)
    for seed in range(6):
        before = [param.detach().clone() for param in a.parameters()]
        backward(a, seed)
        if (seed + 1) % passes:
            assert_same(before, a.parameters())
        elif calls_step:
            one.step()
            one.zero_grad()
    accumulated(b, other, range(6), passes)
    assert_same(a.parameters(), b.parameters())
    assert one.report == other.report


@pytest.mark.parametrize("passes", [1, 2])
@pytest.mark.parametrize("option", ["zero_grads", "copy_out", "closure"])
def test_combinations(option: str, passes: int) -> None:
    models, copies = (make_model(), make_model()), []
    optimizers: list[Any] = []
    for model in models:
        options: dict[str, Any] = {"zero_grads": True} if option == "zero_grads" else {}
        if option == "copy_out":
            copies.append([torch.empty_like(param, dtype=torch.bfloat16) for param in model.parameters()])
            options["copy_out"] = copies[-1]
        optimizers.append(ours("AdamW", model.parameters(), **options))
    step_in_backward(models[0], optimizers[0], gradient_accumulation_steps=passes)

    def closure(model: Any) -> torch.Tensor:
        for seed in range(passes):
            backward(model, seed)
        return torch.ones(())

    for _ in range(3):
        for model, optimizer in zip(models, optimizers, strict=True):
            optimizer.zero_grad()
            if option == "closure":
                assert optimizer.step(functools.partial(closure, model)) == 1.0
            else:
                closure(model)
                optimizer.step()
    assert_same(models[0].parameters(), models[1].parameters())
    assert optimizers[0].report == optimizers[1].report
    if copies:
        assert_same(*copies)
        assert_same(copies[0], [param.bfloat16() for param in models[0].parameters()])


def test_schedule_free_is_refused_while_it_is_evaluated() -> None:
    model = make_model()
    optimizer = ours("ScheduleFreeAdamW", model.parameters())
    step_in_backward(model, optimizer)
    backward(model, 0)
    optimizer.eval()
    with pytest.raises(RuntimeError, match="train"):
        backward(model, 1)
    optimizer.train()
    optimizer.zero_grad()
    backward(model, 1)
    assert optimizer.report.step == 2


def test_parameters_that_are_added_later_wait_for_step() -> None:
    model = make_model()
    optimizer = ours("SGD", model[0].parameters())
    step_in_backward(model, optimizer)
    optimizer.add_param_group({"params": list(model[2].parameters())})
    backward(model, 0)
    assert optimizer.report.updated == 2
    optimizer.step()
    assert optimizer.report.updated == 2
    assert optimizer.report.step == 2


def test_step_uses_what_few_passes_left() -> None:
    """As at the end of an epoch; then counting begins anew."""
    a, b = make_model(), make_model()
    one, other = ours("AdamW", a.parameters()), ours("AdamW", b.parameters())
    step_in_backward(a, one, gradient_accumulation_steps=3)
    for seeds in (range(3), range(3, 5), range(5, 8)):
        for each in (a, b):
            for seed in seeds:
                backward(each, seed)
        one.step()
        other.step()
        other.zero_grad()
        assert all(param.grad is None for param in a.parameters())
        assert_same(a.parameters(), b.parameters())
    assert one.report == other.report
    one.step()
    assert one.report == other.report


def test_a_parameter_that_only_an_earlier_pass_reached() -> None:
    a, b = make_model(), make_model()
    one, other = ours("AdamW", a.parameters()), ours("AdamW", b.parameters())
    step_in_backward(a, one, gradient_accumulation_steps=2)
    for model in (a, b):
        backward(model, 0)
        model[2](torch.ones(1, 5)).sum().backward()
    other.step()
    assert_same(a.parameters(), b.parameters())
    assert one.report == other.report


def test_a_failed_pass_does_not_count() -> None:
    model = make_model()
    optimizer = ours("AdamW", model.parameters())
    step_in_backward(model, optimizer, gradient_accumulation_steps=3)
    backward(model, 0)
    for _ in range(2):
        fail_half_way(model)
    backward(model, 1)
    assert optimizer.report is None
    backward(model, 2)
    report: Any = optimizer.report
    assert (report.step, report.updated) == (1, 4)


def test_a_loop_that_accumulates_is_warned_once() -> None:
    model = make_model()
    optimizer = ours("AdamW", model.parameters())
    step_in_backward(model, optimizer)
    with pytest.warns(
        UserWarning, match="there were 4 backward passes since .* gradient_accumulation_steps=k"
    ) as record:
        accumulated(model, optimizer, range(12), 4)
    assert len(record) == 1
    assert record[0].filename == __file__
    assert optimizer.report.step == 12


@pytest.mark.parametrize("passes", [1, 4])
def test_other_loops_are_not_warned(passes: int) -> None:
    model = make_model()
    optimizer = ours("AdamW", model.parameters())
    step_in_backward(model, optimizer, gradient_accumulation_steps=passes)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        accumulated(model, optimizer, range(8), passes)
    assert optimizer.report.step == 8 // passes


@pytest.mark.parametrize(
    ("passes", "error"), [(0, ValueError), (-1, ValueError), (1.5, TypeError), ("2", TypeError), (True, TypeError)]
)
def test_refuses_numbers_of_passes(passes: Any, error: type[Exception]) -> None:
    model = make_model()
    with pytest.raises(error, match=r"gradient_accumulation_steps: expected a whole number >= 1"):
        step_in_backward(model, ours("AdamW", model.parameters()), gradient_accumulation_steps=passes)


def test_refuses_what_cannot_be_stepped_so() -> None:
    model = make_model()
    offload = adamas.torch.Offload(model.parameters(), adamas.torch.AdamW)
    with pytest.raises(TypeError, match=r"got Offload; make it with in_backward=True instead"):
        step_in_backward(model, offload)
    other = make_model()
    optimizer = ours("AdamW", other.parameters())
    steps = step_in_backward(other, optimizer)
    with pytest.raises(ValueError, match="is stepped in the backward pass already; call remove"):
        step_in_backward(other, optimizer)
    steps.remove()
    assert step_in_backward(other, optimizer) is not steps
    backward(other, 0)
    assert optimizer.report.updated == 4


def test_removal_leaves_nothing_behind() -> None:
    model = make_model()
    optimizer = ours("AdamW", model.parameters())
    steps = step_in_backward(model, optimizer)
    backward(model, 0)
    steps.remove()
    assert all(param.grad is None for param in model.parameters())
    backward(model, 1)
    assert optimizer.report.step == 1
    optimizer.step()
    assert optimizer.report.step == 2


def test_parameters_of_another_dtype() -> None:
    """The model is converted, and goes on."""
    model = make_model()
    optimizer = ours("SGD", model.parameters())
    step_in_backward(model, optimizer)
    backward(model, 0)
    model.double()
    backward(model, 1)
    assert optimizer.report.updated == 4
    model[0].weight.data = torch.zeros(5, 6, dtype=torch.float64)
    backward(model, 2)
    assert optimizer.report.updated == 4


@pytest.mark.parametrize("use_reentrant", [False, True])
def test_a_pass_inside_a_pass(use_reentrant: bool) -> None:
    """As under activation checkpointing: all of it is one step."""
    a, b = (torch.nn.Sequential(*(torch.nn.Linear(3, 3) for _ in range(3))) for _ in range(2))
    b.load_state_dict(copy.deepcopy(a.state_dict()))
    one, other = ours("AdamW", a.parameters()), ours("AdamW", b.parameters())
    step_in_backward(a, one)
    for _ in range(2):
        for model in (a, b):
            hidden = model[0](torch.ones(2, 3, requires_grad=True))
            model[2](checkpoint(model[1], hidden, use_reentrant=use_reentrant)).sum().backward()
        other.step()
        other.zero_grad()
    assert_same(a.parameters(), b.parameters())
    assert one.report == other.report
