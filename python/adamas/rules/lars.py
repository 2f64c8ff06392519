"""LARS: momentum with a trust ratio for each parameter array."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from adamas._types import Array
from adamas.rules.formula import Coefficients, Factors, Formula
from adamas.rules.hyperparameter import DECAY_IN_DIRECTION, EPS, LR, MAXIMIZE, Hyperparameter, Range
from adamas.rules.spec import RuleSpec, enter


class _LARSFormula(Formula):
    name = "lars"
    states = {"momentum_buffer": "signed"}
    own_decay = True
    sums = ("param_square", "direction_square")

    def coefficients(self, group: Mapping[str, Any], step: int, scalars: dict[str, float]) -> dict[str, float]:
        names = ("momentum", "weight_decay", "trust_coefficient", "eps")
        return {
            **{name: group[name] for name in names},
            "step_size": group["lr"],
            "of_direction": 1.0 if group["nesterov"] else 0.0,
            "of_buffer": group["momentum"] if group["nesterov"] else 1.0,
        }

    def products(self, p: Array, g: Array, state: dict[str, Array], c: Coefficients) -> dict[str, Factors]:
        u = g + c["weight_decay"] * p
        return {"param_square": (p, p), "direction_square": (u, u)}

    def take_sums(self, c: dict[str, float], sums: Mapping[str, float], size: int, scalars: dict[str, float]) -> None:
        if sums["param_square"] != 0.0 and sums["direction_square"] != 0.0:
            norms = math.sqrt(sums["param_square"]) / (math.sqrt(sums["direction_square"]) + c["eps"])
            c["step_size"] = c["step_size"] * (c["trust_coefficient"] * norms)

    def update(self, p: Array, g: Array, state: dict[str, Array], c: Coefficients) -> Array:
        u = c["step_size"] * (g + c["weight_decay"] * p)
        b = state["momentum_buffer"] = c["momentum"] * state["momentum_buffer"] + u
        new: Array = p - (c["of_direction"] * u + c["of_buffer"] * b)
        return new


@enter
class LARS(RuleSpec):
    r"""Layer-wise adaptive rate scaling for large batches, as in optax.

    For each parameter array, with gradient g and the state b (``momentum_buffer``), which starts at zero::

        u = g + weight_decay*p
        b <- momentum*b + lr * trust_coefficient*|p|/(|u| + eps) * u
        p <- p - b,  or with nesterov: p <- p - (lr * trust_coefficient*|p|/(|u| + eps) * u + momentum*b)

    where ``|.|`` is the Euclidean norm over the array, and the factor before u is lr alone if either norm is zero.
    Norms are summed up in float64, in an order that depends on neither instruction set nor threads.

    Example:
        >>> import numpy as np
        >>> import adamas
        >>> w = np.array([3.0, -4.0], dtype=np.float32)
        >>> opt = adamas.LARS([w], lr=1.0, trust_coefficient=0.125)
        >>> opt.step([2 * w])
        StepReport(step=1, updated=1)
        >>> w
        array([ 2.625, -3.5  ], dtype=float32)

    References:
        Y. You, I. Gitman, B. Ginsburg: Large Batch Training of Convolutional Networks. arXiv:1708.03888, 2017.
    """

    advice = "Large batches, with updates like those of SGD."
    hyperparameters = (
        LR.but(1.0),
        Hyperparameter("momentum", 0.9, Range.NON_NEGATIVE, text="Momentum factor."),
        DECAY_IN_DIRECTION,
        Hyperparameter(
            "trust_coefficient",
            0.001,
            Range.NON_NEGATIVE,
            text="How large a step may be beside the norm of the parameter.",
        ),
        EPS.but(0.0, text="Added to the norm of the direction."),
        Hyperparameter("nesterov", False, Range.FLAG, keyword_only=True, text="Use Nesterov's momentum."),
        MAXIMIZE,
    )
    formulas = (_LARSFormula(),)
