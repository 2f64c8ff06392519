"""Docstrings in Google's style: split into sections, and assembled from texts about arguments."""

from __future__ import annotations

import functools
import inspect
import re
import textwrap
from collections.abc import Iterable, Mapping
from typing import Any

from adamas.rules.hyperparameter import Hyperparameter, Range

#: Columns of generated docstrings, their indentation in a class not counted.
WIDTH = 112

#: What a hyperparameter may be beside a number, where optimizers call it.
CALLABLE = (
    "a callable that gets the number of steps taken so far (0 at the first step) and returns the value, such as those "
    "of `adamas.schedules`"
)

#: Stands for a space at which no line ends.
_NO_BREAK = "\0"

_COUNTS = {2: "Two", 3: "Three"}


def sections(docstring: str) -> dict[str, str]:
    """Split a docstring at its headings.

    Returns:
        The text of each section by its title, without the indentation; under ``""`` what comes before all of them.
    """
    parts = re.split(r"^([A-Z][\w ]+):\n(?=    )", inspect.cleandoc(docstring), flags=re.MULTILINE)
    found = {"": parts[0].strip()}
    for title, text in zip(parts[1::2], parts[2::2], strict=True):
        found[title] = textwrap.dedent(text).strip()
    return found


def entries(section: str) -> dict[str, str]:
    """Return the entries of a section such as Args by name, each text as one line."""
    found = {}
    for entry in re.split(r"\n(?=[\w*])", section):
        name, _, text = entry.partition(": ")
        found[name] = " ".join(text.split())
    return found


def joined(head: str, parts: Mapping[str, str]) -> str:
    """Return a docstring of a head and sections, of which empty ones are left out."""
    texts = [f"{title}:\n{textwrap.indent(text, '    ')}" for title, text in parts.items() if text]
    return "\n\n".join([head, *texts])


def listed(texts: Mapping[str, str]) -> str:
    """Return a section with an entry for each name."""
    return "\n".join(wrapped(f"{name}: {text}", "    ") for name, text in texts.items())


def bulleted(texts: Mapping[str, str]) -> str:
    """Return a list with an item for each name, for sections that Google's style does not have."""
    return "\n".join(wrapped(f"- ``{name}``: {text}", "  ") for name, text in texts.items())


@functools.cache
def wrapped(text: str, indent: str = "") -> str:
    """Return a text in lines; all but the first are indented."""
    kept_together = re.sub(r"``[^`]{,60}``|: \(.*?\)\.$", lambda code: code[0].replace(" ", _NO_BREAK), text)
    lines = textwrap.wrap(
        kept_together, WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )
    return "\n".join(lines).replace(_NO_BREAK, " ")


def described(
    each: Hyperparameter,
    default: Any = ...,
    *,
    part: int | None = None,
    names: Mapping[str, str] | None = None,
    callables: str = CALLABLE,
    in_groups: bool = True,
) -> str:
    """Return the text on an argument: what it means, which values are valid, and its default.

    Args:
        each: The hyperparameter.
        default: The default of the argument, if it is another than the hyperparameter's; ``inspect.Parameter.empty`` if
            there is none.
        part: Which of its numbers the argument is, if it has an argument for each.
        names: What an adapter calls other arguments, where it has another name for them.
        callables: What the argument may be beside a number, if the hyperparameter is schedulable; empty for nothing.
        in_groups: It is an argument of an optimizer with groups, and not of a function.
    """
    if default is ...:
        default = each.default
    text = each.text if part is None else each.parts[part]
    said = [text, f"{_valid(each, part, callables if each.schedulable else '')}."]
    if each.frozen and in_groups:
        said.append("Fixed at construction.")
    elif each.state and in_groups and not each.by_state:
        said.append("Whether it is 0 is fixed at construction.")
    if each.shared and in_groups:
        said.append("The same in all groups.")
    return renamed(with_default(" ".join(said), default), names or {})


def with_default(text: str, default: Any) -> str:
    """Return a text on an argument with its default at the end."""
    return text if default is inspect.Parameter.empty else f"{text} Default: {default!r}."


def renamed(text: str, names: Mapping[str, str]) -> str:
    """Return a text with other names of arguments; they stand in double backticks."""
    if not names:
        return text

    def rename(code: re.Match[str]) -> str:
        return re.sub(r"\w+", lambda word: names.get(word[0], word[0]), code[0])

    return re.sub(r"``[^`]*``", rename, text)


def _valid(each: Hyperparameter, part: int | None, callables: str) -> str:
    """Say which values are valid."""
    if each.range is Range.BETAS:
        words = "A number in [0, 1)" if part is not None else f"{_COUNTS[len(each.default)]} numbers in [0, 1)"
    elif part is not None:
        words = "A finite number >= 0"
        if each.range is Range.EPSILONS and each.default[part] is None:
            words = "None or a finite number >= 0"
    elif each.range is Range.LEARNING_RATE:
        words = Range.NON_NEGATIVE.value.capitalize()
    else:
        words = each.range.value[0].upper() + each.range.value[1:]
    return f"{words}, or {callables}" if callables else words


def without(names: Iterable[str], texts: Mapping[str, str]) -> dict[str, str]:
    """Return texts but those of some names."""
    left_out = set(names)
    return {name: text for name, text in texts.items() if name not in left_out}
