"""`Offload` with the options, rules and calls that it can be combined with: they work, or are refused."""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import torch
from test_taken_gradients import DTYPES, Peer, assert_equal, assert_other, loss_of, make_model, values

import adamas
import adamas.torch

every_dtype = pytest.mark.parametrize("dtype", DTYPES, ids=str)
every_way = pytest.mark.parametrize("way", [{}, {"in_backward": True}], ids=["step", "in_backward"])


def train(model: Any, optimizer: Any, seeds: range) -> None:
    for seed in seeds:
        loss_of(model, seed).backward()
        optimizer.step()


def masters_of(optimizer: Any) -> list[Any]:
    return [master for group in optimizer.optimizer.param_groups for master in group["params"]]


def rounded(masters: Any, dtype: torch.dtype) -> list[torch.Tensor]:
    return [master.detach().to(dtype) for master in masters]


#: Options that reach the masters, the same bits as for float32 masters by hand.
OPTIONS: list[dict[str, Any]] = [
    {"state_dtype": "int8"},
    {"weight_decay": 0.1, "maximize": True},
    {"max_value": 0.01},
    {"max_norm": 0.5, "clip_each": True},
    {"zero_grads": True},
    {"average": adamas.SWA()},
    {"lr": lambda step: 0.1 / (step + 1)},
]


@every_way
@every_dtype
@pytest.mark.parametrize("options", OPTIONS, ids="-".join)
def test_options(options: dict[str, Any], dtype: torch.dtype, way: dict[str, Any]) -> None:
    a, b = make_model(dtype), make_model(dtype)
    optimizer = adamas.torch.Offload(a.parameters(), adamas.torch.AdamW, **options, **way)
    peer = Peer(b, **options)
    train(a, optimizer, range(4))
    train(b, peer, range(4))
    assert_equal(a.parameters(), b.parameters())
    assert optimizer.report == peer.optimizer.report


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"copy_out": []}, "copy_out: the parameters themselves are the copies"),
        ({"master_weights": True}, "master_weights: Offload keeps float32 masters"),
        ({"master_weights": "split32"}, "master_weights: Offload keeps float32 masters"),
        ({"rounding": "stochastic"}, "rounding: Offload rounds parameters to the nearest"),
        ({"sparse": "lazy"}, "sparse: Offload takes dense gradients"),
    ],
)
def test_refuses_options(options: dict[str, Any], message: str) -> None:
    with pytest.raises(TypeError, match=message):
        adamas.torch.Offload(make_model().parameters(), adamas.torch.AdamW, **options)


def test_options_that_say_nothing_are_accepted() -> None:
    model = make_model(torch.bfloat16)
    neutral: dict[str, Any] = {"copy_out": None, "master_weights": False, "rounding": "nearest", "sparse": None}
    train(model, adamas.torch.Offload(model.parameters(), adamas.torch.AdamW, **neutral), range(1))


@every_way
def test_sparse_gradients_are_refused(way: dict[str, Any]) -> None:
    table, layer = torch.nn.Embedding(5, 4, sparse=True), torch.nn.Linear(4, 1)
    params = [*layer.named_parameters(), ("table", table.weight)]
    optimizer = adamas.torch.Offload(params, adamas.torch.AdamW, **way)
    with pytest.raises(ValueError, match=r"the gradient of 'table': Offload takes dense gradients, got .*sparse_coo"):
        layer(table(torch.tensor([1]))).sum().backward()
    optimizer.zero_grad()
    optimizer.step()
    layer(torch.ones(1, 4)).sum().backward()
    optimizer.step()
    assert optimizer.report is not None
    assert optimizer.report.updated == 2


@every_way
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("how", ["double", "data"])
def test_parameters_that_have_moved_are_refused(how: str, dtype: torch.dtype, way: dict[str, Any]) -> None:
    """They would stay as they are; float32 ones are followed, unless they are of another dtype."""
    model = make_model(dtype)
    optimizer = adamas.torch.Offload(model.named_parameters(), adamas.torch.AdamW, **way)
    train(model, optimizer, range(1))
    if how == "double":
        model.double()
    else:
        model[0].weight.data = model[0].weight.detach().clone()
    if dtype == torch.float32 and how == "data":
        before = values(model)
        train(model, optimizer, range(1, 2))
        assert_other(model.parameters(), before)
        return
    with pytest.raises(RuntimeError, match=r"params\['0.weight'\]: has got other memory.*make an Offload after that"):
        train(model, optimizer, range(1, 2))


def clip_and_scale(model: Any, bad: bool) -> None:
    (loss_of(model, 1) * (math.inf if bad else 1.0)).backward()


@every_dtype
def test_after_a_step_that_was_skipped(dtype: torch.dtype) -> None:
    """The gradients are gone; the next step is as if the skipped one had not been."""
    a, b = make_model(dtype), make_model(dtype)
    optimizer, peer = (
        adamas.torch.Offload(model.parameters(), adamas.torch.AdamW, lr=0.01, on_nonfinite="skip") for model in (a, b)
    )
    clip_and_scale(a, bad=True)
    optimizer.step()
    assert optimizer.report is not None
    assert optimizer.report.skipped
    assert all(param.grad is None for param in a.parameters())
    for model, each in ((a, optimizer), (b, peer)):
        clip_and_scale(model, bad=False)
        each.step()
    assert optimizer.report == peer.report
    assert_equal(a.parameters(), b.parameters())


@every_dtype
@pytest.mark.parametrize("remedy", ["zero_grad", "replace"])
def test_after_a_step_that_raised(remedy: str, dtype: torch.dtype) -> None:
    """Nothing has changed: the gradients are still there, as with other optimizers."""
    model = make_model(dtype)
    optimizer = adamas.torch.Offload(model.parameters(), adamas.torch.AdamW, lr=0.01, on_nonfinite="raise")
    before = values(model)
    clip_and_scale(model, bad=True)
    for _ in range(2):
        with pytest.raises(FloatingPointError, match="holds an infinity or NaN"):
            optimizer.step()
    assert_equal(model.parameters(), before)
    if remedy == "zero_grad":
        model.zero_grad()
        clip_and_scale(model, bad=False)
    else:
        for param in model.parameters():
            param.grad.copy_(torch.ones_like(param))
    optimizer.step()
    assert optimizer.report is not None
    assert (optimizer.report.step, optimizer.report.updated) == (1, 4)
    assert_other(model.parameters(), before)


@pytest.mark.parametrize("where", ["first", "later"])
def test_nonfinite_gradients_in_backward(where: str) -> None:
    """They concern one parameter each; what follows works as usual."""
    model = make_model()
    optimizer = adamas.torch.Offload(model.parameters(), adamas.torch.AdamW, in_backward=True, on_nonfinite="raise")
    if where == "later":
        train(model, optimizer, range(1))
    clip_and_scale(model, bad=True)
    with pytest.raises(FloatingPointError, match="holds an infinity or NaN"):
        optimizer.step()
    assert all(param.grad is None for param in model.parameters())
    before = values(model)
    train(model, optimizer, range(1, 2))
    assert_other(model.parameters(), before)


def test_a_second_pass_in_backward_leaves_nothing() -> None:
    """Whether the first gradient is still noted in ``param.grad`` or was set to None."""
    for drops in (False, True):
        a, b = make_model(torch.bfloat16), make_model(torch.bfloat16)
        one, other = (
            adamas.torch.Offload(model.parameters(), adamas.torch.AdamW, in_backward=True, bucket_bytes=1)
            for model in (a, b)
        )
        loss_of(a, 0).backward()
        if drops:
            one.zero_grad()
        with pytest.raises(RuntimeError, match=r"second gradient; call step\(\) after each .* in_backward=False"):
            loss_of(a, 1).backward()
        one.step()
        train(b, other, range(1))
        train(a, one, range(2, 3))
        train(b, other, range(2, 3))
        assert_equal(a.parameters(), b.parameters())
        assert one.report == other.report


@every_way
@every_dtype
def test_closures(dtype: torch.dtype, way: dict[str, Any]) -> None:
    a, b = make_model(dtype), make_model(dtype)
    one, other = (adamas.torch.Offload(model.parameters(), adamas.torch.AdamW, lr=0.01, **way) for model in (a, b))

    def closure(seed: int) -> Any:
        one.zero_grad()
        loss = loss_of(a, seed)
        loss.backward()
        return loss.detach()

    for seed in range(3):
        assert float(one.step(functools.partial(closure, seed))) > 0.0
        train(b, other, range(seed, seed + 1))
    assert_equal(a.parameters(), b.parameters())


@every_way
@every_dtype
def test_averages(dtype: torch.dtype, way: dict[str, Any]) -> None:
    model = make_model(dtype)
    optimizer = adamas.torch.Offload(model.parameters(), adamas.torch.AdamW, lr=0.05, average=adamas.EMA(0.5), **way)
    with pytest.raises(ValueError, match="averaged"), optimizer.averaged():
        pass
    train(model, optimizer, range(4))
    masters = masters_of(optimizer)
    averages = [optimizer.optimizer.state[master]["average"].clone() for master in masters]
    before, kept = values(model), [master.detach().clone() for master in masters]
    with pytest.raises(ZeroDivisionError), optimizer.averaged():  # noqa: PT012
        assert_equal(model.parameters(), rounded(averages, dtype))
        assert_other(model.parameters(), before)
        for call in (optimizer.step, optimizer.state_dict, optimizer.refresh):
            if call == optimizer.step:
                model[0].bias.grad = torch.ones_like(model[0].bias)
            with pytest.raises(RuntimeError, match="the parameters hold averages"):
                call()
            optimizer.zero_grad()
        raise ZeroDivisionError
    assert_equal(model.parameters(), before)
    assert_equal(masters, kept)
    train(model, optimizer, range(4, 5))
    assert_other(model.parameters(), before)


def test_averaged_while_a_step_is_under_way() -> None:
    model = make_model()
    optimizer = adamas.torch.Offload(model.parameters(), adamas.torch.AdamW, average=adamas.EMA(0.5), in_backward=True)
    train(model, optimizer, range(1))
    loss_of(model, 1).backward()
    refused = pytest.raises(RuntimeError, match=r"averaged: the backward pass began a step; call step\(\) first")
    with refused, optimizer.averaged():
        pass
    optimizer.step()
    with optimizer.averaged():
        pass


@contextmanager
def evaluating(optimizer: Any) -> Iterator[None]:
    optimizer.eval()
    yield
    optimizer.train()


@every_dtype
def test_schedule_free(dtype: torch.dtype) -> None:
    """As the rule over parameters of its own: the same points for evaluation, and the same training after it."""
    model, other = make_model(dtype), make_model(torch.float32)
    optimizer = adamas.torch.Offload(model.parameters(), adamas.torch.ScheduleFreeAdamW, lr=0.05)
    optimizer.eval()
    optimizer.train()
    train(model, optimizer, range(3))
    before = values(model)
    kept = [master.detach().clone() for master in masters_of(optimizer)]
    with evaluating(optimizer):
        optimizer.eval()
        assert_equal(model.parameters(), rounded(masters_of(optimizer), dtype))
        assert_other(model.parameters(), before)
        model[0].bias.grad = torch.ones_like(model[0].bias)
        with pytest.raises(RuntimeError, match="train"):
            optimizer.step()
        optimizer.zero_grad()
        if dtype == torch.float32:
            peer = adamas.torch.ScheduleFreeAdamW(other.parameters(), lr=0.05)
            train_plain(other, peer, range(3))
            peer.eval()
            assert_equal(model.parameters(), other.parameters())
    assert_equal(model.parameters(), before)
    assert_equal(masters_of(optimizer), kept)
    train(model, optimizer, range(3, 4))
    assert_other(model.parameters(), before)


def train_plain(model: Any, optimizer: Any, seeds: range) -> None:
    for seed in seeds:
        optimizer.zero_grad()
        loss_of(model, seed).backward()
        optimizer.step()


def test_eval_and_train_do_nothing_under_other_rules() -> None:
    model = make_model(torch.bfloat16)
    optimizer = adamas.torch.Offload(model.parameters(), adamas.torch.AdamW)
    train(model, optimizer, range(1))
    before = values(model)
    with evaluating(optimizer):
        assert_equal(model.parameters(), before)
        train(model, optimizer, range(1, 2))
        before = values(model)
    assert_equal(model.parameters(), before)
