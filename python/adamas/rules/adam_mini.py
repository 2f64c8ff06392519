"""Adam-mini: AdamW with one second moment for each block of a parameter."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from adamas._numerics.power import one_minus_power
from adamas._types import Array
from adamas.rules.formula import Coefficients, Formula, beta_coefficients
from adamas.rules.hyperparameter import (
    ALWAYS_DECOUPLED,
    BETAS,
    DECAY,
    DECOUPLED_DECAY,
    EPS,
    LR,
    MAXIMIZE,
    Hyperparameter,
    Range,
)
from adamas.rules.spec import RuleSpec, enter


class _AdamMiniFormula(Formula):
    def __init__(self, name: str, states: Mapping[str, str]) -> None:
        self.name = name
        self.states = states

    def coefficients(self, group: Mapping[str, Any], step: int, scalars: dict[str, float]) -> dict[str, float]:
        beta1, beta2 = group["betas"]
        return {
            **beta_coefficients(beta1, beta2),
            "inverse_sqrt_bias2": 1.0 / math.sqrt(one_minus_power(beta2, step)),
            "eps": group["eps"],
            "step_size": group["lr"] / one_minus_power(beta1, step),
        }

    def next_square(self, square: Array, mean: Array, c: Mapping[str, float]) -> Array:
        return c["beta2"] * square + c["one_minus_beta2"] * mean

    def row_factor(self, square: Array, mean: Array, c: Mapping[str, float]) -> Array:
        factor: Array = c["step_size"] / (np.sqrt(square) * c["inverse_sqrt_bias2"] + c["eps"])
        return factor

    def update(self, p: Array, g: Array, state: dict[str, Array], c: Coefficients) -> Array:
        m = state["exp_avg"] = c["beta1"] * state["exp_avg"] + c["one_minus_beta1"] * g
        if self.axes:
            change = m * state["exp_avg_sq"]
        else:
            v = state["exp_avg_sq"] = c["beta2"] * state["exp_avg_sq"] + c["one_minus_beta2"] * (g * g)
            change = c["step_size"] * m / (np.sqrt(v) * c["inverse_sqrt_bias2"] + c["eps"])
        new: Array = p - change
        return new


@enter
class AdamMini(RuleSpec):
    r"""AdamW with one second moment for each block of a parameter: half of its states' memory.

    For each element, with gradient g, step count t and the states m (``exp_avg``) and v (``exp_avg_sq``, one number a
    block), which start at zero::

        p <- p * (1 - lr*weight_decay)
        m <- beta1*m + (1 - beta1)*g
        v <- beta2*v + (1 - beta2)*(mean of g*g over the block)
        p <- p - m * (lr/(1 - beta1^t) / (sqrt(v/(1 - beta2^t)) + eps))

    Sums are taken in the type that is computed with over a few elements, and in float64 over all, in an order that
    depends on neither instruction set nor threads. v is never rounded to ``state_dtype``.

    Raises:
        ValueError: The elements of a parameter do not divide into ``blocks`` blocks of one size.

    Example:
        >>> import numpy as np
        >>> import adamas
        >>> w = np.array([[1.0, -2.0], [3.0, -4.0]], dtype=np.float32)
        >>> opt = adamas.AdamMini([w], lr=0.1)
        >>> opt.step([2 * w])
        StepReport(step=1, updated=1)
        >>> opt.state["0"]["exp_avg_sq"].shape
        (2, 1)

    References:
        Y. Zhang, C. Chen, Z. Li, T. Ding, C. Wu, D. P. Kingma, Y. Ye, Z.-Q. Luo, R. Sun: Adam-mini: Use Fewer Learning
        Rates To Gain More. ICLR 2025, arXiv:2406.16793.
    """

    advice = "Half of the states of AdamW, for transformers above all."
    hyperparameters = (
        LR,
        BETAS,
        EPS,
        DECOUPLED_DECAY,
        MAXIMIZE,
        Hyperparameter(
            "blocks",
            "rows",
            Range.BLOCKS,
            keyword_only=True,
            frozen=True,
            text="Which elements share a second moment. 'rows': those with the same first index, such as the weights "
            "of one neuron or the embedding of one token; in a parameter of one dimension, each element has its "
            "own. 'tensor': all elements of the parameter. 'elements': none, so that the rule is that of "
            "`AdamW`. A number: the parameter is divided into so many blocks of consecutive elements; for "
            "queries and keys of a transformer this is the number of heads, which "
            "`adamas.partitions.transformer_blocks` sets.",
        ),
        *DECAY,
        ALWAYS_DECOUPLED,
    )
    formulas = (
        _AdamMiniFormula("adam_mini", {"exp_avg": "signed", "exp_avg_sq": "row"}),
        _AdamMiniFormula("adam_mini_elements", {"exp_avg": "signed / exp_avg_sq", "exp_avg_sq": "square"}),
    )
    by_shape = True
    state_shapes = {"exp_avg_sq": "One number for each block, or for each element where ``blocks`` says so"}

    def choose_for(self, group: Mapping[str, Any], shape: tuple[int, ...]) -> str:
        by_element = group["blocks"] == "elements" or (group["blocks"] == "rows" and len(shape) < 2)
        return "adam_mini_elements" if by_element else "adam_mini"

    def matrix(self, group: Mapping[str, Any], shape: tuple[int, ...], path: str) -> tuple[int, ...] | None:
        size = math.prod(shape)
        if size == 0:
            return (0, 0)
        given = group["blocks"]
        blocks = shape[0] if given == "rows" else 1 if given == "tensor" else given
        if size % blocks:
            raise ValueError(f"{path}: its {size} elements do not divide into blocks={blocks} blocks of one size")
        return (blocks, size // blocks)
