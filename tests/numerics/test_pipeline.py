"""All that a step does beside the update, in all combinations: the bits of the reference, norms included."""

from __future__ import annotations

import itertools
import math
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from bits import Array, assert_same_bits
from cases import GRADIENTS, ROUNDED_STATES

import adamas
from adamas import _core, reference

HALF = np.dtype(ml_dtypes.bfloat16)
GRAD_DTYPES = [*GRADIENTS.values()]
#: What a combination draws from, one of each.
CHOICES: dict[str, list[Any]] = {
    "name": ["AdamW", "AdamW", "LAMB", "Lion", "SGD"],
    "maximize": [False, True],
    "state_dtype": [None, *ROUNDED_STATES],
    "low_precision": [{}, {"master_weights": True}, {"rounding": "stochastic"}, {"master_weights": "split24"}],
    "average": [None, adamas.EMA(0.9), adamas.EMA(0.99, bias_correction=True, dtype="bfloat16"), adamas.SWA(every=2)],
    "copies": [None, HALF, np.float16],
    "norm_type": [2.0, math.inf],
    "clip_each": [False, True],
    "accumulation": ["sum", "mean"],
    "grad_scale": [None, 3.0, 1024.0],
    "max_norm": [None, 0.5, 1e6, math.inf],
    "max_value": [None, 1e-3],
    "on_nonfinite": ["propagate", "skip"],
    "zero_grads": [False, True],
    "parts": [0, 1, 2],
    "way": ["step", "async", "scope"],
}


def draw(seed: int) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    drawn = {name: choices[rng.integers(len(choices))] for name, choices in CHOICES.items()}
    if drawn["way"] == "scope":
        drawn.update(parts=0, clip_each=True, on_nonfinite="propagate")
    return drawn


def model(drawn: dict[str, Any]) -> list[Array]:
    rng = np.random.default_rng(1)
    shapes: list[tuple[int, ...]] = [(1,), (10_007,), (0,), (33, 31), (64,), (2_049,)]
    dtypes = [np.float32, np.float32, np.float32, HALF, HALF, np.float32]
    if drawn["state_dtype"] is None:
        shapes += [(515,), (3_000,)]
        dtypes += [np.float64, np.float64]
    return [rng.standard_normal(shape).astype(dtype) for shape, dtype in zip(shapes, dtypes, strict=True)]


def gradients(params: list[Array], seed: int, *, poisoned: bool) -> list[Array | None]:
    rng = np.random.default_rng(seed)
    made: list[Array | None] = []
    for i, param in enumerate(params):
        values = rng.standard_normal(param.shape) * 10.0 ** rng.integers(-3, 2, param.shape)
        if poisoned and i == 1:
            values.reshape(-1)[7_000] = [math.inf, math.nan][seed % 2]
        made.append(None if (seed + i) % 5 == 0 else values.astype(GRAD_DTYPES[(seed + i) % len(GRAD_DTYPES)]))
    return made


def run(module: Any, drawn: dict[str, Any], threads: int | None = None) -> tuple[list[Array], list[Any]]:
    """Take some steps; return all arrays, and the reports."""
    params = model(drawn)
    copies = None
    if drawn["copies"] is not None:
        copies = [np.ones(p.shape, drawn["copies"]) if p.dtype == np.float32 and p.size != 1 else None for p in params]
    settings = {name: drawn[name] for name in ("norm_type", "clip_each", "accumulation", "state_dtype", "average")}
    opt = getattr(module, drawn["name"])(
        params,
        lr=0.01,
        maximize=drawn["maximize"],
        copy_out=copies,
        num_threads=threads,
        **settings,
        **drawn["low_precision"],
    )
    arguments = {name: drawn[name] for name in ("grad_scale", "max_norm", "max_value", "on_nonfinite", "zero_grads")}
    reports = []
    used: list[Array] = []
    for step in range(5):
        for part in range(drawn["parts"]):
            opt.accumulate(gradients(params, 100 * step + part, poisoned=False))
        grads = gradients(params, 100 * step + 50, poisoned=step == 3)
        if drawn["way"] == "scope":
            with opt.step_scope(**arguments) as scope:
                for i in reversed(range(len(params))):
                    if grads[i] is not None:
                        opt.step_param(i, grads[i])
            reports.append(scope.report)
        elif drawn["way"] == "async":
            reports.append(opt.step_async(grads, **arguments).result())
        elif drawn["parts"] and step == 2:
            reports.append(opt.step(**arguments))
        else:
            reports.append(opt.step(grads, **arguments))
        used += [grad for grad in grads if grad is not None]
    states = [value for entry in opt.state.values() for value in entry.values() if isinstance(value, np.ndarray)]
    return [*params, *states, *(copy for copy in copies or [] if copy is not None), *used], reports


@pytest.mark.parametrize("seed", range(80))
def test_same_bits(seed: int) -> None:
    drawn = draw(seed)
    expected, reports = run(reference, drawn)
    _core.set_bytes_per_thread(1)
    for isa, threads in itertools.product(adamas.available_isas(), (1, 3)):
        adamas.use_isa(isa)
        actual, ours = run(adamas, drawn, threads)
        assert repr(ours) == repr(reports), f"{isa}, {threads} threads"  # NaN included
        for a, b in zip(actual, expected, strict=True):
            assert_same_bits(a, b, f"{isa}, {threads} threads")


@pytest.mark.parametrize("seed", range(20))
def test_a_scope_is_a_step(seed: int) -> None:
    drawn = {**draw(seed), "parts": 0, "clip_each": True, "on_nonfinite": "propagate", "way": "scope"}
    arrays, _ = run(adamas, drawn)
    whole, _ = run(adamas, {**drawn, "way": "step"})
    for a, b in zip(arrays, whole, strict=True):
        assert_same_bits(a, b, str(drawn))
