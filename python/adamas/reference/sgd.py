"""Stochastic gradient descent, plain or with momentum."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from adamas._types import Array, LearningRate
from adamas.reference._optimizer import ReferenceOptimizer
from adamas.rules.rule import RULES, Coefficients, Rule

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from adamas._optimizer.options import Options


class _SgdRule(Rule):
    def __init__(self, momentum: bool, nesterov: bool) -> None:
        self.states = {"momentum_buffer": "signed"} if momentum else {}
        self._nesterov = nesterov

    def coefficients(self, group: Mapping[str, Any], step: int, scalars: dict[str, float]) -> dict[str, float]:
        return {
            "momentum": group["momentum"],
            "one_minus_dampening": 1.0 if step == 1 else 1.0 - group["dampening"],
            "step_size": group["lr"],
        }

    def update(self, p: Array, g: Array, state: dict[str, Array], c: Coefficients) -> Array:
        direction = g
        if "momentum_buffer" in state:
            b = c["momentum"] * state["momentum_buffer"] + c["one_minus_dampening"] * g
            state["momentum_buffer"] = b
            direction = g + c["momentum"] * b if self._nesterov else b
        new: Array = p - c["step_size"] * direction
        return new


RULES["sgd"] = _SgdRule(momentum=False, nesterov=False)
RULES["sgd_momentum"] = _SgdRule(momentum=True, nesterov=False)
RULES["sgd_nesterov"] = _SgdRule(momentum=True, nesterov=True)


class SGD(ReferenceOptimizer):
    r"""Stochastic gradient descent, with momentum on request, as in PyTorch: the yardstick.

    For each element, with gradient g and, with momentum, the state b (``momentum_buffer``)::

        g <- g + weight_decay * p
        plain:     p <- p - lr*g
        momentum:  b <- momentum*b + (1 - dampening)*g  (g at the first step);  p <- p - lr*b
        Nesterov:  b likewise;                                                  p <- p - lr*(g + momentum*b)

    Numbers are rounded as in `Adam`.

    Args:
        params: As in `Adam`.
        lr: As in `Adam`.
        momentum: Momentum factor, >= 0. Whether there is one is fixed at construction.
        dampening: Subtracted from the weight of the gradient in b; 0 for Nesterov.
        weight_decay: As in `Adam`.
        nesterov: Nesterov's momentum. Fixed at construction.
        maximize: As in `Adam`.
        decoupled_weight_decay: Decay as `AdamW` does, instead of by a penalty in the gradient.
        **options: As in `Adam`.

    Raises:
        TypeError: As in `Adam`.
        ValueError: As in `Adam`, or nesterov without momentum or with dampening.

    Example:
        >>> import numpy as np
        >>> import adamas
        >>> w = np.array([1.0, -2.0], dtype=np.float32)
        >>> opt = adamas.SGD([w], lr=0.1, momentum=0.9)
        >>> opt.step([2 * w])
        StepReport(step=1, updated=1)
        >>> w
        array([ 0.8, -1.6], dtype=float32)

    References:
        B. T. Polyak: Some methods of speeding up the convergence of iteration methods. USSR Computational Mathematics
        and Mathematical Physics 4(5), 1964.

        I. Sutskever, J. Martens, G. Dahl, G. Hinton: On the importance of initialization and momentum in deep learning.
        ICML 2013.
    """

    _frozen: ClassVar[tuple[str, ...]] = ("nesterov",)
    _later_states: ClassVar[tuple[str, ...]] = ("momentum_buffer",)

    def __init__(
        self,
        params: Any,
        lr: LearningRate = 1e-3,
        momentum: float = 0.0,
        dampening: float = 0.0,
        weight_decay: float = 0.0,
        nesterov: bool = False,
        *,
        maximize: bool = False,
        decoupled_weight_decay: bool = False,
        **options: Unpack[Options],
    ) -> None:
        defaults = {
            "lr": lr,
            "momentum": momentum,
            "dampening": dampening,
            "weight_decay": weight_decay,
            "nesterov": nesterov,
            "maximize": maximize,
            "decoupled_weight_decay": decoupled_weight_decay,
        }
        super().__init__(params, defaults, options)

    @staticmethod
    def _rule(group: Mapping[str, Any]) -> str:
        return "sgd_nesterov" if group["nesterov"] else "sgd_momentum" if group["momentum"] else "sgd"

    @staticmethod
    def _check_combination(group: Mapping[str, Any], path: str) -> None:
        if group["nesterov"] and (group["momentum"] == 0.0 or group["dampening"] != 0.0):
            raise ValueError(f"{path.format('nesterov')}: needs a momentum above 0 and a dampening of 0")
