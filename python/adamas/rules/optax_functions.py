"""Functions of optax that compute the same as rules of adamas: their arguments, and the contents of their states."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple


class Function(NamedTuple):
    """A function of optax.

    Attributes:
        rule: The class of adamas that computes the same.
        arguments: Its arguments that adamas has, too, with their defaults, in its order.
        neutral: Those that must stay as they are, by name alone.
        fixed: Arguments of the class that make it what optax has.
        named: Before which of the arguments optax has one that is neutral: from there on they are given by name.
    """

    rule: str
    arguments: Mapping[str, Any]
    neutral: Mapping[str, Any] = {}
    fixed: Mapping[str, Any] = {}
    named: str = ""


_BETAS = {"b1": 0.9, "b2": 0.999}
_DECAY = {"weight_decay": 1e-4, "mask": None}
_DECOUPLED = {"decoupled_weight_decay": True}
_PLAIN = {"eps_root": 0.0, "mu_dtype": None, "nesterov": False}

#: By name.
FUNCTIONS = {
    "adabelief": Function("AdaBelief", {**_BETAS, "eps": 1e-16, "eps_root": 1e-16}, {"nesterov": False}),
    "adadelta": Function(
        "Adadelta",
        {"learning_rate": 1.0, "rho": 0.9, "eps": 1e-6, "weight_decay": 0.0, "weight_decay_mask": None},
        {},
        {"decoupled_weight_decay": False},
    ),
    "adam": Function("Adam", {**_BETAS, "eps": 1e-8}, _PLAIN),
    "adamax": Function("Adamax", {**_BETAS, "eps": 1e-8}),
    "adamaxw": Function("Adamax", {**_BETAS, "eps": 1e-8, **_DECAY}, {}, _DECOUPLED),
    "adamw": Function("AdamW", {**_BETAS, "eps": 1e-8, **_DECAY}, _PLAIN, named="weight_decay"),
    "adan": Function(
        "Adan",
        {"b1": 0.98, "b2": 0.92, "b3": 0.99, "eps": 1e-8, "eps_root": 1e-8, "weight_decay": 0.0, "mask": None},
    ),
    "ademamix": Function(
        "AdEMAMix",
        {**_BETAS, "b3": 0.9999, "alpha": 5.0, "eps": 1e-8, "weight_decay": 0.0, "mask": None},
        {"eps_root": 0.0, "mu_dtype": None},
        named="weight_decay",
    ),
    "lamb": Function(
        "LAMB", {**_BETAS, "eps": 1e-6, "weight_decay": 0.0, "mask": None}, {"eps_root": 0.0}, named="weight_decay"
    ),
    "lars": Function(
        "LARS",
        {
            **{"weight_decay": 0.0, "weight_decay_mask": None, "trust_coefficient": 0.001, "eps": 0.0},
            **{"momentum": 0.9, "nesterov": False},
        },
        {"trust_ratio_mask": True},
        named="momentum",
    ),
    "lion": Function(
        "Lion", {"b1": 0.9, "b2": 0.99, "weight_decay": 1e-3, "mask": None}, {"mu_dtype": None}, named="weight_decay"
    ),
    "novograd": Function("NovoGrad", {"b1": 0.9, "b2": 0.25, "eps": 1e-6, "eps_root": 0.0, "weight_decay": 0.0}),
    "sgd": Function("SGD", {"momentum": None, "nesterov": False}, {"accumulator_dtype": None}),
    "yogi": Function("Yogi", {**_BETAS, "eps": 1e-3}),
}

#: What states of optax call what rules keep under these names.
IN_OPTAX = {
    "mu": ("exp_avg",),
    "nu": ("exp_avg_sq", "exp_avg_var", "exp_inf"),
    "trace": ("momentum_buffer",),
    "e_g": ("square_avg",),
    "e_x": ("acc_delta",),
}

#: Rules whose states are the same numbers as optax's.
ALIKE = ("AdaBelief", "Adadelta", "Adam", "AdamW", "Adamax", "LAMB", "Lion", "RAdam", "SGD", "Yogi")
