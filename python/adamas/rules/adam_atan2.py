"""Adam-atan2: Adam with an angle in place of the quotient."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from adamas._numerics.power import one_minus_power
from adamas._types import Array
from adamas.rules.arctangent import arctangent
from adamas.rules.formula import Coefficients, Formula, beta_coefficients
from adamas.rules.hyperparameter import (
    BETAS,
    CAUTIOUS,
    DECAY,
    DECOUPLED,
    LR,
    MAXIMIZE,
    WEIGHT_DECAY,
    Hyperparameter,
    Range,
)
from adamas.rules.spec import RuleSpec, enter


class _AdamAtan2Formula(Formula):
    name = "adam_atan2"
    states = {"exp_avg": "signed / exp_avg_sq", "exp_avg_sq": "square"}
    cautious = True
    follows_average = True

    def coefficients(self, group: Mapping[str, Any], step: int, scalars: dict[str, float]) -> dict[str, float]:
        beta1, beta2 = group["betas"]
        return {
            **beta_coefficients(beta1, beta2),
            "inverse_bias1": 1.0 / one_minus_power(beta1, step),
            "root_scale": group["b"] / math.sqrt(one_minus_power(beta2, step)),
            "step_size": group["lr"] * group["a"],
        }

    def update(self, p: Array, g: Array, state: dict[str, Array], c: Coefficients) -> Array:
        m = state["exp_avg"] = c["beta1"] * state["exp_avg"] + c["one_minus_beta1"] * g
        v = state["exp_avg_sq"] = c["beta2"] * state["exp_avg_sq"] + c["one_minus_beta2"] * (g * g)
        new: Array = p - c["step_size"] * arctangent(c["inverse_bias1"] * m, np.sqrt(v) * c["root_scale"])
        return new


@enter
class AdamAtan2(RuleSpec):
    r"""Adam with an angle in place of the quotient: no eps, and the same steps when all gradients are scaled.

    For each element, with gradient g, step count t and the states m (``exp_avg``) and v (``exp_avg_sq``), which start
    at zero::

        p <- p * (1 - lr*weight_decay)
        m <- beta1*m + (1 - beta1)*g
        v <- beta2*v + (1 - beta2)*g*g
        p <- p - lr*a * atan2(m/(1 - beta1^t), b*sqrt(v)/sqrt(1 - beta2^t))

    An element that has had no gradient yet does not move. The angle is computed by adamas itself, from
    ``+ - * /`` alone, so that it is the same on every machine: to 3 ulp, in float32 and in float64.

    Example:
        >>> import numpy as np
        >>> import adamas
        >>> w = np.array([1.0, -2.0], dtype=np.float32)
        >>> opt = adamas.AdamAtan2([w], lr=0.1)
        >>> opt.step([2 * w])
        StepReport(step=1, updated=1)
        >>> w
        array([ 0.9002544, -1.9002545], dtype=float32)

    References:
        K. Everett, L. Xiao, M. Wortsman, A. A. Alemi, R. Novak, P. J. Liu, I. Gur, J. Sohl-Dickstein, L. P. Kaelbling,
        J. Lee, J. Pennington: Scaling Exponents Across Parameterizations and Optimizers. ICML 2024, arXiv:2407.05872.
    """

    advice = "No epsilon to choose."
    hyperparameters = (
        LR,
        BETAS,
        Hyperparameter(
            "a",
            1.27,
            Range.NON_NEGATIVE,
            text="Scale of the angle. With 4/pi, about 1.27, a step is ``lr`` where m and sqrt(v) are equal.",
        ),
        Hyperparameter(
            "b",
            1.0,
            Range.NON_NEGATIVE,
            text="Scale of the root of the second moment. The larger it is, the closer the rule is to `Adam` with a "
            "learning rate of lr*a/b.",
        ),
        WEIGHT_DECAY,
        MAXIMIZE,
        DECOUPLED.but(True),
        *DECAY,
        CAUTIOUS,
    )
    formulas = (_AdamAtan2Formula(),)
    function_name = "adam_atan2_"
