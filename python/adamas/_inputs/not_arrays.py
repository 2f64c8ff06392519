"""Error messages for invalid parameters: tensors of other libraries, generators, groups without parameters."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

import numpy as np

from adamas._inputs.values import as_real, is_a, stored, type_name

#: What to do about objects of other libraries, by the name of the package; ``{}`` is the name of the optimizer.
_OF_OTHERS = {
    "torch": "for parameters of PyTorch, use adamas.torch.{}",
    "keras": "for variables of Keras, use the optimizers of adamas.keras",
    "jax": "arrays of JAX cannot be updated in place; copy them: numpy.array(...)",
    "jaxlib": "arrays of JAX cannot be updated in place; copy them: numpy.array(...)",
}


def check_leaf(value: Any, path: str, owner: str) -> None:
    """Refuse what is no array, if there is more to say about it than that.

    Args:
        value: What stands in the place of a parameter.
        path: How messages name it.
        owner: Class of the optimizer.

    Raises:
        TypeError: Saying what to do.
    """
    if is_a(value, np.ndarray):
        return
    got, advice = type_name(value), _advice_for(value)
    if advice is None and is_a(value, Iterable) and not is_a(value, str | bytes) and not hasattr(value, "__array__"):
        first, make = _first(value)
        advice = _advice_for(first)
        if advice is None:
            advice = f"write {make}(...), since the parameters must be a list, a tuple or a mapping of arrays"
        else:
            got = f"{got} of {type_name(first)}"
    if advice is not None:
        raise TypeError(f"{path}: expected a numpy.ndarray, got {got}; {advice.format(owner)}")


def _advice_for(value: Any) -> str | None:
    packages = {cls.__module__.partition(".")[0] for cls in type(value).__mro__}
    return next((text for package, text in _OF_OTHERS.items() if package in packages), None)


def _first(values: Any) -> tuple[Any, str]:
    """Return the first of some values, or None, and what makes a container of them: of pairs with names a dict."""
    try:
        first = next(iter(values), None)
    except Exception:
        return None, "list"
    if type(first) is tuple and len(first) == 2 and is_a(first[0], str):
        return first[1], "dict"
    return first, "list"


def refuse_group_without_params(given: Any, path: str, names: Collection[str]) -> None:
    """Refuse a group dict that has hyperparameters alone.

    Args:
        given: What may be one.
        path: How messages name it.
        names: Of hyperparameters and options.

    Raises:
        TypeError: It is one.
    """
    if not is_a(given, Mapping):
        return
    found = [name for name in names if name in given and _is_setting(given[name])]
    if found:
        raise TypeError(f"{path}: has {', '.join(map(repr, found))}; a group needs its parameters too, under 'params'")


def _is_setting(value: Any) -> bool:
    if is_a(value, np.ndarray):  # a parameter, though it may have no dimensions: some hyperparameter is called "b"
        return False
    if is_a(value, list | tuple):
        return bool(value) and all(map(_is_setting, stored(value)))
    return value is None or is_a(value, bool | str) or callable(value) or as_real(value) is not None
