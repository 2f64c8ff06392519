"""Defaults of other libraries under the names of adamas, to compare them with `adamas.rules.peer_defaults`."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from adamas.rules import SPECS

#: What others call arguments of adamas.
NAMES = {
    "learning_rate": "lr",
    "epsilon": "eps",
    "epsilon_root": "eps_root",
    "beta_2_decay": "beta2_decay",
    "clip_threshold": "d",
    "decay": "alpha",
    "rho": "alpha",
}
#: Arguments that are one number each there and together one argument of adamas.
PARTS = {
    "betas": (("b1", "b2", "b3"), ("beta_1", "beta_2", "beta_3")),
    "eps": (("epsilon_1", "epsilon_2"),),
    "etas": (("eta_minus", "eta_plus"),),
    "step_sizes": (("min_step_size", "max_step_size"),),
}


def in_our_names(rule: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments among these that a rule of adamas has too, under its names."""
    known = SPECS[rule].by_name
    found = {NAMES.get(name, name): value for name, value in given.items()}
    found.update({name: value for name, value in given.items() if name in known and NAMES.get(name) not in known})
    for ours, spellings in PARTS.items():
        for parts in spellings:
            values = tuple(given[part] for part in parts if part in given)
            if values and ours in known and len(values) == len(known[ours].default):
                found[ours] = values
    return {name: value for name, value in found.items() if name in known}


def differences(rule: str, function: Callable[..., Any]) -> dict[str, Any]:
    """Return the defaults of a function or class that are not those of the rule of adamas, in the names of adamas."""
    parameters = inspect.signature(function).parameters.values()
    given = {each.name: each.default for each in parameters if each.default is not each.empty}
    known = SPECS[rule].by_name
    found = {name: value for name, value in in_our_names(rule, given).items() if not known[name].fixed}
    # None says that there is no weight decay, momentum or warmup, which is 0 here.
    return {
        name: value
        for name, value in found.items()
        if value != known[name].default and not (value is None and known[name].default == 0)
    }
