"""Lion: the sign of an interpolated momentum."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from adamas._types import Array, LearningRate
from adamas.reference._optimizer import ReferenceOptimizer
from adamas.rules.rule import RULES, Coefficients, Rule, beta_coefficients, with_sign

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from adamas._optimizer.options import Options


class _LionRule(Rule):
    states = {"exp_avg": "signed"}

    def coefficients(self, group: Mapping[str, Any], step: int, scalars: dict[str, float]) -> dict[str, float]:
        beta1, beta2 = group["betas"]
        return {
            **beta_coefficients(beta1, beta2),
            "step_size": group["lr"],
        }

    def update(self, p: Array, g: Array, state: dict[str, Array], c: Coefficients) -> Array:
        mixed = c["beta1"] * state["exp_avg"] + c["one_minus_beta1"] * g
        state["exp_avg"] = c["beta2"] * state["exp_avg"] + c["one_minus_beta2"] * g
        new: Array = p - with_sign(c["step_size"], mixed)
        return new


RULES["lion"] = _LionRule()


class Lion(ReferenceOptimizer):
    r"""Lion (evolved sign momentum), as in optax.

    For each element, with gradient g and the state m (``exp_avg``), which starts at zero::

        p <- p * (1 - lr*weight_decay)
        u = sign(beta1*m + (1 - beta1)*g)
        m <- beta2*m + (1 - beta2)*g
        p <- p - lr*u

    Every parameter moves by lr, so lr wants to be 3 to 10 times smaller than for `AdamW`, and weight_decay as much
    larger. The sign of zero is zero, that of NaN is NaN. Numbers are rounded as in `Adam`.

    Args:
        params: As in `Adam`.
        lr: As in `Adam`.
        betas: Weight of the momentum in the direction, and its decay rate, each in [0, 1).
        weight_decay: Strength of the decay, >= 0.
        maximize: As in `Adam`.
        **options: As in `Adam`.

    Raises:
        TypeError: As in `Adam`.
        ValueError: As in `Adam`.

    Example:
        >>> import numpy as np
        >>> import adamas
        >>> w = np.array([1.0, -2.0], dtype=np.float32)
        >>> opt = adamas.Lion([w], lr=0.1)
        >>> opt.step([2 * w])
        StepReport(step=1, updated=1)
        >>> w
        array([ 0.89989996, -1.8998    ], dtype=float32)

    References:
        X. Chen, C. Liang, D. Huang, E. Real, K. Wang, Y. Liu, H. Pham, X. Dong, T. Luong, C.-J. Hsieh, Y. Lu, Q. V. Le:
        Symbolic Discovery of Optimization Algorithms. NeurIPS 2023, arXiv:2302.06675.
    """

    _frozen: ClassVar[tuple[str, ...]] = ("decoupled_weight_decay",)
    _fixed: ClassVar[tuple[str, ...]] = ("decoupled_weight_decay",)

    def __init__(
        self,
        params: Any,
        lr: LearningRate = 1e-4,
        betas: tuple[float, float] = (0.9, 0.99),
        weight_decay: float = 1e-3,
        *,
        maximize: bool = False,
        **options: Unpack[Options],
    ) -> None:
        defaults = {
            "lr": lr,
            "betas": betas,
            "weight_decay": weight_decay,
            "maximize": maximize,
            "decoupled_weight_decay": True,
        }
        super().__init__(params, defaults, options)

    @staticmethod
    def _rule(group: Mapping[str, Any]) -> str:
        return "lion"
