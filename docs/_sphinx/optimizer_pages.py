"""A page for each optimizer, and the tables that compare all of them, made from `adamas.rules.SPECS`."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from generated import Pages, heading, table
from state_bytes import STATE_DTYPES, shown, state_bytes

import adamas
from adamas.rules import SPECS, RuleSpec
from adamas.rules.flower_classes import flower_arguments, flower_name, in_flower
from adamas.rules.keras_classes import keras_arguments, keras_name
from adamas.rules.optax_functions import FUNCTIONS
from adamas.rules.thinc_classes import thinc_hyperparameters, thinc_rules

#: Hyperparameters that have columns of their own in the table of defaults, and those that another table is about.
_COMMON = ("lr", "betas", "eps", "weight_decay")
_ELSEWHERE = ("cautious", "decay", "max_lr", "maximize")


def write_optimizer_pages(pages: Pages) -> None:
    """Write all of them."""
    for name in adamas.optimizers.__all__:
        pages.write(f"optimizers/{name}.rst", _page(SPECS[name]))
    pages.write("functional.rst", _functional())
    pages.write("defaults.rst", _defaults())
    pages.write("states.rst", _states())
    pages.write("rule_options.rst", _rule_options())


def _page(spec: RuleSpec) -> str:
    own = "eval, train" if spec.evaluation is not None else ""
    return (
        heading(spec.name)
        + f".. autoclass:: adamas.{spec.name}\n"
        + (f"   :members: {own}\n   :inherited-members:\n" if own else "   :no-members:\n")
        + "\nMethods that all optimizers have (``step``, ``state``, ``save``, ``load`` and others) are described at "
        ":class:`adamas.Optimizer`, options at :class:`adamas.Options`.\n\n"
        + _memory(spec)
        + heading("The same rule elsewhere", "-")
        + _elsewhere(spec)
    )


def _memory(spec: RuleSpec) -> str:
    if "\nStates:\n" in inspect.cleandoc(getattr(adamas, spec.name).__doc__ or ""):
        return ""  # the docstring has it
    return (
        heading("Memory", "-")
        + f"States: {', '.join(f'``{state}``' for state in spec.states) or 'none'}. Options of the rule decide which "
        "of them there are. Bytes for each element of a 1,024 x 1,024 matrix of float32, with default arguments:\n\n"
        + table(
            [f"``{dtype}``" for dtype in STATE_DTYPES],
            [[shown(state_bytes(spec.name, dtype)) for dtype in STATE_DTYPES]],
        )
    )


def _elsewhere(spec: RuleSpec) -> str:
    name = spec.name
    entries = [
        f"NumPy only, the same bits: ``adamas.reference.{name}``",
        f"One update of one parameter: :func:`adamas.functional.{spec.function}`",
        f"PyTorch: :class:`adamas.torch.{name}`, with the arguments above",
        f"Keras: :class:`adamas.keras.{keras_name(spec)}`, with {_arguments(keras_arguments(spec))}",
        f"JAX: :class:`adamas.jax.{name}`, with the arguments above",
        *(
            f"optax's arguments: :func:`adamas.jax.{each}`, with {_arguments(of.arguments)}"
            for each, of in FUNCTIONS.items()
            if of.rule == name
        ),
        f"Several processes: :class:`adamas.sharded.{name}`",
    ]
    if spec in thinc_rules(SPECS):
        words = {argument: default for argument, (_, _, default) in thinc_hyperparameters(spec).items()}
        entries.append(f"thinc and spaCy: :class:`adamas.thinc.{name}`, with {_arguments(words)}")
    if in_flower(spec):
        words = flower_arguments(spec)
        entries.append(f"Flower: :class:`adamas.flower.{flower_name(spec)}`, with {_arguments(words)}")
    return "".join(f"- {entry}\n" for entry in entries)


def _arguments(defaults: Mapping[str, Any]) -> str:
    shown_here = {name: value for name, value in defaults.items() if name not in _ELSEWHERE}
    return ", ".join(f"``{name}={value!r}``" for name, value in shown_here.items())


def _functional() -> str:
    return "".join(f".. autofunction:: adamas.functional.{name}\n\n" for name in adamas.functional.__all__)


def _link(name: str) -> str:
    return f":class:`~adamas.{name}`"


def _defaults() -> str:
    rows = []
    for name in adamas.optimizers.__all__:
        spec = SPECS[name]
        values = {each.name: each.default for each in spec.arguments}
        others = [f"``{each}={values[each]!r}``" for each in values if each not in _COMMON + _ELSEWHERE]
        rows.append(
            [_link(name), *(f"``{values[each]!r}``" if each in values else "" for each in _COMMON), ", ".join(others)]
        )
    return table(["", *(f"``{each}``" for each in _COMMON), "further arguments"], rows)


def _states() -> str:
    rows = [
        [
            _link(name),
            ", ".join(f"``{state}``" for state in SPECS[name].states),
            *(shown(state_bytes(name, dtype)) for dtype in STATE_DTYPES),
        ]
        for name in adamas.optimizers.__all__
    ]
    return table(["", "states that the rule can have", *(f"``{dtype}``" for dtype in STATE_DTYPES)], rows)


def _rule_options() -> str:
    def yes(condition: bool) -> str:
        return "yes" if condition else ""

    rows = []
    for name in adamas.optimizers.__all__:
        spec = SPECS[name]
        arguments = set(spec.argument_names)
        rows.append(
            [
                _link(name),
                yes("cautious" in arguments),
                yes("decay" in arguments),
                yes("maximize" in arguments),
                yes(any(formula.has_closed_form for formula in spec.formulas)),
                yes(spec.evaluation is not None),
            ]
        )
    header = ["", "``cautious``", "``decay``, ``max_lr``", "``maximize``", '``sparse="exact"``', "``eval``, ``train``"]
    return table(header, rows)
