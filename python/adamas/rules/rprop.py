"""Rprop: a step size for each element, which follows the signs of gradients."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from adamas._types import Array
from adamas.rules.formula import Coefficients, Formula, with_sign
from adamas.rules.hyperparameter import LR, MAXIMIZE, Hyperparameter, Range
from adamas.rules.spec import RuleSpec, enter


class _RpropFormula(Formula):
    name = "rprop"
    states = {"prev": "exact", "step_size": "exact"}
    own_decay = True  # which is none

    def coefficients(self, group: Mapping[str, Any], step: int, scalars: dict[str, float]) -> dict[str, float]:
        (eta_minus, eta_plus), (step_min, step_max) = group["etas"], group["step_sizes"]
        return {
            "eta_minus": eta_minus,
            "eta_plus": eta_plus,
            "step_min": step_min,
            "step_max": step_max,
            "start": group["lr"] if step == 1 else 0.0,
        }

    def update(self, p: Array, g: Array, state: dict[str, Array], c: Coefficients) -> Array:
        zero, one = p.dtype.type(0), p.dtype.type(1)
        agreement = with_sign(one, g) * with_sign(one, state["prev"])
        factor = np.where(agreement > 0, c["eta_plus"], np.where(agreement < 0, c["eta_minus"], one))
        s = state["step_size"] * factor + c["start"]
        s = np.where(c["step_min"] > s, c["step_min"], s)
        s = state["step_size"] = np.where(s > c["step_max"], c["step_max"], s)
        taken = state["prev"] = np.where(agreement < 0, zero, g)
        new: Array = p - with_sign(s, taken)
        return new


@enter
class Rprop(RuleSpec):
    r"""Resilient backpropagation, as in PyTorch: for gradients of all data, of which only the sign counts.

    For each element, with gradient g and the states g' (``prev``) and s (``step_size``), which start at zero::

        s <- s*eta_plus where g*g' > 0, s*eta_minus where g*g' < 0      (s <- lr at the first step)
        s <- s within step_sizes
        g <- 0 where g*g' < 0;  g' <- g
        p <- p - sign(g)*s

    ``state_dtype`` does not apply to the states: they are kept in the type that is computed with. The product of two
    small gradients does not become 0, since only their signs are multiplied.

    Raises:
        ValueError: ``etas`` are not one number in (0, 1) and one above 1; or the first of ``step_sizes`` is larger than
            the second.

    Example:
        >>> import numpy as np
        >>> import adamas
        >>> w = np.array([1.0, -2.0], dtype=np.float32)
        >>> opt = adamas.Rprop([w], lr=0.25, etas=(0.5, 2.0))
        >>> for _ in range(2):
        ...     report = opt.step([2 * w])
        >>> w
        array([ 0.25, -1.25], dtype=float32)

    References:
        M. Riedmiller, H. Braun: A Direct Adaptive Method for Faster Backpropagation Learning: The RPROP Algorithm.
        IEEE International Conference on Neural Networks, 1993.
    """

    advice = "Gradients of all data at once, without noise."
    hyperparameters = (
        LR.but(
            1e-2,
            text="First value of the step sizes: only its value at the first step of a parameter counts. Later "
            "values, those of a schedule for example, change nothing; PyTorch does the same.",
        ),
        Hyperparameter(
            "etas",
            (0.5, 1.2),
            Range.PAIR,
            text="Factors of the step size: below 1 after a change of sign, and above 1 without one.",
            parts=(
                "Factor after a change of sign, below 1.",
                "Factor without a change of sign, above 1.",
            ),
        ),
        Hyperparameter(
            "step_sizes",
            (1e-6, 50.0),
            Range.PAIR,
            text="The least and the largest step size.",
            parts=(
                "The least step size.",
                "The largest step size.",
            ),
        ),
        MAXIMIZE,
    )
    formulas = (_RpropFormula(),)

    def check_combination(self, group: Mapping[str, Any], path: str) -> None:
        down, up = group["etas"]
        if not 0.0 < down < 1.0 < up:
            # The words before the comma are PyTorch's.
            raise ValueError(
                f"{path.format('etas')}: Invalid eta values: {down}, {up}; expected one in (0, 1) and one above 1"
            )
        if not group["step_sizes"][0] <= group["step_sizes"][1]:
            raise ValueError(
                f"{path.format('step_sizes')}: expected the least before the largest, got {group['step_sizes']}"
            )
