"""Defaults of other libraries that differ from those of adamas; tests compare them with the installed libraries."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adamas.rules.docstring import bulleted
from adamas.rules.spec import RuleSpec

#: By rule, and by the class or function that other libraries have for it: the defaults that differ, under the names
#: of adamas. Arguments that only one side has are left out, and so are learning rates that have no default there.
PEER_DEFAULTS: Mapping[str, Mapping[str, Mapping[str, Any]]] = {
    "Adam": {"torch.optim.Adam": {}, "optax.adam": {}, "keras.optimizers.Adam": {"eps": 1e-07}},
    "AdamW": {
        "torch.optim.AdamW": {},
        "optax.adamw": {"weight_decay": 0.0001},
        "keras.optimizers.AdamW": {"weight_decay": 0.004, "eps": 1e-07},
    },
    "NAdam": {"torch.optim.NAdam": {}, "optax.nadam": {}, "keras.optimizers.Nadam": {"lr": 0.001, "eps": 1e-07}},
    "RAdam": {"torch.optim.RAdam": {}, "optax.radam": {}},
    "Adamax": {
        "torch.optim.Adamax": {},
        "optax.adamax": {},
        "optax.adamaxw": {"weight_decay": 0.0001},
        "keras.optimizers.Adamax": {"lr": 0.001, "eps": 1e-07},
    },
    "AdaBelief": {"optax.adabelief": {}},
    "Yogi": {"optax.yogi": {}},
    "Adagrad": {
        "torch.optim.Adagrad": {},
        "optax.adagrad": {"initial_accumulator_value": 0.1, "eps": 1e-07},
        "keras.optimizers.Adagrad": {"lr": 0.001, "initial_accumulator_value": 0.1, "eps": 1e-07},
    },
    "RMSprop": {
        "torch.optim.RMSprop": {},
        "optax.rmsprop": {"alpha": 0.9},
        "keras.optimizers.RMSprop": {"lr": 0.001, "alpha": 0.9, "eps": 1e-07},
    },
    "Lion": {"optax.lion": {}, "keras.optimizers.Lion": {"lr": 0.001, "weight_decay": None}},
    "LAMB": {"optax.lamb": {}, "keras.optimizers.Lamb": {"eps": 1e-07}},
    "Adan": {"optax.adan": {}},
    "ADOPT": {"optax.contrib.adopt": {}},
    "AdEMAMix": {"optax.contrib.ademamix": {}},
    "ScheduleFreeAdamW": {
        "optax.contrib.schedule_free_adamw": {},
        "keras.optimizers.ScheduleFreeAdamW": {},
    },
    "ScheduleFreeSGD": {"optax.contrib.schedule_free_sgd": {}},
    "SGD": {"torch.optim.SGD": {}, "optax.sgd": {}, "keras.optimizers.SGD": {"lr": 0.01}},
    "Adadelta": {
        "torch.optim.Adadelta": {},
        "optax.adadelta": {},
        "keras.optimizers.Adadelta": {"lr": 0.001, "rho": 0.95, "eps": 1e-07},
    },
    "LARS": {"optax.lars": {}},
    "NovoGrad": {"optax.novograd": {}},
    "Prodigy": {"optax.contrib.prodigy": {}},
    "Rprop": {"torch.optim.Rprop": {}, "optax.rprop": {}},
    "Adafactor": {
        "torch.optim.Adafactor": {},
        "keras.optimizers.Adafactor": {"lr": 0.001, "eps": (1e-30, 0.001)},
    },
}


def peers_section(spec: RuleSpec) -> str:
    """Return the section on the defaults of other libraries; empty for a rule that none of them has."""
    texts = {}
    for peer, defaults in PEER_DEFAULTS.get(spec.name, {}).items():
        differing = ", ".join(f"{name}={value!r}" for name, value in defaults.items())
        texts[peer] = f"{differing}. All others are the same." if differing else "all are the same."
    return bulleted(texts)
