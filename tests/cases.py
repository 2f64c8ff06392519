"""The table of optimizers and options that drives the tests. A new rule adds its lines here."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import papers

import adamas
from adamas import reference


@dataclass(frozen=True)
class Case:
    """One optimizer with options, and its rule written out from the paper (see ``papers``)."""

    optimizer: str
    paper: Any
    options: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return "-".join([self.optimizer, *(f"{key}={value}" for key, value in self.options.items())])

    def compiled(self, params: Any, **options: Any) -> Any:
        return getattr(adamas, self.optimizer)(params, **{**self.options, **options})

    def reference(self, params: Any, **options: Any) -> Any:
        return getattr(reference, self.optimizer)(params, **{**self.options, **options})


CASES = [
    Case("Adam", papers.adam),
    Case("Adam", papers.adam, {"weight_decay": 0.1, "lr": 0.01}),
    Case("Adam", papers.adam, {"amsgrad": True, "weight_decay": 0.1, "maximize": True}),
    Case("Adam", papers.adam, {"amsgrad": True, "eps_hat": True, "betas": (0.5, 0.7)}),
    Case("Adam", papers.adam, {"bias_correction": False}),
    Case("Adam", papers.adam, {"bias_correction": False, "eps_hat": True, "maximize": True}),
    Case("Adam", papers.adam, {"decoupled_weight_decay": True, "weight_decay": 0.3}),
    Case("Adam", papers.adam, {"betas": (0.0, 0.0), "eps": 0.0}),
    Case("AdamW", papers.adam),
    Case("AdamW", papers.adam, {"weight_decay": 0.5, "eps_hat": True, "eps": 1e-3}),
    Case("AdamW", papers.adam, {"amsgrad": True, "maximize": True, "lr": 0.1}),
    Case("AdamW", papers.adam, {"betas": (0.99, 0.9999), "bias_correction": False, "weight_decay": 0.0}),
]
