"""Tensors of all kinds: dtypes and layouts that are updated in place, and those that are refused by name."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
import torch
from twins import assert_close, assert_same, every_class, give_gradients, make_params, ours, params_of, theirs, train

from adamas.rules import SPECS
from adamas.torch.tensors import DTYPES

every_dtype = pytest.mark.parametrize("dtype", DTYPES, ids=str)


def randn(*shape: int) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(0))


LAYOUTS: dict[str, Callable[[], torch.Tensor]] = {
    "contiguous": lambda: randn(4, 3, 5, 2),
    "channels_last": lambda: randn(4, 3, 5, 2).to(memory_format=torch.channels_last),
    "channels_last_3d": lambda: randn(2, 3, 4, 5, 2).to(memory_format=torch.channels_last_3d),
    "transposed": lambda: randn(4, 7).t(),
    "permuted": lambda: randn(2, 3, 4, 5).permute(2, 0, 3, 1),
    "0-d": randn,
    "one": lambda: randn(1, 1, 1),
    "odd strides of ones": lambda: randn(6).as_strided((3, 1, 2), (2, 99, 1)),
    "empty": lambda: randn(0),
    "empty, transposed": lambda: randn(3, 0, 2).permute(2, 1, 0),
    "empty, expanded": lambda: randn(1, 0).expand(3, 0),
    "slice of a buffer": lambda: torch.cat([randn(40)] * 2)[7:19].view(3, 4),
}

every_layout = pytest.mark.parametrize("layout", LAYOUTS)


def layout_params(layout: str, dtype: torch.dtype) -> list[torch.nn.Parameter]:
    made = LAYOUTS[layout]()
    cast = made if made.dtype == dtype else torch.empty_like(made, dtype=dtype).copy_(made)
    return [torch.nn.Parameter(cast)]


@every_dtype
@every_layout
def test_layouts(layout: str, dtype: torch.dtype) -> None:
    """The same numbers as contiguous parameters have, in the memory that they had."""
    optimizer = ours("AdamW", layout_params(layout, dtype))
    (param,) = params_of(optimizer)
    plain = ours("AdamW", [param.detach().clone(memory_format=torch.contiguous_format).requires_grad_()])
    address, strides = param.data_ptr(), param.stride()
    train(optimizer, range(3))
    train(plain, range(3))
    assert (param.data_ptr(), param.stride()) == (address, strides)
    assert_same(optimizer, plain)
    (peer,) = params_of(plain)
    for key, value in plain.state[peer].items():
        kept = optimizer.state[param][key]
        assert torch.equal(kept, value), key
        if key != "step":
            assert kept.shape == param.shape


@every_class
@pytest.mark.parametrize("layout", ["channels_last", "transposed", "0-d", "empty"])
def test_layouts_of_all_classes(name: str, layout: str) -> None:
    optimizer = ours(name, layout_params(layout, torch.float64))
    (param,) = params_of(optimizer)
    if SPECS[name].by_shape and layout in ("channels_last", "transposed"):
        with pytest.raises(
            ValueError, match=r"params\['0'\]: expected a contiguous tensor, since the rule goes by rows"
        ):
            train(optimizer, range(1))
        return
    plain = ours(name, [param.detach().clone(memory_format=torch.contiguous_format).requires_grad_()])
    train(optimizer, range(3))
    train(plain, range(3))
    # Sums over a parameter are taken in the order of memory.
    takes_sums = any(formula.sums for formula in SPECS[name].formulas)
    assert_close(optimizer, plain, **({} if takes_sums else {"rtol": 0.0, "atol": 0.0}))


@every_dtype
@pytest.mark.parametrize("grad_dtype", DTYPES, ids=str)
@pytest.mark.parametrize("layout", ["contiguous", "channels_last", "permuted", "slice of a buffer"])
def test_gradients_of_another_dtype(layout: str, dtype: torch.dtype, grad_dtype: torch.dtype) -> None:
    optimizer = ours("AdamW", layout_params(layout, dtype))
    plain = ours("AdamW", layout_params(layout, dtype))
    for step in range(3):
        for each, cast in ((optimizer, grad_dtype), (plain, None)):
            (param,) = params_of(each)
            param.grad_dtype = None
            give_gradients([param], step)
            assert param.grad is not None
            rounded = param.grad.to(torch.bfloat16).to(torch.float16)  # which all of them have
            param.grad = rounded.to(dtype if cast is None else cast)
            each.step()
    assert_same(optimizer, plain)


GRADIENTS: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "transposed": lambda grad: grad.t().contiguous().t(),
    "channels last": lambda grad: grad[None, :, :, None].contiguous(memory_format=torch.channels_last)[0, :, :, 0],
    "part of a larger one": lambda grad: torch.cat([grad, grad], 1)[:, : grad.shape[1]],
    "every other column": lambda grad: torch.stack([grad, grad], 2)[..., 1],
    "from the middle": lambda grad: torch.cat([torch.ones(1), grad.flatten()])[1:].view(grad.shape),
    "not aligned": lambda grad: torch.frombuffer(
        bytearray(b"\0" + grad.numpy().tobytes()), dtype=torch.float32, offset=1
    ).view(grad.shape),
    "imaginary part": lambda grad: torch.complex(torch.zeros_like(grad), -grad).conj().imag,
    "requires grad": lambda grad: grad.clone().requires_grad_(),
}


@pytest.mark.parametrize("kind", GRADIENTS)
def test_gradients_in_another_layout(kind: str) -> None:
    """Taken with the numbers that they show, and left alone."""
    param, peer = (torch.nn.Parameter(randn(5, 6)) for _ in range(2))
    optimizer, plain = ours("AdamW", [param]), ours("AdamW", [peer])
    for step in range(3):
        give_gradients([param, peer], 0)
        assert peer.grad is not None
        peer.grad = peer.grad * (step + 1)
        param.grad = GRADIENTS[kind](peer.grad.clone())
        assert torch.equal(param.grad, peer.grad)
        optimizer.step()
        plain.step()
        assert torch.equal(param.grad, peer.grad)
        assert_same([param], [peer])


def test_a_negated_gradient_of_one_element() -> None:
    """Dense, whatever its strides, and to be read with the other sign."""
    z = torch.nn.Parameter(torch.ones(1))
    optimizer = ours("SGD", [z], lr=1.0)
    z.grad = torch.complex(torch.zeros(1), torch.ones(1)).conj().imag
    assert z.grad.is_neg()
    optimizer.step()
    assert z.item() == 2.0


def test_an_expanded_gradient() -> None:
    param, peer = (torch.nn.Parameter(randn(5, 6)) for _ in range(2))
    optimizer, plain = ours("AdamW", [param]), ours("AdamW", [peer])
    param.sum().backward()
    param.grad, peer.grad = torch.ones(()).expand(5, 6), torch.ones(5, 6)
    optimizer.step()
    plain.step()
    assert_same([param], [peer])


def test_slices_of_one_buffer() -> None:
    """As when a model is flattened: nothing beside the parameters changes."""
    buffer = randn(100)
    before = buffer.clone()
    optimizer = ours("AdamW", [torch.nn.Parameter(buffer[3:20]), torch.nn.Parameter(buffer[20:60].view(5, 8).t())])
    train(optimizer, range(3))
    assert torch.equal(buffer[:3], before[:3])
    assert torch.equal(buffer[60:], before[60:])
    assert not torch.any(buffer[3:60] == before[3:60])


def test_convolutions_in_channels_last() -> None:
    """A whole model, whose gradients come in layouts of autograd's choice."""
    models = []
    for make in (ours, theirs):
        torch.manual_seed(0)
        layers = [torch.nn.Conv2d(3, 8, 3), torch.nn.ReLU(), torch.nn.Conv2d(8, 4, 1), torch.nn.Flatten()]
        model = torch.nn.Sequential(*layers, torch.nn.Linear(4 * 16, 2)).double().to(memory_format=torch.channels_last)
        optimizer = make("AdamW", model.parameters())
        x = torch.randn(5, 3, 6, 6, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
        for _ in range(4):
            optimizer.zero_grad()
            model(x.to(memory_format=torch.channels_last)).pow(2).mean().backward()
            optimizer.step()
        assert model[0].weight.is_contiguous(memory_format=torch.channels_last)
        models.append(model)
    assert_close(models[0].parameters(), models[1].parameters(), rtol=1e-10, atol=1e-12)


def _inference() -> torch.Tensor:
    with torch.inference_mode():
        return torch.ones(3)


SIDE_BY_SIDE = "its elements do not lie side by side in memory"
DTYPE = "expected dtype float32, float64, bfloat16 or float16, got"

REFUSED: dict[str, tuple[Callable[[], torch.Tensor], type[Exception], str]] = {
    "expanded": (lambda: randn(3, 1).expand(3, 4), ValueError, SIDE_BY_SIDE),
    "strided": (lambda: randn(8)[::2], ValueError, SIDE_BY_SIDE),
    "columns": (lambda: randn(3, 4)[:, :2], ValueError, SIDE_BY_SIDE),
    "overlapping": (
        lambda: randn(5).as_strided((3, 3), (1, 1)),
        ValueError,
        "its elements do not lie side by side in memory",
    ),
    "meta": (lambda: torch.empty(3, device="meta"), ValueError, "is on the meta device and has no memory"),
    "sparse": (lambda: torch.eye(3).to_sparse(), ValueError, "expected a dense tensor, got one of layout torch.sparse"),
    "integer": (lambda: torch.ones(3, dtype=torch.int64), TypeError, DTYPE),
    "bool": (lambda: torch.ones(3, dtype=torch.bool), TypeError, DTYPE),
    "float8": (
        lambda: torch.ones(3).to(torch.float8_e4m3fn),
        TypeError,
        "expected dtype float32, float64, bfloat16 or",
    ),
    "complex": (lambda: torch.ones(3, dtype=torch.complex64), TypeError, "adamas does not support complex parameters"),
    "negated": (lambda: torch.ones(3, dtype=torch.complex64).conj().imag, ValueError, "is a negated view of other"),
    "inference": (_inference, ValueError, "was made in torch.inference_mode(), so nothing may change it"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_refused_at_construction(kind: str) -> None:
    make, error, message = REFUSED[kind]
    with pytest.raises(error, match=re.escape(f"params['odd']: {message}")):
        ours("AdamW", [("good", torch.nn.Parameter(randn(3))), ("odd", make())])
    with pytest.raises(error, match=re.escape(f"params['1']: {message}")):
        ours("AdamW", [torch.nn.Parameter(randn(3)), make()])


def refuses_step(optimizer: Any, error: type[Exception], message: str) -> None:
    before = [param.detach().clone() for param in params_of(optimizer)]
    with pytest.raises(error, match=message):
        optimizer.step()
    assert_same(before, optimizer)


@pytest.mark.parametrize("overlap", [10, 4, 1])
def test_parameters_that_share_memory(overlap: int) -> None:
    buffer = torch.zeros(20 - overlap)
    params = [("x", torch.nn.Parameter(buffer[:10])), ("y", torch.nn.Parameter(buffer[-10:]))]
    optimizer = ours("AdamW", params)
    give_gradients(params_of(optimizer), 0)
    refuses_step(optimizer, ValueError, r"\['y'\] shares memory with .*\['x'\]")


def test_a_gradient_that_shares_memory_with_a_parameter() -> None:
    x, y = make_params(torch.float32)[:2]
    optimizer = ours("AdamW", [("x", x), ("y", y)])
    give_gradients([x, y], 0)
    y.grad = y.detach()
    refuses_step(optimizer, ValueError, r"params.*\['y'\] shares memory with grads.*\['y'\]")


def test_a_parameter_that_comes_to_share_memory() -> None:
    x, y = make_params(shapes=((3,), (3,)))
    optimizer = ours("AdamW", [("x", x), ("y", y)])
    train(optimizer, range(2))
    x.data = y.data
    refuses_step(optimizer, ValueError, r"\['[xy]'\] shares memory with .*\['[xy]'\]")


def test_a_gradient_of_another_shape() -> None:
    x, y = make_params(shapes=((3,), (4,)))
    optimizer = ours("AdamW", [("x", x), ("y", y)])
    give_gradients([x, y], 0)
    assert y.grad is not None
    y.grad.data = torch.ones(5, dtype=torch.float64)
    refuses_step(optimizer, ValueError, r"the gradient of 'y': expected shape \(4,\), got \(5,\)")


@pytest.mark.parametrize("dtype", [torch.int32, torch.bool, torch.complex64], ids=str)
def test_a_gradient_of_an_impossible_dtype(dtype: torch.dtype) -> None:
    x, y = make_params(shapes=((3,), (4,)))
    optimizer = ours("AdamW", [("x", x), ("y", y)])
    give_gradients([x], 0)
    y.grad_dtype = None
    y.grad = torch.ones(4, dtype=dtype)
    refuses_step(optimizer, TypeError, r"the gradient of 'y': expected dtype float32, float64, bfloat16 or float16")


@pytest.mark.parametrize("change", ["lr", "betas", "eps", "weight_decay"])
def test_hyperparameters_that_went_wrong(change: str) -> None:
    optimizer = ours("AdamW", make_params())
    train(optimizer, range(1))
    optimizer.param_groups[0][change] = float("nan")
    refuses_step(optimizer, (TypeError, ValueError), change)  # type: ignore[arg-type]
