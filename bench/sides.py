"""The sides of the comparison: AdamW steps over the very same arrays, and the byte limit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from harness import Side

import adamas
from adamas import _core

Array = np.ndarray[Any, np.dtype[Any]]
MOMENTS = ("exp_avg", "exp_avg_sq")


@dataclass(frozen=True)
class Model:
    """Parameters, gradients and moments that all sides share."""

    params: list[Array]
    grads: list[Array]
    optimizer: adamas.AdamW
    moments: list[tuple[Array, Array]]


def make_model(sizes: Sequence[int], threads: int) -> Model:
    """Make float32 parameters and gradients of ordinary size, and take a step, so that nothing is zero or denormal."""
    rng = np.random.default_rng(0)
    params = [rng.standard_normal(size, dtype=np.float32) for size in sizes]
    grads = [rng.standard_normal(size, dtype=np.float32) * np.float32(1e-2) for size in sizes]
    optimizer = adamas.AdamW(params, num_threads=threads)
    optimizer.step(grads)
    moments = [(state["exp_avg"], state["exp_avg_sq"]) for state in optimizer.state.values()]
    return Model(params, grads, optimizer, moments)


def adamas_side(model: Model) -> Side:
    """``adamas.AdamW``."""
    step, grads = model.optimizer.step, model.grads
    return Side(lambda: step(grads))


def torch_side(model: Model, threads: int) -> Side:
    """``torch.optim.AdamW(fused=True)`` on tensors that share the arrays' memory, moments included."""
    import torch

    torch.set_num_threads(threads)
    tensors = [torch.from_numpy(param) for param in model.params]
    for tensor, grad in zip(tensors, model.grads, strict=True):
        tensor.grad = torch.from_numpy(grad)
    optimizer = torch.optim.AdamW(tensors, fused=True)
    optimizer.step()  # makes moments of its own, which then give way to the shared ones
    for tensor, pair in zip(tensors, model.moments, strict=True):
        for name, moment in zip(MOMENTS, pair, strict=True):
            optimizer.state[tensor][name] = torch.from_numpy(moment)
    return Side(optimizer.step)


def byte_limit_side(model: Model, threads: int) -> Side:
    """``p += g; m += g; v += g``: the memory traffic of a step without its arithmetic; the values are restored."""
    arrays = [model.params[0], *model.moments[0]]
    kept = [array.copy() for array in arrays]

    def restore() -> None:
        for array, values in zip(arrays, kept, strict=True):
            array[...] = values

    def step() -> None:
        _core.byte_limit(model.params[0], model.grads[0], model.moments[0], threads)

    return Side(step, restore)


def check_same_update(sizes: Sequence[int]) -> None:
    """Step adamas and torch from the same start, on arrays of their own.

    Raises:
        AssertionError: They have not done the same.
    """
    import torch

    model = make_model(sizes, threads=1)
    start = np.random.default_rng(1)
    params = [start.standard_normal(size, dtype=np.float32) for size in sizes]
    tensors = [torch.from_numpy(param.copy()) for param in params]
    ours, theirs = adamas.AdamW(params), torch.optim.AdamW(tensors, fused=True)
    for tensor, grad in zip(tensors, model.grads, strict=True):
        tensor.grad = torch.from_numpy(grad)
    for _ in range(3):
        ours.step(model.grads)
        theirs.step()
    pairs = zip(params, tensors, strict=True)
    difference = max((float(np.abs(p - t.numpy()).max()) for p, t in pairs if p.size), default=0.0)
    assert difference < 1e-6, f"adamas and torch differ by {difference}"
