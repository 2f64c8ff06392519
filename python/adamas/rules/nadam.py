"""NAdam: Adam with Nesterov momentum."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from adamas._numerics.elementary import exponential
from adamas._numerics.power import one_minus_power
from adamas._types import Array
from adamas.rules.formula import Coefficients, Formula, beta_coefficients
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
from adamas.rules.keras_words import ADAM_ARGUMENTS, KerasWords
from adamas.rules.spec import RuleSpec, enter

_LOG_BASE = -0.04082199452025517


class _NAdamFormula(Formula):
    name = "nadam"
    states = {"exp_avg": "signed / exp_avg_sq", "exp_avg_sq": "square"}
    cautious = True
    scalars = {"mu_product": 1.0}

    def coefficients(self, group: Mapping[str, Any], step: int, scalars: dict[str, float]) -> dict[str, float]:
        beta1, beta2 = group["betas"]

        def mu(t: float) -> float:
            return float(beta1 * (1.0 - 0.5 * exponential(t * group["momentum_decay"] * _LOG_BASE)))

        mu_now, mu_next = mu(float(step)), mu(step + 1.0)
        scalars["mu_product"] = scalars["mu_product"] * mu_now
        return {
            **beta_coefficients(beta1, beta2),
            "inverse_sqrt_bias2": 1.0 / math.sqrt(one_minus_power(beta2, step)),
            "eps": group["eps"],
            "gradient_step": group["lr"] * (1.0 - mu_now) / (1.0 - scalars["mu_product"]),
            "momentum_step": group["lr"] * mu_next / (1.0 - scalars["mu_product"] * mu_next),
        }

    def update(self, p: Array, g: Array, state: dict[str, Array], c: Coefficients) -> Array:
        m = state["exp_avg"] = c["beta1"] * state["exp_avg"] + c["one_minus_beta1"] * g
        v = state["exp_avg_sq"] = c["beta2"] * state["exp_avg_sq"] + c["one_minus_beta2"] * (g * g)
        d = np.sqrt(v) * c["inverse_sqrt_bias2"] + c["eps"]
        new: Array = p - (c["gradient_step"] * g + c["momentum_step"] * m) / d
        return new


class _NAdamInKeras(KerasWords):
    """Adam with Nesterov momentum, as ``keras.optimizers.Nadam``.

    References:
        T. Dozat: Incorporating Nesterov Momentum into Adam. ICLR Workshop 2016.
    """

    name = "Nadam"
    arguments = ADAM_ARGUMENTS
    fixed = {"momentum_decay": 1.0}


@enter
class NAdam(RuleSpec):
    r"""Adam with Nesterov momentum, as in PyTorch.

    For each element, with gradient g, step count t and the states m (``exp_avg``) and v (``exp_avg_sq``), which start
    at zero::

        mu_t <- beta1 * (1 - 0.96^(t*momentum_decay) / 2)
        g <- g + weight_decay * p
        m <- beta1*m + (1 - beta1)*g
        v <- beta2*v + (1 - beta2)*g*g
        p <- p - (lr*(1 - mu_t)/(1 - mu_1*...*mu_t) * g + lr*mu_{t+1}/(1 - mu_1*...*mu_{t+1}) * m)
                 / (sqrt(v)/sqrt(1 - beta2^t) + eps)

    The product of all mu so far is kept beside the step count, as ``mu_product``.

    Example:
        >>> import numpy as np
        >>> import adamas
        >>> w = np.array([1.0, -2.0], dtype=np.float32)
        >>> opt = adamas.NAdam([w], lr=0.1)
        >>> opt.step([2 * w])
        StepReport(step=1, updated=1)
        >>> w
        array([ 0.8943548, -1.8943548], dtype=float32)

    References:
        T. Dozat: Incorporating Nesterov Momentum into Adam. ICLR Workshop 2016.
    """

    advice = "Adam with Nesterov momentum, where a program or a paper uses it."
    hyperparameters = (
        LR.but(2e-3),
        BETAS,
        EPS,
        WEIGHT_DECAY,
        Hyperparameter(
            "momentum_decay", 4e-3, Range.NON_NEGATIVE, text="How soon mu approaches beta1: the larger, the sooner."
        ),
        DECOUPLED.but(False, keyword_only=False),
        MAXIMIZE,
        *DECAY,
        CAUTIOUS,
    )
    formulas = (_NAdamFormula(),)
    keras = _NAdamInKeras()
