"""Optimizers whose parameters are evaluated elsewhere than they are trained."""

from __future__ import annotations

import torch

from adamas.torch._optimizer import Optimizer


class EvaluatedElsewhere(Optimizer):
    """An optimizer by a rule that has an `adamas.rules.Evaluation`."""

    def eval(self) -> None:
        """Put the averages x into the parameters, to be evaluated or saved; steps are refused until `train`.

        Raises:
            RuntimeError: Another thread is stepping this optimizer.
        """
        layout = self._layout or self._lay_out()
        layout.engine.eval()
        torch.autograd.graph.increment_version(layout.params)

    def train(self) -> None:
        """Put the training parameters y back, exactly."""
        if self._layout is not None:
            self._layout.engine.train()
            torch.autograd.graph.increment_version(self._layout.params)
