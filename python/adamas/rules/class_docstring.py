"""Docstrings of optimizer classes, in every library: equations, each argument, states, errors, an example, papers."""

from __future__ import annotations

from collections.abc import Mapping

from adamas.rules.docstring import CALLABLE, described, entries, joined, listed, wrapped
from adamas.rules.peer_defaults import peers_section
from adamas.rules.spec import RuleSpec
from adamas.rules.state_words import states_section

#: What is said of every rule, after its equations.
ROUNDING = (
    "Every operation is rounded once, to float64 for float64 parameters and to float32 for all others. Numbers that "
    "depend only on the hyperparameters and on the step count are computed in float64, and then rounded once. So the "
    "bits are the same on every processor, for every number of threads, and in `adamas.reference`."
)


def argument_texts(
    spec: RuleSpec, *, callables: str = CALLABLE, names: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Return the texts on the hyperparameters of a rule, by name.

    Args:
        spec: The rule.
        callables: What hyperparameters that may change may be beside a number.
        names: What an adapter calls other arguments, where it has another name for them.
    """
    return {
        each.name: described(each, names=names, callables="" if each.name in spec.numbers_only else callables)
        for each in spec.arguments
    }


def class_docstring(
    spec: RuleSpec,
    arguments: Mapping[str, str],
    *,
    raises: Mapping[str, str],
    example: str,
    head: str = "",
    references: str = "",
) -> str | None:
    """Return the docstring of an optimizer class; None where Python has dropped docstrings (``-OO``).

    Args:
        spec: The rule: its equations, states, References.
        arguments: A text on each argument.
        raises: A text on each error; what only this rule refuses is added.
        example: A runnable example.
        head: Summary and equations, if they are not those of the rule.
        references: The same.
    """
    if not spec.__doc__:
        return None
    own = spec.documentation
    errors = dict(raises)
    for error, text in entries(own["Raises"]).items() if "Raises" in own else ():
        errors[error] = f"{errors[error]} {text}"
    return joined(
        f"{head or own['']}\n\n{wrapped(ROUNDING)}",
        {
            "Args": listed(arguments),
            "States": states_section(spec),
            "Defaults of other libraries": peers_section(spec),
            "Raises": listed(errors),
            "Example": example,
            "References": references or own["References"],
        },
    )
