"""The optimizers, one class for each of adamas."""

from __future__ import annotations

import torch

from adamas import optimizers as engines
from adamas.torch._optimizer import Optimizer

# Each has the arguments of its engine, and its docstring (`docstring_of`).


class Adam(Optimizer):
    engine_class = engines.Adam


class AdamW(Optimizer):
    engine_class = engines.AdamW


class NAdam(Optimizer):
    engine_class = engines.NAdam


class RAdam(Optimizer):
    engine_class = engines.RAdam


class Adamax(Optimizer):
    engine_class = engines.Adamax


class AdaBelief(Optimizer):
    engine_class = engines.AdaBelief


class Yogi(Optimizer):
    engine_class = engines.Yogi


class Adagrad(Optimizer):
    engine_class = engines.Adagrad


class RMSprop(Optimizer):
    engine_class = engines.RMSprop


class Lion(Optimizer):
    engine_class = engines.Lion


class LAMB(Optimizer):
    engine_class = engines.LAMB


class Adan(Optimizer):
    engine_class = engines.Adan


class ADOPT(Optimizer):
    engine_class = engines.ADOPT


class AdEMAMix(Optimizer):
    engine_class = engines.AdEMAMix


class SGD(Optimizer):
    engine_class = engines.SGD


class ScheduleFreeAdamW(Optimizer):
    engine_class = engines.ScheduleFreeAdamW

    def eval(self) -> None:
        """Put the averages x into the parameters, to be evaluated or saved; steps are refused until `train`.

        Raises:
            RuntimeError: Another thread is stepping this optimizer.
        """
        binding = self._bind()
        binding.bound.eval()
        torch.autograd.graph.increment_version(binding.params)

    def train(self) -> None:
        """Put the training parameters y back, exactly."""
        binding = self._stepper.binding
        if binding is not None:
            binding.bound.train()
            torch.autograd.graph.increment_version(binding.params)
