"""RMSprop: steps divided by a running root mean square of the gradients."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from adamas._types import Array, LearningRate
from adamas.reference._optimizer import ReferenceOptimizer
from adamas.rules.rule import RULES, Coefficients, Rule, larger

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from adamas._optimizer.options import Options


class _RmspropRule(Rule):
    def __init__(self, centered: bool, momentum: bool) -> None:
        # Centered, the difference of two rounded numbers would be lost: so both stay exact.
        self.states = {"square_avg": "exact" if centered else "square"}
        if centered:
            self.states["grad_avg"] = "exact"
        if momentum:
            self.states["momentum_buffer"] = "signed"

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


RULES["rmsprop"] = _RmspropRule(centered=False, momentum=False)
RULES["rmsprop_momentum"] = _RmspropRule(centered=False, momentum=True)
RULES["rmsprop_centered"] = _RmspropRule(centered=True, momentum=False)
RULES["rmsprop_centered_momentum"] = _RmspropRule(centered=True, momentum=True)


class RMSprop(ReferenceOptimizer):
    r"""RMSprop, as in PyTorch.

    For each element, with gradient g and the states v (``square_avg``), a (``grad_avg``, if centered) and b
    (``momentum_buffer``, with momentum), which start at zero::

        g <- g + weight_decay * p
        v <- alpha*v + (1 - alpha)*g*g
        a <- alpha*a + (1 - alpha)*g
        d = sqrt(v) + eps,  or centered: sqrt(max(v - a*a, 0)) + eps
        p <- p - lr*g/d,    or with momentum: b <- momentum*b + g/d;  p <- p - lr*b

    Numbers are rounded as in `Adam`. Centered, PyTorch gets NaN where rounding makes v - a*a negative; here it counts
    as 0.

    Args:
        params: As in `Adam`.
        lr: As in `Adam`.
        alpha: Decay rate of the averages, in [0, 1).
        eps: As in `Adam`.
        weight_decay: As in `Adam`.
        momentum: Momentum factor, >= 0. Whether there is one is fixed at construction.
        centered: Divide by the spread around the average gradient. Fixed at construction.
        maximize: As in `Adam`.
        decoupled_weight_decay: Decay as `AdamW` does, instead of by a penalty in the gradient.
        **options: As in `Adam`.

    Raises:
        TypeError: As in `Adam`.
        ValueError: As in `Adam`.

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

    _frozen: ClassVar[tuple[str, ...]] = ("centered",)
    _later_states: ClassVar[tuple[str, ...]] = ("grad_avg", "momentum_buffer")
    _fractions: ClassVar[tuple[str, ...]] = ("alpha",)

    def __init__(
        self,
        params: Any,
        lr: LearningRate = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        momentum: float = 0.0,
        centered: bool = False,
        *,
        maximize: bool = False,
        decoupled_weight_decay: bool = False,
        **options: Unpack[Options],
    ) -> None:
        defaults = {
            "lr": lr,
            "alpha": alpha,
            "eps": eps,
            "weight_decay": weight_decay,
            "momentum": momentum,
            "centered": centered,
            "maximize": maximize,
            "decoupled_weight_decay": decoupled_weight_decay,
        }
        super().__init__(params, defaults, options)

    @staticmethod
    def _rule(group: Mapping[str, Any]) -> str:
        return "rmsprop" + ("_centered" if group["centered"] else "") + ("_momentum" if group["momentum"] else "")
