"""Adamax: Adam with the infinity norm."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from adamas._numerics.power import one_minus_power
from adamas._types import Array, LearningRate
from adamas.reference._optimizer import ReferenceOptimizer
from adamas.rules.rule import RULES, Coefficients, Rule, beta_coefficients, larger, magnitude

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from adamas._optimizer.options import Options


class _AdamaxRule(Rule):
    states = {"exp_avg": "signed / exp_inf", "exp_inf": "magnitude"}

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


RULES["adamax"] = _AdamaxRule()


class Adamax(ReferenceOptimizer):
    r"""Adam with the infinity norm in place of the second moment, as in PyTorch and optax.

    For each element, with gradient g, step count t and the states m (``exp_avg``) and u (``exp_inf``), which start at
    zero::

        g <- g + weight_decay * p
        m <- beta1*m + (1 - beta1)*g
        u <- max(beta2*u, |g| + eps)
        p <- p - lr/(1 - beta1^t) * m/u

    Numbers are rounded as in `Adam`.

    Args:
        params: As in `Adam`.
        lr: As in `Adam`.
        betas: As in `Adam`.
        eps: Added to the size of each gradient, >= 0.
        weight_decay: As in `Adam`.
        maximize: As in `Adam`.
        decoupled_weight_decay: Decay as `AdamW` does, instead of by a penalty in the gradient.
        **options: As in `Adam`.

    Raises:
        TypeError: As in `Adam`.
        ValueError: As in `Adam`.

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

    def __init__(
        self,
        params: Any,
        lr: LearningRate = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        *,
        maximize: bool = False,
        decoupled_weight_decay: bool = False,
        **options: Unpack[Options],
    ) -> None:
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "maximize": maximize,
            "decoupled_weight_decay": decoupled_weight_decay,
        }
        super().__init__(params, defaults, options)

    @staticmethod
    def _rule(group: Mapping[str, Any]) -> str:
        return "adamax"
