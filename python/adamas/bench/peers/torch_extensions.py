"""Optimizers for torch that keep their states on the host, or in 8 or 4 bits."""

from __future__ import annotations

import importlib
from typing import Any, ClassVar

from adamas.bench.peers._base import Array, Peer, Run
from adamas.bench.peers.torch import start_optimizer
from adamas.bench.workload import Workload

__all__ = ["Bitsandbytes8bit", "DeepSpeed", "Torchao4bit", "Torchao8bit", "TorchaoFp8"]


class _OnTorch(Peer):
    """A drop-in for ``torch.optim.AdamW``."""

    def start(self, workload: Workload, params: list[Array], grads: list[list[Array]], threads: int) -> Run:
        import torch

        torch.set_num_threads(threads)
        options = {
            "lr": workload.lr,
            "betas": workload.betas,
            "eps": workload.eps,
            "weight_decay": workload.weight_decay,
        }
        return start_optimizer(workload, params, grads, lambda tensors: self.make(tensors, workload, options))

    def make(self, tensors: list[Any], workload: Workload, options: dict[str, Any]) -> Any:
        raise NotImplementedError


class DeepSpeed(_OnTorch):
    """DeepSpeed's CPU Adam, which compiles itself when it is first used."""

    name = "DeepSpeed CPUAdam"
    distributions = ("deepspeed", "torch")

    def can(self, workload: Workload) -> bool:
        return (
            workload.phase.is_update
            and workload.params == workload.states
            and workload.params in ("float32", "bfloat16")
        )

    def make(self, tensors: list[Any], workload: Workload, options: dict[str, Any]) -> Any:
        from deepspeed.ops.adam import DeepSpeedCPUAdam

        return DeepSpeedCPUAdam(tensors, adamw_mode=True, fp32_optimizer_states=workload.states == "float32", **options)


class _LowBit(_OnTorch):
    states: ClassVar[str]
    #: Module and class.
    source: ClassVar[tuple[str, str]]

    def can(self, workload: Workload) -> bool:
        return workload.phase.is_update and workload.params == "float32" and workload.states == self.states

    def make(self, tensors: list[Any], workload: Workload, options: dict[str, Any]) -> Any:
        module, name = self.source
        return getattr(importlib.import_module(module), name)(tensors, **options)


class Bitsandbytes8bit(_LowBit):
    """Block-wise 8-bit states (Dettmers et al., arXiv:2110.02861)."""

    name = "bitsandbytes 8-bit"
    distributions = ("bitsandbytes", "torch")
    states = "int8"
    source = ("bitsandbytes.optim", "AdamW8bit")


class Torchao8bit(_LowBit):
    """The same in compiled torch."""

    name = "torchao 8-bit"
    distributions = ("torchao", "torch")
    states = "int8"
    source = ("torchao.optim", "AdamW8bit")


class Torchao4bit(_LowBit):
    """4-bit states (Li et al., arXiv:2309.01507)."""

    name = "torchao 4-bit"
    distributions = ("torchao", "torch")
    states = "int4"
    source = ("torchao.optim", "AdamW4bit")


class TorchaoFp8(_LowBit):
    """States in float8."""

    name = "torchao fp8"
    distributions = ("torchao", "torch")
    states = "fp8"
    source = ("torchao.optim", "AdamWFp8")
