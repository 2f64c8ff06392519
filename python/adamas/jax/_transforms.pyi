"""Optimizers under the names and arguments of optax's.

Written by tests/helpers/interface_stubs.py: change the rules instead.
"""

from typing import Any

from adamas.jax._optimizer import Optimizer

__all__ = [
    "adabelief",
    "adadelta",
    "adam",
    "adamax",
    "adamaxw",
    "adamw",
    "adan",
    "ademamix",
    "lamb",
    "lars",
    "lion",
    "novograd",
    "sgd",
    "transformation",
    "yogi",
]

def transformation(optimizer: Optimizer) -> Any: ...
def adabelief(
    learning_rate: Any,
    b1: Any = 0.9,
    b2: Any = 0.999,
    eps: Any = 1e-16,
    eps_root: Any = 1e-16,
    *,
    state_dtype: Any = None,
    master_weights: Any = None,
    rounding: Any = None,
    seed: Any = None,
    num_threads: Any = None,
    max_norm: Any = None,
    max_value: Any = None,
    norm_type: Any = None,
    clip_each: Any = None,
    on_nonfinite: Any = None,
    average: Any = None,
    nesterov: Any = False,
) -> Any:
    """Return `adamas.jax.AdaBelief` as a transformation, with the arguments of ``optax.adabelief``."""

def adadelta(
    learning_rate: Any = 1.0,
    rho: Any = 0.9,
    eps: Any = 1e-06,
    weight_decay: Any = 0.0,
    weight_decay_mask: Any = None,
    *,
    state_dtype: Any = None,
    master_weights: Any = None,
    rounding: Any = None,
    seed: Any = None,
    num_threads: Any = None,
    max_norm: Any = None,
    max_value: Any = None,
    norm_type: Any = None,
    clip_each: Any = None,
    on_nonfinite: Any = None,
    average: Any = None,
) -> Any:
    """Return `adamas.jax.Adadelta` as a transformation, with the arguments of ``optax.adadelta``."""

def adam(
    learning_rate: Any,
    b1: Any = 0.9,
    b2: Any = 0.999,
    eps: Any = 1e-08,
    *,
    state_dtype: Any = None,
    master_weights: Any = None,
    rounding: Any = None,
    seed: Any = None,
    num_threads: Any = None,
    max_norm: Any = None,
    max_value: Any = None,
    norm_type: Any = None,
    clip_each: Any = None,
    on_nonfinite: Any = None,
    average: Any = None,
    eps_root: Any = 0.0,
    mu_dtype: Any = None,
    nesterov: Any = False,
) -> Any:
    """Return `adamas.jax.Adam` as a transformation, with the arguments of ``optax.adam``."""

def adamax(
    learning_rate: Any,
    b1: Any = 0.9,
    b2: Any = 0.999,
    eps: Any = 1e-08,
    *,
    state_dtype: Any = None,
    master_weights: Any = None,
    rounding: Any = None,
    seed: Any = None,
    num_threads: Any = None,
    max_norm: Any = None,
    max_value: Any = None,
    norm_type: Any = None,
    clip_each: Any = None,
    on_nonfinite: Any = None,
    average: Any = None,
) -> Any:
    """Return `adamas.jax.Adamax` as a transformation, with the arguments of ``optax.adamax``."""

def adamaxw(
    learning_rate: Any,
    b1: Any = 0.9,
    b2: Any = 0.999,
    eps: Any = 1e-08,
    weight_decay: Any = 0.0001,
    mask: Any = None,
    *,
    state_dtype: Any = None,
    master_weights: Any = None,
    rounding: Any = None,
    seed: Any = None,
    num_threads: Any = None,
    max_norm: Any = None,
    max_value: Any = None,
    norm_type: Any = None,
    clip_each: Any = None,
    on_nonfinite: Any = None,
    average: Any = None,
) -> Any:
    """Return `adamas.jax.Adamax` as a transformation, with the arguments of ``optax.adamaxw``."""

def adamw(
    learning_rate: Any,
    b1: Any = 0.9,
    b2: Any = 0.999,
    eps: Any = 1e-08,
    *,
    weight_decay: Any = 0.0001,
    mask: Any = None,
    state_dtype: Any = None,
    master_weights: Any = None,
    rounding: Any = None,
    seed: Any = None,
    num_threads: Any = None,
    max_norm: Any = None,
    max_value: Any = None,
    norm_type: Any = None,
    clip_each: Any = None,
    on_nonfinite: Any = None,
    average: Any = None,
    eps_root: Any = 0.0,
    mu_dtype: Any = None,
    nesterov: Any = False,
) -> Any:
    """Return `adamas.jax.AdamW` as a transformation, with the arguments of ``optax.adamw``."""

def adan(
    learning_rate: Any,
    b1: Any = 0.98,
    b2: Any = 0.92,
    b3: Any = 0.99,
    eps: Any = 1e-08,
    eps_root: Any = 1e-08,
    weight_decay: Any = 0.0,
    mask: Any = None,
    *,
    state_dtype: Any = None,
    master_weights: Any = None,
    rounding: Any = None,
    seed: Any = None,
    num_threads: Any = None,
    max_norm: Any = None,
    max_value: Any = None,
    norm_type: Any = None,
    clip_each: Any = None,
    on_nonfinite: Any = None,
    average: Any = None,
) -> Any:
    """Return `adamas.jax.Adan` as a transformation, with the arguments of ``optax.adan``."""

def ademamix(
    learning_rate: Any,
    b1: Any = 0.9,
    b2: Any = 0.999,
    b3: Any = 0.9999,
    alpha: Any = 5.0,
    eps: Any = 1e-08,
    *,
    weight_decay: Any = 0.0,
    mask: Any = None,
    state_dtype: Any = None,
    master_weights: Any = None,
    rounding: Any = None,
    seed: Any = None,
    num_threads: Any = None,
    max_norm: Any = None,
    max_value: Any = None,
    norm_type: Any = None,
    clip_each: Any = None,
    on_nonfinite: Any = None,
    average: Any = None,
    eps_root: Any = 0.0,
    mu_dtype: Any = None,
) -> Any:
    """Return `adamas.jax.AdEMAMix` as a transformation, with the arguments of ``optax.ademamix``."""

def lamb(
    learning_rate: Any,
    b1: Any = 0.9,
    b2: Any = 0.999,
    eps: Any = 1e-06,
    *,
    weight_decay: Any = 0.0,
    mask: Any = None,
    state_dtype: Any = None,
    master_weights: Any = None,
    rounding: Any = None,
    seed: Any = None,
    num_threads: Any = None,
    max_norm: Any = None,
    max_value: Any = None,
    norm_type: Any = None,
    clip_each: Any = None,
    on_nonfinite: Any = None,
    average: Any = None,
    eps_root: Any = 0.0,
) -> Any:
    """Return `adamas.jax.LAMB` as a transformation, with the arguments of ``optax.lamb``."""

def lars(
    learning_rate: Any,
    weight_decay: Any = 0.0,
    weight_decay_mask: Any = None,
    trust_coefficient: Any = 0.001,
    eps: Any = 0.0,
    *,
    momentum: Any = 0.9,
    nesterov: Any = False,
    state_dtype: Any = None,
    master_weights: Any = None,
    rounding: Any = None,
    seed: Any = None,
    num_threads: Any = None,
    max_norm: Any = None,
    max_value: Any = None,
    norm_type: Any = None,
    clip_each: Any = None,
    on_nonfinite: Any = None,
    average: Any = None,
    trust_ratio_mask: Any = True,
) -> Any:
    """Return `adamas.jax.LARS` as a transformation, with the arguments of ``optax.lars``."""

def lion(
    learning_rate: Any,
    b1: Any = 0.9,
    b2: Any = 0.99,
    *,
    weight_decay: Any = 0.001,
    mask: Any = None,
    state_dtype: Any = None,
    master_weights: Any = None,
    rounding: Any = None,
    seed: Any = None,
    num_threads: Any = None,
    max_norm: Any = None,
    max_value: Any = None,
    norm_type: Any = None,
    clip_each: Any = None,
    on_nonfinite: Any = None,
    average: Any = None,
    mu_dtype: Any = None,
) -> Any:
    """Return `adamas.jax.Lion` as a transformation, with the arguments of ``optax.lion``."""

def novograd(
    learning_rate: Any,
    b1: Any = 0.9,
    b2: Any = 0.25,
    eps: Any = 1e-06,
    eps_root: Any = 0.0,
    weight_decay: Any = 0.0,
    *,
    state_dtype: Any = None,
    master_weights: Any = None,
    rounding: Any = None,
    seed: Any = None,
    num_threads: Any = None,
    max_norm: Any = None,
    max_value: Any = None,
    norm_type: Any = None,
    clip_each: Any = None,
    on_nonfinite: Any = None,
    average: Any = None,
) -> Any:
    """Return `adamas.jax.NovoGrad` as a transformation, with the arguments of ``optax.novograd``."""

def sgd(
    learning_rate: Any,
    momentum: Any = None,
    nesterov: Any = False,
    *,
    state_dtype: Any = None,
    master_weights: Any = None,
    rounding: Any = None,
    seed: Any = None,
    num_threads: Any = None,
    max_norm: Any = None,
    max_value: Any = None,
    norm_type: Any = None,
    clip_each: Any = None,
    on_nonfinite: Any = None,
    average: Any = None,
    accumulator_dtype: Any = None,
) -> Any:
    """Return `adamas.jax.SGD` as a transformation, with the arguments of ``optax.sgd``."""

def yogi(
    learning_rate: Any,
    b1: Any = 0.9,
    b2: Any = 0.999,
    eps: Any = 0.001,
    *,
    state_dtype: Any = None,
    master_weights: Any = None,
    rounding: Any = None,
    seed: Any = None,
    num_threads: Any = None,
    max_norm: Any = None,
    max_value: Any = None,
    norm_type: Any = None,
    clip_each: Any = None,
    on_nonfinite: Any = None,
    average: Any = None,
) -> Any:
    """Return `adamas.jax.Yogi` as a transformation, with the arguments of ``optax.yogi``."""
