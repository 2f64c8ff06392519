"""MARS: AdamW on gradients whose variance is reduced by those of the step before."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from adamas._numerics.power import one_minus_power
from adamas._types import Array
from adamas.rules.formula import Coefficients, Factors, Formula, beta_coefficients
from adamas.rules.hyperparameter import (
    ALWAYS_DECOUPLED,
    BETAS,
    CAUTIOUS,
    DECAY,
    DECOUPLED_DECAY,
    EPS,
    LR,
    MAXIMIZE,
    Hyperparameter,
    Range,
)
from adamas.rules.spec import RuleSpec, enter


class _MARSFormula(Formula):
    name = "mars"
    states = {"exp_avg": "signed / exp_avg_sq", "exp_avg_sq": "square", "previous_grad": "signed"}
    cautious = True
    sums = ("corrected_square",)

    def coefficients(self, group: Mapping[str, Any], step: int, scalars: dict[str, float]) -> dict[str, float]:
        beta1, beta2 = group["betas"]
        return {
            **beta_coefficients(beta1, beta2),
            "correction": 0.0 if step == 1 else group["gamma"] * beta1 / (1.0 - beta1),
            "scale": 1.0,
            "inverse_sqrt_bias2": 1.0 / math.sqrt(one_minus_power(beta2, step)),
            "eps": group["eps"],
            "step_size": group["lr"] / one_minus_power(beta1, step),
        }

    def products(self, p: Array, g: Array, state: dict[str, Array], c: Coefficients) -> dict[str, Factors]:
        corrected = self._corrected(g, state, c)
        return {"corrected_square": (corrected, corrected)}

    def take_sums(self, c: dict[str, float], sums: Mapping[str, float], size: int, scalars: dict[str, float]) -> None:
        norm = math.sqrt(sums["corrected_square"])
        c["scale"] = 1.0 if norm <= 1.0 else 1.0 / norm

    def update(self, p: Array, g: Array, state: dict[str, Array], c: Coefficients) -> Array:
        clipped = c["scale"] * self._corrected(g, state, c)
        m = state["exp_avg"] = c["beta1"] * state["exp_avg"] + c["one_minus_beta1"] * clipped
        v = state["exp_avg_sq"] = c["beta2"] * state["exp_avg_sq"] + c["one_minus_beta2"] * (clipped * clipped)
        state["previous_grad"] = g
        d = np.sqrt(v) * c["inverse_sqrt_bias2"] + c["eps"]
        new: Array = p - c["step_size"] * m / d
        return new

    def _corrected(self, g: Array, state: dict[str, Array], c: Coefficients) -> Array:
        corrected: Array = c["correction"] * (g - state["previous_grad"]) + g
        return corrected


@enter
class MARS(RuleSpec):
    r"""MARS-AdamW, in the approximate form, with the gradient of the step before, as in timm.

    For each parameter array, with gradient g, step count t and the states m (``exp_avg``), v (``exp_avg_sq``) and
    g' (``previous_grad``), which start at zero::

        p <- p * (1 - lr*weight_decay)
        c = g + gamma*beta1/(1 - beta1) * (g - g')      (c = g at the first step)
        c <- c / max(1, |c|);  g' <- g
        m <- beta1*m + (1 - beta1)*c
        v <- beta2*v + (1 - beta2)*c*c
        p <- p - lr/(1 - beta1^t) * m / (sqrt(v)/sqrt(1 - beta2^t) + eps)

    where ``|.|`` is the Euclidean norm over the array. By default, the authors' code and timm update vectors, such as
    biases, by AdamW; to do the same, give these to an `AdamW` of their own. Norms are summed up in float64, in an order
    that depends on neither instruction set nor threads.

    Example:
        >>> import numpy as np
        >>> import adamas
        >>> w = np.array([1.0, -2.0], dtype=np.float32)
        >>> opt = adamas.MARS([w], lr=0.1)
        >>> opt.step([2 * w])
        StepReport(step=1, updated=1)
        >>> w
        array([ 0.9, -1.9], dtype=float32)

    References:
        H. Yuan, Y. Liu, S. Wu, X. Zhou, Q. Gu: MARS: Unleashing the Power of Variance Reduction for Training Large
        Models. ICML 2025, arXiv:2411.10438.
    """

    advice = "Large models with noisy gradients, where three states fit into memory."
    hyperparameters = (
        LR.but(3e-3),
        BETAS.but((0.9, 0.99)),
        EPS,
        Hyperparameter(
            "gamma", 0.025, Range.NON_NEGATIVE, text="Strength of the correction by the gradient of the step before."
        ),
        DECOUPLED_DECAY,
        MAXIMIZE,
        *DECAY,
        CAUTIOUS,
        ALWAYS_DECOUPLED,
    )
    formulas = (_MARSFormula(),)
