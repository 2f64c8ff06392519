"""Updates of one parameter, in place, for those who keep the states themselves: a function for each rule.

Each takes the parameter, its gradient, the rule's states (those that the optimizer's ``opt.state`` has with the same
hyperparameters, in that order, or by name) and, as keywords, the number of the step and the hyperparameters.
"""

from adamas.rules import SPECS

_RULES = {spec.function: spec for spec in SPECS.values()}

__all__ = sorted(_RULES)  # noqa: PLE0605


def __getattr__(name: str) -> object:
    """Make a function when it is first used, so that importing adamas is fast."""
    if name not in _RULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from adamas._optimizer.single_update import make_function  # noqa: PLC0415

    function = globals()[name] = make_function(_RULES[name], __name__)
    return function


def __dir__() -> list[str]:
    return __all__
