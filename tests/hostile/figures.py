"""Hyperparameters that are no numbers, hardly numbers, or numbers of an odd type."""

# What is given here is of the wrong type on purpose; helpers stand below the tables that need them.
# mypy: disable-error-code="arg-type, assignment, call-overload, func-returns-value, index, misc, no-untyped-call"
# ruff: noqa: PLW0108

from __future__ import annotations

import datetime
import functools
import math
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from numbers import Real
from typing import Any

import ml_dtypes
import numpy as np
from hostile.driver import Act, Case, correct, refused
from hostile.liars import BoolRaises, ClassRaises, EqualsAll, ReprRaises
from hostile.scenes import Scene, numbers


class Number:
    """Registered as a real number, with a ``__float__`` of its own."""

    def __init__(self, convert: Callable[[], Any]) -> None:
        self.convert = convert

    def __float__(self) -> Any:
        return self.convert()


Real.register(Number)


class SaysFloat:
    __class__ = float


class SaysBool(float):
    __class__ = bool


class IndexOnly:
    def __index__(self) -> int:
        return 1


class FloatOnly:
    def __float__(self) -> float:
        return 0.5


class Tensor:
    """As an array of another framework."""

    def __init__(self, dtype: str, shape: Any) -> None:
        self.dtype, self.shape = dtype, shape

    def __float__(self) -> float:
        return 0.5


class LyingInt(int):
    """Compares as one number and is another."""

    def __float__(self) -> float:
        return 2.0

    def __le__(self, other: Any) -> bool:
        return True

    def __ge__(self, other: Any) -> bool:
        return True

    def __lt__(self, other: Any) -> bool:
        return True

    def __hash__(self) -> int:
        return 0


def raising(error: BaseException) -> Callable[..., Any]:
    def act(*_: Any) -> Any:
        raise error

    return act


def alternating(*values: Any) -> Callable[[], Any]:
    """Give one value after another, and the last one from then on."""
    left = list(values)
    return lambda: left.pop(0) if len(left) > 1 else left[0]


def in_group(name: str, make: Callable[[], Any]) -> Act:
    """Step after a group has been edited."""

    def act(scene: Scene) -> Any:
        group = scene.opt.param_groups[0]
        kept, group[name] = group[name], make()
        try:
            return scene.step()
        finally:
            group[name] = kept

    return act


def everywhere(name: str, make: Callable[[], Any]) -> tuple[Act, ...]:
    """The ways in which a hyperparameter comes in."""

    def in_scope(scene: Scene) -> Any:
        group = scene.opt.param_groups[0]
        kept, group[name] = group[name], make()
        try:
            with scene.opt.step_scope():
                pass
        finally:
            group[name] = kept

    def in_state_dict(scene: Scene) -> Any:
        state = scene.opt.state_dict()
        state["param_groups"][0][name] = make()
        scene.opt.load_state_dict(state)

    return (
        in_group(name, make),
        in_scope,
        in_state_dict,
        lambda s: s.module.AdamW([numbers(2)], **{name: make()}),
        lambda s: s.module.AdamW([{"params": [numbers(2)], name: make()}]),
    )


_NOT_NUMBERS: dict[str, Callable[[], Any]] = {
    "text": lambda: "0.1",
    "text nan": lambda: "nan",
    "bytes": lambda: b"0.1",
    "True": lambda: True,
    "NumPy's True": lambda: np.True_,
    "complex": lambda: 0.1 + 0j,
    "complex of NumPy": lambda: np.complex64(0.1),
    "0-d array of a flag": lambda: np.array(True),
    "0-d array of a complex number": lambda: np.array(0.1 + 0j),
    "0-d array of a text": lambda: np.array("0.1"),
    "0-d array of an object": lambda: np.array(Fraction(1, 10)),
    "text of NumPy": lambda: np.str_("0.1"),
    "void": lambda: np.void(b"1"),
    "array of one": lambda: np.array([0.1]),
    "list of one": lambda: [0.1],
    "dict": dict,
    "NotImplemented": lambda: NotImplemented,
    "timedelta": lambda: np.timedelta64(1, "s"),
    "timedelta without a unit": lambda: np.timedelta64(1),
    "datetime": lambda: np.datetime64(1, "s"),
    "timedelta of Python": lambda: datetime.timedelta(1),
    "only an index": IndexOnly,
    "tensor of one dimension": lambda: Tensor("float32", (1,)),
    "tensor of a flag": lambda: Tensor("framework.bool", ()),
    "tensor whose shape is none": lambda: Tensor("float32", None),
    "says it is a float": SaysFloat,
    "equals all": EqualsAll,
    "cannot be shown": ReprRaises,
    "bool raises": BoolRaises,
}
_BAD_NUMBERS: dict[str, Callable[[], Any]] = {
    "minus infinity": lambda: -math.inf,
    "least below zero": lambda: -5e-324,
    "minus one": lambda: -1,
    "NaN of NumPy": lambda: np.float32("nan"),
    "infinity in float16": lambda: np.float16("inf"),
    "beyond float64": lambda: np.longdouble("1e4000"),
    "two to the 1024": lambda: 2**1024,
    "fraction beyond float64": lambda: Fraction(10**400, 3),
    "Decimal NaN": lambda: Decimal("sNaN"),
    "0-d array of NaN": lambda: np.array(math.nan),
    "float gives NaN": lambda: Number(lambda: math.nan),
    "float gives minus one": lambda: Number(lambda: -1.0),
    "float overflows": lambda: Number(raising(OverflowError("too large"))),
    "first a number, then NaN": lambda: Number(alternating(-1.0, math.nan)),
}
WRONG = {
    **{
        f"lr {name}": refused(TypeError, r"lr.*: expected a finite number >= 0, or a callable", *everywhere("lr", make))
        for name, make in _NOT_NUMBERS.items()
    },
    **{
        f"eps {name}": refused(ValueError, "eps.*: expected a finite number >= 0, got", *everywhere("eps", make))
        for name, make in _BAD_NUMBERS.items()
    },
    "eps callable": refused(TypeError, "eps.*: expected a finite number >= 0, got", *everywhere("eps", lambda: abs)),
    "eps float raises": refused(
        RuntimeError, "not now", *everywhere("eps", lambda: Number(raising(RuntimeError("not now"))))
    ),
    "eps float gives text": refused(TypeError, "eps.*: expected", *everywhere("eps", lambda: Number(lambda: "1"))),
    "eps whose class raises": refused(TypeError, "eps.*: expected", *everywhere("eps", ClassRaises)),
    "eps good and then bad": refused(
        ValueError, "eps", in_group("eps", lambda: Number(alternating(-1.0, -1.0))), modules=("compiled",)
    ),
    "eps bad for the core alone": refused(
        RuntimeError,
        "an input changed while it was being checked; nothing was updated",
        in_group("eps", lambda: Number(alternating(-1.0, 1.0))),
        modules=("compiled",),
    ),
}

_AS: dict[str, tuple[str, Callable[[], Any], Any]] = {
    "minus zero": ("lr", lambda: -0.0, 0.0),
    "least subnormal": ("eps", lambda: 5e-324, 5e-324),
    "subnormal in float32": ("eps", lambda: np.float32(1e-45), float(np.float32(1e-45))),
    "largest": ("eps", lambda: 1.7976931348623157e308, 1.7976931348623157e308),
    "two to the 63": ("eps", lambda: 2**63, 2.0**63),
    "two to the 64 and one": ("weight_decay", lambda: 2**64 + 1, 2.0**64),
    "two to the 1023": ("eps", lambda: 2**1023, 2.0**1023),
    "float16": ("lr", lambda: np.float16(0.1), float(np.float16(0.1))),
    "bfloat16": ("lr", lambda: ml_dtypes.bfloat16(0.5), 0.5),
    "float8": ("lr", lambda: ml_dtypes.float8_e4m3fn(0.5), 0.5),
    "Decimal": ("eps", lambda: Decimal("0.1"), 0.1),
    "0-d array": ("lr", lambda: np.array(0.1), 0.1),
    "0-d array of bfloat16": ("lr", lambda: np.array(0.5, ml_dtypes.bfloat16), 0.5),
    "0-d array of whole numbers": ("weight_decay", lambda: np.array(2), 2.0),
    "tensor without dimensions": ("lr", lambda: Tensor("float32", ()), 0.5),
    "only a float method": ("lr", FloatOnly, 0.5),
    "int8": ("lr", lambda: np.int8(1), 1.0),
    "uint64": ("eps", lambda: np.uint64(2**64 - 1), 2.0**64),
    "long double": ("lr", lambda: np.longdouble(0.25), 0.25),
    "Fraction": ("lr", lambda: Fraction(1, 4), 0.25),
    "registered as real": ("eps", lambda: Number(lambda: 0.25), 0.25),
    "int that lies": ("weight_decay", lambda: LyingInt(7), 7.0),
    "float that says it is a bool": ("lr", lambda: SaysBool(0.25), 0.25),
    "schedule that is a class": ("lr", lambda: float, 1.0),
    "schedule that is a partial": ("lr", lambda: functools.partial(pow, 2), 2.0),
    "schedule of a Fraction": ("lr", lambda: lambda step: Fraction(1, 2), 0.5),
    "schedule of a 0-d array": ("lr", lambda: lambda step: np.array(0.5, np.float32), 0.5),
    "schedule of a tensor": ("lr", lambda: lambda step: Tensor("float32", ()), 0.5),
    "betas of 0-d arrays": ("betas", lambda: [np.array(0.5), ml_dtypes.bfloat16(0.25)], (0.5, 0.25)),
    "schedule of betas in a list": ("betas", lambda: lambda step: [0.5, 0.25], (0.5, 0.25)),
    "betas in a list": ("betas", lambda: [0.5, Fraction(1, 4)], (0.5, 0.25)),
    "betas next to one": ("betas", lambda: (math.nextafter(1, 0), 0.0), (math.nextafter(1, 0), 0.0)),
    "beta minus zero": ("betas", lambda: (-0.0, 0.5), (0.0, 0.5)),
    "beta subnormal": ("betas", lambda: (5e-324, 1e-310), (5e-324, 1e-310)),
}
AS_GOOD = {
    f"as good: {name}": correct(in_group(key, lambda honest=honest: honest), in_group(key, make))
    for name, (key, make, honest) in _AS.items()
}


class List(list[Any]):
    def __len__(self) -> int:
        return 2


def _growing_betas() -> Any:
    betas: list[Any] = []

    def grow() -> float:
        betas.append(0.5)
        return 0.5

    betas += [Number(grow), 0.5]
    return betas


def _shrinking_betas() -> Any:
    betas: list[Any] = []

    def shrink() -> float:
        betas.clear()
        return 0.5

    betas += [Number(shrink), 0.5]
    return betas


_BETAS: dict[str, tuple[Callable[[], Any], type[Exception], str]] = {
    "three": (lambda: (0.9, 0.99, 0.5), TypeError, r"betas.*: expected two numbers \(beta1, beta2\)"),
    "none": (tuple, TypeError, "betas.*: expected two numbers"),
    "text of two": (lambda: "ab", TypeError, "betas.*: expected two numbers"),
    "bytes of two": (lambda: b"ab", TypeError, "betas.*: expected two numbers"),
    "texts": (lambda: ("0.9", "0.99"), TypeError, r"betas.*\[0\]: expected a number in \[0, 1\), got '0.9'"),
    "set": (lambda: {0.9, 0.99}, TypeError, "betas.*: expected two numbers"),
    "dict": (lambda: {0: 0.9, 1: 0.99}, TypeError, "betas.*: expected two numbers"),
    "array": (lambda: np.array([0.9, 0.99]), TypeError, "betas.*: expected two numbers"),
    "one inside": (lambda: ((0.9, 0.99), 0.5), TypeError, r"betas.*\[0\]: expected a number in \[0, 1\)"),
    "None inside": (lambda: (0.9, None), TypeError, r"betas.*\[1\]: expected a number in \[0, 1\)"),
    "infinite": (lambda: (0.9, math.inf), ValueError, r"betas.*\[1\]: expected a number in \[0, 1\), got inf"),
    "one, once rounded": (lambda: (Fraction(2**70 - 1, 2**70), 0.9), ValueError, r"betas.*\[0\]: expected a number in"),
    "list that says it has two": (lambda: List([0.9]), TypeError, r"betas.*expected two numbers"),
}
BETAS = {
    **{
        f"betas {name}": refused(error, message, *everywhere("betas", make))
        for name, (make, error, message) in _BETAS.items()
    },
    "betas that grow while they are read": refused(
        (TypeError),
        "betas.*: expected two numbers",
        in_group("betas", lambda: lambda step: _growing_betas() * 2),
    ),
    "betas that vanish while they are read": refused(
        (TypeError),
        "betas.*: expected two numbers",
        in_group("betas", _shrinking_betas),
        modules=("compiled",),
    ),
}

_FLAGS: dict[str, Callable[[], Any]] = {
    "zero": lambda: 0,
    "text": lambda: "False",
    "None": lambda: None,
    "NumPy's": lambda: np.False_,
    "equals all": EqualsAll,
    "array": lambda: np.zeros(1, bool),
}
FLAGS = {
    **{
        f"amsgrad {name}": refused(TypeError, "amsgrad.*: expected True or False", *everywhere("amsgrad", make))
        for name, make in _FLAGS.items()
    },
    **{
        f"maximize {name}": refused(TypeError, "maximize.*: expected True or False", *everywhere("maximize", make))
        for name, make in _FLAGS.items()
        if name != "None"
    },
}

_SCHEDULES: dict[str, tuple[Callable[..., Any], type[BaseException], str]] = {
    "wrong arity": (lambda: 0.1, TypeError, "positional argument"),
    "KeyboardInterrupt": (raising(KeyboardInterrupt("stop")), KeyboardInterrupt, "stop"),
    "SystemExit": (raising(SystemExit("bye")), SystemExit, "bye"),
    "StopIteration": (raising(StopIteration("no more")), StopIteration, "no more"),
    "GeneratorExit": (raising(GeneratorExit("closed")), GeneratorExit, "closed"),
    "MemoryError": (raising(MemoryError("none left")), MemoryError, "none left"),
    "endless recursion": (lambda step: _SCHEDULES["endless recursion"][0](step), RecursionError, "recursion"),
    "huge": (lambda step: 10**400, ValueError, r"\['lr'\] \(called with step 1\): expected a finite number"),
    "array": (lambda step: np.ones(1), TypeError, r"\['lr'\] \(called with step 1\): expected a finite number"),
    "callable again": (lambda step: abs, TypeError, r"\['lr'\] \(called with step 1\): expected a finite number"),
    "generator": (lambda step: (x for x in [0.1]), TypeError, r"\['lr'\] \(called with step 1\): expected"),
}
SCHEDULES = {
    f"schedule {name}": refused(error, message, in_group("lr", lambda schedule=schedule: schedule))
    for name, (schedule, error, message) in _SCHEDULES.items()
}

_OTHER_RULES: dict[str, tuple[str, dict[str, Any], type[Exception], str]] = {
    "fractional warm-up": ("AdEMAMix", {"warmup_steps": 1.5}, ValueError, "warmup_steps: expected a whole number >= 0"),
    "endless warm-up": ("AdEMAMix", {"warmup_steps": 2**53}, ValueError, "warmup_steps: expected a whole number >= 0"),
    "alpha out of range": ("RMSprop", {"alpha": 1.0}, ValueError, r"alpha: expected a number in \[0, 1\)"),
    "infinite dampening": ("SGD", {"dampening": math.inf}, ValueError, "dampening: expected a finite number"),
    "NaN for a power": ("ScheduleFreeAdamW", {"r": math.nan}, ValueError, "r: expected a finite number >= 0"),
    "two betas for three": ("Adan", {"betas": (0.9, 0.99)}, TypeError, "betas: expected three numbers"),
    "negative start": (
        "Adagrad",
        {"initial_accumulator_value": -1.0},
        ValueError,
        "initial_accumulator_value: expected",
    ),
    "flag for a number": ("AdaBelief", {"eps_root": False}, TypeError, "eps_root: expected a finite number >= 0"),
    "number for a flag": ("ADOPT", {"clip": 1.0}, TypeError, "clip: expected True or False, got 1.0"),
    "nothing for a flag": ("RMSprop", {"centered": None}, TypeError, "centered: expected True or False, got None"),
}
OTHER_RULES = {
    f"rule: {name}": refused(
        error, message, lambda s, name=rule, options=options: getattr(s.module, name)([numbers(2)], **options)
    )
    for name, (rule, options, error, message) in _OTHER_RULES.items()
}

CASES: dict[str, Case] = {**WRONG, **AS_GOOD, **BETAS, **FLAGS, **SCHEDULES, **OTHER_RULES}
