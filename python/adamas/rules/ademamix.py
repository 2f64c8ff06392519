"""AdEMAMix: Adam with a second, slow average of gradients."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from adamas._numerics.elementary import exponential, logarithm
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
from adamas.rules.keras_words import ADAM_ARGUMENTS, KerasWords
from adamas.rules.spec import RuleSpec, enter


class _AdEMAMixFormula(Formula):
    name = "ademamix"
    states = {"exp_avg": "signed / exp_avg_sq", "exp_avg_slow": "signed", "exp_avg_sq": "square"}
    cautious = True

    def coefficients(self, group: Mapping[str, Any], step: int, scalars: dict[str, float]) -> dict[str, float]:
        beta1, beta2, beta3 = group["betas"]
        warm = step / group["warmup_steps"] if step < group["warmup_steps"] else 1.0
        if warm < 1.0 and beta1 != 0.0 and beta3 > beta1:
            log1, log3 = logarithm(beta1), logarithm(beta3)
            beta3 = exponential(log1 * log3 / ((1.0 - warm) * log3 + warm * log1))
        return {
            **beta_coefficients(beta1, beta2, beta3),
            "inverse_sqrt_bias2": 1.0 / math.sqrt(one_minus_power(beta2, step)),
            "eps": group["eps"],
            "fast_step": group["lr"] / one_minus_power(beta1, step),
            "slow_step": group["lr"] * (warm * group["alpha"]),
        }

    def update(self, p: Array, g: Array, state: dict[str, Array], c: Coefficients) -> Array:
        m1 = state["exp_avg"] = c["beta1"] * state["exp_avg"] + c["one_minus_beta1"] * g
        m2 = state["exp_avg_slow"] = c["beta3"] * state["exp_avg_slow"] + c["one_minus_beta3"] * g
        v = state["exp_avg_sq"] = c["beta2"] * state["exp_avg_sq"] + c["one_minus_beta2"] * (g * g)
        d = np.sqrt(v) * c["inverse_sqrt_bias2"] + c["eps"]
        new: Array = p - (c["fast_step"] * m1 + c["slow_step"] * m2) / d
        return new


class _AdEMAMixInKeras(KerasWords):
    """AdamW with a second, slow average of the gradients, as `adamas.AdEMAMix`.

    References:
        M. Pagliardini, P. Ablin, D. Grangier: The AdEMAMix Optimizer: Better, Faster, Older. ICLR 2025,
        arXiv:2409.03137.
    """

    arguments = {**ADAM_ARGUMENTS, "beta_3": 0.9999, "epsilon": 1e-8, "alpha": 5.0, "warmup_steps": 0}


@enter
class AdEMAMix(RuleSpec):
    r"""AdamW with a second, slow average of the gradients, as in optax.

    For each element, with gradient g, step count t and the states m1 (``exp_avg``), m2 (``exp_avg_slow``) and v
    (``exp_avg_sq``), which start at zero::

        p <- p * (1 - lr*weight_decay)
        m1 <- beta1*m1 + (1 - beta1)*g
        m2 <- beta3*m2 + (1 - beta3)*g
        v <- beta2*v + (1 - beta2)*g*g
        p <- p - lr * (m1/(1 - beta1^t) + alpha*m2) / (sqrt(v)/sqrt(1 - beta2^t) + eps)

    With warmup_steps, alpha and beta3 grow to their values over that many steps, as in the paper (section 3.2): alpha
    linearly from 0, beta3 from beta1 so that its half-life grows linearly.

    Example:
        >>> import numpy as np
        >>> import adamas
        >>> w = np.array([1.0, -2.0], dtype=np.float32)
        >>> opt = adamas.AdEMAMix([w], lr=0.1)
        >>> opt.step([2 * w])
        StepReport(step=1, updated=1)
        >>> w
        array([ 0.89995, -1.89995], dtype=float32)

    References:
        M. Pagliardini, P. Ablin, D. Grangier: The AdEMAMix Optimizer: Better, Faster, Older. ICLR 2025,
        arXiv:2409.03137.
    """

    advice = "Long runs with a large model, which gain from old gradients."
    hyperparameters = (
        LR,
        BETAS.but(
            (0.9, 0.999, 0.9999),
            text="Decay rates of m1, v and m2.",
            parts=(
                "Decay rate of m1, the fast average of gradients.",
                "Decay rate of v, the second moment.",
                "Decay rate of m2, the slow average of gradients.",
            ),
        ),
        EPS,
        DECOUPLED_DECAY,
        Hyperparameter("alpha", 5.0, Range.NON_NEGATIVE, keyword_only=True, text="Weight of the slow average."),
        Hyperparameter(
            "warmup_steps",
            0,
            Range.COUNT,
            keyword_only=True,
            text="Steps over which ``alpha`` and beta3 grow to their values.",
        ),
        MAXIMIZE,
        *DECAY,
        CAUTIOUS,
        ALWAYS_DECOUPLED,
    )
    formulas = (_AdEMAMixFormula(),)
    keras = _AdEMAMixInKeras()
