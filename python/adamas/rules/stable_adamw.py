"""StableAdamW: AdamW whose update is clipped by its root mean square over the parameter."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from adamas._numerics.power import one_minus_power
from adamas._types import Array
from adamas.rules.formula import Coefficients, Factors, Formula, larger
from adamas.rules.hyperparameter import BETAS, EPS, LR, MAXIMIZE, WEIGHT_DECAY
from adamas.rules.spec import RuleSpec, enter


class _StableAdamWFormula(Formula):
    name = "stable_adamw"
    states = {"exp_avg": "signed / exp_avg_sq", "exp_avg_sq": "square"}
    own_decay = True
    sums = ("ratio",)

    def coefficients(self, group: Mapping[str, Any], step: int, scalars: dict[str, float]) -> dict[str, float]:
        rates = {}
        for name, beta in zip(("beta1", "beta2"), group["betas"], strict=True):
            bias = one_minus_power(beta, step)
            rates[name] = beta * one_minus_power(beta, step - 1) / bias if step > 1 else 0.0
            rates[f"one_minus_{name}"] = (1.0 - beta) / bias
        return {
            **rates,
            "eps": group["eps"],
            "eps_square": group["eps"] * group["eps"],
            "weight_decay": group["weight_decay"],
            "kept": 1.0,
            "step_size": group["lr"],
        }

    def products(self, p: Array, g: Array, state: dict[str, Array], c: Coefficients) -> dict[str, Factors]:
        square = g * g
        v = c["beta2"] * state["exp_avg_sq"] + c["one_minus_beta2"] * square
        return {"ratio": (square / larger(v, c["eps_square"]), np.ones_like(p))}

    def take_sums(self, c: dict[str, float], sums: Mapping[str, float], size: int, scalars: dict[str, float]) -> None:
        if sums["ratio"] > size:
            c["step_size"] = c["step_size"] / math.sqrt(sums["ratio"] / size)
        c["kept"] = 1.0 - c["step_size"] * c["weight_decay"]

    def update(self, p: Array, g: Array, state: dict[str, Array], c: Coefficients) -> Array:
        m = state["exp_avg"] = c["beta1"] * state["exp_avg"] + c["one_minus_beta1"] * g
        v = state["exp_avg_sq"] = c["beta2"] * state["exp_avg_sq"] + c["one_minus_beta2"] * (g * g)
        new: Array = p * c["kept"] - c["step_size"] * m / (np.sqrt(v) + c["eps"])
        return new


@enter
class StableAdamW(RuleSpec):
    r"""AdamW with Adafactor's clipping of the update, as in optimi, in place of clipping of gradients.

    For each parameter array, with gradient g, step count t and the states m (``exp_avg``) and v (``exp_avg_sq``), which
    start at zero::

        k1 = beta1*(1 - beta1^(t-1))/(1 - beta1^t),  k2 = beta2*(1 - beta2^(t-1))/(1 - beta2^t)
        m <- k1*m + (1 - k1)*g
        v <- k2*v + (1 - k2)*g*g
        r = sqrt(mean of g*g/max(v, eps^2)),  lr_t = lr/max(1, r)
        p <- p * (1 - lr_t*weight_decay)
        p <- p - lr_t * m/(sqrt(v) + eps)

    The mean is over the array. m and v need no correction: the rates k1 and k2 make averages of them from the first
    step on. Sums are taken in float64, in an order that depends on neither instruction set nor threads.

    This is Adam whose update is clipped by its root mean square. It is not an option of `Adam`, since the clipping
    scales the weight decay as well, and the averages have their own rates.

    Example:
        >>> import numpy as np
        >>> import adamas
        >>> w = np.array([1.0, -2.0], dtype=np.float32)
        >>> opt = adamas.StableAdamW([w], lr=0.1, weight_decay=0.0)
        >>> opt.step([2 * w])
        StepReport(step=1, updated=1)
        >>> w
        array([ 0.90000004, -1.9       ], dtype=float32)

    References:
        M. Wortsman, T. Dettmers, L. Zettlemoyer, A. Morcos, A. Farhadi, L. Schmidt: Stable and low-precision training
        for large-scale vision-language models. NeurIPS 2023, arXiv:2304.13013.
    """

    advice = "Training that has loss spikes, without clipping of gradients."
    hyperparameters = (
        LR,
        BETAS.but((0.9, 0.99)),
        EPS.but(1e-6),
        WEIGHT_DECAY.but(
            1e-2,
            text="Strength of the decoupled weight decay: each step multiplies the parameter by ``1 - "
            "lr_t*weight_decay``, where lr_t is the clipped learning rate.",
        ),
        MAXIMIZE,
    )
    formulas = (_StableAdamWFormula(),)
