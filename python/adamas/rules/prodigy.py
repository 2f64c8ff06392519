"""Prodigy: Adam that finds its step size by itself, from an estimate of the distance to the solution."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from adamas._numerics.power import one_minus_power
from adamas._types import Array
from adamas.rules.formula import Coefficients, Factors, Formula, magnitude
from adamas.rules.hyperparameter import BETAS, DECOUPLED, EPS, LR, MAXIMIZE, WEIGHT_DECAY, Hyperparameter, Range
from adamas.rules.keras_words import KerasWords
from adamas.rules.spec import RuleSpec, enter

#: Steps counted in a float64: others than these have been set by somebody.
_END_OF_COUNT = 2.0**60


class _ProdigyFormula(Formula):
    name = "prodigy"
    # d only grows. A sum of |s| that rounding makes too small even once would make it too large for good; and what is
    # added to s in a step is about 1/2000 of it.
    states = {"exp_avg": "signed / exp_avg_sq", "exp_avg_sq": "square", "s": "exact", "p0": "exact"}
    shared_scalars = {"d": 0.0, "d_max": 0.0, "d_numerator": 0.0, "k": 0.0}
    signed_scalars = frozenset({"d_numerator"})
    sums = ("distance", "magnitude")
    unchanged_state = "p0"
    own_decay = True

    def coefficients(self, group: Mapping[str, Any], step: int, scalars: dict[str, float]) -> dict[str, float]:
        beta1, beta2 = group["betas"]
        moves = group["lr"] > 0.0
        d = group["d0"] if scalars["d"] == 0.0 else scalars["d"]
        dlr = d * group["lr"]
        if group["use_bias_correction"]:
            k = int(scalars["k"]) + 1 if 0.0 <= scalars["k"] < _END_OF_COUNT else 1
            dlr = dlr * (math.sqrt(one_minus_power(beta2, k)) / one_minus_power(beta1, k))
        scale = d / group["d0"] if moves else 0.0
        coupled = not group["decoupled_weight_decay"]
        return {
            "beta1": beta1 if moves else 1.0,
            "grad_step": d * (1.0 - beta1) if moves else 0.0,
            "beta2": beta2 if moves else 1.0,
            "square_step": d * d * (1.0 - beta2) if moves else 0.0,
            "beta3": _beta3(group) if moves else 1.0,
            "s_step": scale * (d if group["safeguard_warmup"] else dlr),
            "distance_step": scale * dlr,
            "counted": 1.0 if moves else 0.0,
            "coupled_decay": group["weight_decay"] if coupled else 0.0,
            "decay_step": 0.0 if coupled else dlr * group["weight_decay"],
            "eps": group["eps"],
            "step_size": dlr,
            "is_first": float(step == 1),
        }

    def products(self, p: Array, g: Array, state: dict[str, Array], c: Coefficients) -> dict[str, Factors]:
        g = g + c["coupled_decay"] * p
        start = p if c["is_first"] else state["p0"]
        s = magnitude(c["beta3"] * state["s"] + c["s_step"] * g)
        return {"distance": (c["distance_step"] * g, start - p), "magnitude": (s, np.full_like(s, c["counted"]))}

    def share(self, group: Mapping[str, Any], totals: Mapping[str, float], shared: dict[str, float]) -> None:
        if shared["d"] == 0.0:
            shared["d"] = shared["d_max"] = group["d0"]
        if totals["magnitude"] == 0.0:
            return
        shared["k"] += 1.0
        numerator = _beta3(group) * shared["d_numerator"] + totals["distance"]
        estimate = group["d_coef"] * numerator / totals["magnitude"]
        if not (math.isfinite(numerator) and math.isfinite(estimate)):  # a gradient is not
            return
        d = estimate if shared["d"] == group["d0"] and estimate > shared["d"] else shared["d"]
        shared["d_numerator"] = numerator
        shared["d_max"] = max(shared["d_max"], estimate)
        growth = group["growth_rate"]
        shared["d"] = shared["d_max"] if growth is None else min(shared["d_max"], d * growth)

    def take_totals(self, c: dict[str, float], totals: Mapping[str, float], shared: Mapping[str, float]) -> None:
        c["eps"] = c["eps"] * shared["d"]
        if totals["magnitude"] == 0.0:
            c["decay_step"], c["step_size"] = 0.0, 0.0

    def update(self, p: Array, g: Array, state: dict[str, Array], c: Coefficients) -> Array:
        g = g + c["coupled_decay"] * p
        m = state["exp_avg"] = c["beta1"] * state["exp_avg"] + c["grad_step"] * g
        v = state["exp_avg_sq"] = c["beta2"] * state["exp_avg_sq"] + c["square_step"] * (g * g)
        state["s"] = c["beta3"] * state["s"] + c["s_step"] * g
        if c["is_first"]:
            state["p0"] = p
        new: Array = p - (c["decay_step"] * p + c["step_size"] * m / (np.sqrt(v) + c["eps"]))
        return new


def _beta3(group: Mapping[str, Any]) -> float:
    beta3: float | None = group["beta3"]
    return math.sqrt(group["betas"][1]) if beta3 is None else beta3


class _ProdigyInKeras(KerasWords):
    decays_itself = True


@enter
class Prodigy(RuleSpec):
    r"""Prodigy: Adam with a step size d that it estimates by itself, as in the authors' code, prodigyopt.

    All parameters share one number d, an estimate of the distance from the start to the solution. It begins at d0 and
    only grows. For each parameter array, with gradient g and the states m (``exp_avg``), v (``exp_avg_sq``) and s,
    which start at zero, and p0, which is the parameter before its first step::

        dlr = d*lr                       with use_bias_correction times sqrt(1 - beta2^k)/(1 - beta1^k)
        g <- g + weight_decay*p          without decoupled_weight_decay
        m <- beta1*m + d*(1 - beta1)*g
        v <- beta2*v + d^2*(1 - beta2)*g*g
        s <- beta3*s + d/d0*dlr*g        with safeguard_warmup d/d0*d*g

        d_numerator <- beta3*d_numerator + d/d0*dlr * sum of g*(p0 - p)     over all parameters
        d_hat = d_coef*d_numerator / sum of |s|                             over all parameters
        d_max <- max(d_max, d_hat);  d <- min(d_max, growth_rate*d)         (no growth_rate while d is d0)

        p <- p - (dlr*weight_decay*p + dlr * m / (sqrt(v) + d*eps))         dlr is that of the first line

    The term with weight_decay in the last line is that of decoupled_weight_decay. The sums are over all parameters that
    have a gradient in the step; other parameters stay as they are. k counts steps. ``opt.scalars`` shows d, d_max,
    d_numerator and k; d is 0 before the first step.

    lr, betas, beta3, d0, d_coef, growth_rate and use_bias_correction must be the same in all groups, with one
    exception: lr may be 0 in some groups. The parameters and states of such a group stay as they are, and the sums
    leave it out. As long as all gradients have been zero, the sums are zero, and nothing moves.

    The rule needs the gradients of all parameters before it can update one of them. So a step cannot be taken in parts
    (`step_scope`), and single rows (``sparse``) cannot be stepped. s and p0 are float32 in every ``state_dtype``: an
    error in the sums could make d too large, and d never falls. prodigyopt's ``slice_p``, which takes the sums over
    every p-th element, is not offered: it saves memory, but it changes the rule, and it reads as much memory where p is
    below the 16 elements of a cache line. Sums are taken in float64, in an order that depends on neither instruction
    set nor threads.

    Raises:
        ValueError: Groups have different values of an argument that must be the same in all of them.

    Example:
        >>> import numpy as np
        >>> import adamas
        >>> w = np.array([1.0, -2.0])
        >>> opt = adamas.Prodigy([w])
        >>> for _ in range(200):
        ...     report = opt.step([2 * w])
        >>> bool(np.abs(w).max() < 1e-3)
        True
        >>> round(opt.scalars["d"], 3)
        0.519

    References:
        K. Mishchenko, A. Defazio: Prodigy: An Expeditiously Adaptive Parameter-Free Learner. ICML 2024,
        arXiv:2306.06101.
    """

    advice = "No learning rate to choose: leave `lr` at 1."
    hyperparameters = (
        LR.but(
            1.0,
            shared=True,
            text="Multiplies the step size d that the rule finds. Leave it at 1, or let a schedule take it from 1 to "
            "0.",
        ),
        BETAS.but((0.9, 0.999), shared=True),
        Hyperparameter(
            "beta3",
            None,
            Range.OPTIONAL_FRACTION,
            shared=True,
            text="Decay rate of s and of d_numerator. None: the square root of beta2.",
        ),
        EPS.but(1e-8, text="Multiplied by d, and then added to the denominator of the update."),
        WEIGHT_DECAY,
        Hyperparameter(
            "use_bias_correction",
            False,
            Range.FLAG,
            shared=True,
            text="Correct the moments for their start at zero, as `Adam` does.",
        ),
        Hyperparameter(
            "safeguard_warmup",
            False,
            Range.FLAG,
            text="Leave ``lr`` out of s. Set it when ``lr`` has a warmup: without it, d may become too large then.",
        ),
        Hyperparameter(
            "d0",
            1e-6,
            Range.POSITIVE,
            shared=True,
            text="First value of d. It must be far below the right d, and rarely needs to be changed.",
        ),
        Hyperparameter(
            "d_coef",
            1.0,
            Range.NON_NEGATIVE,
            shared=True,
            text="Multiplies the estimate of d. This is the preferred way to tune the rule; 0.5 and 2 are sensible "
            "values.",
        ),
        Hyperparameter(
            "growth_rate",
            None,
            Range.OPTIONAL_GROWTH,
            shared=True,
            text="Largest factor by which d may grow in one step; 1.02 acts as a warmup. None: no limit.",
        ),
        DECOUPLED.but(
            True,
            text="True: multiply the parameter by ``1 - dlr*weight_decay``. False: add ``weight_decay*p`` to the "
            "gradient, which is an L2 penalty.",
        ),
        MAXIMIZE,
    )
    formulas = (_ProdigyFormula(),)
    keras = _ProdigyInKeras()

    def first_values(self, group: Mapping[str, Any]) -> dict[str, float | None]:
        return {"p0": None}
