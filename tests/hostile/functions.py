"""Updates of one parameter whose states the caller keeps."""

# What is given here is of the wrong type on purpose.
# mypy: disable-error-code="arg-type, assignment, call-overload, func-returns-value, index, misc, no-untyped-call"

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from bits import Array
from hostile.changing import quietly
from hostile.driver import Act, Case, correct, refused
from hostile.figures import LyingInt, Number, alternating, raising
from hostile.liars import EqualsAll, LyingFlags
from hostile.scenes import Scene, numbers

from adamas import functional


def arrays() -> dict[str, Any]:
    return {name: np.abs(numbers(6)) + k for k, name in enumerate(("param", "grad", "exp_avg", "exp_avg_sq"))}


def adam(**changes: Any) -> Act:
    """Update, with some arguments changed; what is refused leaves all arrays as they were."""

    def act(scene: Scene) -> Any:
        given = arrays()
        for array in given.values():
            scene.watch(array)
        functional.adam_(**{**given, "step": 1, **{name: _made(value, given) for name, value in changes.items()}})

    return act


def _made(value: Any, given: dict[str, Any]) -> Any:
    return value.make(given) if isinstance(value, From) else value


class From:
    """An argument that is made from the honest ones."""

    def __init__(self, make: Callable[[dict[str, Any]], Any]) -> None:
        self.make = make


def result(**options: Any) -> Act:
    """Return what an update comes to."""

    def act(scene: Scene) -> Any:
        given = arrays()
        functional.adam_(**{**given, "step": 1, **options})
        return [array.tobytes() for array in given.values()]

    return act


_ARRAYS: dict[str, tuple[dict[str, Any], type[Exception], str]] = {
    "param and grad are one": (
        {"grad": From(lambda g: g["param"])},
        ValueError,
        "grad shares memory with param|param sh",
    ),
    "states are one": ({"exp_avg_sq": From(lambda g: g["exp_avg"])}, ValueError, "shares memory with"),
    "state is the gradient": ({"exp_avg": From(lambda g: g["grad"])}, ValueError, "shares memory with"),
    "largest state is another state": (
        {"max_exp_avg_sq": From(lambda g: g["exp_avg_sq"])},
        ValueError,
        "shares memory",
    ),
    "param 0-d": ({"param": np.array(1.0)}, ValueError, "param: expected an array of one dimension or more"),
    "param read-only": (
        {"param": np.frombuffer(bytes(24), np.float32)},
        ValueError,
        "param: expected a writeable array",
    ),
    "param misaligned": (
        {"param": np.ndarray(6, np.float32, bytearray(64), 1)},
        ValueError,
        "param: expected an array aligned",
    ),
    "param strided": ({"param": numbers(12)[::2]}, ValueError, "param: expected a C-contiguous array"),
    "param integers": ({"param": np.zeros(6, int)}, TypeError, "param: expected dtype"),
    "param in 16 bits": ({"param": np.zeros(6, np.float16)}, TypeError, "param: expected dtype float32 or float64"),
    "param None": ({"param": None}, TypeError, "param: expected a numpy.ndarray, got None"),
    "param of a subclass": ({"param": numbers(6).view(LyingFlags)}, TypeError, "param: expected a numpy.ndarray"),
    "grad of float64": ({"grad": np.zeros(6)}, TypeError, "grad: expected dtype float32, that of param"),
    "grad one longer": ({"grad": numbers(7)}, ValueError, r"grad: expected shape \(6,\), that of param, got \(7,\)"),
    "grad one shorter": ({"grad": numbers(5)}, ValueError, r"grad: expected shape \(6,\)"),
    "grad of the same size": ({"grad": numbers(2, 3)}, ValueError, r"grad: expected shape \(6,\), .*, got \(2, 3\)"),
    "grad empty": ({"grad": numbers(0)}, ValueError, r"grad: expected shape \(6,\)"),
    "grad masked": (
        {"grad": np.ma.masked_array(numbers(6))},
        TypeError,
        "grad: expected a numpy.ndarray, got numpy.ma",
    ),
    "state one shorter": ({"exp_avg": numbers(5)}, ValueError, r"exp_avg: expected shape \(6,\)"),
    "state of two dimensions": ({"exp_avg_sq": numbers(6, 1)}, ValueError, r"exp_avg_sq: expected shape \(6,\)"),
    "state of stride zero": (
        {"exp_avg": np.broadcast_to(np.float32(0), 6)},
        ValueError,
        "exp_avg: expected a C-contiguous array",
    ),
    "state a list": ({"exp_avg": [0.0] * 6}, TypeError, "exp_avg: expected a numpy.ndarray, got list"),
}
_OPTIONS: dict[str, tuple[dict[str, Any], type[Exception], str]] = {
    "step minus one": ({"step": -1}, ValueError, "step: expected a whole number >= 1"),
    "step True": ({"step": True}, TypeError, "step: expected a whole number >= 1"),
    "step None": ({"step": None}, TypeError, "step: expected a whole number >= 1"),
    "step beyond all": ({"step": 10**5000}, ValueError, "step: expected a whole number >= 1"),
    "step that lies": ({"step": LyingInt(0)}, ValueError, "step: expected a whole number >= 1"),
    "betas a number": ({"betas": 0.5}, TypeError, "betas: expected two numbers"),
    "betas None": ({"betas": None}, TypeError, "betas: expected two numbers"),
    "betas empty": ({"betas": ()}, TypeError, "betas: expected two numbers"),
    "betas one": ({"betas": (0.5,)}, TypeError, "betas: expected two numbers"),
    "betas three": ({"betas": (0.5, 0.5, 0.5)}, TypeError, "betas: expected two numbers"),
    "betas text": ({"betas": "ab"}, TypeError, "betas: expected two numbers"),
    "betas array": ({"betas": np.array([0.5, 0.5])}, TypeError, "betas: expected two numbers"),
    "betas callable": ({"betas": lambda step: (0.5, 0.5)}, TypeError, "betas: expected numbers"),
    "lr NaN": ({"lr": math.nan}, ValueError, "lr: expected a finite number >= 0"),
    "lr array": ({"lr": np.ones(1)}, TypeError, "lr: expected a finite number >= 0"),
    "lr class": ({"lr": float}, TypeError, "lr: expected a finite number >= 0"),
    "eps that raises": ({"eps": Number(raising(RuntimeError("no number")))}, RuntimeError, "no number"),
    "eps bad for the core alone": (
        {"eps": From(lambda g: Number(alternating(-1.0, 1.0)))},
        RuntimeError,
        "an input changed while it was being checked; nothing was updated",
    ),
    "eps that spoils the param": (
        {"eps": From(lambda g: Number(lambda: quietly(lambda: setattr(g["param"], "shape", (3, 2))) or 1.0))},
        ValueError,
        r"grad: expected shape \(3, 2\)",
    ),
    "eps that shrinks a state": (
        {
            "exp_avg": From(lambda g: g.setdefault("kept", numbers(6))),
            "eps": From(lambda g: Number(lambda: g["kept"].resize(1, refcheck=False) or 1.0)),
        },
        ValueError,
        r"exp_avg: expected shape \(6,\)",
    ),
    "maximize a number": ({"maximize": 1}, TypeError, "maximize: expected True or False"),
    "weight_decay equal to all": ({"weight_decay": EqualsAll()}, TypeError, "weight_decay: expected a finite number"),
    "num_threads float": ({"num_threads": 1.0}, TypeError, "num_threads: expected None or a whole number"),
    "num_threads that lie": ({"num_threads": LyingInt(1 << 20)}, ValueError, "num_threads: expected None or a whole"),
}
WRONG = {
    name: refused(error, message, adam(**changes), modules=("compiled",))
    for name, (changes, error, message) in {**_ARRAYS, **_OPTIONS}.items()
}


class Scalars(dict[str, float]):
    def update(self, *args: Any, **kwargs: Any) -> None:
        raise RuntimeError("no update")


def nadam(scalars: Any) -> Act:
    def act(scene: Scene) -> Any:
        states = [scene.watch(numbers(4)) for _ in range(2)]
        functional.nadam_(scene.watch(numbers(4) + 1), scene.watch(numbers(4) + 2), *states, step=1, scalars=scalars)

    return act


def _moved(scalars: dict[str, float]) -> Any:
    param, states = numbers(4), [np.zeros(4, np.float32), np.zeros(4, np.float32)]
    functional.nadam_(param, numbers(4).copy(), *states, step=1, scalars=scalars)
    return param.tobytes(), sorted(scalars.items())


def rule(name: str, states: int, **options: Any) -> Act:
    def act(scene: Scene) -> Any:
        kept: list[Array] = [scene.watch(numbers(4)) for _ in range(states)]
        getattr(functional, name)(scene.watch(numbers(4) + 1), scene.watch(numbers(4) + 2), *kept, step=1, **options)

    return act


OTHERS: dict[str, Case] = {
    "scalars None": refused(TypeError, "scalars: expected a dict of mu_product", nadam(None), modules=("compiled",)),
    "scalars a list": refused(TypeError, "scalars: expected a dict of mu_product", nadam([1.0]), modules=("compiled",)),
    "scalars empty": refused((KeyError, ValueError), "mu_product", nadam({}), modules=("compiled",)),
    "scalars NaN": refused(
        ValueError, "scalars.'mu_product'.: expected", nadam({"mu_product": math.nan}), modules=("compiled",)
    ),
    "scalars text": refused(
        TypeError, "scalars.'mu_product'.: expected", nadam({"mu_product": "1"}), modules=("compiled",)
    ),
    "scalars of others": refused(ValueError, "scalars: expected mu_product", nadam({"mu": 1.0}), modules=("compiled",)),
    "scalars that refuse to be moved on": correct(
        lambda s: _moved({"mu_product": 1.0}), lambda s: _moved(Scalars(mu_product=1.0)), modules=("compiled",)
    ),
    "states too few": refused(
        TypeError, "states: expected exp_avg, exp_avg_diff", rule("adan_", 1), modules=("compiled",)
    ),
    "states too many": refused(TypeError, "states: expected exp_avg, got 2", rule("lion_", 2), modules=("compiled",)),
    "two betas for three": refused(
        TypeError, "betas: expected three numbers", rule("adan_", 4, betas=(0.9, 0.9)), modules=("compiled",)
    ),
    "hyperparameter of another": refused(
        TypeError, "momentum: no such argument; Lion has", rule("lion_", 1, momentum=0.9), modules=("compiled",)
    ),
    "hyperparameter that is fixed": refused(
        TypeError,
        "no such argument",
        rule("adamw_", 2, decoupled_weight_decay=False),
        modules=("compiled",),
    ),
    "as good: int that lies": correct(result(step=7), result(step=LyingInt(7)), modules=("compiled",)),
    "as good: step of NumPy": correct(result(step=7), result(step=np.uint8(7)), modules=("compiled",)),
    "as good: latest step": correct(result(step=2**62 - 1), result(step=np.int64(2**62 - 1)), modules=("compiled",)),
    "as good: betas in a list": correct(
        result(betas=(0.5, 0.25)), result(betas=[0.5, np.float32(0.25)]), modules=("compiled",)
    ),
}

CASES: dict[str, Case] = {**WRONG, **OTHERS}
