"""AdaBelief: Adam with the variance of the gradient around its average."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

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
from adamas.rules.keras_words import KerasWords
from adamas.rules.spec import RuleSpec, enter


class _AdaBeliefFormula(Formula):
    name = "adabelief"
    states = {"exp_avg": "signed / exp_avg_var", "exp_avg_var": "square"}
    cautious = True
    follows_average = True

    def coefficients(self, group: Mapping[str, Any], step: int, scalars: dict[str, float]) -> dict[str, float]:
        beta1, beta2 = group["betas"]
        return {
            **beta_coefficients(beta1, beta2),
            "eps_root": group["eps_root"],
            "inverse_sqrt_bias2": 1.0 / math.sqrt(one_minus_power(beta2, step)),
            "eps": group["eps"],
            "step_size": group["lr"] / one_minus_power(beta1, step),
        }

    def update(self, p: Array, g: Array, state: dict[str, Array], c: Coefficients) -> Array:
        m = state["exp_avg"] = c["beta1"] * state["exp_avg"] + c["one_minus_beta1"] * g
        e = g - m
        s = c["beta2"] * state["exp_avg_var"] + c["one_minus_beta2"] * (e * e) + c["eps_root"]
        state["exp_avg_var"] = s
        d = np.sqrt(s) * c["inverse_sqrt_bias2"] + c["eps"]
        new: Array = p - c["step_size"] * m / d
        return new


class _AdaBeliefInKeras(KerasWords):
    """Adam that divides by the spread of the gradient around its average, as `adamas.AdaBelief`.

    References:
        J. Zhuang et al.: AdaBelief Optimizer: Adapting Stepsizes by the Belief in Observed Gradients. NeurIPS 2020,
        arXiv:2010.07468.
    """


@enter
class AdaBelief(RuleSpec):
    r"""Adam that divides by the spread of the gradient around its average, as in optax.

    For each element, with gradient g, step count t and the states m (``exp_avg``) and s (``exp_avg_var``), which start
    at zero::

        m <- beta1*m + (1 - beta1)*g
        s <- beta2*s + (1 - beta2)*(g - m)^2 + eps_root
        p <- p - lr/(1 - beta1^t) * m / (sqrt(s)/sqrt(1 - beta2^t) + eps)

    The defaults of eps and eps_root are those of optax; in the paper, eps is 1e-8. The equations leave out the weight
    decay, which ``decoupled_weight_decay`` describes.

    Example:
        >>> import numpy as np
        >>> import adamas
        >>> w = np.array([1.0, -2.0], dtype=np.float32)
        >>> opt = adamas.AdaBelief([w], lr=0.1)
        >>> opt.step([2 * w])
        StepReport(step=1, updated=1)
        >>> w
        array([ 0.8888889, -1.8888888], dtype=float32)

    References:
        J. Zhuang, T. Tang, Y. Ding, S. Tatikonda, N. Dvornek, X. Papademetris, J. S. Duncan: AdaBelief Optimizer:
        Adapting Stepsizes by the Belief in Observed Gradients. NeurIPS 2020, arXiv:2010.07468.
    """

    advice = "Programs that use it. Steps are large where gradients are steady."
    hyperparameters = (
        LR,
        BETAS.but(
            (0.9, 0.999),
            text="Decay rates of m and s.",
            parts=(
                "Decay rate of m, the average of gradients.",
                "Decay rate of s, the average of squared deviations from m.",
            ),
        ),
        EPS.but(1e-16),
        WEIGHT_DECAY,
        Hyperparameter("eps_root", 1e-16, Range.NON_NEGATIVE, keyword_only=True, text="Added to s at every step."),
        MAXIMIZE,
        DECOUPLED.but(True),
        *DECAY,
        CAUTIOUS,
    )
    formulas = (_AdaBeliefFormula(),)
    keras = _AdaBeliefInKeras()
