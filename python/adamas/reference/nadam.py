"""NAdam: Adam with Nesterov momentum."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from adamas._numerics.elementary import exponential
from adamas._numerics.power import one_minus_power
from adamas._types import Array, LearningRate
from adamas.reference._optimizer import ReferenceOptimizer
from adamas.rules.rule import RULES, Coefficients, Rule, beta_coefficients

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from adamas._optimizer.options import Options


_LOG_BASE = -0.04082199452025517  # log(0.96)


class _NAdamRule(Rule):
    states = {"exp_avg": "signed / exp_avg_sq", "exp_avg_sq": "square"}
    scalars = {"mu_product": 1.0}

    def coefficients(self, group: Mapping[str, Any], step: int, scalars: dict[str, float]) -> dict[str, float]:
        beta1, beta2 = group["betas"]

        def mu(t: float) -> float:
            return float(beta1 * (1.0 - 0.5 * exponential(t * group["momentum_decay"] * _LOG_BASE)))

        mu_now, mu_next = mu(float(step)), mu(step + 1.0)
        scalars["mu_product"] = scalars["mu_product"] * mu_now
        return {
            **beta_coefficients(beta1, beta2),
            "inverse_sqrt_bias2": 1.0 / math.sqrt(one_minus_power(beta2, step)),
            "eps": group["eps"],
            "gradient_step": group["lr"] * (1.0 - mu_now) / (1.0 - scalars["mu_product"]),
            "momentum_step": group["lr"] * mu_next / (1.0 - scalars["mu_product"] * mu_next),
        }

    def update(self, p: Array, g: Array, state: dict[str, Array], c: Coefficients) -> Array:
        m = state["exp_avg"] = c["beta1"] * state["exp_avg"] + c["one_minus_beta1"] * g
        v = state["exp_avg_sq"] = c["beta2"] * state["exp_avg_sq"] + c["one_minus_beta2"] * (g * g)
        d = np.sqrt(v) * c["inverse_sqrt_bias2"] + c["eps"]
        new: Array = p - (c["gradient_step"] * g + c["momentum_step"] * m) / d
        return new


RULES["nadam"] = _NAdamRule()


class NAdam(ReferenceOptimizer):
    r"""Adam with Nesterov momentum, as in PyTorch.

    For each element, with gradient g, step count t and the states m (``exp_avg``) and v (``exp_avg_sq``), which start
    at zero::

        mu_t <- beta1 * (1 - 0.96^(t*momentum_decay) / 2)
        g <- g + weight_decay * p
        m <- beta1*m + (1 - beta1)*g
        v <- beta2*v + (1 - beta2)*g*g
        p <- p - (lr*(1 - mu_t)/(1 - mu_1*...*mu_t) * g + lr*mu_{t+1}/(1 - mu_1*...*mu_{t+1}) * m)
                 / (sqrt(v)/sqrt(1 - beta2^t) + eps)

    The product of the mu so far is kept beside the step count, as ``mu_product``. Numbers are rounded as in `Adam`.

    Args:
        params: As in `Adam`.
        lr: As in `Adam`.
        betas: As in `Adam`.
        eps: As in `Adam`.
        weight_decay: As in `Adam`.
        momentum_decay: How soon mu approaches beta1, >= 0.
        decoupled_weight_decay: Decay as `AdamW` does, instead of by a penalty in the gradient.
        maximize: As in `Adam`.
        **options: As in `Adam`.

    Raises:
        TypeError: As in `Adam`.
        ValueError: As in `Adam`.

    Example:
        >>> import numpy as np
        >>> import adamas
        >>> w = np.array([1.0, -2.0], dtype=np.float32)
        >>> opt = adamas.NAdam([w], lr=0.1)
        >>> opt.step([2 * w])
        StepReport(step=1, updated=1)
        >>> w
        array([ 0.8943548, -1.8943548], dtype=float32)

    References:
        T. Dozat: Incorporating Nesterov Momentum into Adam. ICLR Workshop 2016.
    """

    def __init__(
        self,
        params: Any,
        lr: LearningRate = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        momentum_decay: float = 4e-3,
        decoupled_weight_decay: bool = False,
        *,
        maximize: bool = False,
        **options: Unpack[Options],
    ) -> None:
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "momentum_decay": momentum_decay,
            "decoupled_weight_decay": decoupled_weight_decay,
            "maximize": maximize,
        }
        super().__init__(params, defaults, options)

    @staticmethod
    def _rule(group: Mapping[str, Any]) -> str:
        return "nadam"
