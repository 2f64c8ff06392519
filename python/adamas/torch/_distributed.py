"""Distributed tensors, ``torch.distributed.tensor.DTensor``, as under FSDP: each process has a part of them."""

from __future__ import annotations

import torch


def is_shared_out(tensor: torch.Tensor) -> bool:
    """Tell whether a tensor is spread over processes."""
    return hasattr(tensor, "_local_tensor")


def local(tensor: torch.Tensor) -> torch.Tensor:
    """Return the part of a tensor that this process has, in its memory: mostly the tensor itself."""
    part: torch.Tensor = getattr(tensor, "_local_tensor", tensor)
    return part


def spread(part: torch.Tensor, param: torch.Tensor) -> torch.Tensor:
    """Return a tensor of which this process has that part, spread as a parameter is."""
    if not is_shared_out(param):
        return part
    from torch.distributed.tensor import DTensor  # noqa: PLC0415 (torch may have been built without it)

    made: torch.Tensor = DTensor.from_local(
        part, param.device_mesh, param.placements, run_check=False, shape=param.shape, stride=param.stride()
    )
    return made


def check_alike(grad: torch.Tensor, param: torch.Tensor, path: str) -> None:
    """Refuse a gradient that is spread otherwise than its parameter.

    Raises:
        ValueError: Naming it.
    """
    if is_shared_out(grad) != is_shared_out(param) or (
        is_shared_out(param) and (grad.placements, grad.device_mesh) != (param.placements, param.device_mesh)
    ):
        raise ValueError(f"{path}: expected it to be spread over processes as its parameter is")
