"""Docstrings that are assembled when they are first read, so that they do not slow down the import of adamas."""

from __future__ import annotations

from abc import ABCMeta
from collections.abc import Callable
from typing import TYPE_CHECKING, Any


class LazyDocstring:
    """The docstring of a class, as an entry ``__doc__`` of its namespace.

    Args:
        make: Returns the text, or None. It is called once.
    """

    def __init__(self, make: Callable[[], str | None]) -> None:
        self._make: Callable[[], str | None] | None = make
        self._text: str | None = None

    def __get__(self, instance: object, owner: type | None = None) -> str | None:
        make = self._make
        if make is not None:  # another thread may be making it, too
            self._text = make()
            self._make = None
        return self._text


def _text_of(cls: type) -> Any:
    return type.__dict__["__doc__"].__get__(cls)


def _set_text_of(cls: type, text: str | None) -> None:
    type.__dict__["__doc__"].__set__(cls, text)


class LazilyDocumented(ABCMeta):
    """Metaclass of abstract classes whose docstrings may be lazy.

    Under a plain ``ABCMeta``, `pydoc` would find the `LazyDocstring` itself: it looks into the namespace of the class
    where the metaclass has a mere text as its docstring. Here the metaclass has a property.
    """

    if TYPE_CHECKING:
        __doc__: str | None
    else:
        __doc__ = property(_text_of, _set_text_of)
