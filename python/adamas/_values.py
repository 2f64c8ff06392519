"""Looking at values that come from outside, whatever they say of themselves."""

from __future__ import annotations

from typing import Any

import numpy as np


def is_a(value: Any, kind: Any) -> bool:
    """Tell whether a value is of a class; `isinstance` believes what the value's ``__class__`` says."""
    return issubclass(type(value), kind)


def stored(sequence: list[Any] | tuple[Any, ...]) -> list[Any]:
    """Return the entries of a list or tuple as they are stored, whatever a subclass says."""
    return [*(list.__iter__(sequence) if is_a(sequence, list) else tuple.__iter__(sequence))]  # type: ignore[arg-type]


def type_name(value: Any) -> str:
    """Name a value's type as a user would: ``numpy.ma.MaskedArray``, ``list``, ``None``."""
    if value is None:
        return "None"
    if type(value) is np.ndarray:
        return "numpy.ndarray"
    cls = type(value)
    return cls.__qualname__ if cls.__module__ == "builtins" else f"{cls.__module__}.{cls.__qualname__}"


def shown(value: Any) -> str:
    """Show a value in a message, briefly; some values cannot even be shown (10**5000)."""
    try:
        text = repr(value)
    except Exception:
        return f"a value of type {type_name(value)}"
    return text if len(text) <= 80 else f"{text[:76]} ..."
