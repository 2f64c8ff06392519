"""Options of steps, steps in parts, steps in the background, accumulated gradients."""

# What is given here is of the wrong type on purpose.
# mypy: disable-error-code="arg-type, assignment, call-overload, func-returns-value, index, misc, no-untyped-call"

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from hostile.driver import Act, Case, correct, refused
from hostile.figures import LyingInt, Number, alternating
from hostile.liars import EqualsAll, ReprRaises
from hostile.scenes import Scene, numbers

from adamas._optimizer import step_handle as _background


def stepping(name: str, make: Callable[[], Any]) -> tuple[Act, ...]:
    """The ways in which an option of a step comes in."""

    def scope(scene: Scene) -> Any:
        with scene.opt.step_scope(**{name: make()}):
            pass

    acts: tuple[Act, ...] = (
        lambda s: s.opt.step(s.grads(), **{name: make()}),
        lambda s: s.opt.step_async(s.grads(), **{name: make()}),
        scope,
    )
    if name == "grad_scale":
        return acts
    return (
        *acts,
        lambda s: s.module.AdamW([numbers(2)], **{name: make()}),
        lambda s: setattr(s.opt.step_defaults, name, make()),
    )


class Word(str):
    """Equals what it is compared with."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return True

    def __hash__(self) -> int:
        return str.__hash__(self)


_SCALES: dict[str, tuple[Callable[[], Any], type[Exception]]] = {
    "zero": (lambda: 0.0, ValueError),
    "minus zero": (lambda: -0.0, ValueError),
    "negative": (lambda: -1.0, ValueError),
    "NaN": (lambda: math.nan, ValueError),
    "infinite": (lambda: math.inf, ValueError),
    "subnormal": (lambda: 5e-324, ValueError),
    "whose inverse is infinite": (lambda: 2.0**-1024, ValueError),
    "beyond float64": (lambda: 10**400, ValueError),
    "text": (lambda: "2", TypeError),
    "flag": (lambda: True, TypeError),
    "0-d flag": (lambda: np.array(True), TypeError),
    "array": (lambda: np.ones(1), TypeError),
    "complex": (lambda: 1j, TypeError),
    "equal to all": (EqualsAll, TypeError),
    "that cannot be shown": (ReprRaises, TypeError),
    "that gives NaN": (lambda: Number(lambda: math.nan), ValueError),
}
_LIMITS: dict[str, tuple[Callable[[], Any], type[Exception]]] = {
    "zero": (lambda: 0, ValueError),
    "negative": (lambda: -1e-300, ValueError),
    "NaN": (lambda: math.nan, ValueError),
    "minus infinity": (lambda: -math.inf, ValueError),
    "text": (lambda: "inf", TypeError),
    "flag": (lambda: False, TypeError),
    "array": (lambda: np.ones(1), TypeError),
    "list": (lambda: [1.0], TypeError),
}
_WORDS: dict[str, Callable[[], Any]] = {
    "in capitals": lambda: "SKIP",
    "bytes": lambda: b"skip",
    "flag": lambda: True,
    "number": lambda: 0,
    "list": lambda: ["skip"],
    "empty": lambda: "",
    "equal to all": EqualsAll,
}
WRONG = {
    **{
        f"grad_scale {name}": refused(error, "grad_scale: expected a finite number > 0", *stepping("grad_scale", make))
        for name, (make, error) in _SCALES.items()
    },
    **{
        f"max_norm {name}": refused(error, "max_norm: expected a number > 0 or None", *stepping("max_norm", make))
        for name, (make, error) in _LIMITS.items()
    },
    **{
        f"max_value {name}": refused(error, "max_value: expected a number > 0 or None", *stepping("max_value", make))
        for name, (make, error) in _LIMITS.items()
        if name in ("NaN", "negative", "text")
    },
    **{
        f"on_nonfinite {name}": refused(
            ValueError, "on_nonfinite: expected 'propagate', 'skip' or 'raise', got", *stepping("on_nonfinite", make)
        )
        for name, make in _WORDS.items()
    },
    **{
        f"zero_grads {name}": refused(
            TypeError, "zero_grads: expected True or False", *stepping("zero_grads", lambda value=value: value)
        )
        for name, value in {"number": 1, "text": "no", "list": [], "NaN": math.nan}.items()
    },
}


def _settings(name: str, value: Any) -> tuple[Act, ...]:
    return (
        lambda s: s.module.AdamW([numbers(2)], **{name: value}),
        lambda s: setattr(s.opt.step_defaults, name, value),
    )


SETTINGS: dict[str, Case] = {
    "norm_type one": refused(ValueError, "norm_type: expected 2 or infinity, got 1", *_settings("norm_type", 1)),
    "norm_type minus infinity": refused(
        ValueError, "norm_type: expected 2 or infinity, got -inf", *_settings("norm_type", -math.inf)
    ),
    "norm_type text": refused(ValueError, "norm_type: expected 2 or infinity", *_settings("norm_type", "inf")),
    "norm_type flag": refused(ValueError, "norm_type: expected 2 or infinity", *_settings("norm_type", True)),
    "norm_type Fraction": correct(
        lambda s: s.opt.step(s.grads(), max_norm=1.0), lambda s: _with_norm_type(s, Fraction(4, 2))
    ),
    "clip_each text": refused(TypeError, "clip_each: expected True or False", *_settings("clip_each", "yes")),
    "accumulation unknown": refused(
        ValueError, "accumulation: expected 'sum', 'mean' or 'tree'", *_settings("accumulation", "avg")
    ),
    "setting unknown": refused(
        AttributeError, "max_grad: no such setting", lambda s: setattr(s.opt.step_defaults, "max_grad", 1.0)
    ),
    "setting deleted": refused(
        AttributeError, "max_norm: a setting cannot be deleted", lambda s: delattr(s.opt.step_defaults, "max_norm")
    ),
    "option unknown": refused(
        TypeError, "unexpected keyword argument 'max_grad'", lambda s: s.opt.step(s.grads(), max_grad=1.0)
    ),
    "option of no optimizer": refused(
        TypeError, "foreach: no such hyperparameter or option", lambda s: s.module.AdamW([numbers(2)], foreach=True)
    ),
    **{
        f"num_threads {name}": refused(
            error,
            "num_threads: expected None or a whole number from 1 to 1024",
            lambda s, value=value: setattr(s.opt, "num_threads", value),
            lambda s, value=value: s.module.AdamW([numbers(2)], num_threads=value),
        )
        for name, (value, error) in {
            "zero": (0, ValueError),
            "negative": (-1, ValueError),
            "too many": (1 << 40, ValueError),
            "beyond float64": (10**400, ValueError),
            "text": ("2", TypeError),
            "flag": (True, TypeError),
            "fraction of one": (0.5, ValueError),
            "float": (2.0, TypeError),
            "int that lies": (LyingInt(1 << 20), ValueError),
        }.items()
    },
    "num_threads of NumPy": correct(
        lambda s: s.step(), lambda s: setattr(s.opt, "num_threads", np.int8(2)) or s.step()
    ),
}


def _with_norm_type(scene: Scene, value: Any) -> Any:
    scene.opt.step_defaults.norm_type = value
    return scene.opt.step(scene.grads(), max_norm=1.0)


_AS: dict[str, tuple[str, Any, Callable[[], Any]]] = {
    "max_norm least subnormal": ("max_norm", 5e-324, lambda: np.float64(5e-324)),
    "max_norm infinite in float16": ("max_norm", math.inf, lambda: np.float16("inf")),
    "max_value infinite": ("max_value", None, lambda: math.inf),
    "grad_scale Fraction": ("grad_scale", 0.5, lambda: Fraction(1, 2)),
    "grad_scale Decimal": ("grad_scale", 2.0, lambda: Decimal(2)),
    "grad_scale 0-d array": ("grad_scale", 0.5, lambda: np.array(0.5, np.float16)),
    "max_norm 0-d array": ("max_norm", 0.25, lambda: np.array(0.25)),
    "max_norm infinite 0-d array": ("max_norm", math.inf, lambda: np.array(math.inf)),
    "max_value bfloat16": ("max_value", 0.25, lambda: ml_dtypes.bfloat16(0.25)),
    "grad_scale first good": ("grad_scale", 4.0, lambda: Number(alternating(4.0, math.nan))),
    "grad_scale largest": ("grad_scale", 2.0**1022, lambda: 2**1022),
    "zero_grads of NumPy": ("zero_grads", False, lambda: np.False_),
    "on_nonfinite a text that equals all": ("on_nonfinite", "skip", lambda: Word("skip")),
}
AS_GOOD = {
    f"as good: {name}": correct(
        lambda s, option=option, honest=honest: s.opt.step(s.grads(), **{option: honest}),
        lambda s, option=option, make=make: s.opt.step(s.grads(), **{option: make()}),
    )
    for name, (option, honest, make) in _AS.items()
}


def _poisoned(scene: Scene, value: float) -> Any:
    grads = scene.grads()
    grads["deep"][1][1] = value
    return grads


NONFINITE = {
    f"gradient holds {value}": refused(
        FloatingPointError,
        r"(grads\['deep'\]\[1\]|the gradient of 'deep.1'): holds an infinity or NaN",
        lambda s, value=value: s.opt.step(_poisoned(s, value), on_nonfinite="raise"),
        lambda s, value=value: s.opt.step_async(_poisoned(s, value), on_nonfinite="raise").result(),
        lambda s, value=value: s.opt.step(_poisoned(s, value), on_nonfinite="raise", zero_grads=True, max_norm=1.0),
    )
    for value in (math.nan, math.inf, -math.inf)
}
NONFINITE["gradient becomes infinite when it is divided"] = refused(
    FloatingPointError,
    "holds an infinity or NaN, once it is divided",
    lambda s: s.opt.step(_poisoned(s, 3e38), on_nonfinite="raise", grad_scale=1e-300),
)
NONFINITE["gradient that is skipped changes nothing"] = correct(
    None, lambda s: s.opt.step(_poisoned(s, math.nan), on_nonfinite="skip") and None
)


def _in_scope(act: Callable[[Any], Any]) -> Act:
    def scope(scene: Scene) -> Any:
        with scene.opt.step_scope():
            act(scene.opt)

    return scope


def _resized_in_flight(make: Callable[[Scene, Any], Any]) -> Act:
    """Resize an array while the library's thread is busy with something else, before the step that needs it."""

    def act(scene: Scene) -> Any:
        leave = threading.Event()
        _background._worker.submit(leave.wait)
        grads = scene.grads()
        handle = scene.opt.step_async(grads)
        try:
            with pytest.raises(ValueError, match="cannot resize"):
                make(scene, grads).resize(1_000_000, refcheck=False)
        finally:
            leave.set()
        return handle.result()

    return act


_NAMES: dict[str, tuple[Any, type[Exception], str]] = {
    "unknown": ("v", KeyError, "'v': no such parameter; there are 'w', 'deep.0', 'deep.1'"),
    "of a container": ("deep", KeyError, "'deep': no such parameter"),
    "beyond all": (1 << 70, KeyError, "no such parameter"),
    "minus one": (-1, KeyError, "-1: no such parameter"),
    "float": (0.0, TypeError, "expected a parameter's name or number"),
    "bytes": (b"w", TypeError, "expected a parameter's name or number"),
    "tuple": (("deep", 0), TypeError, "expected a parameter's name or number"),
}
PARTS: dict[str, Case] = {
    **{
        f"scope: name {name}": refused(
            error,
            message,
            _in_scope(lambda opt, value=value: opt.step_param(value, numbers(3, 4))),
            lambda s, value=value: s.opt.state[value],
        )
        for name, (value, error, message) in _NAMES.items()
    },
    "scope: raises what is raised in it": refused(ZeroDivisionError, "division", _in_scope(lambda opt: 1 / 0)),
    "scope: in itself": refused(RuntimeError, "in use", _in_scope(lambda opt: opt.step_scope().__enter__())),
    "scope: state dict in it": refused(RuntimeError, "in use", _in_scope(lambda opt: opt.state_dict())),
    "scope: closed from within": refused(
        RuntimeError, "this scope is not open", _in_scope(lambda opt: opt._model.scope.__exit__(None, None, None))
    ),
    "scope: norm of all": refused(
        ValueError,
        "max_norm: inside a scope the norm of all gradients is not known",
        lambda s: s.opt.step_scope(max_norm=1.0),
    ),
    "scope: previous norm a number": refused(
        TypeError, "previous_norm: expected True or False, got 1", lambda s: s.opt.step_scope(previous_norm=1)
    ),
    "scope: option unknown": refused(TypeError, "unexpected keyword", lambda s: s.opt.step_scope(lr=1.0)),
    "background: no gradients": refused(TypeError, "grads: expected a mapping", lambda s: s.opt.step_async(None)),
    "background: waits for a text": correct(lambda s: s.step(), lambda s: _waited(s, "soon")),
    **{
        f"background: {name} resized before it begins": correct(
            lambda s: s.opt.step(s.grads()), _resized_in_flight(make), scene=scene, modules=("compiled",)
        )
        for name, scene, make in (
            ("gradient", "plain", lambda s, grads: grads["deep"][1]),
            ("parameter", "plain", lambda s, grads: s.params["w"]),
            ("copy", "copied", lambda s, grads: s.copies[0]),
        )
    },
    "accumulated: gradients of None": refused(TypeError, "grads: expected a mapping", lambda s: s.opt.accumulate(None)),
    "accumulated: nothing there": refused(TypeError, "grads: expected a mapping", lambda s: s.opt.step()),
    "accumulated: of all None": correct(
        lambda s: s.opt.step(_none()), lambda s: s.opt.accumulate(_none()) or s.opt.step()
    ),
    "accumulated: dropped twice": correct(
        None, lambda s: s.opt.accumulate(s.grads()) or s.opt.drop_accumulated() or s.opt.drop_accumulated()
    ),
}


def _none() -> Any:
    return {"w": None, "deep": [None, None]}


def _waited(scene: Scene, timeout: Any) -> Any:
    handle = scene.opt.step_async(scene.grads())
    try:
        handle.result(timeout=timeout)
    except TypeError:
        return handle.result()
    return handle.result()


CASES: dict[str, Case] = {**WRONG, **SETTINGS, **AS_GOOD, **NONFINITE, **PARTS}
