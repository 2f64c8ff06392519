"""Adadelta: steps whose size comes from the steps before."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from adamas._types import Array
from adamas.rules.formula import Coefficients, Formula
from adamas.rules.hyperparameter import DECAY, DECOUPLED, EPS, LR, MAXIMIZE, WEIGHT_DECAY, Hyperparameter, Range
from adamas.rules.keras_words import KerasWords
from adamas.rules.spec import RuleSpec, enter


class _AdadeltaFormula(Formula):
    name = "adadelta"
    states = {"square_avg": "square", "acc_delta": "square"}

    def coefficients(self, group: Mapping[str, Any], step: int, scalars: dict[str, float]) -> dict[str, float]:
        return {
            "rho": group["rho"],
            "one_minus_rho": 1.0 - group["rho"],
            "eps": group["eps"],
            "step_size": group["lr"],
        }

    def update(self, p: Array, g: Array, state: dict[str, Array], c: Coefficients) -> Array:
        v = state["square_avg"] = c["rho"] * state["square_avg"] + c["one_minus_rho"] * (g * g)
        u = np.sqrt((state["acc_delta"] + c["eps"]) / (v + c["eps"])) * g
        state["acc_delta"] = c["rho"] * state["acc_delta"] + c["one_minus_rho"] * (u * u)
        new: Array = p - c["step_size"] * u
        return new


class _AdadeltaInKeras(KerasWords):
    """Adadelta, as ``keras.optimizers.Adadelta``; the rule is that of `adamas.Adadelta`.

    References:
        M. D. Zeiler: ADADELTA: An Adaptive Learning Rate Method. arXiv:1212.5701, 2012.
    """

    arguments = {"learning_rate": 0.001, "rho": 0.95, "epsilon": 1e-7}


@enter
class Adadelta(RuleSpec):
    r"""Adadelta, as in PyTorch: steps whose size comes from the sizes of the steps before.

    For each element, with gradient g and the states v (``square_avg``) and a (``acc_delta``), which start at zero::

        g <- g + weight_decay * p
        v <- rho*v + (1 - rho)*g*g
        u = sqrt((a + eps)/(v + eps)) * g
        a <- rho*a + (1 - rho)*u*u
        p <- p - lr*u

    Example:
        >>> import numpy as np
        >>> import adamas
        >>> w = np.array([1.0, -2.0], dtype=np.float32)
        >>> opt = adamas.Adadelta([w], lr=10.0)
        >>> opt.step([2 * w])
        StepReport(step=1, updated=1)
        >>> w
        array([ 0.96837723, -1.9683772 ], dtype=float32)

    References:
        M. D. Zeiler: ADADELTA: An Adaptive Learning Rate Method. arXiv:1212.5701, 2012.
    """

    advice = "Programs that use it. Its paper has no learning rate."
    hyperparameters = (
        LR.but(1.0, text="Learning rate. The paper has none, which is 1."),
        Hyperparameter("rho", 0.9, Range.FRACTION, text="Decay rate of the averages v and a."),
        EPS.but(1e-6, text="Added to both averages. It decides how large the first steps are."),
        WEIGHT_DECAY,
        MAXIMIZE,
        DECOUPLED,
        *DECAY,
    )
    formulas = (_AdadeltaFormula(),)
    keras = _AdadeltaInKeras()
