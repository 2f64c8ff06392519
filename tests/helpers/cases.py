"""The table of optimizers and options that drives the tests. A new rule adds its lines here."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import ml_dtypes
import numpy as np
import papers

import adamas
from adamas import reference
from adamas._inputs import formats
from adamas._numerics.formats import StateFormat
from adamas.rules import SPECS


@dataclass(frozen=True)
class Case:
    """One optimizer with options, and its rule written out from the paper (see ``papers``)."""

    optimizer: str
    paper: Any
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def is_joint(self) -> bool:
        """Whether the paper's rule takes all parameters together, in a list."""
        return bool(SPECS[self.optimizer].shared_scalars)

    def __str__(self) -> str:
        return "-".join([self.optimizer, *(f"{key}={value}" for key, value in self.options.items())])

    def compiled(self, params: Any, **options: Any) -> Any:
        return getattr(adamas, self.optimizer)(params, **{**self.options, **options})

    def reference(self, params: Any, **options: Any) -> Any:
        return getattr(reference, self.optimizer)(params, **{**self.options, **options})


def _options(master_weights: bool | str, rounding: str) -> dict[str, Any]:
    """Return what an optimizer has to be given for a residue."""
    if rounding != "nearest":
        return {"rounding": rounding, **({"seed": 2**64 - 5} if rounding == "stochastic" else {})}
    return {"master_weights": master_weights} if master_weights else {}


#: Parameters that are computed with in float32, and what may become of the part of them that rounding cuts off.
DTYPES = {
    "float32": np.dtype(np.float32),
    "bfloat16": np.dtype(ml_dtypes.bfloat16),
    "float16": np.dtype(np.float16),
}
#: Gradients of all dtypes go with them.
GRADIENTS = {**DTYPES, "float64": np.dtype(np.float64)}
RESIDUES: dict[str, list[dict[str, Any]]] = {
    name: [_options(*options) for options, residue in formats.RESIDUES.items() if residue.fits(dtype)]
    for name, dtype in DTYPES.items()
}

#: How the states of such parameters may be kept: all formats but float64; those that round; those with a scale for each
#: block.
STATES = [each.value for each in StateFormat if each is not StateFormat.FLOAT64]
ROUNDED_STATES = [name for name in STATES if name != "float32"]
QUANTISED_STATES = [name for name in STATES if StateFormat(name).bits is not None]
#: Bytes of a state for each element.
STATE_BYTES = {"float32": 4, "bfloat16": 2, "int8": 1 + 1 / 32, "int4": 1 / 2 + 1 / 32}
#: The largest error of a first moment, divided by the largest of them.
STATE_ERRORS = {"float32": 0.0, "bfloat16": 2.0**-7, "int8": 0.02, "int4": 0.25}

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
    Case("NAdam", papers.nadam),
    Case("NAdam", papers.nadam, {"weight_decay": 0.1, "maximize": True, "momentum_decay": 0.1, "lr": 0.01}),
    Case("NAdam", papers.nadam, {"weight_decay": 0.1, "decoupled_weight_decay": True, "betas": (0.8, 0.9)}),
    Case("RAdam", papers.radam, {"lr": 0.01}),
    Case("RAdam", papers.radam, {"weight_decay": 0.1, "maximize": True, "betas": (0.8, 0.9), "eps": 1e-3}),
    Case("RAdam", papers.radam, {"weight_decay": 0.1, "decoupled_weight_decay": True, "betas": (0.9, 0.6)}),
    Case("Adamax", papers.adamax),
    Case("Adamax", papers.adamax, {"weight_decay": 0.1, "maximize": True, "betas": (0.8, 0.9), "eps": 1e-3}),
    Case("Adamax", papers.adamax, {"weight_decay": 0.1, "decoupled_weight_decay": True}),
    Case("AdaBelief", papers.adabelief),
    Case("AdaBelief", papers.adabelief, {"weight_decay": 0.1, "maximize": True, "eps": 1e-3, "eps_root": 1e-4}),
    Case("AdaBelief", papers.adabelief, {"weight_decay": 0.1, "decoupled_weight_decay": False, "lr": 0.01}),
    Case("Yogi", papers.yogi),
    Case("Yogi", papers.yogi, {"weight_decay": 0.1, "maximize": True, "initial_accumulator_value": 0.1}),
    Case("Yogi", papers.yogi, {"weight_decay": 0.1, "decoupled_weight_decay": True, "betas": (0.8, 0.9)}),
    Case("Adagrad", papers.adagrad),
    Case("Adagrad", papers.adagrad, {"weight_decay": 0.1, "lr_decay": 0.01, "maximize": True, "eps": 1e-3}),
    Case("Adagrad", papers.adagrad, {"initial_accumulator_value": 0.5, "decoupled_weight_decay": True}),
    Case("RMSprop", papers.rmsprop),
    Case("RMSprop", papers.rmsprop, {"momentum": 0.9, "weight_decay": 0.1, "alpha": 0.9}),
    Case("RMSprop", papers.rmsprop, {"centered": True, "maximize": True, "eps": 1e-3}),
    Case("RMSprop", papers.rmsprop, {"centered": True, "momentum": 0.5, "decoupled_weight_decay": True}),
    Case("Lion", papers.lion),
    Case("Lion", papers.lion, {"weight_decay": 0.1, "maximize": True, "lr": 0.01, "betas": (0.7, 0.8)}),
    Case("LAMB", papers.lamb),
    Case("LAMB", papers.lamb, {"weight_decay": 0.1, "maximize": True, "bias_correction": False, "lr": 0.01}),
    Case("Adan", papers.adan),
    Case("Adan", papers.adan, {"weight_decay": 0.1, "maximize": True, "mix_by_beta2": True, "lr": 0.01}),
    Case("ADOPT", papers.adopt),
    Case("ADOPT", papers.adopt, {"weight_decay": 0.1, "maximize": True, "clip": False, "betas": (0.8, 0.9)}),
    Case("ADOPT", papers.adopt, {"weight_decay": 0.1, "decoupled_weight_decay": True, "eps": 0.5}),
    Case("AdEMAMix", papers.ademamix),
    Case("AdEMAMix", papers.ademamix, {"weight_decay": 0.1, "maximize": True, "alpha": 8.0, "warmup_steps": 150}),
    Case("ScheduleFreeAdamW", papers.schedule_free),
    Case("ScheduleFreeAdamW", papers.schedule_free, {"weight_decay": 0.1, "warmup_steps": 7, "maximize": True}),
    Case("ScheduleFreeAdamW", papers.schedule_free, {"r": 0.75, "weight_lr_power": 1.5, "betas": (0.7, 0.9)}),
    Case("SGD", papers.sgd),
    Case("SGD", papers.sgd, {"momentum": 0.9, "dampening": 0.3, "weight_decay": 0.1, "lr": 0.01}),
    Case("SGD", papers.sgd, {"momentum": 0.9, "nesterov": True, "maximize": True}),
    Case("SGD", papers.sgd, {"momentum": 0.5, "decoupled_weight_decay": True, "weight_decay": 0.1}),
    Case("ScheduleFreeSGD", papers.schedule_free_sgd, {"lr": 0.1}),
    Case("ScheduleFreeSGD", papers.schedule_free_sgd, {"weight_decay": 0.1, "warmup_steps": 7, "maximize": True}),
    Case("ScheduleFreeSGD", papers.schedule_free_sgd, {"r": 0.75, "weight_lr_power": 1.5, "momentum": 0.7, "lr": 0.2}),
    Case("ScheduleFreeRAdam", papers.schedule_free_radam),
    Case("ScheduleFreeRAdam", papers.schedule_free_radam, {"weight_decay": 0.1, "silent_sgd_phase": False}),
    Case("ScheduleFreeRAdam", papers.schedule_free_radam, {"r": 0.75, "betas": (0.7, 0.95), "maximize": True}),
    Case("Adadelta", papers.adadelta),
    Case("Adadelta", papers.adadelta, {"weight_decay": 0.1, "maximize": True, "rho": 0.95, "eps": 1e-3}),
    Case("Adadelta", papers.adadelta, {"decoupled_weight_decay": True, "weight_decay": 0.1, "lr": 0.1}),
    Case("LaProp", papers.laprop),
    Case("LaProp", papers.laprop, {"weight_decay": 0.1, "maximize": True, "betas": (0.8, 0.9), "eps": 1e-3}),
    Case("LaProp", papers.laprop, {"weight_decay": 0.1, "decoupled_weight_decay": False, "lr": 0.01}),
    Case("AdamAtan2", papers.adam_atan2),
    Case("AdamAtan2", papers.adam_atan2, {"weight_decay": 0.1, "maximize": True, "a": 2.0, "b": 0.3}),
    Case("AdamAtan2", papers.adam_atan2, {"weight_decay": 0.1, "decoupled_weight_decay": False, "b": 8.0}),
    Case("StableAdamW", papers.stable_adamw),
    Case("StableAdamW", papers.stable_adamw, {"weight_decay": 0.3, "maximize": True, "betas": (0.5, 0.9), "eps": 0.1}),
    Case("MARS", papers.mars),
    Case("MARS", papers.mars, {"weight_decay": 0.1, "maximize": True, "gamma": 0.1, "lr": 0.01}),
    Case("LARS", papers.lars),
    Case("LARS", papers.lars, {"weight_decay": 0.1, "maximize": True, "momentum": 0.5, "eps": 0.1}),
    Case("LARS", papers.lars, {"nesterov": True, "weight_decay": 0.1, "trust_coefficient": 0.01}),
    Case("Rprop", papers.rprop),
    Case("Rprop", papers.rprop, {"maximize": True, "etas": (0.3, 1.5), "step_sizes": (0.01, 0.1)}),
    Case("Prodigy", papers.prodigy),
    Case("Prodigy", papers.prodigy, {"weight_decay": 0.1, "maximize": True, "use_bias_correction": True, "d0": 1e-3}),
    Case("Prodigy", papers.prodigy, {"weight_decay": 0.1, "decoupled_weight_decay": False, "growth_rate": 1.05}),
    Case("Prodigy", papers.prodigy, {"lr": 0.5, "safeguard_warmup": True, "beta3": 0.9, "d_coef": 2.0, "eps": 1e-3}),
    Case("AdamW", papers.adam, {"decay": "corrected", "max_lr": 0.05, "weight_decay": 0.5, "lr": 0.02}),
    Case(
        "Adam",
        papers.adam,
        {"decoupled_weight_decay": True, "weight_decay": 0.01, "decay": "independent", "max_lr": 0.004},
    ),
    Case("LaProp", papers.laprop, {"decay": "independent", "max_lr": 0.04, "weight_decay": 0.02, "lr": 0.01}),
    Case("AdamW", papers.cautious(papers.adam), {"cautious": True, "weight_decay": 0.1}),
    Case("Adam", papers.cautious(papers.adam), {"cautious": True, "weight_decay": 0.1, "amsgrad": True}),
    Case("NAdam", papers.cautious(papers.nadam), {"cautious": True, "weight_decay": 0.1, "maximize": True}),
    Case("RMSprop", papers.cautious(papers.rmsprop), {"cautious": True, "momentum": 0.9, "weight_decay": 0.1}),
    Case("Lion", papers.cautious(papers.lion), {"cautious": True, "decay": "corrected", "max_lr": 0.1, "lr": 0.01}),
    Case("Adan", papers.cautious(papers.adan), {"cautious": True, "weight_decay": 0.1}),
    Case("ADOPT", papers.cautious(papers.adopt), {"cautious": True, "decoupled_weight_decay": True, "lr": 0.01}),
    Case("MARS", papers.cautious(papers.mars), {"cautious": True, "weight_decay": 0.1, "maximize": True}),
    Case("SGD", papers.cautious(papers.sgd), {"cautious": True, "momentum": 0.9, "nesterov": True}),
    Case("NovoGrad", papers.novograd),
    Case("NovoGrad", papers.novograd, {"weight_decay": 0.1, "maximize": True, "betas": (0.95, 0.98), "eps_root": 0.01}),
    Case("Adafactor", papers.adafactor),
    Case("Adafactor", papers.adafactor, {"weight_decay": 0.1, "maximize": True, "eps": (0.3, 0.5), "beta1": 0.8}),
    Case("Adafactor", papers.adafactor, {"d": 1.5, "scale_parameter": False, "beta2_decay": -0.5, "beta1": 0.9}),
    Case("Adafactor", papers.adafactor, {"eps_in_mean": True, "warmup_init": True, "eps": (0.1, 0.01)}),
    Case("Adafactor", papers.adafactor, {"relative_step": False, "lr": 0.1, "scale_parameter": False}),
    Case("AdamMini", papers.adam),
    Case("AdamMini", papers.adam, {"blocks": "tensor", "weight_decay": 0.1, "maximize": True, "eps": 1e-3}),
    Case("AdamMini", papers.adam, {"blocks": 1, "weight_decay": 0.1, "betas": (0.8, 0.9), "lr": 0.01}),
]
