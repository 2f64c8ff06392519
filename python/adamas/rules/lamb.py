"""LAMB: Adam with a trust ratio for each parameter array."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from adamas._numerics.power import one_minus_power
from adamas._types import Array
from adamas.rules.formula import Coefficients, Factors, Formula, beta_coefficients
from adamas.rules.hyperparameter import BETAS, DECAY_IN_DIRECTION, EPS, LR, MAXIMIZE, Hyperparameter, Range
from adamas.rules.keras_words import ADAM_ARGUMENTS, KerasWords
from adamas.rules.spec import RuleSpec, enter


class _LAMBFormula(Formula):
    name = "lamb"
    states = {"exp_avg": "signed / exp_avg_sq", "exp_avg_sq": "square"}
    own_decay = True
    sums = ("param_square", "direction_square")

    def coefficients(self, group: Mapping[str, Any], step: int, scalars: dict[str, float]) -> dict[str, float]:
        beta1, beta2 = group["betas"]
        bias1 = one_minus_power(beta1, step) if group["bias_correction"] else 1.0
        bias2 = one_minus_power(beta2, step) if group["bias_correction"] else 1.0
        return {
            **beta_coefficients(beta1, beta2),
            "inverse_sqrt_bias2": 1.0 / math.sqrt(bias2),
            "eps": group["eps"],
            "inverse_bias1": 1.0 / bias1,
            "weight_decay": group["weight_decay"],
            "step_size": group["lr"],
        }

    def products(self, p: Array, g: Array, state: dict[str, Array], c: Coefficients) -> dict[str, Factors]:
        u = self._direction(p, g, state, c)
        return {"param_square": (p, p), "direction_square": (u, u)}

    def take_sums(self, c: dict[str, float], sums: Mapping[str, float], size: int, scalars: dict[str, float]) -> None:
        if sums["param_square"] != 0.0 and sums["direction_square"] != 0.0:
            trust = math.sqrt(sums["param_square"]) / math.sqrt(sums["direction_square"])
            c["step_size"] = c["step_size"] * trust

    def _direction(self, p: Array, g: Array, state: dict[str, Array], c: Coefficients) -> Array:
        m = state["exp_avg"] = c["beta1"] * state["exp_avg"] + c["one_minus_beta1"] * g
        v = state["exp_avg_sq"] = c["beta2"] * state["exp_avg_sq"] + c["one_minus_beta2"] * (g * g)
        d = np.sqrt(v) * c["inverse_sqrt_bias2"] + c["eps"]
        u: Array = c["inverse_bias1"] * m / d + c["weight_decay"] * p
        return u

    def update(self, p: Array, g: Array, state: dict[str, Array], c: Coefficients) -> Array:
        new: Array = p - c["step_size"] * self._direction(p, g, state, c)
        return new


class _LAMBInKeras(KerasWords):
    """Layer-wise adaptive moments, as ``keras.optimizers.Lamb``.

    Weight decay comes before the update, as always in Keras; in the paper it is part of the direction.

    References:
        Y. You et al.: Large Batch Optimization for Deep Learning: Training BERT in 76 minutes. ICLR 2020,
        arXiv:1904.00962.
    """

    name = "Lamb"
    arguments = ADAM_ARGUMENTS


@enter
class LAMB(RuleSpec):
    r"""Layer-wise adaptive moments for large batches, as in optax.

    For each parameter array, with gradient g, step count t and the states m (``exp_avg``) and v (``exp_avg_sq``), which
    start at zero::

        m <- beta1*m + (1 - beta1)*g
        v <- beta2*v + (1 - beta2)*g*g
        u = m/(1 - beta1^t) / (sqrt(v)/sqrt(1 - beta2^t) + eps) + weight_decay*p
        p <- p - lr * |p|/|u| * u

    where ``|.|`` is the Euclidean norm over the array, and the ratio is 1 if either norm is zero. Norms are summed up
    in float64, in an order that depends on neither instruction set nor threads.

    This is `Adam` with a trust ratio. The ratio scales the weight decay as well, so it is not an option of `Adam`.

    Example:
        >>> import numpy as np
        >>> import adamas
        >>> w = np.array([1.0, -2.0], dtype=np.float32)
        >>> opt = adamas.LAMB([w], lr=0.1)
        >>> opt.step([2 * w])
        StepReport(step=1, updated=1)
        >>> w
        array([ 0.84188616, -1.841886  ], dtype=float32)

    References:
        Y. You, J. Li, S. Reddi, J. Hseu, S. Kumar, S. Bhojanapalli, X. Song, J. Demmel, K. Keutzer, C.-J. Hsieh: Large
        Batch Optimization for Deep Learning: Training BERT in 76 minutes. ICLR 2020, arXiv:1904.00962.
    """

    advice = "Large batches, with updates like those of AdamW."
    hyperparameters = (
        LR,
        BETAS,
        EPS.but(1e-6),
        DECAY_IN_DIRECTION,
        MAXIMIZE,
        Hyperparameter(
            "bias_correction",
            True,
            Range.FLAG,
            keyword_only=True,
            text="Divide the moments by ``1 - beta^t``, as in the equations above. False: use them as they are.",
        ),
    )
    formulas = (_LAMBFormula(),)
    keras = _LAMBInKeras()
