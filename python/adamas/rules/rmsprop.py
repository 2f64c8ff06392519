"""RMSprop: steps divided by a running root mean square of the gradients."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from adamas._types import Array
from adamas.rules.formula import Coefficients, Formula, larger
from adamas.rules.hyperparameter import (
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
from adamas.rules.keras_words import KerasStep, KerasWords
from adamas.rules.spec import RuleSpec, enter


class _RMSpropFormula(Formula):
    def __init__(self, name: str, *, centered: bool, momentum: bool) -> None:
        self.name = name
        # Centered, the difference of two rounded numbers would be lost: so both stay exact.
        self.states = {"square_avg": "exact" if centered else "square"}
        if centered:
            self.states["grad_avg"] = "exact"
        if momentum:
            self.states["momentum_buffer"] = "signed"
        self.cautious = momentum

    def coefficients(self, group: Mapping[str, Any], step: int, scalars: dict[str, float]) -> dict[str, float]:
        return {
            "alpha": group["alpha"],
            "one_minus_alpha": 1.0 - group["alpha"],
            "eps": group["eps"],
            "momentum": group["momentum"],
            "step_size": group["lr"],
        }

    def update(self, p: Array, g: Array, state: dict[str, Array], c: Coefficients) -> Array:
        v = state["square_avg"] = c["alpha"] * state["square_avg"] + c["one_minus_alpha"] * (g * g)
        if "grad_avg" in state:
            a = state["grad_avg"] = c["alpha"] * state["grad_avg"] + c["one_minus_alpha"] * g
            v = larger(p.dtype.type(0), v - a * a)
        d = np.sqrt(v) + c["eps"]
        new: Array
        if "momentum_buffer" not in state:
            new = p - c["step_size"] * g / d
            return new
        b = state["momentum_buffer"] = c["momentum"] * state["momentum_buffer"] + g / d
        new = p - c["step_size"] * b
        return new


class _RMSpropInKeras(KerasWords):
    """RMSprop, as ``keras.optimizers.RMSprop``: epsilon is under the root.

    ::

        v <- rho*v + (1 - rho)*g*g
        a <- rho*a + (1 - rho)*g                                     (centered)
        u = g / sqrt(v + epsilon),  or centered: g / sqrt(v - a*a + epsilon)
        p <- p - learning_rate*u,   or with momentum: b <- momentum*b + u;  p <- p - learning_rate*b

    Keras's b has the learning rates in it. The state holds ``v + epsilon/rho``, which the next step makes
    ``v + epsilon``.

    References:
        T. Tieleman, G. Hinton: Lecture 6.5, rmsprop. Coursera: Neural Networks for Machine Learning, 2012.
    """

    texts = {
        "rho": "Decay rate of the averages v and a. A number in (0, 1).",
        "momentum": "Momentum factor. A number in [0, 1]. Whether it is 0 is fixed by `build`.",
        "epsilon": "Added under the root. A finite number >= 0.",
        "state_dtype": "How states are kept: None, 'float32' or 'float64'. In fewer bits, epsilon would be lost in the "
        "rounding. None: float32, or float64 for float64 variables.",
    }

    arguments = {"learning_rate": 0.001, "rho": 0.9, "momentum": 0.0, "epsilon": 1e-7, "centered": False}

    def check(self, arguments: Mapping[str, Any]) -> None:
        state_dtype = arguments["state_dtype"]
        if state_dtype not in (None, "float32", "float64"):
            raise ValueError(
                f"state_dtype: expected None, 'float32' or 'float64' for RMSprop, got {state_dtype!r}; epsilon would "
                "be lost in the rounding"
            )
        if arguments["rho"] == 0.0:
            raise ValueError("rho: expected a number in (0, 1), got 0")

    def step(self, arguments: Mapping[str, Any], learning_rate: float, weight_decay: float) -> KerasStep:
        rho, epsilon = arguments["rho"], arguments["epsilon"]
        # The eps is not 0: a state that comes from elsewhere may be 0.
        return KerasStep({"eps": 1e-30}, offsets={"square_avg": epsilon * (1.0 - rho) / rho})

    def first_values(self, arguments: Mapping[str, Any]) -> dict[str, float]:
        return {"square_avg": arguments["epsilon"] / arguments["rho"]}


@enter
class RMSprop(RuleSpec):
    r"""RMSprop, as in PyTorch: gradients divided by the root of an average of their squares.

    For each element, with gradient g and the states v (``square_avg``), a (``grad_avg``, if centered) and b
    (``momentum_buffer``, with momentum), which start at zero::

        g <- g + weight_decay * p
        v <- alpha*v + (1 - alpha)*g*g
        a <- alpha*a + (1 - alpha)*g
        d = sqrt(v) + eps,  or centered: sqrt(max(v - a*a, 0)) + eps
        p <- p - lr*g/d,    or with momentum: b <- momentum*b + g/d;  p <- p - lr*b

    If centered, rounding may make v - a*a negative. PyTorch gets NaN then; here it counts as 0.

    Example:
        >>> import numpy as np
        >>> import adamas
        >>> w = np.array([1.0, -2.0], dtype=np.float32)
        >>> opt = adamas.RMSprop([w], lr=0.01)
        >>> opt.step([2 * w])
        StepReport(step=1, updated=1)
        >>> w
        array([ 0.90000004, -1.9       ], dtype=float32)

    References:
        T. Tieleman, G. Hinton: Lecture 6.5, rmsprop. Coursera: Neural Networks for Machine Learning, 2012.

        A. Graves: Generating Sequences With Recurrent Neural Networks, arXiv:1308.0850, 2013 (centered).
    """

    advice = "Programs that were tuned for it, often recurrent networks and reinforcement learning."
    hyperparameters = (
        LR.but(1e-2),
        Hyperparameter("alpha", 0.99, Range.FRACTION, text="Decay rate of the averages v and a."),
        EPS,
        WEIGHT_DECAY,
        Hyperparameter(
            "momentum",
            0.0,
            Range.NON_NEGATIVE,
            state="momentum_buffer",
            text="Momentum factor. 0: no momentum, and no b is kept.",
        ),
        Hyperparameter(
            "centered",
            False,
            Range.FLAG,
            frozen=True,
            state="grad_avg",
            text="Divide by the spread of the gradient around its average a.",
        ),
        MAXIMIZE,
        DECOUPLED,
        *DECAY,
        CAUTIOUS,
    )
    formulas = (
        _RMSpropFormula("rmsprop", centered=False, momentum=False),
        _RMSpropFormula("rmsprop_momentum", centered=False, momentum=True),
        _RMSpropFormula("rmsprop_centered", centered=True, momentum=False),
        _RMSpropFormula("rmsprop_centered_momentum", centered=True, momentum=True),
    )
    variants = {"": {}, "momentum": {"momentum": 0.9}, "centered, momentum": {"centered": True, "momentum": 0.9}}
    keras = _RMSpropInKeras()

    def choose(self, group: Mapping[str, Any]) -> str:
        return "rmsprop" + ("_centered" if group["centered"] else "") + ("_momentum" if group["momentum"] else "")
