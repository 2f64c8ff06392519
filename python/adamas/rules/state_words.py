"""Texts about the states of a rule, for docstrings: names, shapes, initial values, bytes."""

from __future__ import annotations

from adamas._numerics.axes import AXES
from adamas._numerics.formats import StateFormat
from adamas.rules.docstring import bulleted, wrapped
from adamas.rules.formula import Formula
from adamas.rules.memory import FORMATS, bytes_per_element, shown_bytes
from adamas.rules.spec import RuleSpec


def states_section(spec: RuleSpec) -> str:
    """Return the section States: what is kept for each parameter, and how many bytes that takes."""
    texts = {"step": "How many steps the parameter has taken."}
    texts |= {name: state_text(spec, name) for name in spec.states}
    texts |= {name: f"A number for each parameter, {first:g} at first." for name, first in spec.scalars.items()}
    texts |= {
        name: f"A number for all parameters together, {first:g} at first (``opt.scalars``)."
        for name, first in spec.shared_scalars.items()
    }
    return f"{bulleted(texts)}\n\n{wrapped(memory_text(spec))}"


def state_text(spec: RuleSpec, name: str) -> str:
    """Say what one state is: its shape, its first values, and when it is kept."""
    kinds = {formula.states[name] for formula in spec.formulas if name in formula.states}
    shape = "An array of the parameter's shape"
    if kinds <= set(AXES):
        (kind,) = kinds
        shape = f"One float32 number for each {kind} of the matrix (float64 for float64 parameters)"
    text = f"{spec.state_shapes.get(name, shape)}, {_start(spec, name)}."
    if kinds == {"exact"}:
        text += " It is not rounded to ``state_dtype``."
    for each in spec.arguments:
        if each.state == name:
            text += f" Only with ``{each.name}``."
    if name in spec.state_notes:
        text += f" {spec.state_notes[name]}"
    return text


def _start(spec: RuleSpec, name: str) -> str:
    first = spec.first_values({each.name: each.default for each in spec.hyperparameters})
    if name not in first:
        return "zeros at first"
    value = first[name]
    if value is None:
        return "a copy of the parameter at its first step"
    given = next((each.name for each in spec.arguments if each.default == value and "initial" in each.name), "")
    return f"filled with ``{given}`` at first" if given else f"filled with {value:g} at first"


def memory_text(spec: RuleSpec) -> str:
    """Say how many bytes all states take, by ``state_dtype``."""
    default = spec.formula_for({each.name: each.default for each in spec.hyperparameters})
    text = f"Bytes for each element of a float32, bfloat16 or float16 parameter: {_by_format(default)}."
    largest = max(spec.formulas, key=lambda formula: bytes_per_element(formula, StateFormat.FLOAT32))
    if bytes_per_element(largest, StateFormat.FLOAT32) > bytes_per_element(default, StateFormat.FLOAT32):
        names = " and ".join(f"``{name}``" for name in largest.states if name not in default.states)
        with_them = f"With {names}" if names else "Where all states have the parameter's shape"
        text += f" {with_them}: {_by_format(largest)}."
    axes = [name for name in spec.states if name in default.axes]
    if axes:
        named = " and ".join(f"``{name}``" for name in axes)
        text += f" Beside that, {named}: 4 bytes for each number."
    return f"{text} For a float64 parameter: {shown_bytes(2 * bytes_per_element(default, StateFormat.FLOAT32))}."


def _by_format(formula: Formula) -> str:
    counts = {each.value: shown_bytes(bytes_per_element(formula, each)) for each in FORMATS}
    if len(set(counts.values())) == 1:
        return f"{next(iter(counts.values()))} with every state_dtype"
    first, *others = counts.items()
    named = ", ".join(f"{count} with {name!r}" for name, count in others)
    return f"{first[1]} with state_dtype None or {first[0]!r}, {named}"
