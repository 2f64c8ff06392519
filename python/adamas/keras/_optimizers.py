"""The optimizers, one class for each of adamas, with Keras's names and arguments where Keras has the rule."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, ClassVar

import keras

from adamas import optimizers as engines
from adamas.adapters import Array
from adamas.adapters import Optimizer as Engine
from adamas.keras._binding import Binding, Step
from adamas.keras._model_variables import to_numpy
from adamas.keras._optimizer import Optimizer

serializable = keras.saving.register_keras_serializable(package="adamas")

DECOUPLED = {"decoupled_weight_decay": True}

ADAM = {"learning_rate": 0.001, "beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-7}


@serializable
class Adam(Optimizer):
    """Adam, as ``keras.optimizers.Adam``: epsilon is added before the bias correction.

    ::

        m <- beta_1*m + (1 - beta_1)*g
        v <- beta_2*v + (1 - beta_2)*g*g
        p <- p - learning_rate * sqrt(1 - beta_2^t)/(1 - beta_1^t) * m / (sqrt(v) + epsilon)

    Args:
        learning_rate: As of `Optimizer`, as all others are.
        beta_1: Decay rate of m, in [0, 1).
        beta_2: Decay rate of v, in [0, 1).
        epsilon: Added to the denominator, >= 0.
        amsgrad: Divide by the square root of the largest v so far.

    References:
        D. P. Kingma, J. Ba: Adam: A Method for Stochastic Optimization. ICLR 2015, arXiv:1412.6980.
    """

    engine_class: ClassVar[type[Engine]] = engines.Adam
    arguments = {**ADAM, "amsgrad": False}
    fixed = {"eps_hat": True, **DECOUPLED}


@serializable
class AdamW(Adam):
    """Adam with weight decay, as ``keras.optimizers.AdamW``; arguments as of `Adam`.

    Args:
        weight_decay: >= 0.

    References:
        I. Loshchilov, F. Hutter: Decoupled Weight Decay Regularization. ICLR 2019, arXiv:1711.05101.
    """

    engine_class = engines.AdamW
    arguments = {"learning_rate": 0.001, "weight_decay": 0.004, **Adam.arguments}
    fixed = {"eps_hat": True}


@serializable
class Nadam(Optimizer):
    """Adam with Nesterov momentum, as ``keras.optimizers.Nadam``; arguments as of `Adam`.

    References:
        T. Dozat: Incorporating Nesterov Momentum into Adam. ICLR Workshop 2016.
    """

    engine_class = engines.NAdam
    arguments = ADAM
    fixed = {"momentum_decay": 1.0, **DECOUPLED}


@serializable
class RAdam(Optimizer):
    """Rectified Adam, as `adamas.RAdam`; arguments as of `Adam`.

    References:
        L. Liu et al.: On the Variance of the Adaptive Learning Rate and Beyond. ICLR 2020, arXiv:1908.03265.
    """

    engine_class = engines.RAdam
    arguments = {**ADAM, "epsilon": 1e-8}
    fixed = DECOUPLED


@serializable
class Adamax(Optimizer):
    """Adam with the infinity norm, as ``keras.optimizers.Adamax`` but for the place of epsilon; arguments as of `Adam`.

    ::

        u <- max(beta_2*u, |g| + epsilon)
        p <- p - learning_rate/(1 - beta_1^t) * m/u

    Keras has ``max(beta_2*u, |g|)`` and adds epsilon to u.

    References:
        D. P. Kingma, J. Ba: Adam: A Method for Stochastic Optimization. ICLR 2015, arXiv:1412.6980 (section 7.1).
    """

    engine_class = engines.Adamax
    arguments = ADAM
    fixed = DECOUPLED


@serializable
class AdaBelief(Optimizer):
    """Adam that divides by the spread of the gradient around its average, as `adamas.AdaBelief`.

    Args:
        learning_rate: As of `Optimizer`, as all others are that `Adam` has not.
        epsilon_root: Added to the second moment at every step, >= 0.

    References:
        J. Zhuang et al.: AdaBelief Optimizer: Adapting Stepsizes by the Belief in Observed Gradients. NeurIPS 2020,
        arXiv:2010.07468.
    """

    engine_class = engines.AdaBelief
    arguments = {**ADAM, "epsilon": 1e-16, "epsilon_root": 1e-16}
    fixed = DECOUPLED


@serializable
class Yogi(Optimizer):
    """Adam whose second moment changes by no more than (1 - beta_2)*g*g, as `adamas.Yogi`.

    Args:
        learning_rate: As of `Optimizer`, as all others are that `Adam` has not.
        initial_accumulator_value: What both moments start at, >= 0.

    References:
        M. Zaheer, S. Reddi, D. Sachan, S. Kale, S. Kumar: Adaptive Methods for Nonconvex Optimization. NeurIPS 2018.
    """

    engine_class = engines.Yogi
    arguments = {**ADAM, "learning_rate": 0.01, "epsilon": 1e-3, "initial_accumulator_value": 1e-6}
    fixed = DECOUPLED


@serializable
class Adagrad(Optimizer):
    """Adagrad, as ``keras.optimizers.Adagrad``: epsilon is under the root.

    ::

        s <- s + g*g
        p <- p - learning_rate * g / sqrt(s + epsilon)

    Args:
        learning_rate: As of `Optimizer`, as all others are.
        initial_accumulator_value: What s starts at, >= 0. (The state starts at the sum of this and epsilon.)
        epsilon: >= 0.

    References:
        J. Duchi, E. Hazan, Y. Singer: Adaptive Subgradient Methods for Online Learning and Stochastic Optimization.
        JMLR 12, 2011.
    """

    engine_class = engines.Adagrad
    arguments = {"learning_rate": 0.001, "initial_accumulator_value": 0.1, "epsilon": 1e-7}
    fixed = DECOUPLED

    def _step_at(self, learning_rate: float) -> Step:
        step = super()._step_at(learning_rate)
        start = self.initial_accumulator_value + self.epsilon
        changed = {"initial_accumulator_value": start, "eps": 0.0}
        return replace(step, hyperparameters={**step.hyperparameters, **changed})


@serializable
class RMSprop(Optimizer):
    """RMSprop, as ``keras.optimizers.RMSprop``: epsilon is under the root.

    ::

        v <- rho*v + (1 - rho)*g*g
        a <- rho*a + (1 - rho)*g                                     (centered)
        u = g / sqrt(v + epsilon),  or centered: g / sqrt(v - a*a + epsilon)
        p <- p - learning_rate*u,   or with momentum: b <- momentum*b + u;  p <- p - learning_rate*b

    Keras's b has the learning rates in it. The state holds ``v + epsilon/rho``, which the next step makes
    ``v + epsilon``.

    Args:
        learning_rate: As of `Optimizer`, as all others are.
        rho: Decay rate of the averages, in (0, 1).
        momentum: In [0, 1]. Whether there is one is fixed by `build`.
        epsilon: >= 0.
        centered: Divide by the spread around the average gradient.
        state_dtype: None, "float32" or "float64".

    References:
        T. Tieleman, G. Hinton: Lecture 6.5, rmsprop. Coursera: Neural Networks for Machine Learning, 2012.
    """

    engine_class = engines.RMSprop
    arguments = {"learning_rate": 0.001, "rho": 0.9, "momentum": 0.0, "epsilon": 1e-7, "centered": False}
    fixed = DECOUPLED

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.state_dtype not in (None, "float32", "float64"):
            raise ValueError(
                f"state_dtype: expected None, 'float32' or 'float64' for RMSprop, got {self.state_dtype!r}; epsilon "
                "would be lost in the rounding"
            )
        if self.rho == 0.0:
            raise ValueError("rho: expected a number in (0, 1), got 0")

    def _step_at(self, learning_rate: float) -> Step:
        step = super()._step_at(learning_rate)
        # Not 0: a state that comes from elsewhere may be 0.
        hyperparameters = {**step.hyperparameters, "eps": 1e-30}
        return replace(
            step, hyperparameters=hyperparameters, offsets={"square_avg": self.epsilon * (1.0 - self.rho) / self.rho}
        )

    def _bind(self, variables: Sequence[Any], arrays: Sequence[Array]) -> Binding:
        binding = super()._bind(variables, arrays)
        for i in range(len(arrays)):
            binding.states(i)["square_avg"][...] = self.epsilon / self.rho
        return binding


@serializable
class Lion(Optimizer):
    """Lion (evolved sign momentum), as ``keras.optimizers.Lion``.

    Args:
        learning_rate: As of `Optimizer`, as all others are.
        beta_1: Weight of the momentum in the direction, in [0, 1).
        beta_2: Decay rate of the momentum, in [0, 1).

    References:
        X. Chen et al.: Symbolic Discovery of Optimization Algorithms. NeurIPS 2023, arXiv:2302.06675.
    """

    engine_class = engines.Lion
    arguments = {"learning_rate": 0.001, "beta_1": 0.9, "beta_2": 0.99}


@serializable
class Lamb(Optimizer):
    """Layer-wise adaptive moments, as ``keras.optimizers.Lamb``; arguments as of `Adam`.

    Weight decay comes before the update, as always in Keras; in the paper it is part of the direction.

    References:
        Y. You et al.: Large Batch Optimization for Deep Learning: Training BERT in 76 minutes. ICLR 2020,
        arXiv:1904.00962.
    """

    engine_class = engines.LAMB
    arguments = ADAM
    decays_before = True


@serializable
class Adan(Optimizer):
    """Adaptive Nesterov momentum, as `adamas.Adan`.

    Args:
        learning_rate: As of `Optimizer`, as all others are.
        beta_1: Decay rate of the average of gradients, in [0, 1).
        beta_2: Decay rate of the average of their differences, in [0, 1).
        beta_3: Decay rate of the second moment, in [0, 1).
        epsilon: Added to the denominator, >= 0.
        epsilon_root: Added under the root, >= 0.
        mix_by_beta2: Weigh the difference by beta_2, as the authors' code does.

    References:
        X. Xie, P. Zhou, H. Li, Z. Lin, S. Yan: Adan: Adaptive Nesterov Momentum Algorithm for Faster Optimizing Deep
        Models. arXiv:2208.06677, 2022.
    """

    engine_class = engines.Adan
    arguments = {
        "learning_rate": 0.001,
        "beta_1": 0.98,
        "beta_2": 0.92,
        "beta_3": 0.99,
        "epsilon": 1e-8,
        "epsilon_root": 1e-8,
        "mix_by_beta2": False,
    }


@serializable
class ADOPT(Optimizer):
    """Adam that divides each gradient by the second moment before it, as `adamas.ADOPT`.

    Args:
        learning_rate: As of `Optimizer`, as all others are that `Adam` has not.
        clip: Keep what is averaged within (t - 1)^(1/4).

    References:
        S. Taniguchi et al.: ADOPT: Modified Adam Can Converge with Any beta2 with the Optimal Rate. NeurIPS 2024,
        arXiv:2411.02853.
    """

    engine_class = engines.ADOPT
    arguments = {**ADAM, "beta_2": 0.9999, "epsilon": 1e-6, "clip": True}
    fixed = DECOUPLED


@serializable
class AdEMAMix(Optimizer):
    """AdamW with a second, slow average of the gradients, as `adamas.AdEMAMix`.

    Args:
        learning_rate: As of `Optimizer`, as all others are that `Adam` has not.
        beta_3: Decay rate of the slow average, in [0, 1).
        alpha: Its weight, >= 0.
        warmup_steps: Steps over which alpha and beta_3 grow, >= 0.

    References:
        M. Pagliardini, P. Ablin, D. Grangier: The AdEMAMix Optimizer: Better, Faster, Older. ICLR 2025,
        arXiv:2409.03137.
    """

    engine_class = engines.AdEMAMix
    arguments = {**ADAM, "beta_3": 0.9999, "epsilon": 1e-8, "alpha": 5.0, "warmup_steps": 0}


@serializable
class ScheduleFreeAdamW(Optimizer):
    """AdamW without a schedule, as ``keras.optimizers.ScheduleFreeAdamW``; see `adamas.ScheduleFreeAdamW`.

    Variables are y, where gradients are taken; inside `averaged` they are the averages x, to be evaluated or saved.

    Args:
        learning_rate: As of `Optimizer`, as all others are that `Adam` has not.
        beta_1: Interpolation between z and x, in (0, 1).
        warmup_steps: Steps over which the learning rate grows linearly, >= 0.
        r: Power of the step count in the weight of a step in the average, >= 0.
        weight_lr_power: Power of the learning rate in it, >= 0: 0 in Keras, 2 in the authors' code.

    References:
        A. Defazio et al.: The Road Less Scheduled. NeurIPS 2024, arXiv:2405.15682.
    """

    engine_class = engines.ScheduleFreeAdamW
    arguments = {
        **ADAM,
        "learning_rate": 0.0025,
        "epsilon": 1e-8,
        "warmup_steps": 0,
        "r": 0.0,
        "weight_lr_power": 0.0,
    }
    decays_before = True

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.beta_1 == 0.0:
            raise ValueError("beta_1: expected a number in (0, 1), got 0; y would say nothing about the average")

    @contextmanager
    def averaged(self) -> Iterator[None]:
        """Put the averages x into the variables, for the time of a ``with`` block; the same bits come back after it.

        Raises:
            ValueError: The optimizer has no variables yet.
        """
        if self._model is None:
            raise ValueError("averaged: nothing has been averaged before the first step")
        before = [to_numpy(variable) for variable in self._model.variables]
        for variable, states in zip(self._model.variables, self._model.states, strict=True):
            offset = keras.ops.cast(states["z"], variable.dtype) - variable
            variable.assign(variable + (1.0 - 1.0 / self.beta_1) * offset)
        try:
            yield
        finally:
            for variable, value in zip(self._model.variables, before, strict=True):
                variable.assign(value)


@serializable
class SGD(Optimizer):
    """Stochastic gradient descent, as ``keras.optimizers.SGD``.

    ::

        plain:     p <- p - learning_rate*g
        momentum:  b <- momentum*b + learning_rate*g;  p <- p - b
        Nesterov:  b likewise;                         p <- p - (learning_rate*g + momentum*b)

    Args:
        learning_rate: As of `Optimizer`, as all others are.
        momentum: In [0, 1]. Whether there is one is fixed by `build`.
        nesterov: Nesterov's momentum.

    References:
        I. Sutskever, J. Martens, G. Dahl, G. Hinton: On the importance of initialization and momentum in deep learning.
        ICML 2013.
    """

    engine_class = engines.SGD
    arguments = {"learning_rate": 0.01, "momentum": 0.0, "nesterov": False}
    fixed = DECOUPLED

    def _step_at(self, learning_rate: float) -> Step:
        step = super()._step_at(learning_rate)
        if self.momentum == 0.0:
            return replace(step, hyperparameters={**step.hyperparameters, "nesterov": False})
        # The engine multiplies the buffer by the learning rate, Keras the gradient: so that is where it goes.
        lr = step.hyperparameters["lr"]
        return replace(
            step,
            hyperparameters={**step.hyperparameters, "lr": 1.0},
            weight_decay=lr * (step.weight_decay or 0.0),
            grad_scale=1.0 / max(lr, 1e-300),
        )
