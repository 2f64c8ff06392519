"""Stochastic gradient descent, plain or with momentum."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adamas._types import Array
from adamas.rules.common import decay_rate
from adamas.rules.formula import Coefficients, Formula
from adamas.rules.hyperparameter import CAUTIOUS, DECAY, DECOUPLED, LR, MAXIMIZE, WEIGHT_DECAY, Hyperparameter, Range
from adamas.rules.keras_words import KerasStep, KerasWords
from adamas.rules.spec import RuleSpec, enter


class _SGDFormula(Formula):
    def __init__(self, name: str, *, momentum: bool, nesterov: bool) -> None:
        self.name = name
        self.begins_anew = momentum
        self.cautious = momentum
        self.states = {"momentum_buffer": "signed"} if momentum else {}
        self._nesterov = nesterov

    def coefficients(self, group: Mapping[str, Any], step: int, scalars: dict[str, float]) -> dict[str, float]:
        return {
            "momentum": group["momentum"],
            "one_minus_dampening": 1.0 if step == 1 else 1.0 - group["dampening"],
            "step_size": group["lr"],
        }

    def update(self, p: Array, g: Array, state: dict[str, Array], c: Coefficients) -> Array:
        direction = g
        if "momentum_buffer" in state:
            b = c["momentum"] * state["momentum_buffer"] + c["one_minus_dampening"] * g
            state["momentum_buffer"] = b
            direction = g + c["momentum"] * b if self._nesterov else b
        new: Array = p - c["step_size"] * direction
        return new


class _SGDInKeras(KerasWords):
    """Stochastic gradient descent, as ``keras.optimizers.SGD``.

    ::

        plain:     p <- p - learning_rate*g
        momentum:  b <- momentum*b + learning_rate*g;  p <- p - b
        Nesterov:  b <- momentum*b + learning_rate*g;  p <- p - (learning_rate*g + momentum*b)

    References:
        I. Sutskever, J. Martens, G. Dahl, G. Hinton: On the importance of initialization and momentum in deep learning.
        ICML 2013.
    """

    texts = {
        "momentum": "Momentum factor. A number in [0, 1]. Whether it is 0 is fixed by `build`.",
        "nesterov": "Use Nesterov's momentum. True or False.",
    }

    arguments = {"learning_rate": 0.01, "momentum": 0.0, "nesterov": False}

    def step(self, arguments: Mapping[str, Any], learning_rate: float, weight_decay: float) -> KerasStep:
        if arguments["momentum"] == 0.0:
            return KerasStep({"nesterov": False})
        # The formula multiplies the buffer by the learning rate, Keras the gradient: so that is where it goes.
        rate = decay_rate({**arguments, "lr": learning_rate})
        return KerasStep(
            {"lr": 1.0, "decay": "scaled"}, rate * weight_decay, grad_scale=1.0 / max(learning_rate, 1e-300)
        )


@enter
class SGD(RuleSpec):
    r"""Stochastic gradient descent, plain or with momentum, as in PyTorch.

    For each element, with gradient g and, with momentum, the state b (``momentum_buffer``)::

        g <- g + weight_decay * p
        plain:     p <- p - lr*g
        momentum:  b <- momentum*b + (1 - dampening)*g  (g at the first step);  p <- p - lr*b
        Nesterov:  b <- momentum*b + g;                                         p <- p - lr*(g + momentum*b)

    Raises:
        ValueError: ``nesterov`` without ``momentum``, or with ``dampening``.

    Example:
        >>> import numpy as np
        >>> import adamas
        >>> w = np.array([1.0, -2.0], dtype=np.float32)
        >>> opt = adamas.SGD([w], lr=0.1, momentum=0.9)
        >>> opt.step([2 * w])
        StepReport(step=1, updated=1)
        >>> w
        array([ 0.8, -1.6], dtype=float32)

    References:
        B. T. Polyak: Some methods of speeding up the convergence of iteration methods. USSR Computational Mathematics
        and Mathematical Physics 4(5), 1964.

        I. Sutskever, J. Martens, G. Dahl, G. Hinton: On the importance of initialization and momentum in deep learning.
        ICML 2013.
    """

    advice = "Networks that were tuned for it, often convolutional ones. Without momentum it keeps no state."
    hyperparameters = (
        LR,
        Hyperparameter(
            "momentum",
            0.0,
            Range.NON_NEGATIVE,
            state="momentum_buffer",
            text="Momentum factor. 0: no momentum, and no b is kept.",
        ),
        Hyperparameter(
            "dampening",
            0.0,
            Range.FINITE,
            text="Subtracted from the weight of the gradient in b. It must be 0 for Nesterov's momentum.",
        ),
        WEIGHT_DECAY,
        Hyperparameter(
            "nesterov", False, Range.FLAG, frozen=True, text="Use Nesterov's momentum. It needs a ``momentum`` above 0."
        ),
        MAXIMIZE,
        DECOUPLED,
        *DECAY,
        CAUTIOUS,
    )
    formulas = (
        _SGDFormula("sgd", momentum=False, nesterov=False),
        _SGDFormula("sgd_momentum", momentum=True, nesterov=False),
        _SGDFormula("sgd_nesterov", momentum=True, nesterov=True),
    )
    variants = {"": {}, "momentum": {"momentum": 0.9}, "Nesterov": {"momentum": 0.9, "nesterov": True}}
    keras = _SGDInKeras()

    def choose(self, group: Mapping[str, Any]) -> str:
        return "sgd_nesterov" if group["nesterov"] else "sgd_momentum" if group["momentum"] else "sgd"

    def check_combination(self, group: Mapping[str, Any], path: str) -> None:
        if group["nesterov"] and (group["momentum"] == 0.0 or group["dampening"] != 0.0):
            raise ValueError(f"{path.format('nesterov')}: needs a momentum above 0 and a dampening of 0")
