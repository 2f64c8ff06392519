"""Steps inside of a training step that JAX compiles: XLA calls the core, on its own arrays."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from adamas.adapters import Program
from adamas.jax.handler import call, join_codes, split_codes
from adamas.keras._binding import Binding, Step
from adamas.keras._model_variables import Bind, ModelVariables


class StepCompiled:
    """A step as a part of a program that JAX compiles. It keeps nothing."""

    def __init__(self, bind: Bind) -> None:
        self._bind = bind

    def step(
        self,
        model: ModelVariables,
        grads: Sequence[Any],
        variables: Sequence[Any],
        taken: Any,
        learning_rate: Any,
        step_at: Callable[[float], Step],
    ) -> bool:
        """Assign their next values to variables and states, if a program is being compiled, and this can be in it.

        Args:
            model: As of `StepOnCopies.step`, as all others are.
            grads: Likewise.
            variables: Likewise.
            taken: Likewise.
            learning_rate: Likewise.
            step_at: Likewise. Each number must be a multiple of the square of the learning rate, of itself or of its
                reciprocal, or not depend on it.

        Returns:
            Whether it was done.
        """
        powers = _powers(step_at) if any(isinstance(grad, jax.core.Tracer) for grad in grads) else None
        if powers is None:
            return False
        given = {}
        for grad, variable in zip(grads, variables, strict=True):
            if tuple(grad.shape) != tuple(variable.shape):
                raise ValueError(
                    f"{model.path(variable)}: expected shape {tuple(variable.shape)}, got {tuple(grad.shape)}"
                )
            given[model.index[id(variable)]] = grad
        empty = [np.empty(math.prod(v.shape), jnp.dtype(v.dtype)) for v in model.variables]
        binding = self._bind(model.variables, empty)
        step, decay = step_at(1.0), powers.pop("decay_before", 0)
        program, count_of_rates = binding.program(step, given, powers)
        order = binding.order
        rate = jnp.asarray(getattr(learning_rate, "value", learning_rate))
        rate = rate if rate.dtype == jnp.float64 else rate.astype(jnp.float32)
        params = [model.variables[i].value for i in order]
        states = [
            _as_buffer(model.states[i], part.name)
            for i, parts in zip(order, program.parts, strict=True)
            for part in parts
        ]
        numbers = _numbers_as_buffer(model, binding, program)
        count = jnp.asarray(getattr(taken, "value", taken), jnp.int32)
        if decay:
            states = _started(binding, program, count, params, states)
            kept = 1.0 - step.decay_before * rate**decay
            decaying = set(binding.decaying).intersection(given)
            params = [p * kept.astype(p.dtype) if i in decaying else p for i, p in zip(order, params, strict=True)]
        dense = [
            grad.todense() if hasattr(grad, "todense") else grad for grad in (given[i] for i in order if i in given)
        ]
        after = call(
            program.encoded,
            numbers=[rate] * count_of_rates,
            params=params,
            grads=dense,
            states=[*states, *numbers],
            count=count,
        )
        stepped = iter(after)
        for i in order:
            value = next(stepped)
            if i in given:
                model.variables[i].assign(value)
        for i, parts in zip(order, program.parts, strict=True):
            for part in parts:
                value = next(stepped)
                if i in given:
                    offset = step.offsets.get(part.name)
                    _assign(
                        model.states[i],
                        part.name,
                        value if offset is None else value + jnp.asarray(offset, value.dtype),
                    )
        if numbers:
            _assign_numbers(model, binding, next(stepped), given)
        return True


def _powers(step_at: Callable[[float], Step]) -> dict[str, int] | None:
    """Return the power of the learning rate in each number that depends on it; None if programs do not know it."""
    rates = (1.0, 0.5, 0.25)  # by which numbers are multiplied without rounding
    first, *others = (_numbers(step_at(rate)) for rate in rates)
    found = {}
    for name, value in first.items():
        seen = [other[name] for other in others]
        if value is None or (name != "grad_scale" and all(each == value for each in seen)):
            continue
        for power in (1, -1, 2):
            if seen == [value * rate**power for rate in rates[1:]]:
                found[name] = power
                break
        else:
            return None
    return found


def _numbers(step: Step) -> dict[str, Any]:
    """Return all that is asked for, by name."""
    return {name: value for name, value in {**vars(step), **step.hyperparameters}.items() if name != "hyperparameters"}


def _started(binding: Binding, program: Program, count: Any, params: Sequence[Any], states: Sequence[Any]) -> list[Any]:
    """Return states; before the first step, those that start at the parameter with its value before it decays.

    They are never codes.
    """
    places = [(place, part) for place, parts in enumerate(program.parts) for part in parts]
    started = []
    for (place, part), state in zip(places, states, strict=True):
        if binding.starts_at_parameter(binding.order[place], part.name):
            first = jnp.reshape(params[place], state.shape).astype(state.dtype)
            started.append(jnp.where(count == 0, first, state))
        else:
            started.append(state)
    return started


def _as_buffer(states: dict[str, Any], name: str) -> Any:
    """Return a state, or codes with the scales behind them."""
    if f"{name}_scale" not in states:
        return states[name].value
    return join_codes(states[name].value, states[f"{name}_scale"].value)


def _assign(states: dict[str, Any], name: str, value: Any) -> None:
    if f"{name}_scale" not in states:
        return states[name].assign(value)  # type: ignore[no-any-return]
    codes, scales = split_codes(value, states[name].shape)
    states[name].assign(codes)
    states[f"{name}_scale"].assign(scales)
    return None


def _numbers_as_buffer(model: ModelVariables, binding: Binding, program: Program) -> list[Any]:
    """Return the numbers that rules keep, if they keep some: those of each variable, and those of all."""
    if not program.buffers or program.buffers[-1].name != "scalars":
        return []
    order = jnp.asarray(binding.order)
    own = [model.numbers[name].value[order] for name in binding.numbers]
    shared = [jnp.reshape(model.numbers[name].value, 1) for name in binding.shared]
    parts = [jnp.ravel(jnp.stack(own, axis=1))] if own else []
    return [jnp.concatenate([*parts, *shared]).astype(jnp.float32)]


def _assign_numbers(model: ModelVariables, binding: Binding, values: Any, given: dict[int, Any]) -> None:
    count = len(binding.numbers) * len(binding.order)
    own = values[:count].reshape(len(binding.order), -1)
    for k, name in enumerate(binding.numbers):
        variable = model.numbers[name]
        column = jnp.zeros(len(binding.order), variable.dtype).at[jnp.asarray(binding.order)].set(own[:, k])
        variable.assign(column if binding.owns_numbers else jnp.full_like(column, column[min(given)]))
    for k, name in enumerate(binding.shared):
        model.numbers[name].assign(jnp.reshape(values[count + k], ()))
