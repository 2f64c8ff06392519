"""Calls of functions of NumPy arrays from Keras's backends: directly, or from inside a compiled training step."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import keras
import numpy as np

from adamas.adapters import Array

#: Takes arrays, which it only reads, and returns new ones.
Function = Callable[..., "list[Array]"]


def call(function: Function, inputs: Sequence[Any], like: Sequence[Any]) -> list[Any]:
    """Call a function on the host.

    Args:
        function: What is called, perhaps later and more than once; its results depend on its inputs alone.
        inputs: Tensors of the backend, Keras variables or numbers.
        like: Variables whose shapes and dtypes the results have.

    Returns:
        Tensors of the backend.
    """
    values = [value.value if isinstance(value, keras.Variable) else value for value in inputs]
    backend = keras.backend.backend()
    if backend == "jax":
        return _call_from_jax(function, values, like)
    if backend == "tensorflow":
        return _call_from_tensorflow(function, values, like)
    return _call_now(function, values)


def outside_of_graphs() -> AbstractContextManager[Any]:
    """Return a context in which variables have values, even where a training step is being compiled."""
    if keras.backend.backend() != "tensorflow":
        return nullcontext()
    import tensorflow as tf

    context: AbstractContextManager[Any] = tf.init_scope()
    return context


def _call_now(function: Function, values: Sequence[Any]) -> list[Any]:
    results = function(*(keras.ops.convert_to_numpy(value) for value in values))
    return [keras.ops.convert_to_tensor(result) for result in results]


def _call_from_jax(function: Function, values: Sequence[Any], like: Sequence[Any]) -> list[Any]:
    import jax

    dense = [value.todense() if hasattr(value, "todense") else value for value in values]
    if not any(isinstance(value, jax.core.Tracer) for value in dense):
        return _call_now(function, dense)
    results = [jax.ShapeDtypeStruct(variable.shape, variable.dtype) for variable in like]
    called: list[Any] = jax.pure_callback(lambda *args: function(*map(np.asarray, args)), results, *dense)
    return called


def _call_from_tensorflow(function: Function, values: Sequence[Any], like: Sequence[Any]) -> list[Any]:
    import tensorflow as tf

    if tf.distribute.get_strategy().num_replicas_in_sync > 1:
        raise ValueError("adamas.keras: steps one replica; use an optimizer of keras.optimizers under tf.distribute")
    tensors = [tf.convert_to_tensor(value) for value in values]
    if tf.executing_eagerly():
        return [tf.convert_to_tensor(result) for result in function(*(np.asarray(t.numpy()) for t in tensors))]
    given: Any = tf.numpy_function(function, tensors, [tf.as_dtype(variable.dtype) for variable in like])
    called = list(given) if isinstance(given, list | tuple) else [given]  # one comes as it is
    for tensor, variable in zip(called, like, strict=True):
        tensor.set_shape(variable.shape)
    return called
