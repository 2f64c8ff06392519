"""Steps of pytrees: traced into a program of the user, or run in a separate program."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp

from adamas import adapters
from adamas.jax._programs import Compiled, Group
from adamas.jax._state import State, keys_of
from adamas.jax._trees import Tree, as_operand
from adamas.jax.handler import call

__all__ = ["StepsAlone", "is_traced", "take_step"]


def take_step(
    compiled: Compiled,
    groups: Sequence[Group],
    tree: Tree,
    gradients: Sequence[Any],
    state: State,
    *,
    grad_scale: Any,
    after: Any,
    in_place: bool,
) -> tuple[Any, State]:
    """Return the parameters and the state after a step.

    Args:
        compiled: The program.
        groups: The hyperparameters of this step.
        tree: The parameters.
        gradients: Of each of them, or None.
        state: What is kept of them.
        grad_scale: What the loss was multiplied by, or None.
        after: What the step waits for.
        in_place: Whether the memory of arguments may be that of results.
    """
    keys = keys_of(compiled)
    operands = [
        as_operand(grad_scale, "grad_scale")
        if each.name == "grad_scale"
        else as_operand(_value_of(each, groups[each.group].values, state.count), each.name)
        for each in compiled.operands
    ]
    order = compiled.order if tree.layout is None else (0,)
    stepped = call(
        compiled.program.encoded,
        numbers=operands,
        params=[jnp.asarray(tree.held[i]) for i in order],
        grads=[jnp.asarray(gradients[i]) for i in order if gradients[i] is not None],
        states=[state.buffers[key] for key in keys],
        count=state.count,
        after=jax.tree_util.tree_leaves(after),
        in_place=in_place,
    )
    new = dict(zip(order, stepped, strict=False))
    report = _in_order(stepped[-1], compiled.order)
    after_step = State(stepped[-2], dict(zip(keys, stepped[len(order) : -2], strict=True)), report)
    return tree.like([new[i] for i in range(len(order))]), after_step


def is_traced(tree: Any) -> bool:
    """Tell whether any leaf is part of a program that is being traced."""
    return any(issubclass(kind, jax.core.Tracer) for kind in {type(leaf) for leaf in jax.tree_util.tree_leaves(tree)})


class StepsAlone:
    """Steps that are called outside of all compiled functions: each is compiled here, at its first call.

    JAX takes some microseconds for each operation and each array that it handles in Python; a compiled function, much
    less. Nothing is donated: what is passed in stays as it is. Schedules are called at each step, by Python.

    Args:
        step: Takes parameters, gradients, a state, hyperparameters, the scale of gradients, and ``in_place``.
    """

    def __init__(self, step: Callable[..., tuple[Any, State]]) -> None:
        self._step = step
        #: By the hyperparameters that are compiled in.
        self._compiled: dict[Any, Any] = {}

    def __call__(
        self, params: Any, grads: Any, state: State, values: Mapping[str, Any], grad_scale: Any
    ) -> tuple[Any, State]:
        """Return parameters and state after a step."""
        if isinstance(state, State):
            values = {name: _settled(value, state.count, name) for name, value in values.items()}
        leaves, nesting = jax.tree_util.tree_flatten(values)
        is_array = tuple(isinstance(leaf, jax.Array) for leaf in leaves)
        plain = tuple(None if array else leaf for leaf, array in zip(leaves, is_array, strict=True))
        key = (nesting, is_array, plain)
        if key not in self._compiled:
            self._compiled[key] = self._compile(*key)
        arrays = [leaf for leaf, array in zip(leaves, is_array, strict=True) if array]
        try:
            found: tuple[Any, State] = self._compiled[key](params, grads, state, arrays, grad_scale)
        except (TypeError, ValueError):  # of an argument that JAX does not take: the message names it not
            return self._step(params, grads, state, values, grad_scale, in_place=False)
        return found

    def _compile(self, nesting: Any, is_array: Sequence[bool], plain: Sequence[Any]) -> Any:
        def step(params: Any, grads: Any, state: State, arrays: Sequence[Any], grad_scale: Any) -> Any:
            given = iter(arrays)
            leaves = [next(given) if array else leaf for leaf, array in zip(plain, is_array, strict=True)]
            return self._step(params, grads, state, nesting.unflatten(leaves), grad_scale, in_place=False)

        return jax.jit(step)


def _settled(value: Any, count: Any, name: str) -> Any:
    """Return a hyperparameter with numbers in the place of schedules."""
    if isinstance(value, tuple | list):
        return tuple(_settled(part, count, name) for part in value)
    return as_operand(value(count), name) if callable(value) else value


def _in_order(report: Any, order: Sequence[int]) -> Any:
    """Return a report with the number of a parameter as the pytree has it, instead of the program."""
    if list(order) == sorted(order):
        return report
    number = report[3].astype(jnp.int32)
    return report.at[3].set(jnp.where(number < 0, -1, jnp.asarray(order)[number]))


def _value_of(operand: adapters.Operand, values: Mapping[str, Any], count: Any) -> Any:
    value = values[operand.name]
    part = value[operand.place] if isinstance(value, tuple | list) else value
    if not callable(part):
        return part
    try:
        return part(count)
    except jax.errors.ConcretizationTypeError as error:
        raise TypeError(
            f"{operand.name}: the schedule cannot be traced; write it in operations of jax.numpy, or take one of "
            "optax's"
        ) from error
