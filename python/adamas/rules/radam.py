"""RAdam: Adam with a rectified adaptive learning rate."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from adamas._numerics.power import one_minus_power
from adamas._types import Array
from adamas.rules.formula import Coefficients, Formula, beta_coefficients
from adamas.rules.hyperparameter import BETAS, CAUTIOUS, DECAY, DECOUPLED, EPS, LR, MAXIMIZE, WEIGHT_DECAY
from adamas.rules.keras_words import KerasWords
from adamas.rules.spec import RuleSpec, enter


def rectification(beta2: float, bias2: float, step: int, least: float) -> float | None:
    """Return r, or None where rho, the length of the average, is not above ``least``; ``bias2`` is 1 - beta2^t."""
    rho_inf = 2.0 / (1.0 - beta2) - 1.0
    rho = rho_inf - 2.0 * step * (1.0 - bias2) / bias2
    if not rho > least:
        return None
    return math.sqrt((rho - 4.0) * (rho - 2.0) * rho_inf / ((rho_inf - 4.0) * (rho_inf - 2.0) * rho))


class _RAdamFormula(Formula):
    name = "radam"
    states = {"exp_avg": "signed / exp_avg_sq", "exp_avg_sq": "square"}
    cautious = True
    follows_average = True

    def coefficients(self, group: Mapping[str, Any], step: int, scalars: dict[str, float]) -> dict[str, float]:
        beta1, beta2 = group["betas"]
        bias2 = one_minus_power(beta2, step)
        factor = rectification(beta2, bias2, step, 5.0)
        rectified = 1.0 if factor is None else factor * math.sqrt(bias2)
        return {
            **beta_coefficients(beta1, beta2),
            "eps": group["eps"],
            "rectified": 0.0 if factor is None else 1.0,
            "step_size": group["lr"] / one_minus_power(beta1, step) * rectified,
        }

    def update(self, p: Array, g: Array, state: dict[str, Array], c: Coefficients) -> Array:
        m = state["exp_avg"] = c["beta1"] * state["exp_avg"] + c["one_minus_beta1"] * g
        v = state["exp_avg_sq"] = c["beta2"] * state["exp_avg_sq"] + c["one_minus_beta2"] * (g * g)
        d = np.where(c["rectified"] > 0, np.sqrt(v) + c["eps"], p.dtype.type(1))
        new: Array = p - c["step_size"] * m / d
        return new


class _RAdamInKeras(KerasWords):
    """Rectified Adam, as `adamas.RAdam`.

    References:
        L. Liu et al.: On the Variance of the Adaptive Learning Rate and Beyond. ICLR 2020, arXiv:1908.03265.
    """


@enter
class RAdam(RuleSpec):
    r"""Rectified Adam, as in PyTorch: plain momentum until the second moment is reliable.

    For each element, with gradient g, step count t and the states m (``exp_avg``) and v (``exp_avg_sq``), which start
    at zero::

        g <- g + weight_decay * p
        m <- beta1*m + (1 - beta1)*g
        v <- beta2*v + (1 - beta2)*g*g
        rho_inf = 2/(1 - beta2) - 1
        rho = rho_inf - 2*t*beta2^t/(1 - beta2^t)
        if rho > 5:
            r = sqrt((rho - 4)*(rho - 2)*rho_inf / ((rho_inf - 4)*(rho_inf - 2)*rho))
            p <- p - lr/(1 - beta1^t) * m * r * sqrt(1 - beta2^t)/(sqrt(v) + eps)
        else:
            p <- p - lr/(1 - beta1^t) * m

    PyTorch and optax disagree on the place of eps. Here it is added before the bias correction, as PyTorch does.

    Example:
        >>> import numpy as np
        >>> import adamas
        >>> w = np.array([1.0, -2.0], dtype=np.float32)
        >>> opt = adamas.RAdam([w], lr=0.1)
        >>> opt.step([2 * w])
        StepReport(step=1, updated=1)
        >>> w
        array([ 0.8, -1.6], dtype=float32)

    References:
        L. Liu, H. Jiang, P. He, W. Chen, X. Liu, J. Gao, J. Han: On the Variance of the Adaptive Learning Rate and
        Beyond. ICLR 2020, arXiv:1908.03265.
    """

    advice = "Adam without a warmup of the learning rate."
    hyperparameters = (
        LR,
        BETAS,
        EPS,
        WEIGHT_DECAY,
        DECOUPLED.but(False, keyword_only=False),
        MAXIMIZE,
        *DECAY,
        CAUTIOUS,
    )
    formulas = (_RAdamFormula(),)
    keras = _RAdamInKeras()
