"""Adamax: Adam with the infinity norm."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adamas._numerics.power import one_minus_power
from adamas._types import Array
from adamas.rules.formula import Coefficients, Formula, beta_coefficients, larger, magnitude
from adamas.rules.hyperparameter import BETAS, CAUTIOUS, DECAY, DECOUPLED, EPS, LR, MAXIMIZE, WEIGHT_DECAY
from adamas.rules.keras_words import ADAM_ARGUMENTS, KerasWords
from adamas.rules.spec import RuleSpec, enter


class _AdamaxFormula(Formula):
    name = "adamax"
    states = {"exp_avg": "signed / exp_inf", "exp_inf": "magnitude"}
    cautious = True
    follows_average = True

    def coefficients(self, group: Mapping[str, Any], step: int, scalars: dict[str, float]) -> dict[str, float]:
        beta1, beta2 = group["betas"]
        return {
            **beta_coefficients(beta1, beta2),
            "eps": group["eps"],
            "step_size": group["lr"] / one_minus_power(beta1, step),
        }

    def update(self, p: Array, g: Array, state: dict[str, Array], c: Coefficients) -> Array:
        m = state["exp_avg"] = c["beta1"] * state["exp_avg"] + c["one_minus_beta1"] * g
        u = state["exp_inf"] = larger(c["beta2"] * state["exp_inf"], magnitude(g) + c["eps"])
        new: Array = p - c["step_size"] * m / u
        return new


class _AdamaxInKeras(KerasWords):
    """Adam with the infinity norm, as ``keras.optimizers.Adamax`` except for the place of epsilon.

    ::

        u <- max(beta_2*u, |g| + epsilon)
        p <- p - learning_rate/(1 - beta_1^t) * m/u

    Keras has ``max(beta_2*u, |g|)`` and adds epsilon to u.

    References:
        D. P. Kingma, J. Ba: Adam: A Method for Stochastic Optimization. ICLR 2015, arXiv:1412.6980 (section 7.1).
    """

    arguments = ADAM_ARGUMENTS


@enter
class Adamax(RuleSpec):
    r"""Adam with the infinity norm in place of the second moment, as in PyTorch and optax.

    For each element, with gradient g, step count t and the states m (``exp_avg``) and u (``exp_inf``), which start at
    zero::

        g <- g + weight_decay * p
        m <- beta1*m + (1 - beta1)*g
        u <- max(beta2*u, |g| + eps)
        p <- p - lr/(1 - beta1^t) * m/u

    Example:
        >>> import numpy as np
        >>> import adamas
        >>> w = np.array([1.0, -2.0], dtype=np.float32)
        >>> opt = adamas.Adamax([w], lr=0.1)
        >>> opt.step([2 * w])
        StepReport(step=1, updated=1)
        >>> w
        array([ 0.9, -1.9], dtype=float32)

    References:
        D. P. Kingma, J. Ba: Adam: A Method for Stochastic Optimization. ICLR 2015, arXiv:1412.6980 (section 7.1).
    """

    advice = "Programs that use it. The infinity norm takes the place of the second moment."
    hyperparameters = (
        LR.but(2e-3),
        BETAS.but(
            (0.9, 0.999),
            text="Decay rates of m and u.",
            parts=("Decay rate of m, the average of gradients.", "Decay rate of u, the largest magnitude."),
        ),
        EPS.but(1e-8, text="Added to the magnitude of each gradient."),
        WEIGHT_DECAY,
        MAXIMIZE,
        DECOUPLED,
        *DECAY,
        CAUTIOUS,
    )
    formulas = (_AdamaxFormula(),)
    keras = _AdamaxInKeras()
