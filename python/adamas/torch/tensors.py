"""Conversion of tensors to NumPy arrays and back without copies, and error messages where that is not possible."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import torch

from adamas.adapters import Array, bfloat16
from adamas.rows import RowGrad
from adamas.torch._distributed import check_alike, local, spread

DTYPES = (torch.float32, torch.float64, torch.bfloat16, torch.float16)
_EXPECTED = "expected dtype float32, float64, bfloat16 or float16"


def dtypes_of(groups: Iterable[Mapping[str, Any]]) -> set[str]:
    """Return the names of the dtypes of the parameters in some groups."""
    return {str(param.dtype).removeprefix("torch.") for group in groups for param in group["params"]}


def check_param(param: torch.Tensor, path: str) -> None:
    """Refuse a parameter that cannot be updated in place, in memory that is its own.

    Raises:
        TypeError: Not a tensor of numbers in memory, or of another dtype than adamas has.
        ValueError: On another device, or elements that do not lie side by side.
    """
    if param.is_complex():
        raise TypeError(
            f"{path}: adamas does not support complex parameters, got {param.dtype}; optimize torch.view_as_real of it"
        )
    if param.dtype not in DTYPES:
        raise TypeError(f"{path}: {_EXPECTED}, got {param.dtype}")
    if param.layout != torch.strided:
        raise ValueError(f"{path}: expected a dense tensor, got one of layout {param.layout}; call .to_dense()")
    if param.device.type == "meta":
        raise ValueError(f"{path}: is on the meta device and has no memory; materialize the model first (to_empty)")
    if param.device.type != "cpu":
        raise ValueError(
            f"{path}: expected a tensor on the CPU, got one on {param.device}; to keep its float32 master and states "
            "in host memory, use adamas.torch.Offload"
        )
    if param.is_inference():
        raise ValueError(f"{path}: was made in torch.inference_mode(), so nothing may change it; clone it outside")
    if local(param).is_neg():
        raise ValueError(f"{path}: is a negated view of other memory; make the parameter of its .resolve_neg()")
    if not is_dense(local(param)):
        raise ValueError(
            f"{path}: its elements do not lie side by side in memory (shape {tuple(param.shape)}, strides "
            f"{param.stride()}), as with expanded or sliced tensors; make the parameter of a .clone() of it"
        )


def is_dense(tensor: torch.Tensor) -> bool:
    """Tell whether the elements fill a piece of memory, each at a place of its own, in whatever order."""
    if tensor.numel() == 0:
        return True
    expected = 1
    for stride, size in sorted((stride, size) for stride, size in zip(tensor.stride(), tensor.shape, strict=True)):
        if size > 1:
            if stride != expected:
                return False
            expected *= size
    return True


def flat(tensor: torch.Tensor) -> Array:
    """Return the elements of a dense tensor as an array of one dimension, in the order of memory; no copy."""
    part = local(tensor).detach()
    return _as_array(part.as_strided((part.numel(),), (1,)))


def rows_of(tensor: torch.Tensor) -> Array:
    """Return a contiguous tensor of two dimensions as an array of two; no copy."""
    return _as_array(tensor.detach())


def _as_array(tensor: torch.Tensor) -> Array:
    is_bfloat16 = tensor.dtype == torch.bfloat16  # which NumPy does not know by itself
    array: Array = tensor.view(torch.uint16).numpy().view(bfloat16()) if is_bfloat16 else tensor.numpy()
    return array


def as_tensor(array: Array, param: torch.Tensor | None = None) -> torch.Tensor:
    """Return an array as a tensor; no copy.

    Args:
        array: Any that adamas keeps.
        param: The tensor that it has an element for each element of, in the order of memory: the result has its layout.
    """
    is_bfloat16 = array.dtype.name == "bfloat16"
    if is_bfloat16 or (array.dtype.kind == "u" and array.itemsize > 1):
        array = array.view(f"i{array.itemsize}")  # torch cannot compare, nor unpickle, longer unsigned numbers
    tensor = torch.from_numpy(array)
    if is_bfloat16:
        tensor = tensor.view(torch.bfloat16)
    if param is None:
        return tensor
    part = local(param)
    return spread(tensor.as_strided(part.shape, part.stride()), param)


def gradient(grad: torch.Tensor, param: torch.Tensor, path: str, *, takes_rows: bool) -> Array | RowGrad:
    """Return a gradient as adamas takes it: in the layout of its parameter, copied if it has another one.

    Raises:
        TypeError: Of a dtype that adamas does not have.
        ValueError: Of another shape, on another device, or neither dense nor sparse COO.
    """
    check_alike(grad, param, path)
    if grad.layout not in (torch.strided, torch.sparse_coo):
        raise ValueError(f"{path}: expected a dense or sparse COO gradient, got one of layout {grad.layout}")
    if grad.shape != param.shape:
        raise ValueError(f"{path}: expected shape {tuple(param.shape)}, got {tuple(grad.shape)}")
    if grad.device.type != "cpu":
        raise ValueError(f"{path}: expected a gradient on the CPU, as its parameter is, got one on {grad.device}")
    if grad.dtype not in DTYPES:
        raise TypeError(f"{path}: {_EXPECTED}, got {grad.dtype}")
    detached, part = local(grad).detach(), local(param)
    if grad.layout == torch.sparse_coo:
        if takes_rows:
            # The public ones ask for coalesced tensors; rows may come more than once here.
            rows, values = detached._indices()[0], detached._values()  # noqa: SLF001
            return RowGrad(rows.contiguous().numpy(), _as_array(values.contiguous()))
        detached = detached.to_dense()
    if detached.is_neg():
        detached = detached.resolve_neg()
    if detached.stride() != part.stride() or detached.data_ptr() % detached.element_size():
        detached = torch.empty_like(part, dtype=grad.dtype).copy_(detached)
    return _as_array(detached) if takes_rows else flat(detached)


def takes_rows(param: torch.Tensor, grad: torch.Tensor | None) -> bool:
    """Tell whether a gradient is of single rows, and the parameter of a kind for which those can be updated alone."""
    return (
        grad is not None
        and grad.layout == torch.sparse_coo
        and grad.sparse_dim() == 1
        and param.dim() == 2
        and param.dtype in (torch.float32, torch.float64)
        and param.is_contiguous()
        and param.shape[1] > 0
    )
