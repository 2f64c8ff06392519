"""Optimizers with separate evaluation weights, as the schedule-free rules have them."""

from __future__ import annotations

import numpy as np

from adamas._numerics.half import narrow
from adamas._numerics.param_formats import load_param
from adamas._optimizer.base import Optimizer
from adamas._optimizer.parameters import Parameter
from adamas._system.interrupts import uninterrupted
from adamas._types import Array


class EvaluatedElsewhere(Optimizer):
    """An optimizer by a rule that has an `adamas.rules.Evaluation`."""

    #: While the parameters are those to be evaluated: each, flat, and what it is in training.
    _training: list[tuple[Array, Array]] | None = None

    def eval(self) -> None:
        """Put the averages x into the parameters, to be evaluated or saved; steps are refused until `train` is called.

        It takes the memory of the parameters once more. Calling it again does nothing.

        Raises:
            RuntimeError: Another thread is stepping this optimizer.
            ValueError: The averages cannot be computed with the hyperparameters of a group; the message names one.
        """
        if self._training is None:
            with self._model.together("eval"):
                uninterrupted(self._put_averages)

    def _put_averages(self) -> None:
        model = self._model
        with model.engine:
            if model.refusal is not None:
                raise RuntimeError(model.refusal)
            for i, group in enumerate(self.param_groups):
                self.spec.check_combination(group, f"param_groups[{i}]['{{}}']")
            for parameter in model.parameters:
                parameter.check_bound()
            # Views stay writeable and flat whatever becomes of the arrays.
            kept = [(part, part.copy()) for part in (model.own_part(p).reshape(-1) for p in model.parameters)]
            model.before_change("eval")
            try:
                for parameter in model.parameters:
                    self._put_average(parameter)
            except BaseException:  # a hyperparameter that is none, or no memory for x
                for array, values in kept:
                    array[...] = values
                raise
            model.after_change()
            self._training = kept
            model.refusal = "the parameters hold the averages that eval() has put there; call train() before stepping"

    def _put_average(self, parameter: Parameter) -> None:
        evaluation, array, engine = self.spec.evaluation, self._model.own_part(parameter), self._model.engine
        assert evaluation is not None
        coefficients = evaluation.coefficients(self.param_groups[parameter.group])
        if engine.step_count(parameter.index) == 0:
            return
        y = load_param(array, parameter.formats.residue, engine.residue(parameter.index))
        with np.errstate(all="ignore"):
            rounded = {name: y.dtype.type(value) for name, value in coefficients.items()}
            x = evaluation.value(y, self._model.states_of(parameter), rounded)
        array[...] = x if x.dtype == array.dtype else narrow(x, array.dtype)

    def train(self) -> None:
        """Put the training parameters y back, bit for bit. Calling it again does nothing."""
        if self._training is not None:
            with self._model.together("train"):
                uninterrupted(self._put_back)

    def _put_back(self) -> None:
        self._model.before_change("train")
        for array, values in self._training or []:
            array[...] = values
        self._model.after_change()
        self._training = None
        self._model.refusal = None
