"""Lion: the sign of an interpolated momentum."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adamas._types import Array
from adamas.rules.formula import Coefficients, Formula, beta_coefficients, with_sign
from adamas.rules.hyperparameter import ALWAYS_DECOUPLED, BETAS, CAUTIOUS, DECAY, DECOUPLED_DECAY, LR, MAXIMIZE
from adamas.rules.keras_words import KerasWords
from adamas.rules.spec import RuleSpec, enter


class _LionFormula(Formula):
    name = "lion"
    states = {"exp_avg": "signed"}
    cautious = True

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


class _LionInKeras(KerasWords):
    """Lion (evolved sign momentum), as ``keras.optimizers.Lion``.

    References:
        X. Chen et al.: Symbolic Discovery of Optimization Algorithms. NeurIPS 2023, arXiv:2302.06675.
    """

    arguments = {"learning_rate": 0.001, "beta_1": 0.9, "beta_2": 0.99}


@enter
class Lion(RuleSpec):
    r"""Lion (evolved sign momentum), as in optax.

    For each element, with gradient g and the state m (``exp_avg``), which starts at zero::

        p <- p * (1 - lr*weight_decay)
        u = sign(beta1*m + (1 - beta1)*g)
        m <- beta2*m + (1 - beta2)*g
        p <- p - lr*u

    Every element moves by lr. So use an lr that is 3 to 10 times smaller than for `AdamW`, and a weight_decay that is
    larger by the same factor. The sign of zero is zero, and the sign of NaN is NaN.

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

    advice = "Half of the states of AdamW. It needs a learning rate 3 to 10 times smaller."
    hyperparameters = (
        LR.but(1e-4),
        BETAS.but(
            (0.9, 0.99),
            text="Weight of the momentum in the direction u, and decay rate of the momentum m.",
            parts=(
                "Weight of the momentum in the direction u.",
                "Decay rate of the momentum m.",
            ),
        ),
        DECOUPLED_DECAY.but(1e-3),
        MAXIMIZE,
        *DECAY,
        CAUTIOUS,
        ALWAYS_DECOUPLED,
    )
    formulas = (_LionFormula(),)
    keras = _LionInKeras()
