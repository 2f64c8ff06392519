"""The options of adamas: formats, averages, copies. All are saved, and go on with the same bits."""

from __future__ import annotations

import copy
import io
import pickle
from typing import Any

import ml_dtypes
import numpy as np
import pytest
import torch
from cases import ROUNDED_STATES
from twins import CLASSES, assert_close, assert_moved, assert_same, give_gradients, make_params, ours, params_of, train

import adamas

SHAPES = ((40, 9), (), (200,), (3, 4, 5))

OPTIONS: dict[str, tuple[torch.dtype, dict[str, Any]]] = {
    **{f"{name} states": (torch.float32, {"state_dtype": name}) for name in ROUNDED_STATES},
    "int8 states of bfloat16": (torch.bfloat16, {"state_dtype": "int8", "rounding": "stochastic", "seed": 4}),
    "float32 masters": (torch.bfloat16, {"master_weights": True}),
    "float32 masters of float16": (torch.float16, {"master_weights": True}),
    "split32": (torch.bfloat16, {"master_weights": "split32"}),
    "split24": (torch.bfloat16, {"master_weights": "split24"}),
    "split32, int8": (torch.bfloat16, {"master_weights": "split32", "state_dtype": "int8"}),
    "kahan": (torch.bfloat16, {"rounding": "kahan"}),
    "stochastic": (torch.bfloat16, {"rounding": "stochastic"}),
    "ema": (torch.float32, {"average": adamas.EMA(0.9)}),
    "ema of bfloat16": (torch.bfloat16, {"average": adamas.EMA(0.9), "master_weights": True}),
    "swa": (torch.float64, {"average": adamas.SWA(start=2, every=2)}),
    "threads": (torch.float32, {"num_threads": 1}),
}

every_option = pytest.mark.parametrize("option", OPTIONS)


def make(option: str, name: str = "AdamW") -> Any:
    dtype, options = OPTIONS[option]
    return ours(name, make_params(dtype, SHAPES), lr=0.01, **options)


def goes_on(old: Any, new: Any) -> None:
    train(old, range(5, 8))
    train(new, range(5, 8))
    assert_same(old, new)
    for mine, other in zip(params_of(new), params_of(old), strict=True):
        assert new.state[mine].keys() == old.state[other].keys()
        for key, value in old.state[other].items():
            assert torch.equal(new.state[mine][key], value), key


@every_option
def test_bits_of_the_optimizers_for_arrays(option: str) -> None:
    dtype, options = OPTIONS[option]
    optimizer = make(option)
    params = params_of(optimizer)
    arrays = [as_array(param).copy() for param in params]
    peer = adamas.AdamW(arrays, lr=0.01, **options)
    for step in range(5):
        give_gradients(params, step)
        peer.step([as_array(param.grad) for param in params if param.grad is not None])
        optimizer.step()
    for param, array in zip(params, arrays, strict=True):
        assert as_array(param).tobytes() == array.tobytes()
    assert_moved(params, make_params(dtype, SHAPES))


def as_array(tensor: torch.Tensor) -> Any:
    flat = tensor.detach().reshape(-1)
    if flat.dtype != torch.bfloat16:
        return flat.numpy()
    import ml_dtypes

    return flat.view(torch.int16).numpy().view(ml_dtypes.bfloat16)


@every_option
def test_saved_and_resumed(option: str) -> None:
    old = make(option)
    train(old, range(5))
    file = io.BytesIO()
    torch.save([old.state_dict(), [param.detach() for param in params_of(old)]], file)
    file.seek(0)
    state_dict, values = torch.load(file, weights_only=True)
    new = make(option)
    new.load_state_dict(state_dict)
    with torch.no_grad():
        for param, value in zip(params_of(new), values, strict=True):
            param.copy_(value)
    goes_on(old, new)


@every_option
def test_copied_and_pickled(option: str) -> None:
    old = make(option)
    train(old, range(5))
    copied, pickled = copy.deepcopy(old), pickle.loads(pickle.dumps(old))
    goes_on(copy.deepcopy(old), copied)
    goes_on(old, pickled)


@pytest.mark.parametrize("name", CLASSES)
def test_int8_states_of_all_classes(name: str) -> None:
    old = make("int8 states", name)
    train(old, range(5))
    new = make("int8 states", name)
    new.load_state_dict(copy.deepcopy(old.state_dict()))
    with torch.no_grad():
        for param, value in zip(params_of(new), params_of(old), strict=True):
            param.copy_(value)
    goes_on(old, new)


def test_codes_are_not_converted() -> None:
    old, new = make("int8 states"), ours("AdamW", make_params(torch.float32, SHAPES))
    train(old, range(1))
    with pytest.raises(ValueError, match="'exp_avg': expected"):
        new.load_state_dict(old.state_dict())
    train(new, range(1))
    twin = copy.deepcopy(old)
    with pytest.raises(ValueError, match="'exp_avg': expected"):
        old.load_state_dict(new.state_dict())
    train(old, range(1, 3))
    train(twin, range(1, 3))
    assert_same(params_of(twin), old)


@pytest.mark.parametrize("dtype", ["bfloat16", "float32"])
def test_floating_point_states_are_converted(dtype: str) -> None:
    old = ours("AdamW", make_params(torch.float32, SHAPES))
    train(old, range(3))
    new = ours("AdamW", make_params(torch.float32, SHAPES), state_dtype=dtype)
    new.load_state_dict(copy.deepcopy(old.state_dict()))
    train(new, range(3, 4))
    for mine, other in zip(params_of(new), params_of(old), strict=True):
        assert new.state[mine]["exp_avg"].dtype == getattr(torch, dtype)
        assert new.state[mine]["step"] == 4
        assert old.state[other]["step"] == 3


def test_masters_are_not_rounded_on_the_way() -> None:
    """Unlike what torch.optim does with states that are not called step."""
    old = make("float32 masters")
    train(old, range(5))
    new = make("float32 masters")
    new.load_state_dict(copy.deepcopy(old.state_dict()))
    for mine, other in zip(params_of(new), params_of(old), strict=True):
        assert new.state[mine]["master"].dtype == torch.float32
        assert torch.equal(new.state[mine]["master"], old.state[other]["master"])


def test_masters_make_small_steps_count() -> None:
    def go(**options: Any) -> Any:
        param = torch.nn.Parameter(torch.ones(100, dtype=torch.bfloat16))
        optimizer = ours("SGD", [param], lr=1e-4, **options)
        for _ in range(100):
            param.grad = torch.ones_like(param)
            optimizer.step()
        return param.detach()

    assert (go() == 1.0).all()
    for options in ({"master_weights": True}, {"master_weights": "split32"}, {"rounding": "kahan"}):
        assert_close([go(**options)], [torch.full((100,), 0.99, dtype=torch.bfloat16)], rtol=4e-3)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16], ids=str)
def test_averages(dtype: torch.dtype) -> None:
    """In the place of the parameters inside the block, whose bits come back after it."""
    optimizer = ours("AdamW", make_params(dtype, SHAPES), lr=0.1, average=adamas.EMA(0.75))
    params = params_of(optimizer)
    wanted = [param.detach().double() for param in params]
    for step in range(5):
        train(optimizer, range(step, step + 1))
        weight = adamas.EMA(0.75).weight_at(step + 1)
        wanted = [w + weight * (p.detach().double() - w) for w, p in zip(wanted, params, strict=True)]
    before = [param.detach().clone() for param in params]
    addresses = [param.data_ptr() for param in params]
    tolerance = {torch.float64: 1e-13, torch.float32: 1e-6, torch.bfloat16: 8e-3}[dtype]
    with optimizer.averaged():
        assert_close([param.detach().double() for param in params], wanted, rtol=tolerance, atol=tolerance)
        for refused in (optimizer.step, optimizer.state_dict, lambda: copy.deepcopy(optimizer)):
            give_gradients(params, 0)
            with pytest.raises(RuntimeError, match="averaged"):
                refused()
        with pytest.raises(RuntimeError, match="averaged"):
            optimizer.load_state_dict({"state": {}, "param_groups": []})
    assert_same(before, params)
    assert addresses == [param.data_ptr() for param in params]
    optimizer.step()


def test_averages_before_the_first_step() -> None:
    with (
        pytest.raises(ValueError, match="nothing has been averaged before the first step"),
        make("ema").averaged(),
    ):
        pass
    plain = ours("AdamW", make_params())
    train(plain, range(1))
    with pytest.raises(ValueError, match="this optimizer keeps no averages"), plain.averaged():
        pass


def test_schedule_free_switches() -> None:
    optimizer = ours("ScheduleFreeAdamW", make_params(), lr=0.1)
    train(optimizer, range(3))
    before = [param.detach().clone() for param in params_of(optimizer)]
    optimizer.eval()
    assert_moved(before, optimizer)
    give_gradients(params_of(optimizer), 0)
    for refused in (optimizer.step, optimizer.state_dict, lambda: pickle.dumps(optimizer)):
        with pytest.raises(RuntimeError, match=r"call train\(\) before"):
            refused()
    optimizer.train()
    assert_same(before, optimizer)
    optimizer.step()
    assert_moved(before, optimizer)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16], ids=str)
def test_copies_of_parameters(dtype: torch.dtype) -> None:
    """From the beginning, in the layout of the parameter, and in every step that is not skipped."""
    params: list[Any] = [*make_params(torch.float32, SHAPES), torch.nn.Parameter(torch.randn(3, 4).t())]
    copies: list[Any] = [torch.full_like(param.detach(), 7.0, dtype=dtype) for param in params]
    copies[0] = None
    optimizer = ours("AdamW", params, lr=0.1, copy_out=copies, on_nonfinite="skip")
    for step in range(3):
        for param, out in zip(params[1:], copies[1:], strict=True):
            assert torch.equal(out, param.detach().to(dtype))
        give_gradients(params, step)
        if step == 1:
            params[2].grad[0] = float("nan")
        optimizer.step()
    assert optimizer.report.step == 2


def test_copies_that_do_not_fit() -> None:
    params = make_params(torch.float32, ((3, 4), (5,)))
    good = [torch.empty(3, 4, dtype=torch.bfloat16), None]
    for bad, error, message in (
        ([good[0]], ValueError, "copy_out: expected a list of 2"),
        (good[0], ValueError, "copy_out: expected a list of 2"),
        ([None, "text"], TypeError, r"copy_out\[1\]: expected a tensor or None, got str"),
        ([None, torch.empty(4, dtype=torch.bfloat16)], ValueError, r"copy_out\[1\]: expected shape \(5,\)"),
        ([torch.empty(4, 3, dtype=torch.bfloat16).t(), None], ValueError, r"copy_out\[0\]: expected shape \(3, 4\)"),
        ([torch.empty(3, 4, dtype=torch.int16), None], TypeError, r"copy_out\[0\]: expected dtype"),
    ):
        with pytest.raises(error, match=message):
            ours("AdamW", params, copy_out=bad)
    ours("AdamW", params, copy_out=good)


@pytest.mark.parametrize("kind", ["plain", "transposed", "expanded", "sparse", "0-d"])
def test_gradients_are_set_to_zero(kind: str) -> None:
    """In whatever layout, once they have been used; and not by a step that is skipped."""
    param = torch.nn.Parameter(torch.ones(()) if kind == "0-d" else torch.ones(3, 4))
    optimizer = ours("AdamW", [param], zero_grads=True, on_nonfinite="skip")
    for bad in (False, True):
        grad = torch.full_like(param.detach(), float("nan") if bad else 2.0)
        if kind == "transposed":
            grad = grad.t().contiguous().t()
        if kind == "expanded":
            grad = grad[0, 0].expand(3, 4)
        if kind == "sparse":
            param.grad = None
            grad = torch.sparse_coo_tensor(torch.tensor([[0, 1, 2]]), grad, (3, 4), check_invariants=True)
        param.grad = grad
        optimizer.step()
        left = param.grad.to_dense()
        assert left.shape == param.shape
        assert left.isnan().all() if bad else not left.any()
        assert optimizer.report.skipped is bad


def test_options_that_are_not_there() -> None:
    with pytest.raises(TypeError, match="state_type: no such hyperparameter or option"):
        ours("AdamW", make_params(), state_type="int8")
    with pytest.raises(ValueError, match="state_dtype: expected None or one of"):
        ours("AdamW", make_params(), state_dtype="int7")
    with pytest.raises(TypeError, match="average: expected"):
        ours("AdamW", make_params(), average=0.9)


@pytest.mark.parametrize(
    ("dtype", "name"),
    [
        (torch.float32, "float32"),
        (torch.bfloat16, "bfloat16"),
        (torch.int8, "int8"),
        (np.float32, "float32"),
        (np.dtype(np.int8), "int8"),
        (ml_dtypes.bfloat16, "bfloat16"),
        (ml_dtypes.int4, "int4"),
    ],
    ids=str,
)
def test_state_dtypes_as_dtypes(dtype: Any, name: str) -> None:
    as_dtype, by_name = (
        ours("AdamW", make_params(torch.float32, SHAPES), state_dtype=given, average=average)
        for given, average in ((dtype, adamas.EMA(dtype=torch.bfloat16)), (name, adamas.EMA(dtype="bfloat16")))
    )
    goes_on(by_name, as_dtype)
    goes_on(copy.deepcopy(by_name), pickle.loads(pickle.dumps(as_dtype)))
    assert adamas.AdamW([np.ones(3, np.float32)], state_dtype=dtype)._model.formats.state_dtype == name


@pytest.mark.parametrize("dtype", [torch.uint8, torch.int16, torch.complex64, torch.quint8, np.uint16], ids=str)
def test_state_dtypes_that_there_are_not(dtype: Any) -> None:
    with pytest.raises(ValueError, match=r"^state_dtype: expected None or one of 'float32', .*, got '"):
        ours("AdamW", make_params(torch.float32, SHAPES), state_dtype=dtype)


def test_row_gradients_go_with_state_dtypes_that_are_dtypes() -> None:
    layer = torch.nn.Embedding(10, 4, sparse=True)
    optimizer = ours("AdamW", layer.parameters(), state_dtype=torch.float32)
    layer(torch.tensor([3])).sum().backward()
    optimizer.step()
    assert "row_step" in optimizer.state[layer.weight]
