"""Step programs: the steps of an optimizer for parameters of given shapes, encoded as bytes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from adamas.adapters import BoundOptimizer, Operand, Optimizer, Program
from adamas.jax._trees import Leaf, is_dynamic
from adamas.rules import RuleSpec


class Group(NamedTuple):
    """Hyperparameters, and which parameters have them."""

    values: Mapping[str, Any]
    members: tuple[int, ...]


class Compiled(NamedTuple):
    """A program, and what it has to do with a pytree of parameters.

    Attributes:
        program: The program.
        order: The number among the leaves of each parameter, in the order of the program.
        operands: The numbers that come with each step.
        shapes: Of each parameter, the shapes of what is kept of it, by name.
        formats: Of each parameter, as of `adamas.Observed`.
    """

    program: Program
    order: tuple[int, ...]
    operands: tuple[Operand, ...]
    shapes: tuple[dict[str, tuple[int, ...]], ...]
    formats: tuple[tuple[str, str, str], ...]


def operands_of(groups: Sequence[Group], *, scaled: bool) -> tuple[Operand, ...]:
    """Return what is known when a step runs alone."""
    found = [Operand("grad_scale")] if scaled else []
    for number, group in enumerate(groups):
        for name, value in group.values.items():
            parts = value if isinstance(value, tuple | list) else (value,)
            found += [Operand(name, number, place) for place, part in enumerate(parts) if is_dynamic(part)]
    return tuple(found)


def with_placeholders(spec: RuleSpec, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return hyperparameters as plain numbers, with defaults for those that come with each step."""
    # There is a state that needs one, whatever its value will be.
    defaults = {each.name: 0.5 if each.state and not each.default else each.default for each in spec.hyperparameters}

    def plain(value: Any, default: Any) -> Any:
        if isinstance(value, tuple | list):
            return tuple(plain(part, other) for part, other in zip(value, default, strict=True))
        return default if is_dynamic(value) else value

    settled = {}
    for name, value in values.items():
        default = defaults[name]
        settled[name] = plain(value, default)
        if name == "lr" and is_dynamic(value):
            settled[name] = lambda step, rate=default: rate  # so that it is known to change
    return settled


def bind(
    engine_class: type[Optimizer], groups: Sequence[Group], leaves: Sequence[Leaf], options: Mapping[str, Any]
) -> BoundOptimizer:
    """Bind an optimizer to memory that nobody has written to: for what it knows, not for what it does.

    Raises:
        TypeError: As of the class.
        ValueError: As of the class.
    """
    given = [
        {
            **with_placeholders(engine_class.spec, group.values),
            "params": {leaves[i].name: np.empty(leaves[i].size, leaves[i].dtype) for i in group.members},
        }
        for group in groups
    ]
    shapes = [leaves[i].shape for group in groups for i in group.members]
    return BoundOptimizer(engine_class, given, shapes=shapes, **options)


def compile_step(
    engine_class: type[Optimizer],
    groups: Sequence[Group],
    leaves: Sequence[Leaf],
    has_gradient: Sequence[bool],
    options: Mapping[str, Any],
    operands: Sequence[Operand],
    elements: int | None,
) -> Compiled:
    """Return the program of a step of parameters like these.

    Args:
        engine_class: A class of `adamas`.
        groups: Hyperparameters, and which parameters have them.
        leaves: The parameters.
        has_gradient: For each of them.
        options: Of the optimizer.
        operands: The numbers that come with each step.
        elements: Of the array that holds all of them; None if each has its own.
    """
    bound = bind(engine_class, groups, leaves, options)
    order = tuple(i for group in groups for i in group.members)
    places = [] if elements is None else [*(leaves[i].place for i in order), elements]
    program = bound.program([has_gradient[i] for i in order], operands, places=places)
    shapes = tuple({name: array.shape for name, array in bound.states(i).items()} for i in range(len(order)))
    return Compiled(program, order, tuple(operands), shapes, bound.formats)
