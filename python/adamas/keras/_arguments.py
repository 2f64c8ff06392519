"""Arguments of an optimizer under Keras's names: the signature, the checks, and the names in adamas."""

from __future__ import annotations

import inspect
import math
from collections.abc import Mapping
from typing import Any

from adamas.adapters import OptimizerInfo
from adamas.adapters.checks import as_real, check_threads, no_argument, number, plain, read_step_defaults
from adamas.rules.keras_classes import ADAMAS_NAMES, KEYWORDS

#: Arguments of every optimizer of Keras, in its order.
OF_KERAS: Mapping[str, Any] = {
    "weight_decay": None,
    "clipnorm": None,
    "clipvalue": None,
    "global_clipnorm": None,
    "use_ema": False,
    "ema_momentum": 0.99,
    "ema_overwrite_frequency": None,
    "loss_scale_factor": None,
    "gradient_accumulation_steps": None,
    "name": None,
}

#: Options of adamas that are offered.
OPTIONS: Mapping[str, Any] = {"state_dtype": None, "num_threads": None, "observe": None}

#: Those that are one argument of adamas together, in order, and what each has to be below.
_TOGETHER: Mapping[str, Mapping[str, float]] = {
    "betas": {"beta_1": 1.0, "beta_2": 1.0, "beta_3": 1.0},
    "eps": {"epsilon_1": math.inf, "epsilon_2": math.inf},
}
_BOUNDS = {name: bound for parts in _TOGETHER.values() for name, bound in parts.items()}


def signature_of(arguments: Mapping[str, Any]) -> inspect.Signature:
    """Return the signature of an optimizer with these arguments of its own, given with their defaults."""
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    positional = [
        inspect.Parameter(name, kind, default=default)
        for name, default in {**arguments, **{k: v for k, v in OF_KERAS.items() if k not in arguments}}.items()
        if name not in KEYWORDS
    ]
    keywords = {name: arguments[name] for name in KEYWORDS if name in arguments}
    options = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default)
        for name, default in {**keywords, **OPTIONS}.items()
    ]
    return inspect.Signature([*positional, *options])


def refuse_unknown(given: Mapping[str, Any], owner: str, arguments: Mapping[str, Any]) -> None:
    """Refuse keyword arguments that an optimizer with these arguments of its own does not have.

    Raises:
        TypeError: Naming one, and all that there are.
    """
    ours = [name for name in {**arguments, **OF_KERAS} if name not in KEYWORDS]
    ours += [name for name in KEYWORDS if name in arguments]
    options = list(OPTIONS)
    for name in given:
        if name not in ours and name not in options:
            raise TypeError(no_argument(name, owner, ours, options))


def names_of(arguments: Mapping[str, Any]) -> list[str]:
    """Return the names of those that Keras does not keep itself."""
    return [name for name in arguments if name not in ("learning_rate", "weight_decay")]


def check_argument(info: OptimizerInfo, name: str, value: Any) -> Any:
    """Return a hyperparameter as a plain number or flag.

    Args:
        info: Of the optimizer of adamas.
        name: Keras's name of the hyperparameter.
        value: What it was given.

    Raises:
        TypeError: Of the wrong type.
        ValueError: Out of range, infinite or not a number.
    """
    if name in _BOUNDS:
        expected = "a finite number >= 0" if _BOUNDS[name] == math.inf else "a number in [0, 1)"
        return number(value, name, expected, 0.0, _BOUNDS[name])
    if name == "momentum":
        return number(value, name, "a number in [0, 1]", 0.0, math.nextafter(1.0, 2.0))
    return info.check_hyperparameter(_adamas_name(info, name), value, name)


def with_plain_numbers(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments that Keras keeps, with floats for what are numbers of any other type."""
    rate = given["learning_rate"]
    number_in_it = None if callable(rate) else as_real(rate)
    return {
        **given,
        "learning_rate": rate if number_in_it is None else number_in_it,
        "weight_decay": plain(given["weight_decay"]),
    }


def check_given(given: Mapping[str, Any], needs_decay: bool) -> None:
    """Refuse arguments that Keras keeps, and would take.

    Args:
        given: All of them.
        needs_decay: ``weight_decay`` cannot be None.
    """
    if isinstance(given["learning_rate"], float):
        check_step(given["learning_rate"], given["weight_decay"])
    check_step(0.0, given["weight_decay"])
    if needs_decay and given["weight_decay"] is None:
        raise ValueError("weight_decay: expected a finite number >= 0, got None")


def check_step(learning_rate: Any, weight_decay: Any) -> tuple[float, float]:
    """Return learning rate and weight decay of a step as numbers, if they can be used."""
    return (
        number(learning_rate, "learning_rate", "a finite number >= 0", 0.0, math.inf),
        number(weight_decay or 0.0, "weight_decay", "None or a finite number >= 0", 0.0, math.inf),
    )


def check_options(options: Mapping[str, Any]) -> None:
    """Refuse options that are not what adamas takes."""
    read_step_defaults(options, "the optimizer", ())
    check_threads(options["num_threads"])


def _adamas_name(info: OptimizerInfo, name: str) -> str:
    return name if name in info.spec.by_name else ADAMAS_NAMES.get(name, name)


def adamas_arguments(info: OptimizerInfo, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return hyperparameters under the names that the optimizer of adamas has for them."""
    named = {_adamas_name(info, name): value for name, value in values.items() if name not in _BOUNDS}
    for ours, parts in _TOGETHER.items():
        together = tuple(values[name] for name in parts if name in values)
        if together:
            named[ours] = together
    return named
