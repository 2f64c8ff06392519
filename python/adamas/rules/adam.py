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
from adamas.rules.keras_words import ADAM_ARGUMENTS, KerasWords
from adamas.rules.spec import (
    ALWAYS_DECOUPLED,
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
    RuleSpec,
    enter,
)


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


_AMSGRAD = Hyperparameter("amsgrad", False, Range.FLAG, frozen=True, state="max_exp_avg_sq", by_state=True)
_BIAS_CORRECTION = Hyperparameter("bias_correction", True, Range.FLAG, keyword_only=True)
_EPS_HAT = Hyperparameter("eps_hat", False, Range.FLAG, keyword_only=True)


class _AdamInKeras(KerasWords):
    """Adam, as ``keras.optimizers.Adam``: epsilon is added before the bias correction.

    ::

        m <- beta_1*m + (1 - beta_1)*g
        v <- beta_2*v + (1 - beta_2)*g*g
        p <- p - learning_rate * sqrt(1 - beta_2^t)/(1 - beta_1^t) * m / (sqrt(v) + epsilon)

    Args:
        learning_rate: As of `Optimizer`, as all others are.
        beta_1: Decay rate of m, in [0, 1).
        beta_2: Decay rate of v, in [0, 1).
        epsilon: Added to the denominator, >= 0.
        amsgrad: Divide by the square root of the largest v so far.

    References:
        D. P. Kingma, J. Ba: Adam: A Method for Stochastic Optimization. ICLR 2015, arXiv:1412.6980.
    """

    arguments = {**ADAM_ARGUMENTS, "amsgrad": False}
    fixed = {"eps_hat": True}


class _AdamInFlower(AdamInFlower):
    defaults = {**AdamInFlower.defaults, "eta_l": 0.1}


@enter
class Adam(RuleSpec):
    r"""Adam, with weight decay as an L2 penalty; AMSGrad on request.

    For each element, with gradient g, step count t and the states m (``exp_avg``) and v (``exp_avg_sq``), which start
    at zero::

        g <- g + weight_decay * p
        m <- beta1*m + (1 - beta1)*g
        v <- beta2*v + (1 - beta2)*g*g
        p <- p - lr/(1 - beta1^t) * m / (sqrt(v)/sqrt(1 - beta2^t) + eps)

    Every operation is rounded once, to float64 for float64 parameters and to float32 for all others; numbers that
    depend on the hyperparameters and t alone are computed in float64 and rounded once. So the bits are the same on
    every processor, for every number of threads, and in `adamas.reference`.

    Args:
        params: An array, a list or tuple of arrays, a mapping of names to arrays, any nesting of these, or a list of
            group dicts with the parameters under ``"params"`` and, beside them, hyperparameters of the group. Arrays
            are float32, float64, float16 or ``ml_dtypes.bfloat16``, C-contiguous, aligned, writeable, of one dimension
            or more, and do not overlap. They are updated in place: to replace a parameter's values, write
            ``w[...] = values``, since the optimizer keeps the arrays and not the names.
        lr: Learning rate, >= 0, or a callable that gives it for the number of steps taken so far (0 at the first), as
            those of `adamas.schedules`. ``betas`` and ``weight_decay`` may be such callables too.
        betas: Decay rates of the two moments, each in [0, 1).
        eps: Added to the denominator, >= 0.
        weight_decay: Factor of the penalty, >= 0.
        amsgrad: Divide by the square root of the largest v so far (state ``max_exp_avg_sq``). Fixed at construction.
        maximize: Ascend instead of descend.
        bias_correction: Divide the moments by ``1 - beta^t``, as above; with False they are used as they are.
        eps_hat: Add eps before the bias correction, as the paper's "epsilon hat" (section 2), Keras and scikit-learn
            do: ``lr*sqrt(1 - beta2^t)/(1 - beta1^t) * m / (sqrt(v) + eps)``.
        decoupled_weight_decay: Decay as `AdamW` does.
        decay: How decoupled decay goes with the learning rate. "scaled": as above. "corrected": by
            ``1 - lr*(lr/max_lr)*weight_decay`` (AdamC, arXiv:2506.02285), so that layers before a normalization keep
            the ratio of gradient to weight while lr falls; other layers stay "scaled" there. "independent": by
            ``1 - (lr/max_lr)*weight_decay``, so that lr can be tuned by itself; weight_decay is then to be about lr
            times what it was.
        max_lr: The largest lr of the schedule, > 0, which the last two need. None: the group's lr at construction.
        cautious: Let elements wait whose update u would go along the gradient, and divide all others by the share of
            those that move, which counts as 1/1000 at least (arXiv:2411.16085):
            ``p <- p - u * mask/max(mean(mask), 1/1000)``, with the mean over the parameter array. A NaN reaches the
            parameter all the same. That takes a pass more, over gradients and states. Not for gradients of single rows.
        **options: What all optimizers take. ``state_dtype``: how states are kept, "float32", "bfloat16", "int8" or
            "int4" (codes in blocks of 128 with a scale each); None for float32, or float64 for float64 parameters.
            ``master_weights``: for bfloat16 and float16 parameters, True for a float32 copy; for bfloat16, "split32"
            or "split24" to keep the low 16 or 8 bits of the float32 number whose high half the parameter is.
            ``rounding`` of bfloat16 and float16 parameters: "nearest"; "stochastic" (bfloat16), reproducible from
            ``seed``; "kahan", to keep what was cut off in 16 bits. ``num_threads``: the most threads a step may use;
            None for the library's limit (`adamas.get_num_threads`). All but the last are fixed at construction.

    Raises:
        TypeError: A parameter that is no plain floating-point array, or a hyperparameter or option of the wrong type.
        ValueError: A parameter that cannot be updated in place, arrays that overlap, a hyperparameter out of range, or
            options that do not fit the parameters or one another.
        ImportError: bfloat16 states without the package ml_dtypes.

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
    """Adam with weight decay, as ``keras.optimizers.AdamW``; arguments as of `Adam`.

    Args:
        weight_decay: >= 0.

    References:
        I. Loshchilov, F. Hutter: Decoupled Weight Decay Regularization. ICLR 2019, arXiv:1711.05101.
    """

    arguments = {"learning_rate": 0.001, "weight_decay": 0.004, **ADAM_ARGUMENTS, "amsgrad": False}
    fixed = {"eps_hat": True}


@enter
class AdamW(Adam):
    r"""Adam with decoupled weight decay; AMSGrad on request.

    For each element, with gradient g, step count t and the states m (``exp_avg``) and v (``exp_avg_sq``), which start
    at zero::

        p <- p * (1 - lr*weight_decay)
        m <- beta1*m + (1 - beta1)*g
        v <- beta2*v + (1 - beta2)*g*g
        p <- p - lr/(1 - beta1^t) * m / (sqrt(v)/sqrt(1 - beta2^t) + eps)

    As in PyTorch, the decay is multiplied by lr, and weight_decay is 0.01 unless given. All else is as in `Adam`.

    Args:
        params: As in `Adam`.
        lr: As in `Adam`.
        betas: As in `Adam`.
        eps: As in `Adam`.
        weight_decay: Strength of the decay, >= 0.
        amsgrad: As in `Adam`.
        maximize: As in `Adam`.
        bias_correction: As in `Adam`.
        eps_hat: As in `Adam`.
        decay: As in `Adam`.
        max_lr: As in `Adam`.
        cautious: As in `Adam`.
        **options: As in `Adam`.

    Raises:
        TypeError: As in `Adam`.
        ValueError: As in `Adam`.

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

    hyperparameters = (
        LR,
        BETAS,
        EPS,
        WEIGHT_DECAY.but(1e-2),
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
