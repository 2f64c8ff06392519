"""Yogi: Adam whose second moment grows slowly."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from adamas._numerics.power import one_minus_power
from adamas._types import Array
from adamas.rules.flower_words import YogiInFlower
from adamas.rules.formula import Coefficients, Formula, beta_coefficients, with_sign
from adamas.rules.hyperparameter import (
    BETAS,
    CAUTIOUS,
    DECAY,
    DECOUPLED,
    EPS,
    LR,
    MAXIMIZE,
    WEIGHT_DECAY,
    Hyperparameter,
    Range,
)
from adamas.rules.keras_words import KerasWords
from adamas.rules.spec import RuleSpec, enter


class _YogiFormula(Formula):
    name = "yogi"
    states = {"exp_avg": "signed / exp_avg_sq", "exp_avg_sq": "square"}
    cautious = True
    follows_average = True

    def coefficients(self, group: Mapping[str, Any], step: int, scalars: dict[str, float]) -> dict[str, float]:
        beta1, beta2 = group["betas"]
        return {
            **beta_coefficients(beta1, beta2),
            "inverse_sqrt_bias2": 1.0 / math.sqrt(one_minus_power(beta2, step)),
            "eps": group["eps"],
            "step_size": group["lr"] / one_minus_power(beta1, step),
        }

    def update(self, p: Array, g: Array, state: dict[str, Array], c: Coefficients) -> Array:
        m = state["exp_avg"] = c["beta1"] * state["exp_avg"] + c["one_minus_beta1"] * g
        square = g * g
        v = state["exp_avg_sq"]
        v = state["exp_avg_sq"] = v - with_sign(c["one_minus_beta2"] * square, v - square)
        d = np.sqrt(v) * c["inverse_sqrt_bias2"] + c["eps"]
        new: Array = p - c["step_size"] * m / d
        return new


class _YogiInKeras(KerasWords):
    """Adam whose second moment changes by no more than (1 - beta_2)*g*g, as `adamas.Yogi`.

    References:
        M. Zaheer, S. Reddi, D. Sachan, S. Kale, S. Kumar: Adaptive Methods for Nonconvex Optimization. NeurIPS 2018.
    """


@enter
class Yogi(RuleSpec):
    r"""Adam whose second moment changes by no more than (1 - beta2)*g*g, as in optax.

    For each element, with gradient g, step count t and the states m (``exp_avg``) and v (``exp_avg_sq``), which start
    at initial_accumulator_value::

        g <- g + weight_decay * p
        m <- beta1*m + (1 - beta1)*g
        v <- v - (1 - beta2)*g*g * sign(v - g*g)
        p <- p - lr/(1 - beta1^t) * m / (sqrt(v)/sqrt(1 - beta2^t) + eps)

    Example:
        >>> import numpy as np
        >>> import adamas
        >>> w = np.array([1.0, -2.0], dtype=np.float32)
        >>> opt = adamas.Yogi([w], lr=0.1)
        >>> opt.step([2 * w])
        StepReport(step=1, updated=1)
        >>> w
        array([ 0.900062 , -1.9000283], dtype=float32)

    References:
        M. Zaheer, S. Reddi, D. Sachan, S. Kale, S. Kumar: Adaptive Methods for Nonconvex Optimization. NeurIPS 2018.
    """

    advice = "Programs that use it, federated learning for example. The second moment grows slowly."
    hyperparameters = (
        LR.but(1e-2),
        BETAS,
        EPS.but(1e-3),
        WEIGHT_DECAY,
        Hyperparameter(
            "initial_accumulator_value",
            1e-6,
            Range.NON_NEGATIVE,
            keyword_only=True,
            frozen=True,
            text="First value of both moments.",
        ),
        MAXIMIZE,
        DECOUPLED,
        *DECAY,
        CAUTIOUS,
    )
    formulas = (_YogiFormula(),)
    keras = _YogiInKeras()
    flower = YogiInFlower()

    def first_values(self, group: Mapping[str, Any]) -> dict[str, float | None]:
        start = group["initial_accumulator_value"]
        return {"exp_avg": start, "exp_avg_sq": start}
