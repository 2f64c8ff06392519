"""Adagrad: steps divided by the root of the sum of all squared gradients."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from adamas._types import Array
from adamas.rules.flower_words import AdagradInFlower
from adamas.rules.formula import Coefficients, Formula
from adamas.rules.hyperparameter import DECAY, DECOUPLED, EPS, LR, MAXIMIZE, WEIGHT_DECAY, Hyperparameter, Range
from adamas.rules.keras_words import KerasStep, KerasWords
from adamas.rules.spec import RuleSpec, enter


class _AdagradFormula(Formula):
    name = "adagrad"
    states = {"sum": "exact"}

    def coefficients(self, group: Mapping[str, Any], step: int, scalars: dict[str, float]) -> dict[str, float]:
        return {"eps": group["eps"], "step_size": group["lr"] / (1.0 + (step - 1) * group["lr_decay"])}

    def update(self, p: Array, g: Array, state: dict[str, Array], c: Coefficients) -> Array:
        s = state["sum"] = state["sum"] + g * g
        new: Array = p - c["step_size"] * g / (np.sqrt(s) + c["eps"])
        return new


class _AdagradInKeras(KerasWords):
    """Adagrad, as ``keras.optimizers.Adagrad``: epsilon is under the root.

    ::

        s <- s + g*g
        p <- p - learning_rate * g / sqrt(s + epsilon)

    References:
        J. Duchi, E. Hazan, Y. Singer: Adaptive Subgradient Methods for Online Learning and Stochastic Optimization.
        JMLR 12, 2011.
    """

    texts = {
        "initial_accumulator_value": "First value of s. The state starts at the sum of this and ``epsilon``. A "
        "finite number >= 0.",
        "epsilon": "Added under the root. A finite number >= 0.",
    }

    arguments = {"learning_rate": 0.001, "initial_accumulator_value": 0.1, "epsilon": 1e-7}

    def step(self, arguments: Mapping[str, Any], learning_rate: float, weight_decay: float) -> KerasStep:
        start = arguments["initial_accumulator_value"] + arguments["epsilon"]
        return KerasStep({"initial_accumulator_value": start, "eps": 0.0})


@enter
class Adagrad(RuleSpec):
    r"""Adagrad, as in PyTorch: gradients divided by the root of the sum of all squared gradients.

    For each element, with gradient g, step count t and the state s (``sum``), which starts at
    initial_accumulator_value::

        g <- g + weight_decay * p
        s <- s + g*g
        p <- p - lr/(1 + (t - 1)*lr_decay) * g / (sqrt(s) + eps)

    Example:
        >>> import numpy as np
        >>> import adamas
        >>> w = np.array([1.0, -2.0], dtype=np.float32)
        >>> opt = adamas.Adagrad([w], lr=0.1)
        >>> opt.step([2 * w])
        StepReport(step=1, updated=1)
        >>> w
        array([ 0.9, -1.9], dtype=float32)

    References:
        J. Duchi, E. Hazan, Y. Singer: Adaptive Subgradient Methods for Online Learning and Stochastic Optimization.
        JMLR 12, 2011.
    """

    advice = "Sparse gradients: elements that rarely have one keep large steps."
    hyperparameters = (
        LR.but(1e-2),
        Hyperparameter("lr_decay", 0.0, Range.NON_NEGATIVE, text="How fast the learning rate falls."),
        WEIGHT_DECAY,
        Hyperparameter(
            "initial_accumulator_value", 0.0, Range.NON_NEGATIVE, frozen=True, text="First value of the sum s."
        ),
        EPS.but(1e-10),
        MAXIMIZE,
        DECOUPLED,
        *DECAY,
    )
    formulas = (_AdagradFormula(),)
    keras = _AdagradInKeras()
    flower = AdagradInFlower()

    def first_values(self, group: Mapping[str, Any]) -> dict[str, float | None]:
        return {"sum": group["initial_accumulator_value"]}
