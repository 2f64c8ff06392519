"""Adan: adaptive Nesterov momentum."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from adamas._numerics.power import one_minus_power
from adamas._types import Array
from adamas.rules.formula import Coefficients, Formula, beta_coefficients
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
from adamas.rules.keras_words import KerasWords
from adamas.rules.spec import RuleSpec, enter


class _AdanFormula(Formula):
    name = "adan"
    states = {
        "exp_avg": "signed / exp_avg_sq",
        "exp_avg_diff": "signed / exp_avg_sq",
        "exp_avg_sq": "square",
        "previous_grad": "signed",
    }
    cautious = True

    def coefficients(self, group: Mapping[str, Any], step: int, scalars: dict[str, float]) -> dict[str, float]:
        beta1, beta2, beta3 = group["betas"]
        mixing = beta2 if group["mix_by_beta2"] else 1.0 - beta2
        return {
            **beta_coefficients(beta1, beta2, beta3),
            "has_previous": 1.0 if step > 1 else 0.0,
            "mixing": mixing,
            "inverse_bias3": 1.0 / one_minus_power(beta3, step),
            "eps_root": group["eps_root"],
            "eps": group["eps"],
            "momentum_step": group["lr"] / one_minus_power(beta1, step),
            "difference_step": group["lr"] * mixing / one_minus_power(beta2, step),
        }

    def update(self, p: Array, g: Array, state: dict[str, Array], c: Coefficients) -> Array:
        e = c["has_previous"] * (g - state["previous_grad"])
        m = state["exp_avg"] = c["beta1"] * state["exp_avg"] + c["one_minus_beta1"] * g
        v = state["exp_avg_diff"] = c["beta2"] * state["exp_avg_diff"] + c["one_minus_beta2"] * e
        w = g + c["mixing"] * e
        n = state["exp_avg_sq"] = c["beta3"] * state["exp_avg_sq"] + c["one_minus_beta3"] * (w * w)
        state["previous_grad"] = g
        d = np.sqrt(n * c["inverse_bias3"] + c["eps_root"]) + c["eps"]
        new: Array = p - (c["momentum_step"] * m + c["difference_step"] * v) / d
        return new


class _AdanInKeras(KerasWords):
    """Adaptive Nesterov momentum, as `adamas.Adan`.

    References:
        X. Xie, P. Zhou, H. Li, Z. Lin, S. Yan: Adan: Adaptive Nesterov Momentum Algorithm for Faster Optimizing Deep
        Models. arXiv:2208.06677, 2022.
    """


@enter
class Adan(RuleSpec):
    r"""Adaptive Nesterov momentum, as in optax.

    For each element, with gradient g, step count t and the states m (``exp_avg``), v (``exp_avg_diff``), n
    (``exp_avg_sq``) and h (``previous_grad``), which start at zero::

        p <- p * (1 - lr*weight_decay)
        e = g - h  (0 at the first step);  h <- g
        m <- beta1*m + (1 - beta1)*g
        v <- beta2*v + (1 - beta2)*e
        n <- beta3*n + (1 - beta3)*(g + k*e)^2
        p <- p - lr * (m/(1 - beta1^t) + k*v/(1 - beta2^t)) / (sqrt(n/(1 - beta3^t) + eps_root) + eps)

    optax and the authors' code disagree on the weight k of the difference: it is 1 - beta2 in optax and here, and beta2
    in the authors' code and here with mix_by_beta2. Both define the betas as adamas does (the paper writes 1 - beta).

    Example:
        >>> import numpy as np
        >>> import adamas
        >>> w = np.array([1.0, -2.0], dtype=np.float32)
        >>> opt = adamas.Adan([w], lr=0.1)
        >>> opt.step([2 * w])
        StepReport(step=1, updated=1)
        >>> w
        array([ 0.9, -1.9], dtype=float32)

    References:
        X. Xie, P. Zhou, H. Li, Z. Lin, S. Yan: Adan: Adaptive Nesterov Momentum Algorithm for Faster Optimizing Deep
        Models. arXiv:2208.06677, 2022.
    """

    advice = "Long training, where four states fit into memory."
    hyperparameters = (
        LR,
        BETAS.but(
            (0.98, 0.92, 0.99),
            text="Decay rates of m, v and n.",
            parts=(
                "Decay rate of m, the average of gradients.",
                "Decay rate of v, the average of their differences.",
                "Decay rate of n, the second moment.",
            ),
        ),
        EPS,
        DECOUPLED_DECAY,
        Hyperparameter("eps_root", 1e-8, Range.NON_NEGATIVE, keyword_only=True, text="Added under the root."),
        Hyperparameter(
            "mix_by_beta2",
            False,
            Range.FLAG,
            keyword_only=True,
            text="Use beta2 as the weight k of the difference, as the authors' code does. False: 1 - beta2.",
        ),
        MAXIMIZE,
        *DECAY,
        CAUTIOUS,
        ALWAYS_DECOUPLED,
    )
    formulas = (_AdanFormula(),)
    keras = _AdanInKeras()
