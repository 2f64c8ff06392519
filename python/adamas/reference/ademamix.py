"""AdEMAMix: Adam with a second, slow average of gradients."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from adamas._numerics.elementary import exponential, logarithm
from adamas._numerics.power import one_minus_power
from adamas._types import Array, LearningRate
from adamas.reference._optimizer import ReferenceOptimizer
from adamas.rules.rule import RULES, Coefficients, Rule, beta_coefficients

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from adamas._optimizer.options import Options


class _AdemamixRule(Rule):
    states = {"exp_avg": "signed / exp_avg_sq", "exp_avg_slow": "signed", "exp_avg_sq": "square"}

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


RULES["ademamix"] = _AdemamixRule()


class AdEMAMix(ReferenceOptimizer):
    r"""AdamW with a second, slow average of the gradients, as in optax.

    For each element, with gradient g, step count t and the states m1 (``exp_avg``), m2 (``exp_avg_slow``) and v
    (``exp_avg_sq``), which start at zero::

        p <- p * (1 - lr*weight_decay)
        m1 <- beta1*m1 + (1 - beta1)*g
        m2 <- beta3*m2 + (1 - beta3)*g
        v <- beta2*v + (1 - beta2)*g*g
        p <- p - lr * (m1/(1 - beta1^t) + alpha*m2) / (sqrt(v)/sqrt(1 - beta2^t) + eps)

    With warmup_steps, alpha and beta3 grow to their values over that many steps, as in the paper (section 3.2): alpha
    linearly from 0, beta3 from beta1 so that its half-life grows linearly. Numbers are rounded as in `Adam`.

    Args:
        params: As in `Adam`.
        lr: As in `Adam`.
        betas: Decay rates of m1, v and m2, each in [0, 1).
        eps: As in `Adam`.
        weight_decay: Strength of the decay, >= 0.
        alpha: Weight of the slow average, >= 0.
        warmup_steps: Steps over which alpha and beta3 grow, >= 0.
        maximize: As in `Adam`.
        **options: As in `Adam`.

    Raises:
        TypeError: As in `Adam`.
        ValueError: As in `Adam`.

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

    _beta_count: ClassVar[int] = 3
    _frozen: ClassVar[tuple[str, ...]] = ("decoupled_weight_decay",)
    _fixed: ClassVar[tuple[str, ...]] = ("decoupled_weight_decay",)

    def __init__(
        self,
        params: Any,
        lr: LearningRate = 1e-3,
        betas: tuple[float, float, float] = (0.9, 0.999, 0.9999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        *,
        alpha: float = 5.0,
        warmup_steps: int = 0,
        maximize: bool = False,
        **options: Unpack[Options],
    ) -> None:
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "alpha": alpha,
            "warmup_steps": warmup_steps,
            "maximize": maximize,
            "decoupled_weight_decay": True,
        }
        super().__init__(params, defaults, options)

    @staticmethod
    def _rule(group: Mapping[str, Any]) -> str:
        return "ademamix"
