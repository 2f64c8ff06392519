"""torch.optim.AdamW in its four forms, and torch's calls for the other parts of the phase."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from adamas.bench.peers._base import Array, Peer, Run
from adamas.bench.workload import LOSS_SCALE, MAX_NORM, Phase, Workload

__all__ = ["TorchCompiled", "TorchForeach", "TorchFused", "TorchSingle", "start_optimizer"]

_AVERAGE_DECAY = 0.9999


def start_optimizer(
    workload: Workload,
    params: list[Array],
    grads: list[list[Array]],
    make: Callable[[list[Any]], Any],
    wrap: Callable[[Any, list[Any]], Callable[[], object]] = lambda opt, _: opt.step,
) -> Run:
    """Run a torch optimizer.

    Args:
        workload: The work of a step.
        params: The initial parameters.
        grads: Two sets of gradients.
        make: Makes the optimizer of a list of parameters.
        wrap: Makes the step from the optimizer and the parameters.
    """
    import torch

    dtype = torch.float32 if workload.master else getattr(torch, workload.params)
    tensors = [torch.nn.Parameter(torch.from_numpy(param).to(dtype, copy=True)) for param in params]
    for tensor in tensors:
        tensor.grad = torch.empty_like(tensor)
    sources = [[torch.from_numpy(grad) for grad in chosen] for chosen in grads]
    opt = make(tensors)

    def refresh(k: int) -> None:
        for tensor, values in zip(tensors, sources[k], strict=True):
            tensor.grad.copy_(values)  # rounds to the dtype of the gradient

    def param(i: int) -> Array:
        values: Array = tensors[i].detach().float().numpy()
        return values

    return Run(wrap(opt, tensors), refresh, param, consumes=workload.phase.zero)


class _Torch(Peer):
    distributions = ("torch",)
    options: ClassVar[dict[str, Any]] = {}

    def start(self, workload: Workload, params: list[Array], grads: list[list[Array]], threads: int) -> Run:
        import torch

        torch.set_num_threads(threads)
        return start_optimizer(
            workload, params, grads, lambda tensors: self.make(tensors, workload), self.wrap(workload)
        )

    def make(self, tensors: list[Any], workload: Workload) -> Any:
        import torch

        return torch.optim.AdamW(
            tensors,
            lr=workload.lr,
            betas=workload.betas,
            eps=workload.eps,
            weight_decay=workload.weight_decay,
            **self.options,
        )

    def wrap(self, workload: Workload) -> Callable[[Any, list[Any]], Callable[[], object]]:
        return lambda opt, _: opt.step


class TorchSingle(_Torch):
    """One tensor after the other."""

    name = "torch, single"
    options: ClassVar = {"foreach": False}


class TorchForeach(_Torch):
    """Lists of tensors, one operation at a time."""

    name = "torch, foreach"
    options: ClassVar = {"foreach": True}


class TorchFused(_Torch):
    """One kernel for the update; for the rest, the calls of GradScaler, clip_grad_norm_ and swa_utils.

    For states in fewer bits, and for split parameters, its step in float32 is compared.
    """

    name = "torch, fused"
    options: ClassVar = {"fused": True}

    def can(self, workload: Workload) -> bool:
        return workload.phase.clip != "each"

    def wrap(self, workload: Workload) -> Callable[[Any, list[Any]], Callable[[], object]]:
        return (
            (lambda opt, _: opt.step)
            if workload.phase.is_update
            else lambda opt, tensors: _phase(workload.phase, opt, tensors)
        )


class TorchCompiled(_Torch):
    """The step under ``torch.compile``."""

    name = "torch, compiled"
    options: ClassVar = {"foreach": True}

    def can(self, workload: Workload) -> bool:
        return super().can(workload) and len(workload.shapes) <= 200  # it takes minutes to compile more

    def wrap(self, workload: Workload) -> Callable[[Any, list[Any]], Callable[[], object]]:
        import torch

        return lambda opt, _: torch.compile(opt.step)


def _phase(phase: Phase, opt: Any, tensors: list[Any]) -> Callable[[], object]:
    """Return a step that unscales, clips, updates, averages and sets gradients to zero, in place."""
    import torch
    from torch.optim.swa_utils import get_ema_multi_avg_fn

    grads = [tensor.grad for tensor in tensors]
    found, inverse = torch.zeros(1), torch.full((1,), 1.0 / LOSS_SCALE)
    averages = [tensor.detach().clone() for tensor in tensors]
    copies = [tensor.detach().bfloat16() for tensor in tensors]
    update = get_ema_multi_avg_fn(_AVERAGE_DECAY)

    def step() -> None:
        if phase.unscale:
            found.zero_()
            torch._amp_foreach_non_finite_check_and_unscale_(grads, found, inverse)
        if phase.clip == "all":
            torch.nn.utils.clip_grad_norm_(tensors, MAX_NORM, foreach=True)
        if found.item() == 0.0:
            opt.step()
        if phase.average:
            with torch.no_grad():
                update(averages, tensors, 2)
        if phase.copies:
            torch._foreach_copy_(copies, tensors)
        if phase.zero:
            opt.zero_grad(set_to_none=False)

    return step
