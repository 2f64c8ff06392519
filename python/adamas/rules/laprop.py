"""LaProp: momentum of gradients that are already divided by their root mean square."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from adamas._numerics.power import one_minus_power
from adamas._types import Array
from adamas.rules.formula import Coefficients, Formula
from adamas.rules.hyperparameter import BETAS, CAUTIOUS, DECAY, DECOUPLED, EPS, LR, MAXIMIZE, WEIGHT_DECAY
from adamas.rules.spec import RuleSpec, enter


class _LaPropFormula(Formula):
    name = "laprop"
    states = {"exp_avg": "signed", "exp_avg_sq": "square"}
    cautious = True
    scalars = {"lr_average": 0.0}

    def coefficients(self, group: Mapping[str, Any], step: int, scalars: dict[str, float]) -> dict[str, float]:
        beta1, beta2 = group["betas"]
        gradient_step = (1.0 - beta1) * group["lr"]
        average = scalars["lr_average"] = beta1 * scalars["lr_average"] + gradient_step
        return {
            "beta1": beta1,
            "gradient_step": gradient_step,
            "beta2": beta2,
            "one_minus_beta2": 1.0 - beta2,
            "inverse_sqrt_bias2": 1.0 / math.sqrt(one_minus_power(beta2, step)),
            "eps": group["eps"],
            "step_size": group["lr"] / average if average > 0.0 else 0.0,
        }

    def update(self, p: Array, g: Array, state: dict[str, Array], c: Coefficients) -> Array:
        v = state["exp_avg_sq"] = c["beta2"] * state["exp_avg_sq"] + c["one_minus_beta2"] * (g * g)
        d = np.sqrt(v) * c["inverse_sqrt_bias2"] + c["eps"]
        m = state["exp_avg"] = c["beta1"] * state["exp_avg"] + c["gradient_step"] * g / d
        new: Array = p - c["step_size"] * m
        return new


@enter
class LaProp(RuleSpec):
    r"""LaProp, as in the authors' code and in timm: momentum of gradients that are already divided by their size.

    For each element, with gradient g, step count t and the states m (``exp_avg``) and v (``exp_avg_sq``), which start
    at zero, and the number l (``lr_average``), which is kept beside the step count::

        p <- p * (1 - lr*weight_decay)
        l <- beta1*l + (1 - beta1)*lr
        v <- beta2*v + (1 - beta2)*g*g
        m <- beta1*m + (1 - beta1)*lr * g / (sqrt(v)/sqrt(1 - beta2^t) + eps)
        p <- p - lr/l * m

    With a constant lr, lr/l is 1/(1 - beta1^t). As long as lr has been 0 in all steps, nothing moves. timm lets the
    parameter decay after the update, adamas before it.

    Example:
        >>> import numpy as np
        >>> import adamas
        >>> w = np.array([1.0, -2.0], dtype=np.float32)
        >>> opt = adamas.LaProp([w], lr=0.1)
        >>> opt.step([2 * w])
        StepReport(step=1, updated=1)
        >>> w
        array([ 0.9, -1.9], dtype=float32)

    References:
        L. Ziyin, Z. T. Wang, M. Ueda: LaProp: Separating Momentum and Adaptivity in Adam. arXiv:2002.04839, 2020.
    """

    advice = "Adam whose beta1 and beta2 can be tuned independently."
    hyperparameters = (
        LR.but(4e-4),
        BETAS,
        EPS.but(1e-15),
        WEIGHT_DECAY,
        MAXIMIZE,
        DECOUPLED.but(True),
        *DECAY,
        CAUTIOUS,
    )
    formulas = (_LaPropFormula(),)
