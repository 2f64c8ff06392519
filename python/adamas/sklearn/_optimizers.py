"""Optimizers for scikit-learn's networks, which replace scikit-learn's private ones."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any

from sklearn.neural_network._stochastic_optimizers import AdamOptimizer as SklearnAdam
from sklearn.neural_network._stochastic_optimizers import SGDOptimizer as SklearnSGD

import adamas
from adamas.adapters import Array
from adamas.sklearn._binding import Binding

#: Threads of a step. Between steps the processors are those of the BLAS under scikit-learn: its matrix products take
#: longer where a second thread of another library still waits busily, and a step gains little by it.
THREADS = 1

#: The largest decay rate that there is.
_BELOW_ONE = math.nextafter(1.0, 0.0)


class Exchanged:
    """What an estimator asks of an optimizer, beside what scikit-learn asks of it.

    Attributes:
        binding: The optimizer of adamas.
        choice: The argument ``optimizer`` of the estimator that it serves.
        weight_decay: The argument ``weight_decay``.
    """

    def __init__(self, choice: Any, weight_decay: float | None) -> None:
        self.binding = Binding()
        self.choice = choice
        self.weight_decay = weight_decay

    def evaluated(self) -> AbstractContextManager[None]:
        """Let the parameters hold what is to be evaluated, for the time of a ``with`` block."""
        return contextlib.nullcontext()

    def finish(self, params: list[Array]) -> list[Array]:
        """Return the parameters to predict with, after training.

        Args:
            params: The parameters in training.
        """
        return params

    def resume(self, params: list[Array]) -> list[Array]:
        """Return the parameters to train.

        Args:
            params: The parameters that `finish` returned.
        """
        return params


class AdamOptimizer(Exchanged, SklearnAdam):
    """scikit-learn's Adam, computed by adamas: the same bits for float64 parameters, up to rounding for float32.

    Step t = 1, 2, ... computes from gradients g::

        m = beta_1 * m + (1 - beta_1) * g
        v = beta_2 * v + (1 - beta_2) * g^2
        learning_rate = learning_rate_init * sqrt(1 - beta_2^t) / (1 - beta_1^t)
        p = p - learning_rate * m / (sqrt(v) + epsilon)

    Args:
        params: The parameters that it is for. It is bound to those that `update_params` gets.
        learning_rate_init: The learning rate, > 0.
        beta_1: Decay rate of the first moment, in [0, 1).
        beta_2: Decay rate of the second moment, in [0, 1).
        epsilon: Added to the root of the second moment, which has no bias correction there, > 0.
        weight_decay: Decoupled weight decay, >= 0, or None for none: before each step, weight matrices are multiplied
            by ``1 - learning_rate_init * weight_decay``; biases are not.

    Attributes:
        learning_rate: The learning rate of the last step, with the bias correction.
        t: The number of steps taken.
        ms: The first moments, one for each parameter. The arrays are those of the optimizer: what is written into them
            counts.
        vs: The second moments, one for each parameter. The arrays are those of the optimizer: what is written into them
            counts.

    Raises:
        TypeError: At the first step: a setting that is no number.
        ValueError: At the first step: a setting out of range.

    Example:
        >>> import numpy as np
        >>> params = [np.ones((2, 2)), np.ones(2)]
        >>> grads = [np.ones((2, 2)), np.array([1.0, -4.0])]
        >>> AdamOptimizer(params, learning_rate_init=0.5).update_params(params, grads)
        >>> params[1].round(6)
        array([0.5, 1.5])

    References:
        Kingma, Ba: Adam: A Method for Stochastic Optimization. ICLR 2015, arXiv:1412.6980. ``epsilon`` is the "epsilon
        hat" at the end of section 2.
    """

    def __init__(
        self,
        params: Sequence[Array],
        learning_rate_init: float = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        *,
        weight_decay: float | None = None,
    ) -> None:
        Exchanged.__init__(self, None, weight_decay)
        self.t: int
        SklearnAdam.__init__(self, params, learning_rate_init, beta_1, beta_2, epsilon)

    @classmethod
    def like(cls, built: Any, weight_decay: float | None) -> AdamOptimizer:
        """Return an optimizer with the settings of one of scikit-learn's.

        Args:
            built: The optimizer of scikit-learn.
            weight_decay: The weight decay, or None for none.
        """
        return cls([], built.learning_rate_init, built.beta_1, built.beta_2, built.epsilon, weight_decay=weight_decay)

    @property
    def ms(self) -> Sequence[Array]:
        """The first moments, one for each parameter: the arrays of the optimizer."""
        return self.binding.states("exp_avg")

    @ms.setter
    def ms(self, moments: Sequence[Array]) -> None:
        self.binding.set_states("exp_avg", moments)

    @property
    def vs(self) -> Sequence[Array]:
        """The second moments, one for each parameter: the arrays of the optimizer."""
        return self.binding.states("exp_avg_sq")

    @vs.setter
    def vs(self, moments: Sequence[Array]) -> None:
        self.binding.set_states("exp_avg_sq", moments)

    def update_params(self, params: Sequence[Array], grads: Sequence[Array]) -> None:
        """Take a step.

        Args:
            params: The weight matrices, then the biases; float32 or float64. They are updated in place.
            grads: The gradient of each.

        Raises:
            TypeError: An array of the wrong type; the message names it.
            ValueError: An array that cannot be updated, or a gradient that does not fit; the message names it.
        """
        optimizer = self.binding.optimizer_for(params, self._new)
        t = self.t + 1
        root, remainder = math.sqrt(1 - self.beta_2**t), 1 - self.beta_1**t
        rate = self.learning_rate_init * root / remainder
        matrices, biases = optimizer.param_groups
        matrices["lr"] = biases["lr"] = rate
        matrices["weight_decay"] = self.weight_decay * remainder / root if self.weight_decay else 0.0
        optimizer.step(grouped(grads))
        self.t, self.learning_rate = t, rate

    def _new(self, matrices: Sequence[Array], biases: Sequence[Array]) -> adamas.Optimizer:
        return adamas.Adam(
            [{"params": matrices}, {"params": biases}],
            betas=(self.beta_1, min(self.beta_2, _BELOW_ONE)),  # of 1, the learning rate is 0: nothing moves
            eps=self.epsilon,
            bias_correction=False,  # it is in the learning rate
            decoupled_weight_decay=True,
            num_threads=THREADS,
        )


class SGDOptimizer(Exchanged, SklearnSGD):
    """scikit-learn's gradient descent with momentum, computed by adamas; the results are the same up to rounding.

    A step computes from gradients g::

        velocity = momentum * velocity - learning_rate * g
        p = p + velocity                                         without nesterov
        p = p + momentum * velocity - learning_rate * g          with nesterov

    Args:
        params: The parameters that it is for. It is bound to those that `update_params` gets.
        learning_rate_init: The learning rate at first, > 0.
        lr_schedule: How the learning rate changes: ``"constant"``, ``"invscaling"`` or ``"adaptive"``; the argument
            ``learning_rate`` of ``MLPClassifier``.
        momentum: How much of the velocity stays in a step, in [0, 1].
        nesterov: Use Nesterov's momentum.
        power_t: The exponent of ``"invscaling"``.
        weight_decay: Decoupled weight decay, >= 0, or None for none: before each step, weight matrices are multiplied
            by ``1 - learning_rate * weight_decay``; biases are not.

    Attributes:
        learning_rate: The learning rate of the next step.
        velocities: The velocities, one for each parameter, as copies. They can be set.

    Raises:
        TypeError: At the first step: a setting that is no number.
        ValueError: At the first step: a setting out of range.

    Example:
        >>> import numpy as np
        >>> params = [np.ones((2, 2)), np.ones(2)]
        >>> SGDOptimizer(params, 0.5, nesterov=False).update_params(params, [np.ones((2, 2)), np.ones(2)])
        >>> params[1]
        array([0.5, 0.5])

    References:
        Sutskever, Martens, Dahl, Hinton: On the importance of initialization and momentum in deep learning. ICML 2013.
    """

    def __init__(
        self,
        params: Sequence[Array],
        learning_rate_init: float = 0.1,
        lr_schedule: str = "constant",
        momentum: float = 0.9,
        nesterov: bool = True,
        power_t: float = 0.5,
        *,
        weight_decay: float | None = None,
    ) -> None:
        Exchanged.__init__(self, None, weight_decay)
        rates = (learning_rate_init, lr_schedule)
        SklearnSGD.__init__(self, params, *rates, momentum, nesterov, power_t)

    @classmethod
    def like(cls, built: Any, weight_decay: float | None) -> SGDOptimizer:
        """Return an optimizer with the settings of one of scikit-learn's.

        Args:
            built: The optimizer of scikit-learn.
            weight_decay: The weight decay, or None for none.
        """
        rates = (built.learning_rate_init, built.lr_schedule)
        return cls([], *rates, built.momentum, built.nesterov, built.power_t, weight_decay=weight_decay)

    @property
    def velocities(self) -> Sequence[Array]:
        """The velocities, one for each parameter, as copies."""
        return [-buffer for buffer in self.binding.states("momentum_buffer")] if self.momentum else []

    @velocities.setter
    def velocities(self, velocities: Sequence[Array]) -> None:
        self.binding.set_states("momentum_buffer", [-velocity for velocity in velocities])

    def update_params(self, params: Sequence[Array], grads: Sequence[Array]) -> None:
        """Take a step.

        Args:
            params: The weight matrices, then the biases; float32 or float64. They are updated in place.
            grads: The gradient of each.

        Raises:
            TypeError: An array has the wrong type; the message names it.
            ValueError: An array cannot be updated, or a gradient does not fit; the message names it.
        """
        optimizer = self.binding.optimizer_for(params, self._new)
        rate = self.learning_rate
        matrices, biases = optimizer.param_groups
        if not self.momentum:
            matrices["lr"] = biases["lr"] = rate
            matrices["weight_decay"] = self.weight_decay or 0.0
            optimizer.step(grouped(grads))
            return
        # A velocity has the learning rates of the steps that it came from: gradients are multiplied by them here.
        matrices["weight_decay"] = rate * (self.weight_decay or 0.0)
        optimizer.step(grouped(grads), grad_scale=1 / rate)

    def _new(self, matrices: Sequence[Array], biases: Sequence[Array]) -> adamas.Optimizer:
        return adamas.SGD(
            [{"params": matrices}, {"params": biases}],
            lr=1.0,
            momentum=self.momentum,
            nesterov=bool(self.nesterov and self.momentum),
            decoupled_weight_decay=True,
            num_threads=THREADS,
        )


def grouped(grads: Sequence[Array]) -> list[Sequence[Array]]:
    """Return gradients in the two groups that an optimizer here has: those of weight matrices, and of biases."""
    matrices = len(grads) // 2
    return [grads[:matrices], grads[matrices:]]
