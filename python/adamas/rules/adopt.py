"""ADOPT: Adam that converges for any beta2."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from adamas._types import Array
from adamas.rules.formula import Coefficients, Formula, beta_coefficients, clamp, larger
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


class _ADOPTFormula(Formula):
    name = "adopt"
    states = {"exp_avg": "signed", "exp_avg_sq": "square"}
    cautious = True

    def coefficients(self, group: Mapping[str, Any], step: int, scalars: dict[str, float]) -> dict[str, float]:
        beta1, beta2 = group["betas"]
        first = step == 1
        return {
            **beta_coefficients(beta1, 0.0 if first else beta2),
            "eps": group["eps"],
            "bound": math.sqrt(math.sqrt(step - 1.0)) if group["clip"] or first else math.inf,
            "step_size": group["lr"],
        }

    def update(self, p: Array, g: Array, state: dict[str, Array], c: Coefficients) -> Array:
        u = clamp(g / larger(c["eps"], np.sqrt(state["exp_avg_sq"])), c["bound"])
        m = state["exp_avg"] = c["beta1"] * state["exp_avg"] + c["one_minus_beta1"] * u
        state["exp_avg_sq"] = c["beta2"] * state["exp_avg_sq"] + c["one_minus_beta2"] * (g * g)
        new: Array = p - c["step_size"] * m
        return new


class _ADOPTInKeras(KerasWords):
    """Adam that divides each gradient by the second moment before it, as `adamas.ADOPT`.

    References:
        S. Taniguchi et al.: ADOPT: Modified Adam Can Converge with Any beta2 with the Optimal Rate. NeurIPS 2024,
        arXiv:2411.02853.
    """


@enter
class ADOPT(RuleSpec):
    r"""Adam that divides each gradient by the second moment before it, as in optax.

    For each element, with gradient g, step count t and the states m (``exp_avg``) and v (``exp_avg_sq``), which start
    at zero::

        g <- g + weight_decay * p
        u = clip(g / max(sqrt(v), eps), (t - 1)^(1/4))
        m <- beta1*m + (1 - beta1)*u
        v <- beta2*v + (1 - beta2)*g*g
        p <- p - lr*m

    The first step only sets v to g*g. It leaves the parameter as it is.

    Example:
        >>> import numpy as np
        >>> import adamas
        >>> w = np.array([1.0, -2.0], dtype=np.float32)
        >>> opt = adamas.ADOPT([w], lr=0.1)
        >>> for _ in range(2):
        ...     report = opt.step([2 * w])
        >>> w
        array([ 0.99, -1.99], dtype=float32)

    References:
        S. Taniguchi, K. Harada, G. Minegishi, Y. Oshima, S. C. Jeong, G. Nagahara, T. Iiyama, M. Suzuki, Y. Iwasawa,
        Y. Matsuo: ADOPT: Modified Adam Can Converge with Any beta2 with the Optimal Rate. NeurIPS 2024,
        arXiv:2411.02853.
    """

    advice = "Any beta2: it converges for each, with a proof."
    hyperparameters = (
        LR,
        BETAS.but((0.9, 0.9999)),
        EPS.but(1e-6, text="The least denominator."),
        WEIGHT_DECAY,
        Hyperparameter(
            "clip", True, Range.FLAG, keyword_only=True, text="Clip u to (t - 1)^(1/4), as in the equations above."
        ),
        MAXIMIZE,
        DECOUPLED,
        *DECAY,
        CAUTIOUS,
    )
    formulas = (_ADOPTFormula(),)
    keras = _ADOPTInKeras()
