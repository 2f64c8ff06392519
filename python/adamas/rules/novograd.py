"""NovoGrad: gradients divided by an average of their norms, one for each parameter array."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from adamas._types import Array
from adamas.rules.formula import Coefficients, Factors, Formula
from adamas.rules.hyperparameter import BETAS, DECAY_IN_DIRECTION, EPS, LR, MAXIMIZE, Hyperparameter, Range
from adamas.rules.spec import RuleSpec, enter


class _NovoGradFormula(Formula):
    name = "novograd"
    states = {"exp_avg": "signed"}
    scalars = {"exp_avg_sq": 0.0}
    own_decay = True
    sums = ("grad_square",)

    def coefficients(self, group: Mapping[str, Any], step: int, scalars: dict[str, float]) -> dict[str, float]:
        beta1, beta2 = group["betas"]
        return {
            "beta1": beta1,
            "beta2": 0.0 if step == 1 else beta2,
            "one_minus_beta2": 1.0 if step == 1 else 1.0 - beta2,
            "eps_root": group["eps_root"],
            "eps": group["eps"],
            "scale": 1.0,
            "weight_decay": group["weight_decay"],
            "step_size": group["lr"],
        }

    def products(self, p: Array, g: Array, state: dict[str, Array], c: Coefficients) -> dict[str, Factors]:
        return {"grad_square": (g, g)}

    def take_sums(self, c: dict[str, float], sums: Mapping[str, float], size: int, scalars: dict[str, float]) -> None:
        v = scalars["exp_avg_sq"] = c["beta2"] * scalars["exp_avg_sq"] + c["one_minus_beta2"] * sums["grad_square"]
        d = math.sqrt(v + c["eps_root"]) + c["eps"]
        c["scale"] = 1.0 / d if d != 0.0 else math.inf

    def update(self, p: Array, g: Array, state: dict[str, Array], c: Coefficients) -> Array:
        m = state["exp_avg"] = c["beta1"] * state["exp_avg"] + (c["scale"] * g + c["weight_decay"] * p)
        new: Array = p - c["step_size"] * m
        return new


@enter
class NovoGrad(RuleSpec):
    r"""NovoGrad, as in optax: half the memory of Adam, since the second moment is one number for each array.

    For each parameter array, with gradient g and the state m (``exp_avg``), which starts at zero, and the number v
    (``exp_avg_sq``), which is kept beside the step count::

        v <- beta2*v + (1 - beta2)*|g|^2      (v <- |g|^2 at the first step)
        m <- beta1*m + g/(sqrt(v + eps_root) + eps) + weight_decay*p
        p <- p - lr*m

    where ``|.|`` is the Euclidean norm over the array. Norms are summed up in float64, in an order that depends on
    neither instruction set nor threads.

    Example:
        >>> import numpy as np
        >>> import adamas
        >>> w = np.array([3.0, -4.0], dtype=np.float32)
        >>> opt = adamas.NovoGrad([w], lr=0.5, eps=0.0)
        >>> opt.step([2 * w])
        StepReport(step=1, updated=1)
        >>> w
        array([ 2.7, -3.6], dtype=float32)

    References:
        B. Ginsburg, P. Castonguay, O. Hrinchuk, O. Kuchaiev, V. Lavrukhin, R. Leary, J. Li, H. Nguyen, Y. Zhang,
        J. M. Cohen: Stochastic Gradient Methods with Layer-wise Adaptive Moments for Training of Deep Networks.
        arXiv:1905.11286, 2019.
    """

    advice = "Large batches, with half of the states of AdamW."
    hyperparameters = (
        LR,
        BETAS.but(
            (0.9, 0.25),
            text="Decay rates of m and v.",
            parts=(
                "Decay rate of m, the momentum.",
                "Decay rate of v, the average of squared norms.",
            ),
        ),
        EPS.but(1e-6),
        Hyperparameter("eps_root", 0.0, Range.NON_NEGATIVE, text="Added to v under the root."),
        DECAY_IN_DIRECTION,
        MAXIMIZE,
    )
    formulas = (_NovoGradFormula(),)
