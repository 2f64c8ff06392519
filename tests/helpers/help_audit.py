"""What `help()` lacks: arguments without a text, wrong defaults, words that send readers to another place.

Used by tests of `adamas` itself and, where their frameworks are installed, of the adapters.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Mapping
from types import ModuleType
from typing import Any

from adamas._optimizer.options import PLACES, Options, read_options
from adamas.rules.docstring import entries, sections

#: A docstring stands alone: it repeats what it says of an argument, instead of naming the place that says it.
SENDS_ON = re.compile(
    r"\bAs (?:in|of|for) (?:its|`|the\b)|\bAs `|as in `Adam|[Ll]ikewise|as are (?:the|all) others|as all others are"
    r"|: \.\.\.$|\bas of `|arguments (?:and errors )?(?:as|are those) of",
    re.MULTILINE,
)


def defaults_of_options() -> dict[str, Any]:
    """Return the default of each option, as an optimizer has it."""
    formats, steps = read_options({}, "", ())
    given = {**vars(formats), **{name: getattr(steps, name) for name, place in PLACES.items() if place}}
    return {name: given.get(name) for name in Options.__annotations__}


def flaws_of_text(text: str, where: str) -> list[str]:
    """Return the places of a docstring that send its readers elsewhere."""
    return [f"{where}: says {found[0]!r}" for found in SENDS_ON.finditer(text)]


def documented(item: Any) -> dict[str, str]:
    """Return the texts on the arguments in a docstring, by name, without stars."""
    args = sections(inspect.getdoc(item) or "").get("Args", "")
    return {name.lstrip("*"): text for name, text in entries(args).items()} if args else {}


def flaws_of_arguments(item: Any, where: str, signature: inspect.Signature | None = None) -> list[str]:
    """Return the parameters of a function or class that its docstring does not name."""
    try:
        parameters = (signature or inspect.signature(item)).parameters.values()
    except ValueError:  # compiled
        return []
    texts = documented(item)
    names = [each.name for each in parameters if each.name not in ("self", "cls")]
    return [f"{where}: no text on {name!r}" for name in names if not texts.get(name)]


def flaws_of_defaults(cls: type, options: Mapping[str, Any]) -> list[str]:
    """Return the arguments and options whose default in the docstring is not that of the signature.

    Args:
        cls: An optimizer class.
        options: The options that it takes by ``**options``, with their defaults.
    """
    texts, found = documented(cls), []
    parameters = inspect.signature(cls).parameters
    defaults = {name: each.default for name, each in parameters.items() if each.default is not each.empty}
    for name, default in {**defaults, **options}.items():
        text = texts.get(name, "")
        if not text.endswith(f"Default: {default!r}."):
            found.append(f"{cls.__name__}: {name}={default!r} is not the default in: {text!r}")
    return found


def methods(cls: type) -> Iterator[tuple[str, Any]]:
    """Yield the public methods and properties of a class that adamas defines, by name."""
    members = {name: found for base in reversed(cls.__mro__) for name, found in vars(base).items()}
    for name, found in sorted(members.items()):
        if name.startswith("_"):
            continue
        function = found
        if isinstance(found, classmethod | staticmethod):
            function = found.__func__
        if isinstance(found, property):
            function = found.fget
        module = getattr(inspect.unwrap(function), "__module__", "") if callable(function) else ""
        if module and module.split(".")[0] == "adamas":
            yield name, found if isinstance(found, property) else function


def flaws_of_methods(cls: type) -> list[str]:
    """Return what is missing in the docstrings of the public methods and properties of a class."""
    flaws = []
    for name, method in methods(cls):
        where = f"{cls.__module__}.{cls.__qualname__}.{name}"
        text = inspect.getdoc(getattr(cls, name)) or ""
        if not text:
            flaws.append(f"{where}: no docstring")
            continue
        flaws += flaws_of_text(text, where)
        if not isinstance(method, property):
            flaws += flaws_of_arguments(getattr(cls, name), where)
    return flaws


def flaws_of_optimizer(cls: Any, options: Mapping[str, Any]) -> list[str]:
    """Return what `help()` of an optimizer class lacks."""
    text, name = inspect.getdoc(cls) or "", f"{cls.__module__}.{cls.__qualname__}"
    flaws = flaws_of_text(text, name) + flaws_of_arguments(cls, name) + flaws_of_defaults(cls, options)
    return [*flaws, *(f"{name}: no text on the option {each!r}" for each in options if each not in documented(cls))]


def flaws_of_module(module: ModuleType) -> list[str]:
    """Return what is missing in the docstrings of the public functions and classes of a module that are no rules."""
    flaws = flaws_of_text(module.__doc__ or "", module.__name__)
    for name in getattr(module, "__all__", ()):
        item, where = getattr(module, name), f"{module.__name__}.{name}"
        text = inspect.getdoc(item) or ""
        if getattr(item, "__module__", "") == "adamas._core":  # compiled
            continue
        if isinstance(item, type):
            flaws += flaws_of_text(text, where) + flaws_of_methods(item)
        elif inspect.isfunction(item):
            flaws += flaws_of_text(text, where) + flaws_of_arguments(item, where)
        else:
            continue
        if not text:
            flaws.append(f"{where}: no docstring")
    return flaws
