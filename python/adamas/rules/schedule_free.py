"""Schedule-Free AdamW, SGD and RAdam: an average of the weights takes the place of a learning-rate schedule."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from adamas._numerics.elementary import real_power
from adamas._numerics.power import one_minus_power
from adamas._types import Array
from adamas.rules.formula import Coefficients, Formula
from adamas.rules.hyperparameter import BETAS, EPS, LR, MAXIMIZE, WEIGHT_DECAY, Hyperparameter, Range
from adamas.rules.keras_words import ADAM_ARGUMENTS, KerasWords
from adamas.rules.radam import rectification
from adamas.rules.spec import Evaluation, RuleSpec, enter

_SCALARS = {"weight_sum": 0.0, "lr_max": 0.0}

_RATE = LR.but(2.5e-3, text="Learning rate. A constant is enough.")
_BETAS = BETAS.but(
    (0.9, 0.999),
    text="Interpolation between z and x, above 0, and decay rate of v.",
    parts=("Interpolation between z and x, above 0.", "Decay rate of v, the second moment."),
)
_DECAY = WEIGHT_DECAY.but(
    0.0,
    text="Strength of the weight decay: ``weight_decay*y`` is a part of the direction u, as in the equations above.",
)

#: Warmup, and what decides the weight of a step in the average.
_AVERAGE = (
    Hyperparameter("warmup_steps", 0, Range.COUNT, text="Steps over which ``lr`` grows linearly from 0."),
    Hyperparameter(
        "r", 0.0, Range.NON_NEGATIVE, text="Power of the step count t in the weight of a step in the average."
    ),
    Hyperparameter(
        "weight_lr_power",
        2.0,
        Range.NON_NEGATIVE,
        text="Power of the learning rate in the weight of a step in the average.",
    ),
)


def _weight(group: Mapping[str, Any], step: int, lr: float, scalars: dict[str, float]) -> float:
    """Return the weight of z in the average, in a step with this learning rate."""
    lr_max = lr if lr > scalars["lr_max"] else scalars["lr_max"]
    weight = real_power(float(step), group["r"]) * real_power(lr_max, group["weight_lr_power"])
    scalars["weight_sum"] = scalars["weight_sum"] + weight
    scalars["lr_max"] = lr_max
    return weight / scalars["weight_sum"] if scalars["weight_sum"] > 0.0 else 0.0


def _warmed_up(group: Mapping[str, Any], step: int) -> float:
    t, lr = float(step), float(group["lr"])
    return lr * (t / group["warmup_steps"]) if t < group["warmup_steps"] else lr


def _last(u: Array, y: Array, state: dict[str, Array], c: Coefficients) -> Array:
    """Return the new y, for the direction u."""
    z = y if c["is_first"] else state["z"]
    state["z"] = z - c["step_size"] * u
    new: Array = y + c["average"] * (z - y) + c["interpolated_step"] * u
    return new


class _ScheduleFreeFormula(Formula):
    states = {"z": "exact", "exp_avg_sq": "square"}
    scalars = _SCALARS
    own_decay = True

    def __init__(self, name: str, *, rectified: bool) -> None:
        self.name = name
        self._rectified = rectified

    def coefficients(self, group: Mapping[str, Any], step: int, scalars: dict[str, float]) -> dict[str, float]:
        beta1, beta2 = group["betas"]
        bias2 = one_minus_power(beta2, step)
        divides = True
        if self._rectified:
            factor = rectification(beta2, bias2, step, 4.0)
            divides = factor is not None
            lr = group["lr"] * (factor if factor is not None else 0.0 if group["silent_sgd_phase"] else 1.0)
        else:
            lr = _warmed_up(group, step)
        average = _weight(group, step, lr, scalars)
        return {
            "beta2": beta2,
            "one_minus_beta2": 1.0 - beta2,
            "inverse_sqrt_bias2": 1.0 / math.sqrt(bias2) if divides else 0.0,
            "eps": group["eps"] if divides else 1.0,
            "weight_decay": group["weight_decay"],
            "average": average,
            "interpolated_step": lr * (beta1 * (1.0 - average) - 1.0),
            "step_size": lr,
            "is_first": float(step == 1),
        }

    def update(self, p: Array, g: Array, state: dict[str, Array], c: Coefficients) -> Array:
        v = state["exp_avg_sq"] = c["beta2"] * state["exp_avg_sq"] + c["one_minus_beta2"] * (g * g)
        d = np.sqrt(v) * c["inverse_sqrt_bias2"] + c["eps"]
        return _last(g / d + c["weight_decay"] * p, p, state, c)


class _ScheduleFreeSGDFormula(Formula):
    name = "schedule_free_sgd"
    states = {"z": "exact"}
    scalars = _SCALARS
    own_decay = True

    def coefficients(self, group: Mapping[str, Any], step: int, scalars: dict[str, float]) -> dict[str, float]:
        lr = _warmed_up(group, step)
        average = _weight(group, step, lr, scalars)
        return {
            "weight_decay": group["weight_decay"],
            "average": average,
            "interpolated_step": lr * (group["momentum"] * (1.0 - average) - 1.0),
            "step_size": lr,
            "is_first": float(step == 1),
        }

    def update(self, p: Array, g: Array, state: dict[str, Array], c: Coefficients) -> Array:
        return _last(g + c["weight_decay"] * p, p, state, c)


class _Average(Evaluation):
    """The average x, of which the parameter y is a mixture with z: ``y = (1 - beta1)*z + beta1*x``."""

    def coefficients(self, group: Mapping[str, Any]) -> dict[str, float]:
        beta1 = group["betas"][0] if "betas" in group else group["momentum"]
        return {"extrapolation": 1.0 - 1.0 / beta1}

    def value(self, y: Array, state: Mapping[str, Array], c: Coefficients) -> Array:
        x: Array = y + c["extrapolation"] * (state["z"] - y)
        return x


class _ScheduleFree(RuleSpec):
    """What the rules below share."""

    evaluation = _Average()
    numbers_only = ("betas",)

    def check_combination(self, group: Mapping[str, Any], path: str) -> None:
        if callable(group["betas"]):
            raise TypeError(f"{path.format('betas')}: expected two numbers (beta1, beta2), since x depends on beta1")
        if group["betas"][0] == 0.0:
            raise ValueError(
                f"{path.format('betas')}: the first must be above 0, else y does not depend on the average"
            )

    def first_values(self, group: Mapping[str, Any]) -> dict[str, float | None]:
        return {"z": None}


class _ScheduleFreeInKeras(KerasWords):
    def check(self, arguments: Mapping[str, Any]) -> None:
        name = "beta_1" if "beta_1" in arguments else "momentum"
        if arguments[name] == 0.0:
            raise ValueError(f"{name}: expected a number in (0, 1), got 0; y would not depend on the average")


class _ScheduleFreeAdamWInKeras(_ScheduleFreeInKeras):
    """AdamW without a schedule, as ``keras.optimizers.ScheduleFreeAdamW``; see `adamas.ScheduleFreeAdamW`.

    Variables are y, where gradients are taken; inside `averaged` they are the averages x, to be evaluated or saved.

    References:
        A. Defazio et al.: The Road Less Scheduled. NeurIPS 2024, arXiv:2405.15682.
    """

    texts = {
        "weight_lr_power": "Power of the learning rate in the weight of a step in the average: 0 in Keras, 2 in the "
        "authors' code. A finite number >= 0.",
    }

    arguments = {
        **ADAM_ARGUMENTS,
        "learning_rate": 0.0025,
        "epsilon": 1e-8,
        "warmup_steps": 0,
        "r": 0.0,
        "weight_lr_power": 0.0,
    }


@enter
class ScheduleFreeAdamW(_ScheduleFree):
    r"""AdamW without a learning-rate schedule: gradients are taken at y, and the average x is what is evaluated.

    For each element, with the parameter y, gradient g at y, step count t, and the states z, which starts at the
    parameter before its first step, and v (``exp_avg_sq``), which starts at zero::

        lr_t = lr * min(1, t/warmup_steps);  lr_max <- max(lr_max, lr_t)
        w = t^r * lr_max^weight_lr_power;  weight_sum <- weight_sum + w;  k = w/weight_sum
        v <- beta2*v + (1 - beta2)*g*g
        u = g / (sqrt(v)/sqrt(1 - beta2^t) + eps) + weight_decay*y
        y <- y + k*(z - y) + lr_t*(beta1*(1 - k) - 1)*u
        z <- z - lr_t*u

    That is the form of the authors' code, which keeps no x: ``y = (1 - beta1)*z + beta1*x`` gives it. While training,
    the parameters are y. Call `eval` before the parameters are evaluated or saved for use: then they are x. Call
    `train` to go on: the parameters are y again, exactly as they were. ``weight_sum`` and ``lr_max`` are kept beside
    the step count.

    Raises:
        TypeError: ``betas`` is a callable, which this rule cannot take.
        ValueError: The first of ``betas`` is 0.

    Example:
        >>> import numpy as np
        >>> import adamas
        >>> w = np.array([1.0, -2.0], dtype=np.float32)
        >>> opt = adamas.ScheduleFreeAdamW([w], lr=0.1)
        >>> for _ in range(2):
        ...     report = opt.step([2 * w])
        >>> opt.eval()
        >>> w  # the average
        array([ 0.85269576, -1.8512975 ], dtype=float32)
        >>> opt.train()
        >>> w
        array([ 0.84796536, -1.8464272 ], dtype=float32)

    References:
        A. Defazio, X. Yang, H. Mehta, K. Mishchenko, A. Khaled, A. Cutkosky: The Road Less Scheduled. NeurIPS 2024,
        arXiv:2405.15682.
    """

    advice = "No learning-rate schedule, for example because the number of steps is not known."
    hyperparameters = (
        _RATE,
        _BETAS,
        EPS,
        _DECAY,
        *_AVERAGE,
        MAXIMIZE,
    )
    formulas = (_ScheduleFreeFormula("schedule_free", rectified=False),)
    function_name = "schedule_free_adamw_"
    keras = _ScheduleFreeAdamWInKeras()


@enter
class ScheduleFreeSGD(_ScheduleFree):
    r"""SGD without a learning-rate schedule: gradients are taken at y, and the average x is what is evaluated.

    For each element, with the parameter y, gradient g at y, step count t, and the state z, which starts at the
    parameter before its first step::

        lr_t = lr * min(1, t/warmup_steps);  lr_max <- max(lr_max, lr_t)
        w = t^r * lr_max^weight_lr_power;  weight_sum <- weight_sum + w;  k = w/weight_sum
        u = g + weight_decay*y
        y <- y + k*(z - y) + lr_t*(momentum*(1 - k) - 1)*u
        z <- z - lr_t*u

    That is the form of the authors' code, which keeps no x: ``y = (1 - momentum)*z + momentum*x`` gives it. While
    training, the parameters are y. Call `eval` before the parameters are evaluated or saved for use: then they are x.
    Call `train` to go on: the parameters are y again, exactly as they were. ``weight_sum`` and ``lr_max`` are kept
    beside the step count.

    Raises:
        ValueError: ``momentum`` is 0.

    Example:
        >>> import numpy as np
        >>> import adamas
        >>> w = np.array([1.0, -2.0], dtype=np.float32)
        >>> opt = adamas.ScheduleFreeSGD([w], lr=0.25)
        >>> for _ in range(2):
        ...     report = opt.step([2 * w])
        >>> opt.eval()
        >>> w  # the average
        array([ 0.375, -0.75 ], dtype=float32)

    References:
        A. Defazio, X. Yang, H. Mehta, K. Mishchenko, A. Khaled, A. Cutkosky: The Road Less Scheduled. NeurIPS 2024,
        arXiv:2405.15682.
    """

    advice = "SGD without a learning-rate schedule."
    hyperparameters = (
        LR.but(
            1.0, text="Learning rate. A constant is enough; it may be 10 to 50 times that of `SGD` with a schedule."
        ),
        Hyperparameter("momentum", 0.9, Range.FRACTION, text="Interpolation between z and x, above 0."),
        _DECAY,
        *_AVERAGE,
        MAXIMIZE,
    )
    formulas = (_ScheduleFreeSGDFormula(),)
    function_name = "schedule_free_sgd_"
    keras = _ScheduleFreeInKeras()

    def check_combination(self, group: Mapping[str, Any], path: str) -> None:
        if group["momentum"] == 0.0:
            raise ValueError(f"{path.format('momentum')}: must be above 0, else y does not depend on the average")


@enter
class ScheduleFreeRAdam(_ScheduleFree):
    r"""RAdam without a learning-rate schedule, and without warmup: the rectification takes its place.

    For each element, with the parameter y, gradient g at y, step count t, and the states z, which starts at the
    parameter before its first step, and v (``exp_avg_sq``), which starts at zero::

        rho_inf = 2/(1 - beta2) - 1;  rho = rho_inf - 2*t*beta2^t/(1 - beta2^t)
        v <- beta2*v + (1 - beta2)*g*g
        if rho > 4:
            lr_t = lr * sqrt((rho - 4)*(rho - 2)*rho_inf / ((rho_inf - 4)*(rho_inf - 2)*rho))
            u = g / (sqrt(v)/sqrt(1 - beta2^t) + eps) + weight_decay*y
        else:
            lr_t = 0, or lr without silent_sgd_phase
            u = g + weight_decay*y
        lr_max <- max(lr_max, lr_t)
        w = t^r * lr_max^weight_lr_power;  weight_sum <- weight_sum + w;  k = w/weight_sum
        y <- y + k*(z - y) + lr_t*(beta1*(1 - k) - 1)*u
        z <- z - lr_t*u

    That is the form of the authors' code, which keeps no x: ``y = (1 - beta1)*z + beta1*x`` gives it. While training,
    the parameters are y. Call `eval` before the parameters are evaluated or saved for use: then they are x. Call
    `train` to go on: the parameters are y again, exactly as they were. ``weight_sum`` and ``lr_max`` are kept beside
    the step count.

    Raises:
        TypeError: ``betas`` is a callable, which this rule cannot take.
        ValueError: The first of ``betas`` is 0.

    Example:
        >>> import numpy as np
        >>> import adamas
        >>> w = np.array([1.0, -2.0], dtype=np.float32)
        >>> opt = adamas.ScheduleFreeRAdam([w], lr=0.1)
        >>> for _ in range(4):
        ...     report = opt.step([2 * w])
        >>> w  # the rectification is known from the fifth step on
        array([ 1., -2.], dtype=float32)

    References:
        A. Defazio, X. Yang, H. Mehta, K. Mishchenko, A. Khaled, A. Cutkosky: The Road Less Scheduled. NeurIPS 2024,
        arXiv:2405.15682.

        L. Liu, H. Jiang, P. He, W. Chen, X. Liu, J. Gao, J. Han: On the Variance of the Adaptive Learning Rate and
        Beyond. ICLR 2020, arXiv:1908.03265.
    """

    advice = "No learning-rate schedule and no warmup."
    hyperparameters = (
        _RATE,
        _BETAS,
        EPS,
        _DECAY,
        *_AVERAGE[1:],
        Hyperparameter(
            "silent_sgd_phase",
            True,
            Range.FLAG,
            keyword_only=True,
            text="Do not move in the first steps, for which the rectification is not defined. False: take steps of "
            "SGD there.",
        ),
        MAXIMIZE,
    )
    formulas = (_ScheduleFreeFormula("schedule_free_radam", rectified=True),)
    function_name = "schedule_free_radam_"
    keras = _ScheduleFreeInKeras()
