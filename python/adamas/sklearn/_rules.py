"""The argument ``optimizer`` of estimators: any optimizer of adamas, under scikit-learn's learning rates."""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

import numpy as np
from sklearn.neural_network._stochastic_optimizers import BaseOptimizer

import adamas
from adamas.adapters import Array, class_named, evaluated, is_evaluated_elsewhere, is_optimizer_class
from adamas.adapters.checks import number, type_name
from adamas.sklearn._optimizers import THREADS, Exchanged, grouped


class RuleOptimizer(Exchanged, BaseOptimizer):
    """Any optimizer of adamas, under the learning rates of one of scikit-learn's.

    Args:
        rates: The optimizer of scikit-learn that it replaces. Its learning rate is that of each step: with
            ``solver="adam"`` it stays at ``learning_rate_init``, with ``solver="sgd"`` it changes as ``learning_rate``
            says.
        choice: The argument ``optimizer`` of the estimator.
        weight_decay: The argument ``weight_decay`` of the estimator.
    """

    def __init__(self, rates: Any, choice: Any, weight_decay: float | None) -> None:
        for states in ("ms", "vs", "velocities"):  # zeros that nobody needs
            if hasattr(rates, states):
                setattr(rates, states, [])
        Exchanged.__init__(self, choice, weight_decay)
        BaseOptimizer.__init__(self, rates.learning_rate_init)
        self._rates = rates
        #: The parameters in training, while the estimator has others to predict with.
        self._training: list[Array] | None = None

    def update_params(self, params: Sequence[Array], grads: Sequence[Array]) -> None:
        """Take a step; as `AdamOptimizer.update_params`."""
        optimizer = self.binding.optimizer_for(params, self._new)
        for group in optimizer.param_groups:
            group["lr"] = self.learning_rate
        optimizer.step(grouped(grads))

    def iteration_ends(self, time_step: int) -> None:
        """Set the learning rate at the end of an epoch, as scikit-learn's optimizer does."""
        self._rates.iteration_ends(time_step)
        self.learning_rate = self._rates.learning_rate

    def trigger_stopping(self, msg: str, verbose: bool) -> bool:
        """Decide whether to stop or to lower the learning rate, as scikit-learn's optimizer does."""
        stops: bool = self._rates.trigger_stopping(msg, verbose)
        self.learning_rate = self._rates.learning_rate
        return stops

    def evaluated(self) -> AbstractContextManager[None]:
        """Let the parameters hold what is to be evaluated, for the time of a ``with`` block."""
        assert self.binding.optimizer is not None
        return evaluated(self.binding.optimizer)

    def _to_predict(self, params: Sequence[Array]) -> list[Array] | None:
        """Return copies of what predictions are to be made with; None if that is ``params`` as they are."""
        if self.binding.optimizer is None or not is_evaluated_elsewhere(self.binding.optimizer):
            return None
        with self.evaluated():
            return [param.copy() for param in params]

    def finish(self, params: list[Array]) -> list[Array]:
        """Return the parameters to predict with, after training: copies, if they differ from those in training."""
        if not self.binding.holds(params):  # those of an earlier epoch, which early stopping has kept
            return params
        copies = self._to_predict(params)
        if copies is None:
            return params
        self._training = params
        return copies

    def resume(self, params: list[Array]) -> list[Array]:
        """Return the parameters to train: those that `finish` has replaced, unless what it returned was changed."""
        training, self._training = self._training, None
        if training is None:
            return params
        self.binding.optimizer_for(training, self._new)
        copies = self._to_predict(training)
        return training if copies is not None and _equal(copies, params) else params

    def _new(self, matrices: Sequence[Array], biases: Sequence[Array]) -> adamas.Optimizer:
        choice = self.choice
        factory = class_named(choice, "optimizer") if isinstance(choice, str) else choice
        rule = _class_of(factory)
        groups: list[dict[str, Any]] = [{"params": matrices}, {"params": biases}]
        if rule is None or "weight_decay" in rule.spec.by_name:
            groups[1]["weight_decay"] = 0.0
            if self.weight_decay is not None:
                groups[0]["weight_decay"] = self.weight_decay
        is_chosen = rule is None or "num_threads" in _keywords(factory)
        optimizer = factory(groups, lr=self.learning_rate, **({} if is_chosen else {"num_threads": THREADS}))
        if not isinstance(optimizer, adamas.Optimizer):
            raise TypeError(f"optimizer: expected a factory of optimizers of adamas, it made {type_name(optimizer)}")
        return optimizer


def check(choice: Any, weight_decay: Any, solver: str) -> None:
    """Check the arguments ``optimizer`` and ``weight_decay`` of an estimator.

    Raises:
        TypeError: One of the wrong type.
        ValueError: An unknown name, a number out of range, or arguments that do not go together.
    """
    if weight_decay is not None:
        number(weight_decay, "weight_decay", "None or a finite number >= 0", 0.0, math.inf)
    if choice is None and not weight_decay:
        return
    if solver == "lbfgs":
        name = "weight_decay" if choice is None else "optimizer"
        raise ValueError(f"{name}: has no effect with solver='lbfgs'; choose solver='adam' or solver='sgd'")
    if choice is None:
        return
    rule = _class_of(choice) if callable(choice) else class_named(choice, "optimizer")
    if "lr" in _keywords(choice):
        raise ValueError("optimizer: it sets lr, which is the estimator's to set; write learning_rate_init=... instead")
    if rule is not None and weight_decay and "weight_decay" not in rule.spec.by_name:
        raise ValueError(f"weight_decay: adamas.{rule.__name__} has none; leave it out")


def _class_of(factory: Any) -> type[adamas.Optimizer] | None:
    """Return the optimizer class that a factory is, perhaps with arguments; None for other functions."""
    made: Any = factory.func if isinstance(factory, functools.partial) else factory
    return made if is_optimizer_class(made) else None


def _keywords(factory: Any) -> Mapping[str, Any]:
    return factory.keywords if isinstance(factory, functools.partial) else {}


def _equal(some: Sequence[Array], others: Sequence[Array]) -> bool:
    return all(np.array_equal(a, b, equal_nan=True) for a, b in zip(some, others, strict=True))
