"""Optimizers whose parameters are evaluated elsewhere than they are trained."""

from __future__ import annotations

import numpy as np

from adamas._numerics.half import narrow
from adamas._numerics.param_formats import load_param
from adamas._optimizer.rule_optimizer import RuleOptimizer
from adamas._system.interrupts import uninterrupted
from adamas._types import Array


class EvaluatedElsewhere(RuleOptimizer):
    """An optimizer by a rule that has an `adamas.rules.Evaluation`."""

    #: While the parameters are those to be evaluated: each, flat, and what it is in training.
    _training: list[tuple[Array, Array]] | None = None

    def eval(self) -> None:
        """Put the averages x into the parameters, to be evaluated or saved; steps are refused until `train`.

        It takes the memory of the parameters once more. Calling it again does nothing.

        Raises:
            RuntimeError: Another thread is stepping this optimizer.
        """
        if self._training is None:
            uninterrupted(self._put_averages)

    def _put_averages(self) -> None:
        with self._plan:
            if self._refusal is not None:
                raise RuntimeError(self._refusal)
            for i in range(len(self._leaves)):
                self._check_gradient(i, "", None, zero_grads=False)
            # Views stay writeable and flat whatever becomes of the arrays.
            kept = [(leaf.array.reshape(-1), leaf.array.reshape(-1).copy()) for leaf in self._leaves]
            try:
                for i in range(len(self._leaves)):
                    self._put_average(i)
            except BaseException:  # a hyperparameter that is none, or no memory for x
                for array, values in kept:
                    array[...] = values
                raise
            self._training = kept
            self._refusal = "the parameters hold the averages that eval() has put there; call train() before stepping"

    def _put_average(self, index: int) -> None:
        evaluation, array = self.spec.evaluation, self._leaves[index].array
        assert evaluation is not None
        coefficients = evaluation.coefficients(self.param_groups[self._group_of[index]])
        if self._plan.step_count(index) == 0:
            return
        y = load_param(array, self._formats_of(index)[1], self._plan.residue(index))
        with np.errstate(all="ignore"):
            rounded = {name: y.dtype.type(value) for name, value in coefficients.items()}
            x = evaluation.value(y, self._states_of(index), rounded)
        array[...] = x if x.dtype == array.dtype else narrow(x, array.dtype)

    def train(self) -> None:
        """Put the training parameters y back, exactly. Calling it again does nothing."""
        if self._training is not None:
            uninterrupted(self._put_back)

    def _put_back(self) -> None:
        for array, values in self._training or []:
            array[...] = values
        self._training = None
        self._refusal = None
