"""Loss scaling, schedules, instruction sets and threads."""

# What is given here is of the wrong type on purpose.
# mypy: disable-error-code="arg-type, assignment, call-overload, func-returns-value, index, misc, no-untyped-call"

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from hostile.driver import Case, correct, refused
from hostile.figures import LyingInt, Number, alternating
from hostile.liars import EqualsAll, ReprRaises
from hostile.scenes import Scene

import adamas
from adamas import LossScaler, schedules

_SCALERS: dict[str, tuple[Callable[[], Any], type[Exception], str]] = {
    "scale zero": (lambda: LossScaler(0.0), ValueError, "init_scale: expected a normal float32 number > 0"),
    "scale NaN": (lambda: LossScaler(math.nan), ValueError, "init_scale: expected a normal float32 number"),
    "scale subnormal": (lambda: LossScaler(1e-40), ValueError, "init_scale: expected a normal float32 number"),
    "scale beyond float32": (lambda: LossScaler(1e39), ValueError, "init_scale: expected a normal float32 number"),
    "scale text": (lambda: LossScaler("1"), TypeError, "init_scale: expected a normal float32 number"),
    "growth one": (lambda: LossScaler(growth_factor=1.0), ValueError, "growth_factor: expected a finite number > 1"),
    "growth infinite": (lambda: LossScaler(growth_factor=math.inf), ValueError, "growth_factor: expected"),
    "backoff zero": (
        lambda: LossScaler(backoff_factor=0.0),
        ValueError,
        r"backoff_factor: expected a number in \(0, 1\)",
    ),
    "backoff one": (lambda: LossScaler(backoff_factor=1.0), ValueError, "backoff_factor: expected a number in"),
    "interval zero": (
        lambda: LossScaler(growth_interval=0),
        ValueError,
        "growth_interval: expected a whole number >= 1",
    ),
    "interval float": (lambda: LossScaler(growth_interval=2.0), TypeError, "growth_interval: expected a whole"),
    "state without a scale": (lambda: LossScaler().load_state_dict({"good_steps": 1}), KeyError, "scale"),
    "state of NaN": (
        lambda: LossScaler().load_state_dict({"scale": math.nan, "good_steps": 1}),
        ValueError,
        "scale: exp",
    ),
    "state of negative steps": (
        lambda: LossScaler().load_state_dict({"scale": 1.0, "good_steps": -1}),
        ValueError,
        "good_steps: expected a whole number >= 0",
    ),
    "state None": (lambda: LossScaler().load_state_dict(None), TypeError, "subscriptable"),
}


def _scaled(scene: Scene, scale: Any) -> Any:
    scaler = LossScaler()
    scaler.scale = scale
    return scaler.step(scene.opt, scene.grads())


SCALERS: dict[str, Case] = {
    **{
        f"scaler: {name}": refused(error, message, lambda s, make=make: make(), modules=("compiled",))
        for name, (make, error, message) in _SCALERS.items()
    },
    **{
        f"scaler: scale set to {scale}": refused(
            (TypeError, ValueError),
            "grad_scale: expected a finite number > 0",
            lambda s, scale=scale: _scaled(s, scale),
        )
        for scale in (0.0, -1.0, math.nan, "1")
    },
    "scaler: scale that is another the second time": correct(
        lambda s: 2.0,
        lambda s: LossScaler(Number(alternating(2.0, math.nan))).scale,
        modules=("compiled",),
    ),
}

_SCHEDULES: dict[str, tuple[Callable[[], Any], type[Exception], str]] = {
    "constant NaN": (lambda: schedules.Constant(math.nan), ValueError, "Constant: value: expected a finite number"),
    "constant text": (lambda: schedules.Constant("1"), TypeError, "Constant: value: expected"),
    "no steps": (lambda: schedules.Linear(1.0, 0.0, 0), ValueError, "Linear: steps: expected a whole number >= 1"),
    "steps of float": (lambda: schedules.Cosine(1.0, 0.0, 5.0), TypeError, "Cosine: steps: expected a whole"),
    "steps True": (lambda: schedules.Cosine(1.0, 0.0, True), TypeError, "Cosine: steps: expected a whole number"),
    "negative end": (lambda: schedules.Cosine(1.0, -1.0, 5), ValueError, "Cosine: end: expected a finite number >= 0"),
    "infinite start": (lambda: schedules.WarmUp(0.1, 5, math.inf), ValueError, "WarmUp: start: expected a finite"),
    "warm-up to a text": (lambda: schedules.WarmUp("fast", 5), TypeError, "Constant: value: expected"),
    "warm-up beyond all": (lambda: schedules.InverseSqrt(1.0, 10**400), ValueError, "InverseSqrt: warm_up: expected"),
    "parts longer than all": (lambda: schedules.WSD(1.0, 10, 6, 6), ValueError, "WSD: warm_up and decay: expected"),
    "shape unknown": (lambda: schedules.WSD(1.0, 10, 1, 1, shape="round"), ValueError, "WSD: shape: expected"),
    "shape equal to all": (
        lambda: schedules.WSD(1.0, 10, 1, 1, shape=ReprRaises()),
        ValueError,
        "WSD: shape: expected",
    ),
    "share one": (lambda: schedules.OneCycle(1.0, 10, pct_start=1.0), ValueError, "OneCycle: pct_start: expected"),
    "too few steps": (lambda: schedules.OneCycle(1.0, 2), ValueError, "OneCycle: steps: expected enough"),
    "division by zero": (lambda: schedules.OneCycle(1.0, 10, div_factor=0.0), ValueError, "OneCycle: div_factor: exp"),
}
SCHEDULES = {
    f"schedule: {name}": refused(error, message, lambda s, make=make: make(), modules=("compiled",))
    for name, (make, error, message) in _SCHEDULES.items()
}

_ISAS: dict[str, tuple[Any, type[Exception], str]] = {
    "unknown": ("avx1024", ValueError, "use_isa asks for 'avx1024': .*Available here: "),
    "empty": ("", ValueError, "use_isa asks for ''"),
    "in capitals": ("SCALAR", ValueError, "use_isa asks for 'SCALAR'"),
    "with a NUL": ("scalar\0junk", ValueError, r"use_isa asks for .*scalar\\x00junk"),
    "half a character": ("\udc80", ValueError, r"use_isa asks for .*\\udc80"),
    "bytes": (b"scalar", TypeError, "name: expected a str, one of"),
    "None": (None, TypeError, "name: expected a str, one of"),
    "that cannot be shown": (ReprRaises(), TypeError, "name: expected a str, .*, got a value of type"),
}
_COUNTS: dict[str, tuple[Any, type[Exception]]] = {
    "negative": (-1, ValueError),
    "too many": (1025, ValueError),
    "beyond all": (10**400, ValueError),
    "beyond all texts": (10**5000, ValueError),
    "flag": (True, TypeError),
    "float": (2.0, TypeError),
    "text": ("2", TypeError),
    "None": (None, TypeError),
    "equal to all": (EqualsAll(), TypeError),
    "int that lies": (LyingInt(5000), ValueError),
}
RUNTIME = {
    **{
        f"use_isa {name}": refused(error, message, lambda s, value=value: adamas.use_isa(value), modules=("compiled",))
        for name, (value, error, message) in _ISAS.items()
    },
    **{
        f"set_num_threads {name}": refused(
            error,
            "count: expected a whole number from 0 to 1024",
            lambda s, value=value: adamas.set_num_threads(value),
            modules=("compiled",),
        )
        for name, (value, error) in _COUNTS.items()
    },
    **{
        f"set_flush_denormals {name}": refused(
            TypeError,
            "enabled: expected True or False, got",
            lambda s, value=value: adamas.set_flush_denormals(value),
            modules=("compiled",),
        )
        for name, value in {"number": 1, "text": "no", "None": None, "that cannot be shown": ReprRaises()}.items()
    },
    "set_num_threads of NumPy": correct(
        lambda s: s.opt.step(s.grads()),
        lambda s: adamas.set_num_threads(np.uint8(2)) or s.opt.step(s.grads()),
    ),
}

_FORMATS: dict[str, tuple[dict[str, Any], type[Exception], str]] = {
    "rounding that is shown as a word": (
        {"rounding": type("R", (), {"__repr__": lambda self: "'kahan'"})()},
        ValueError,
        "rounding: expected",
    ),
    "master_weights shown as a word": (
        {"master_weights": type("R", (), {"__repr__": lambda self: "'split32'"})()},
        ValueError,
        "master_weights: expected",
    ),
    "master_weights a number": ({"master_weights": 0}, ValueError, "master_weights: expected False, True"),
    "state_dtype of another byte order": (
        {"state_dtype": np.dtype(">f4")},
        ValueError,
        "state_dtype: expected None or one of",
    ),
    "state_dtype a list": ({"state_dtype": ["int8"]}, ValueError, "state_dtype: expected None or one of"),
    "seed True": ({"seed": True}, TypeError, "seed: expected a whole number"),
    "seed beyond 64 bits": ({"seed": 1 << 64}, ValueError, "seed: expected a whole number from 0"),
    "seed that lies": ({"seed": LyingInt(-5)}, ValueError, "seed: expected a whole number from 0"),
    "seed of float": ({"seed": np.float64(1)}, TypeError, "seed: expected a whole number"),
}
FORMATS = {
    f"format: {name}": refused(error, message, lambda s, given=given: s.module.AdamW([np.ones(3, np.float32)], **given))
    for name, (given, error, message) in _FORMATS.items()
}

CASES: dict[str, Case] = {**SCALERS, **SCHEDULES, **RUNTIME, **FORMATS}
