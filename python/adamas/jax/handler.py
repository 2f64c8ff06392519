"""Calls of the core from a program that XLA has compiled."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from typing import Any

import jax
import jax.extend.core
import jax.numpy as jnp
import numpy as np
from jax.interpreters import mlir

from adamas.adapters import xla_handler

_TARGET = "adamas_step"


@functools.cache
def _register() -> None:
    jax.devices("cpu")  # a handler that is refused before there is a backend would break that
    jax.ffi.register_ffi_target(_TARGET, xla_handler(), platform="cpu")


@functools.cache
def _on_cpu() -> Any:
    """Return an operation that hands on its argument, and that programs for other devices cannot contain."""
    operation = jax.extend.core.Primitive("adamas_on_cpu")
    operation.def_impl(lambda value: value)
    operation.def_abstract_eval(lambda value: value)

    def refuse(*arguments: Any) -> Any:
        raise NotImplementedError(
            "adamas.jax: steps run on the CPU alone; put parameters, gradients and state there, by "
            'jax.device_put(tree, jax.devices("cpu")[0]), and step in a function of their own'
        )

    mlir.register_lowering(operation, refuse)
    mlir.register_lowering(operation, lambda context, value: [value], platform="cpu")
    return operation


def join_codes(codes: Any, scales: Any) -> Any:
    """Return codes with their scales behind them, as the handler has them."""
    return jnp.concatenate([jnp.ravel(codes), jnp.ravel(jax.lax.bitcast_convert_type(scales, jnp.uint8))])


def split_codes(flat: Any, shape: tuple[int, ...]) -> tuple[Any, Any]:
    """Return codes, of this shape, and their scales."""
    size = math.prod(shape)
    return flat[:size].reshape(shape), jax.lax.bitcast_convert_type(flat[size:].reshape(-1, 4), jnp.float32)


def call(
    encoded: bytes,
    *,
    numbers: Sequence[Any],
    params: Sequence[Any],
    grads: Sequence[Any],
    states: Sequence[Any],
    count: Any,
    after: Sequence[Any] = (),
    in_place: bool = True,
) -> Any:
    """Take a step of `adamas.adapters.Program`.

    Args:
        encoded: The program.
        numbers: For each of its operands.
        params: What holds the parameters.
        grads: What holds the gradients.
        states: What holds the states.
        count: Steps taken, int32.
        after: What the step waits for.
        in_place: Whether results lie where their arguments do; XLA copies the arguments that are not donated. If not,
            the step itself copies all of them.

    Returns:
        In one list parameters, states and count after the step, and the report.
    """
    _register()
    changing = (*params, *states, count)
    first, behind = len(numbers), len(numbers) + len(params) + len(grads)
    aliases = {first + i: i for i in range(len(params))}
    aliases.update({behind + i: len(params) + i for i in range(len(states) + 1)})
    results = [jax.ShapeDtypeStruct(array.shape, array.dtype) for array in changing]
    results.append(jax.ShapeDtypeStruct((4,), np.float32))
    stepped = jax.ffi.ffi_call(_TARGET, tuple(results), input_output_aliases=aliases if in_place else None)
    try:
        count = _on_cpu().bind(count)
        return stepped(*numbers, *params, *grads, *states, count, *after, program=np.frombuffer(encoded, np.int64))
    except NotImplementedError:
        raise NotImplementedError(
            "adamas.jax: a step cannot be vectorized by vmap; step the stacked parameters as they are, which gives the "
            "same for every rule that takes no sums over a parameter"
        ) from None
    except ValueError as error:
        if "differentiated" not in str(error):
            raise
        raise ValueError("adamas.jax: no gradient goes through a step; for one, take an optimizer of optax") from None
