"""Adam, AMSGrad and AdamW."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from adamas._numerics.power import one_minus_power
from adamas._types import Array
from adamas.rules.flower_words import AdamInFlower, FlowerWords
from adamas.rules.formula import Coefficients, Formula, beta_coefficients, larger
from adamas.rules.hyperparameter import (
    ALWAYS_DECOUPLED,
    BETAS,
    CAUTIOUS,
    DECAY,
    DECOUPLED,
    DECOUPLED_DECAY,
    EPS,
    LR,
    MAXIMIZE,
    WEIGHT_DECAY,
    Hyperparameter,
    Range,
)
from adamas.rules.keras_words import ADAM_ARGUMENTS, KerasWords
from adamas.rules.spec import RuleSpec, enter


class _AdamFormula(Formula):
    cautious = True
    follows_average = True

    def __init__(self, name: str, *, amsgrad: bool) -> None:
        self.name = name
        self.has_closed_form = not amsgrad
        self.states = {"exp_avg": "signed / exp_avg_sq", "exp_avg_sq": "square"}
        if amsgrad:
            self.states["max_exp_avg_sq"] = "square"

    def coefficients(self, group: Mapping[str, Any], step: int, scalars: dict[str, float]) -> dict[str, float]:
        beta1, beta2 = group["betas"]
        bias1 = one_minus_power(beta1, step) if group["bias_correction"] else 1.0
        bias2 = one_minus_power(beta2, step) if group["bias_correction"] else 1.0
        sqrt_bias2 = math.sqrt(bias2)
        return {
            **beta_coefficients(beta1, beta2),
            "inverse_sqrt_bias2": 1.0 / sqrt_bias2,
            "eps": group["eps"] / sqrt_bias2 if group["eps_hat"] else group["eps"],
            "step_size": group["lr"] / bias1,
        }

    def update(self, p: Array, g: Array, state: dict[str, Array], c: Coefficients) -> Array:
        m = state["exp_avg"] = c["beta1"] * state["exp_avg"] + c["one_minus_beta1"] * g
        v = state["exp_avg_sq"] = c["beta2"] * state["exp_avg_sq"] + c["one_minus_beta2"] * (g * g)
        if "max_exp_avg_sq" in state:
            v = state["max_exp_avg_sq"] = larger(state["max_exp_avg_sq"], v)
        d = np.sqrt(v) * c["inverse_sqrt_bias2"] + c["eps"]
        new: Array = p - c["step_size"] * m / d
        return new


_AMSGRAD = Hyperparameter(
    "amsgrad",
    False,
    Range.FLAG,
    frozen=True,
    state="max_exp_avg_sq",
    by_state=True,
    text="Divide by the square root of the largest v so far (state ``max_exp_avg_sq``), as AMSGrad does.",
)
_BIAS_CORRECTION = Hyperparameter(
    "bias_correction",
    True,
    Range.FLAG,
    keyword_only=True,
    text="Divide the moments by ``1 - beta^t``, as in the equations above. False: use them as they are.",
)
_EPS_HAT = Hyperparameter(
    "eps_hat",
    False,
    Range.FLAG,
    keyword_only=True,
    text="Add ``eps`` before the bias correction: ``lr*sqrt(1 - beta2^t)/(1 - beta1^t) * m / (sqrt(v) + "
    "eps)``. So do Keras and scikit-learn; it is the epsilon hat at the end of section 2 of the paper.",
)


class _AdamInKeras(KerasWords):
    """Adam, as ``keras.optimizers.Adam``: epsilon is added before the bias correction.

    ::

        m <- beta_1*m + (1 - beta_1)*g
        v <- beta_2*v + (1 - beta_2)*g*g
        p <- p - learning_rate * sqrt(1 - beta_2^t)/(1 - beta_1^t) * m / (sqrt(v) + epsilon)

    References:
        D. P. Kingma, J. Ba: Adam: A Method for Stochastic Optimization. ICLR 2015, arXiv:1412.6980.
    """

    texts = {
        "epsilon": "Added to the denominator before the bias correction. A finite number >= 0.",
    }

    arguments = {**ADAM_ARGUMENTS, "amsgrad": False}
    fixed = {"eps_hat": True}


class _AdamInFlower(AdamInFlower):
    defaults = {**AdamInFlower.defaults, "eta_l": 0.1}


@enter
class Adam(RuleSpec):
    r"""Adam, with weight decay as an L2 penalty, and with AMSGrad as an option.

    For each element, with gradient g, step count t and the states m (``exp_avg``) and v (``exp_avg_sq``), which start
    at zero::

        g <- g + weight_decay * p
        m <- beta1*m + (1 - beta1)*g
        v <- beta2*v + (1 - beta2)*g*g
        p <- p - lr/(1 - beta1^t) * m / (sqrt(v)/sqrt(1 - beta2^t) + eps)

    Example:
        >>> import numpy as np
        >>> import adamas
        >>> w = np.array([1.0, -2.0], dtype=np.float32)
        >>> opt = adamas.Adam([w], lr=0.1)
        >>> opt.step([2 * w])  # the gradient of sum(w**2)
        StepReport(step=1, updated=1)
        >>> w
        array([ 0.9, -1.9], dtype=float32)

    References:
        D. P. Kingma, J. Ba: Adam: A Method for Stochastic Optimization. ICLR 2015, arXiv:1412.6980.

        S. J. Reddi, S. Kale, S. Kumar: On the Convergence of Adam and Beyond. ICLR 2018, arXiv:1904.09237 (AMSGrad).
    """

    advice = "Programs that were tuned for it. With weight decay, `AdamW` is the better start."
    hyperparameters = (
        LR,
        BETAS,
        EPS,
        WEIGHT_DECAY,
        _AMSGRAD,
        MAXIMIZE,
        _BIAS_CORRECTION,
        _EPS_HAT,
        DECOUPLED,
        *DECAY,
        CAUTIOUS,
    )
    formulas = (
        _AdamFormula("adam", amsgrad=False),
        _AdamFormula("amsgrad", amsgrad=True),
    )
    variants = {"amsgrad": {"amsgrad": True}}  # without, it is a row of AdamW
    function_example = """
    >>> import numpy as np
    >>> from adamas.functional import adam_
    >>> p, m, v = np.ones(2), np.zeros(2), np.zeros(2)
    >>> adam_(p, np.array([1.0, -1.0]), m, v, step=1, lr=0.5, eps=0.0)
    >>> p
    array([0.5, 1.5])
    """
    keras: KerasWords = _AdamInKeras()
    flower: FlowerWords = _AdamInFlower()

    def choose(self, group: Mapping[str, Any]) -> str:
        return "amsgrad" if group["amsgrad"] else "adam"


class _AdamWInKeras(KerasWords):
    """Adam with weight decay, as ``keras.optimizers.AdamW``: epsilon is added before the bias correction.

    ::

        p <- p * (1 - learning_rate*weight_decay)
        m <- beta_1*m + (1 - beta_1)*g
        v <- beta_2*v + (1 - beta_2)*g*g
        p <- p - learning_rate * sqrt(1 - beta_2^t)/(1 - beta_1^t) * m / (sqrt(v) + epsilon)

    References:
        I. Loshchilov, F. Hutter: Decoupled Weight Decay Regularization. ICLR 2019, arXiv:1711.05101.
    """

    texts = {
        "epsilon": "Added to the denominator before the bias correction. A finite number >= 0.",
        "weight_decay": "Strength of the weight decay: before each update, variables that `exclude_from_weight_decay` "
        "does not name are multiplied by ``1 - learning_rate * weight_decay``. A finite number >= 0.",
    }

    arguments = {"learning_rate": 0.001, "weight_decay": 0.004, **ADAM_ARGUMENTS, "amsgrad": False}
    fixed = {"eps_hat": True}


@enter
class AdamW(Adam):
    r"""Adam with decoupled weight decay, and with AMSGrad as an option.

    For each element, with gradient g, step count t and the states m (``exp_avg``) and v (``exp_avg_sq``), which start
    at zero::

        p <- p * (1 - lr*weight_decay)
        m <- beta1*m + (1 - beta1)*g
        v <- beta2*v + (1 - beta2)*g*g
        p <- p - lr/(1 - beta1^t) * m / (sqrt(v)/sqrt(1 - beta2^t) + eps)

    The decay is multiplied by lr, and its default is 0.01, both of which are PyTorch's choices.

    Example:
        >>> import numpy as np
        >>> import adamas
        >>> params = {"w": np.ones((2, 3), np.float32), "b": np.zeros(3, np.float32)}
        >>> opt = adamas.AdamW(params, lr=lambda step: 1e-2 * 0.99**step)
        >>> opt.step({"w": np.full((2, 3), 0.5, np.float32), "b": None})  # b is left alone
        StepReport(step=1, updated=1)
        >>> opt.state["w"]["exp_avg"]
        array([[0.05, 0.05, 0.05],
               [0.05, 0.05, 0.05]], dtype=float32)

    References:
        I. Loshchilov, F. Hutter: Decoupled Weight Decay Regularization. ICLR 2019, arXiv:1711.05101.
    """

    advice = "A good start for almost anything."
    hyperparameters = (
        LR,
        BETAS,
        EPS,
        DECOUPLED_DECAY.but(1e-2),
        _AMSGRAD,
        MAXIMIZE,
        _BIAS_CORRECTION,
        _EPS_HAT,
        *DECAY,
        CAUTIOUS,
        ALWAYS_DECOUPLED,
    )
    variants = {"": {}}
    function_example = """
    >>> import numpy as np
    >>> from adamas.functional import adamw_
    >>> p, m, v = np.ones(2), np.zeros(2), np.zeros(2)
    >>> adamw_(p, np.zeros(2), m, v, step=1, lr=0.5, weight_decay=0.5)
    >>> p
    array([0.75, 0.75])
    """
    keras = _AdamWInKeras()
    flower = AdamInFlower()
