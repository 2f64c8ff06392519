"""Arguments of a strategy under Flower's names: the signature, the checks, and the names in adamas."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from adamas.adapters import OptimizerInfo
from adamas.adapters.checks import as_real, check_threads, dtype_name, no_argument, number, read_step_defaults, shown
from adamas.rules.flower_classes import SERVER_ARGUMENTS, argument_of, stepped_by

_KEYWORD = inspect.Parameter.KEYWORD_ONLY


def parameters_of(strategy: type[Any]) -> dict[str, inspect.Parameter]:
    """Return the parameters of a strategy of Flower's, by name."""
    _, *parameters = inspect.signature(strategy.__init__).parameters.values()
    return {each.name: each.replace(kind=_KEYWORD) for each in parameters}


def signature_of(flwr: Mapping[str, inspect.Parameter], arguments: Mapping[str, Any]) -> inspect.Signature:
    """Return the signature of a strategy: Flower's parameters, and then arguments of its own with their defaults."""
    own = [inspect.Parameter(name, _KEYWORD, default=default) for name, default in arguments.items()]
    return inspect.Signature([*flwr.values(), *own])


def refuse_unknown(given: Collection[str], owner: str, arguments: Mapping[str, Any], flwr: Collection[str]) -> None:
    """Refuse arguments that a strategy does not have.

    Raises:
        TypeError: Naming one, and all that there are.
    """
    for name in given:
        if name == "mode" and name not in arguments:
            raise TypeError(f"mode: {owner} has no modes, because its rule is computed in one way; leave it out")
        if name not in arguments and name not in flwr:
            ours = [each for each in arguments if each not in SERVER_ARGUMENTS]
            raise TypeError(no_argument(name, owner, ours, [*SERVER_ARGUMENTS, *flwr]))


def hyperparameters(info: OptimizerInfo, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return checked hyperparameters under the names of adamas.

    Args:
        info: Of the optimizer of adamas.
        values: By the names that Flower has for them.

    Raises:
        TypeError: One of the wrong type.
        ValueError: One out of range, or two that do not go together.
    """
    spec, checked = info.spec, {}
    for name in stepped_by(spec):
        words = argument_of(spec, name)
        if name == "betas":
            checked[name] = tuple(number(values[word], word, "a number in [0, 1)", 0.0, 1.0) for word in words)
        else:
            checked[name] = info.check_hyperparameter(name, values[words[0]], words[0])
    info.check_combination({**{each.name: each.default for each in spec.hyperparameters}, **checked})
    return checked


def at_step(info: OptimizerInfo, values: Mapping[str, Any], steps: int) -> dict[str, Any]:
    """Return `hyperparameters` of a step, with the numbers that callables give after so many steps."""
    return hyperparameters(info, {name: value(steps) if callable(value) else value for name, value in values.items()})


def check_mode(mode: Any, modes: Sequence[str]) -> str:
    """Return a mode, if it is one of those.

    Raises:
        ValueError: It is not.
    """
    if isinstance(mode, str) and mode in modes:
        return mode
    raise ValueError(f"mode: expected {' or '.join(map(repr, modes))}, got {shown(mode)}")


def check_patterns(averaged: Any) -> tuple[str, ...] | None:
    """Return patterns for names as a tuple, or None.

    Raises:
        TypeError: They are anything else.
    """
    if averaged is None:
        return None
    if isinstance(averaged, str) or not isinstance(averaged, Sequence):
        raise TypeError(f"averaged: expected None or a sequence of patterns for names, got {shown(averaged)}")
    for pattern in averaged:
        if not isinstance(pattern, str):
            raise TypeError(f"averaged: expected patterns that are text, got {shown(pattern)}")
    return tuple(averaged)


def check_options(state_dtype: Any, num_threads: Any, *, starts_states: bool) -> dict[str, Any]:
    """Return the options of the optimizer.

    Raises:
        TypeError: One of the wrong type.
        ValueError: One of a wrong value, or states that cannot be started as the mode has it.
    """
    options = {"state_dtype": dtype_name(state_dtype), "num_threads": num_threads}
    read_step_defaults(options, "the strategy", ())
    check_threads(num_threads)
    if starts_states and options["state_dtype"] in ("int8", "int4"):
        raise ValueError(
            f"state_dtype: mode='paper' starts states at tau**2, which {options['state_dtype']!r} cannot hold; "
            "use 'float32', 'bfloat16' or another mode"
        )
    return options


def check_weight(value: Any, what: str, error: Callable[[str], Exception]) -> float:
    """Return the weight of a reply.

    Raises:
        Exception: What ``error`` makes of a message: it is not a finite number >= 0.
    """
    weight = as_real(value)
    if weight is None or not 0.0 <= weight < float("inf"):
        raise error(f"{what}: expected a finite number >= 0, got {shown(value)}")
    return weight
