"""Optimizers with separate evaluation weights, as the schedule-free rules have them."""

from __future__ import annotations

import torch

from adamas.torch._optimizer import Optimizer


class EvaluatedElsewhere(Optimizer):
    """An optimizer by a rule that has an `adamas.rules.Evaluation`."""

    def eval(self) -> None:
        """Put the averages x into the parameters, to be evaluated or saved; steps are refused until `train` is called.

        Raises:
            RuntimeError: Another thread is stepping this optimizer.
        """
        binding = self._bind()
        binding.bound.eval()
        torch.autograd.graph.increment_version(binding.params)

    def train(self) -> None:
        """Put the training parameters y back, bit for bit."""
        binding = self._stepper.binding
        if binding is not None:
            binding.bound.train()
            torch.autograd.graph.increment_version(binding.params)
