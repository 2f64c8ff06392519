"""Definitions of the classes of `adamas.keras`, one for each rule; Keras is not imported."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from adamas.rules.class_docstring import class_docstring
from adamas.rules.common import check_cautious, check_decay, with_largest_rate
from adamas.rules.docstring import described, sections, with_default
from adamas.rules.hyperparameter import Hyperparameter
from adamas.rules.keras_words import KerasWords
from adamas.rules.spec import RuleSpec

#: What Keras calls arguments that have another name here. (The betas are one argument here, and one each in Keras.)
KERAS_NAMES = {"lr": "learning_rate", "eps": "epsilon", "eps_root": "epsilon_root"}

#: What adamas calls arguments that it calls by another name, unless the rule has them by this one.
ADAMAS_NAMES = {
    "learning_rate": "lr",
    "epsilon": "eps",
    "epsilon_root": "eps_root",
    "rho": "alpha",
    "beta_2_decay": "beta2_decay",
    "clip_threshold": "d",
}

#: Arguments that Keras has in a way of its own, or lacks.
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


def hyperparameter_of(spec: RuleSpec, name: str) -> tuple[Hyperparameter, int | None]:
    """Return the hyperparameter that an argument sets, and which of its numbers, if it is several."""
    place = re.fullmatch(r"(beta|epsilon)_(\d)", name)
    if place is not None:
        return spec.by_name["betas" if place[1] == "beta" else "eps"], int(place[2]) - 1
    return spec.by_name[name if name in spec.by_name else ADAMAS_NAMES.get(name, name)], None


def has_own_docstring(spec: RuleSpec) -> bool:
    """Tell whether the class has a summary and equations of its own."""
    return type(spec.keras) is not KerasWords and bool(spec.keras.__doc__)


def keras_docstring(spec: RuleSpec, shared: Mapping[str, str], defaults: Mapping[str, Any]) -> str | None:
    """Return the docstring of the class; None where Python has dropped docstrings (``-OO``).

    Args:
        spec: The rule.
        shared: Texts on arguments that all classes have.
        defaults: The defaults of these, in order.
    """
    if not spec.__doc__:
        return None
    words, arguments = spec.keras, keras_arguments(spec)
    own = sections(words.__doc__ or "") if has_own_docstring(spec) else {"": ""}
    names = {hyperparameter_of(spec, name)[0].name: name for name in arguments if not name.startswith("beta_")}
    texts = {}
    for name, default in {**arguments, **defaults, **arguments}.items():
        if name in words.texts:
            texts[name] = with_default(words.texts[name], default)
        elif name in shared:
            texts[name] = with_default(shared[name], default)
        else:
            each, part = hyperparameter_of(spec, name)
            texts[name] = described(each, default, part=part, names=names, callables="")
    example = f"""\
>>> import keras
>>> import adamas.keras
>>> w = keras.Variable([1.0, -2.0])
>>> optimizer = adamas.keras.{keras_name(spec)}()
>>> for _ in range(10):
...     optimizer.apply([2 * keras.ops.convert_to_tensor(w)], [w])
>>> bool(keras.ops.all(keras.ops.abs(w) < keras.ops.array([1.0, 2.0])))
True"""
    raises = {
        "TypeError": "An argument is unknown or has the wrong type.",
        "ValueError": "An argument is out of range, or two arguments do not go together.",
    }
    head = own[""]
    if head and "::" not in head:
        _, equations = spec.documentation[""].split("\n\n", 1)
        head += f"\n\nIn the words of `adamas.{spec.name}`:\n\n{equations}"
    references = own.get("References", "")
    return class_docstring(spec, texts, raises=raises, example=example, head=head, references=references)


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
