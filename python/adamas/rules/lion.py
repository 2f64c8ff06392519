"""Lion: the sign of an interpolated momentum."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adamas._types import Array
from adamas.rules.formula import Coefficients, Formula, beta_coefficients, with_sign
from adamas.rules.keras_words import KerasWords
from adamas.rules.spec import ALWAYS_DECOUPLED, BETAS, CAUTIOUS, DECAY, LR, MAXIMIZE, WEIGHT_DECAY, RuleSpec, enter


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

    Args:
        learning_rate: As of `Optimizer`, as all others are.
        beta_1: Weight of the momentum in the direction, in [0, 1).
        beta_2: Decay rate of the momentum, in [0, 1).

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

    Every parameter moves by lr, so lr wants to be 3 to 10 times smaller than for `AdamW`, and weight_decay as much
    larger. The sign of zero is zero, that of NaN is NaN. Numbers are rounded as in `Adam`.

    Args:
        params: As in `Adam`.
        lr: As in `Adam`.
        betas: Weight of the momentum in the direction, and its decay rate, each in [0, 1).
        weight_decay: Strength of the decay, >= 0.
        maximize: As in `Adam`.
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

    hyperparameters = (
        LR.but(1e-4),
        BETAS.but((0.9, 0.99)),
        WEIGHT_DECAY.but(1e-3),
        MAXIMIZE,
        *DECAY,
        CAUTIOUS,
        ALWAYS_DECOUPLED,
    )
    formulas = (_LionFormula(),)
    keras = _LionInKeras()
