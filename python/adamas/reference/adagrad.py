"""Adagrad: steps divided by the root of the sum of all squared gradients."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from adamas._types import Array, LearningRate
from adamas.reference._optimizer import ReferenceOptimizer
from adamas.rules.rule import RULES, Coefficients, Rule

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from adamas._optimizer.options import Options


class _AdagradRule(Rule):
    states = {"sum": "exact"}

    def coefficients(self, group: Mapping[str, Any], step: int, scalars: dict[str, float]) -> dict[str, float]:
        return {"eps": group["eps"], "step_size": group["lr"] / (1.0 + (step - 1) * group["lr_decay"])}

    def update(self, p: Array, g: Array, state: dict[str, Array], c: Coefficients) -> Array:
        s = state["sum"] = state["sum"] + g * g
        new: Array = p - c["step_size"] * g / (np.sqrt(s) + c["eps"])
        return new


RULES["adagrad"] = _AdagradRule()


class Adagrad(ReferenceOptimizer):
    r"""Adagrad, as in PyTorch.

    For each element, with gradient g, step count t and the state s (``sum``), which starts at
    initial_accumulator_value::

        g <- g + weight_decay * p
        s <- s + g*g
        p <- p - lr/(1 + (t - 1)*lr_decay) * g / (sqrt(s) + eps)

    Numbers are rounded as in `Adam`.

    Args:
        params: As in `Adam`.
        lr: As in `Adam`.
        lr_decay: How fast the learning rate falls, >= 0.
        weight_decay: As in `Adam`.
        initial_accumulator_value: What the sum starts at, >= 0. Fixed at construction.
        eps: As in `Adam`.
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
        >>> opt = adamas.Adagrad([w], lr=0.1)
        >>> opt.step([2 * w])
        StepReport(step=1, updated=1)
        >>> w
        array([ 0.9, -1.9], dtype=float32)

    References:
        J. Duchi, E. Hazan, Y. Singer: Adaptive Subgradient Methods for Online Learning and Stochastic Optimization.
        JMLR 12, 2011.
    """

    _frozen: ClassVar[tuple[str, ...]] = ("initial_accumulator_value",)

    def __init__(
        self,
        params: Any,
        lr: LearningRate = 1e-2,
        lr_decay: float = 0.0,
        weight_decay: float = 0.0,
        initial_accumulator_value: float = 0.0,
        eps: float = 1e-10,
        *,
        maximize: bool = False,
        decoupled_weight_decay: bool = False,
        **options: Unpack[Options],
    ) -> None:
        defaults = {
            "lr": lr,
            "lr_decay": lr_decay,
            "weight_decay": weight_decay,
            "initial_accumulator_value": initial_accumulator_value,
            "eps": eps,
            "maximize": maximize,
            "decoupled_weight_decay": decoupled_weight_decay,
        }
        super().__init__(params, defaults, options)

    @staticmethod
    def _rule(group: Mapping[str, Any]) -> str:
        return "adagrad"

    @staticmethod
    def _initial(group: Mapping[str, Any]) -> dict[str, float]:
        return {"sum": group["initial_accumulator_value"]}
