"""What the class of a rule in `adamas.keras` is made of; Keras itself is not needed."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from adamas.rules.common import check_cautious, check_decay, with_largest_rate
from adamas.rules.keras_words import KerasWords
from adamas.rules.spec import RuleSpec

#: What Keras calls arguments that have another name here. (The betas are one argument here, and one each in Keras.)
KERAS_NAMES = {"lr": "learning_rate", "eps": "epsilon", "eps_root": "epsilon_root"}

#: Arguments that Keras has in a way of its own, or has not.
NOT_IN_KERAS = ("weight_decay", "decoupled_weight_decay", "maximize")


#: Arguments that Keras lacks, and that are given by name alone: so those of Keras have the places that they have there.
KEYWORDS = ("decay", "max_lr", "cautious")


def keras_name(spec: RuleSpec) -> str:
    """Return the name of the class in `adamas.keras`."""
    return spec.keras.name or spec.name


def keras_arguments(spec: RuleSpec) -> dict[str, Any]:
    """Return the arguments of the class that not all optimizers of Keras have, and their defaults."""
    keywords = {each.name: each.default for each in spec.arguments if each.name in KEYWORDS}
    if spec.keras.arguments is not None:
        return {**spec.keras.arguments, **keywords}
    arguments: dict[str, Any] = {}
    for each in spec.arguments:
        if each.name in KEYWORDS:
            continue
        if each.name == "betas":
            arguments |= {f"beta_{k}": beta for k, beta in enumerate(each.default, 1)}
        elif each.name not in NOT_IN_KERAS:
            arguments[KERAS_NAMES.get(each.name, each.name)] = each.default
    return arguments | keywords


def keras_docstring(spec: RuleSpec) -> str:
    """Return the docstring of the class; none where Python has dropped docstrings (``-OO``)."""
    if not spec.__doc__:
        return ""
    if type(spec.keras) is not KerasWords and spec.keras.__doc__:
        return spec.keras.__doc__
    ours = {name: our for our, name in KERAS_NAMES.items()}
    lines = ["    learning_rate: As of `Optimizer`, as all others are."]
    for name in keras_arguments(spec):
        if name != "learning_rate":
            our = "betas" if name.startswith("beta_") else ours.get(name, name)
            lines.append(f"    {name}: {spec.descriptions[our]}")
    head = inspect.cleandoc(spec.__doc__ or "").split("\nArgs:\n", 1)[0]
    return f"{head}\nArgs:\n" + "\n".join(lines) + f"\n\nReferences:\n{spec.references}"


def keras_fixed(spec: RuleSpec) -> dict[str, Any]:
    """Return the hyperparameters that are no arguments in Keras, but make the rule what Keras has."""
    is_argument = any(each.name == "decoupled_weight_decay" for each in spec.arguments)
    return {**({"decoupled_weight_decay": True} if is_argument else {}), **spec.keras.fixed}


def keras_at_construction(own: Mapping[str, Any], learning_rate: Any) -> dict[str, Any]:
    """Return arguments with the ``max_lr`` that they have at construction.

    Args:
        own: Those that Keras does not keep itself, each valid by itself.
        learning_rate: A number, or else a schedule.

    Raises:
        ValueError: They do not go together.
    """
    settled = {**own, "lr": learning_rate, "decoupled_weight_decay": True}
    if "max_lr" in own:
        settled = with_largest_rate(settled)
        check_decay(settled, "{}")
    if own.get("cautious"):
        check_cautious(settled, "{}", possible=True)
    return {name: settled[name] for name in own}
