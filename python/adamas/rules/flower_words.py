"""Flower's names for update rules: defaults, and the modes in which a server applies them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

#: So many steps that every beta has 1 - beta**steps = 1 in float64: a step with this number has no bias correction.
UNCORRECTED = 2**61


class FlowerWords:
    """A strategy of `adamas.flower`. A rule that Flower lacks needs none of this; one that it has, what Flower has.

    Modes say how moments start, and how they are corrected for that:

    - ``"flower"``: as Flower's own strategy of this name computes it;
    - ``"paper"``: as Reddi et al. have it: no correction, and v starts at tau**2;
    - ``"adam"``: as `adamas` has the rule, with the correction by the number of steps.
    """

    #: Defaults of arguments, by Flower's names, where not those of the rule.
    defaults: Mapping[str, Any] = {}
    #: Defaults that are others in ``flwr.server.strategy``.
    older_defaults: Mapping[str, Any] = {}
    #: Modes that the rule has, the default first; none for a rule with one way to compute it.
    modes: tuple[str, ...] = ()
    #: Hyperparameters that the mode decides on: no arguments.
    decided: tuple[str, ...] = ()

    def hyperparameters(self, mode: str) -> dict[str, Any]:
        """Return what a mode decides on."""
        return {}

    def first_values(self, mode: str, tau: float) -> dict[str, float]:
        """Return the numbers that states start at in a mode, where not at zero."""
        return {}

    def steps_before(self, mode: str, steps: int, server_round: int) -> int:
        """Return how many steps the correction is to count as taken before this one.

        Args:
            mode: The mode.
            steps: How many steps have been taken.
            server_round: The number of the round, from 1.
        """
        return steps


class AdamInFlower(FlowerWords):
    """Adam: Flower corrects both moments, one step ahead, and adds tau before that.

    ::

        eta * sqrt(1 - beta_2^(round+1))/(1 - beta_1^(round+1)) * m / (sqrt(v) + tau)
    """

    defaults = {"eta": 0.1, "beta_1": 0.9, "beta_2": 0.99, "tau": 1e-3}
    older_defaults = {"tau": 1e-9}
    modes = ("flower", "paper", "adam")
    decided = ("bias_correction", "eps_hat")

    def hyperparameters(self, mode: str) -> dict[str, Any]:
        return {"bias_correction": mode != "paper", "eps_hat": mode == "flower"}

    def first_values(self, mode: str, tau: float) -> dict[str, float]:
        return {"exp_avg_sq": tau * tau} if mode == "paper" else {}

    def steps_before(self, mode: str, steps: int, server_round: int) -> int:
        return server_round if mode == "flower" else steps


class YogiInFlower(FlowerWords):
    """Yogi: Flower corrects nothing, and both moments start at zero."""

    defaults = {"eta": 1e-2, "eta_l": 0.0316, "beta_1": 0.9, "beta_2": 0.99, "tau": 1e-3}
    modes = ("flower", "paper", "adam")
    decided = ("initial_accumulator_value",)

    def hyperparameters(self, mode: str) -> dict[str, Any]:
        return {"initial_accumulator_value": 0.0}  # of both moments, so the second is started below

    def first_values(self, mode: str, tau: float) -> dict[str, float]:
        return {"exp_avg_sq": tau * tau} if mode == "paper" else {}

    def steps_before(self, mode: str, steps: int, server_round: int) -> int:
        return steps if mode == "adam" else UNCORRECTED


class AdagradInFlower(FlowerWords):
    """Adagrad, which has no correction; the sum starts at zero, or in the paper at tau**2."""

    defaults = {"eta": 0.1, "eta_l": 0.1, "tau": 1e-3}
    older_defaults = {"tau": 1e-9}
    modes = ("flower", "paper")
    decided = ("initial_accumulator_value",)

    def hyperparameters(self, mode: str) -> dict[str, Any]:
        return {"initial_accumulator_value": 0.0}

    def first_values(self, mode: str, tau: float) -> dict[str, float]:
        return {"sum": tau * tau} if mode == "paper" else {}
