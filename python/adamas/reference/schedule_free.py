"""Schedule-Free AdamW: an average of the weights takes the place of a learning-rate schedule."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from adamas._numerics.elementary import real_power
from adamas._numerics.half import narrow
from adamas._numerics.param_formats import load_param
from adamas._numerics.power import one_minus_power
from adamas._system.interrupts import uninterrupted
from adamas._types import Array, LearningRate
from adamas.reference._optimizer import ReferenceOptimizer
from adamas.rules.rule import RULES, Coefficients, Rule

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from adamas._optimizer.options import Options


class _ScheduleFreeRule(Rule):
    states = {"z": "exact", "exp_avg_sq": "square"}
    scalars = {"weight_sum": 0.0, "lr_max": 0.0}
    own_decay = True

    def coefficients(self, group: Mapping[str, Any], step: int, scalars: dict[str, float]) -> dict[str, float]:
        beta1, beta2 = group["betas"]
        t = float(step)
        lr = group["lr"] * (t / group["warmup_steps"]) if t < group["warmup_steps"] else group["lr"]
        lr_max = lr if lr > scalars["lr_max"] else scalars["lr_max"]
        weight = real_power(t, group["r"]) * real_power(lr_max, group["weight_lr_power"])
        scalars["weight_sum"] = scalars["weight_sum"] + weight
        scalars["lr_max"] = lr_max
        average = weight / scalars["weight_sum"] if scalars["weight_sum"] > 0.0 else 0.0
        return {
            "beta2": beta2,
            "one_minus_beta2": 1.0 - beta2,
            "inverse_sqrt_bias2": 1.0 / math.sqrt(one_minus_power(beta2, step)),
            "eps": group["eps"],
            "weight_decay": group["weight_decay"],
            "average": average,
            "interpolated_step": lr * (beta1 * (1.0 - average) - 1.0),
            "step_size": lr,
            "is_first": float(step == 1),
        }

    def update(self, p: Array, g: Array, state: dict[str, Array], c: Coefficients) -> Array:
        v = state["exp_avg_sq"] = c["beta2"] * state["exp_avg_sq"] + c["one_minus_beta2"] * (g * g)
        d = np.sqrt(v) * c["inverse_sqrt_bias2"] + c["eps"]
        u = g / d + c["weight_decay"] * p
        z = p if c["is_first"] else state["z"]
        state["z"] = z - c["step_size"] * u
        new: Array = p + c["average"] * (z - p) + c["interpolated_step"] * u
        return new


RULES["schedule_free"] = _ScheduleFreeRule()


class ScheduleFreeAdamW(ReferenceOptimizer):
    r"""AdamW without a learning-rate schedule: gradients are taken at y, and the average x is what is evaluated.

    For each element, with the parameter y, gradient g at y, step count t, and the states z, which starts at the
    parameter as it is at the first step, and v (``exp_avg_sq``), which starts at zero::

        lr_t = lr * min(1, t/warmup_steps);  lr_max <- max(lr_max, lr_t)
        w = t^r * lr_max^weight_lr_power;  weight_sum <- weight_sum + w;  k = w/weight_sum
        v <- beta2*v + (1 - beta2)*g*g
        u = g / (sqrt(v)/sqrt(1 - beta2^t) + eps) + weight_decay*y
        y <- y + k*(z - y) + lr_t*(beta1*(1 - k) - 1)*u
        z <- z - lr_t*u

    That is the form of the authors' code, which keeps no x: ``y = (1 - beta1)*z + beta1*x`` gives it. While training,
    the parameters are y. Call `eval` before the parameters are evaluated or saved for use: then they are x. Call
    `train` to go on: the parameters are y again, exactly as they were. ``weight_sum`` and ``lr_max`` are kept beside
    the step count. Numbers are rounded as in `Adam`.

    Args:
        params: As in `Adam`.
        lr: As in `Adam`; a constant is meant to be enough.
        betas: Interpolation between z and x, in (0, 1), and decay rate of v, in [0, 1).
        eps: As in `Adam`.
        weight_decay: Strength of the decay, at y, >= 0.
        warmup_steps: Steps over which lr grows linearly, >= 0.
        r: Power of t in the weight of a step in the average, >= 0.
        weight_lr_power: Power of lr in that weight, >= 0.
        maximize: As in `Adam`.
        **options: As in `Adam`.

    Raises:
        TypeError: As in `Adam`.
        ValueError: As in `Adam`.

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

    def __init__(
        self,
        params: Any,
        lr: LearningRate = 2.5e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        warmup_steps: int = 0,
        r: float = 0.0,
        weight_lr_power: float = 2.0,
        *,
        maximize: bool = False,
        **options: Unpack[Options],
    ) -> None:
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "warmup_steps": warmup_steps,
            "r": r,
            "weight_lr_power": weight_lr_power,
            "maximize": maximize,
        }
        self._kept: list[tuple[Array, Array]] | None = None
        super().__init__(params, defaults, options)

    @staticmethod
    def _rule(group: Mapping[str, Any]) -> str:
        return "schedule_free"

    @staticmethod
    def _check_combination(group: Mapping[str, Any], path: str) -> None:
        if callable(group["betas"]):
            raise TypeError(f"{path.format('betas')}: expected two numbers (beta1, beta2), since x depends on beta1")
        if group["betas"][0] == 0.0:
            raise ValueError(
                f"{path.format('betas')}: the first must be above 0, else y says nothing about the average"
            )

    @staticmethod
    def _initial(group: Mapping[str, Any]) -> dict[str, float | None]:
        return {"z": None}

    def eval(self) -> None:
        """Put the averages x into the parameters, to be evaluated or saved; steps are refused until `train`.

        It takes the memory of the parameters once more. Calling it again does nothing.

        Raises:
            RuntimeError: Another thread is stepping this optimizer.
        """
        if self._kept is None:
            uninterrupted(self._put_averages)

    def _put_averages(self) -> None:
        model = self._model
        with model.engine:
            if model.refusal is not None:
                raise RuntimeError(model.refusal)
            for parameter in model.parameters:
                parameter.check_bound()
            # Views stay writeable and flat whatever becomes of the arrays.
            kept = [(p.array.reshape(-1), p.array.reshape(-1).copy()) for p in model.parameters]
            try:
                for parameter in model.parameters:
                    beta1 = self.param_groups[parameter.group]["betas"][0]
                    if model.engine.step_count(parameter.index) == 0:
                        continue  # z starts at the parameter, and so does x
                    array, z = parameter.array, model.states_of(parameter)["z"]
                    y = load_param(array, parameter.formats.residue, model.engine.residue(parameter.index))
                    with np.errstate(all="ignore"):
                        x = y + y.dtype.type(1.0 - 1.0 / beta1) * (z - y)
                    array[...] = x if x.dtype == array.dtype else narrow(x, array.dtype)
            except BaseException:  # a hyperparameter that is none, or no memory for x
                for array, values in kept:
                    array[...] = values
                raise
            self._kept = kept
            model.refusal = "the parameters hold the averages that eval() has put there; call train() before stepping"

    def train(self) -> None:
        """Put the training parameters y back, exactly. Calling it again does nothing."""
        if self._kept is not None:
            uninterrupted(self._put_back)

    def _put_back(self) -> None:
        for array, values in self._kept or []:
            array[...] = values
        self._kept = None
        self._model.refusal = None
