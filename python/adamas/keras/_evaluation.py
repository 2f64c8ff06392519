"""Optimizers with separate evaluation weights, as the schedule-free rules have them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import keras

from adamas.adapters import describe
from adamas.keras._arguments import adamas_arguments
from adamas.keras._from_words import WordedOptimizer
from adamas.keras._model_variables import to_numpy


class EvaluatedElsewhere(WordedOptimizer):
    """An optimizer by a rule that has an `adamas.rules.Evaluation`."""

    @contextmanager
    def averaged(self) -> Iterator[None]:
        """Put the averages x into the variables inside a ``with`` block; after it they have the same bits as before.

        Raises:
            ValueError: The optimizer has no variables yet.
        """
        if self._model is None:
            raise ValueError("averaged: nothing has been averaged before the first step")
        info = describe(self.engine_class)
        evaluation = info.spec.evaluation
        assert evaluation is not None
        coefficients = evaluation.coefficients(adamas_arguments(info, self._values()))
        before = [to_numpy(variable) for variable in self._model.variables]
        for variable, states in zip(self._model.variables, self._model.states, strict=True):
            state = {name: keras.ops.cast(value, variable.dtype) for name, value in states.items()}
            variable.assign(evaluation.value(variable, state, coefficients))
        try:
            yield
        finally:
            for variable, value in zip(self._model.variables, before, strict=True):
                variable.assign(value)
