"""Numbers of any type: what is exactly one real number is taken wherever a number is, with the bits of a float."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from bits import assert_same_bits
from refusing import both

import adamas
from adamas import functional
from adamas._inputs.values import as_index, as_real
from adamas.schedules import WSD, Constant, Cosine, InverseSqrt, OneCycle, WarmUp


class Tensor:
    """A number as other frameworks have it: no NumPy array, without dimensions."""

    shape: tuple[int, ...] = ()
    dtype = "framework.float32"

    def __init__(self, value: float) -> None:
        self._value = value

    def __float__(self) -> float:
        return self._value


#: Ways to write a quarter, which each of these types holds exactly.
MAKE: dict[str, Callable[[float], Any]] = {
    "float16": np.float16,
    "float32": np.float32,
    "float64": np.float64,
    "longdouble": np.longdouble,
    "bfloat16": ml_dtypes.bfloat16,
    "float8": ml_dtypes.float8_e4m3fn,
    "Fraction": Fraction,
    "Decimal": Decimal,
    "0-d array": np.array,
    "0-d array of float16": lambda value: np.array(value, np.float16),
    "0-d array of bfloat16": lambda value: np.array(value, ml_dtypes.bfloat16),
    "read-only 0-d array": lambda value: np.broadcast_to(np.array(value), ()),
    "tensor": Tensor,
}
every_type = pytest.mark.parametrize("make", MAKE.values(), ids=MAKE)

#: What is no real number, or not exactly one.
NO_NUMBERS: dict[str, Any] = {
    "True": True,
    "numpy.True_": np.True_,
    "0-d array of a flag": np.array(True),
    "text": "0.25",
    "numpy.str_": np.str_("0.25"),
    "0-d array of a text": np.array("0.25"),
    "bytes": b"0.25",
    "complex": 0.25 + 0j,
    "numpy.complex64": np.complex64(0.25),
    "0-d array of a complex number": np.array(0.25 + 0j),
    "timedelta": datetime.timedelta(seconds=1),
    "datetime": datetime.datetime(2020, 1, 1),
    "numpy.timedelta64": np.timedelta64(1),
    "numpy.timedelta64 in seconds": np.timedelta64(1, "s"),
    "numpy.datetime64": np.datetime64(1, "s"),
    "array of one": np.ones(1),
    "array of one by one": np.ones((1, 1), np.float32),
    "list": [0.25],
    "None": None,
    "void": np.void(b"1"),
}


def quarters(make: Callable[[float], Any]) -> dict[str, Any]:
    """AdamW's numbers, all of that type."""
    quarter = make(0.25)
    return {"lr": quarter, "betas": (make(0.5), quarter), "eps": quarter, "weight_decay": quarter}


def steps(opt: Any, count: int = 3, **options: Any) -> None:
    for k in range(count):
        opt.step(np.array([1.0, -2.0, 0.5 + k], np.float32), **options)


def twins(module: Any, **numbers: Any) -> tuple[Any, Any]:
    """An optimizer with plain floats, and one with the numbers given, with their parameters."""
    a, b = np.ones(3, np.float32), np.ones(3, np.float32)
    return (a, module.AdamW(a, **quarters(float))), (b, module.AdamW(b, **quarters(float) | numbers))


@both
@every_type
def test_hyperparameters(module: Any, make: Callable[[float], Any]) -> None:
    (a, plain), (b, opt) = twins(module, **quarters(make))
    steps(plain)
    steps(opt)
    assert_same_bits(a, b, "at construction")
    (a, plain), (b, opt) = twins(module)
    opt.param_groups[0].update(quarters(make))
    steps(plain)
    with opt.step_scope():
        opt.step_param(0, np.array([1.0, -2.0, 0.5], np.float32))
    opt.step_async(np.array([1.0, -2.0, 1.5], np.float32)).result()
    opt.step(np.array([1.0, -2.0, 2.5], np.float32))
    assert_same_bits(a, b, "in the group")


@both
@every_type
def test_callables(module: Any, make: Callable[[float], Any]) -> None:
    (a, plain), (b, opt) = twins(
        module,
        lr=lambda step: make(0.25),
        weight_decay=lambda step: make(0.25),
        betas=lambda step: [make(0.5), make(0.25)],
    )
    steps(plain)
    steps(opt)
    assert_same_bits(a, b, "callables")
    (a, plain), (b, opt) = twins(module, lr=WarmUp(lambda step: make(0.25), 2))
    plain.param_groups[0]["lr"] = WarmUp(0.25, 2)
    steps(plain)
    steps(opt)
    assert_same_bits(a, b, "in a warm-up")


@both
@every_type
def test_saved(module: Any, make: Callable[[float], Any], tmp_path: Path) -> None:
    """Files hold plain numbers, and state dicts nothing that could change in somebody else's hands."""
    _, (_, opt) = twins(module, **quarters(make))
    steps(opt)
    group = opt.state_dict()["param_groups"][0]
    assert {name: group[name] for name in quarters(float)} == quarters(float)
    assert not any(isinstance(value, np.ndarray | Tensor) for value in (group["lr"], *group["betas"]))
    opt.save(tmp_path / "a.safetensors")
    other = module.AdamW(np.zeros(3, np.float32))
    other.load(tmp_path / "a.safetensors")
    assert other.param_groups[0]["betas"] == (0.5, 0.25)


@both
@every_type
def test_arguments_of_steps(module: Any, make: Callable[[float], Any]) -> None:
    (a, plain), (b, opt) = twins(module)
    steps(plain, grad_scale=2.0, max_norm=0.25, max_value=0.125)
    steps(opt, grad_scale=make(2.0), max_norm=make(0.25), max_value=make(0.125))
    assert_same_bits(a, b, "arguments")
    (a, plain), (b, opt) = twins(module, max_norm=make(0.25), norm_type=make(2.0), average=adamas.EMA(make(0.5)))
    plain.step_defaults.max_norm = 0.25
    opt.step_defaults.max_value = make(0.125)
    plain.step_defaults.max_value = 0.125
    steps(plain)
    steps(opt)
    assert_same_bits(a, b, "defaults")
    assert opt._model.average.decay == 0.5
    assert type(opt._model.average.decay) is float


@every_type
def test_functional(make: Callable[[float], Any]) -> None:
    for update, states in ((functional.adamw_, 2), (functional.lion_, 1)):
        numbers = [quarters(float), quarters(make)]
        results = []
        for given in numbers:
            if states == 1:
                del given["eps"]
            param, kept = np.ones(3), [np.zeros(3) for _ in range(states)]
            update(param, np.array([1.0, -2.0, 0.5]), *kept, step=1, **given)
            results.append(param)
        assert_same_bits(results[0], results[1], "functional")


@every_type
def test_schedules_and_scaler(make: Callable[[float], Any]) -> None:
    """What is made of such numbers equals what is made of floats, and can be hashed."""
    whole = np.array(4)
    pairs = [
        (Constant(make(0.25)), Constant(0.25)),
        (Cosine(make(0.5), make(0.25), whole), Cosine(0.5, 0.25, 4)),  # type: ignore[arg-type]
        (WarmUp(make(0.25), 4, make(0.125)), WarmUp(0.25, 4, 0.125)),
        (InverseSqrt(make(0.25), np.int8(4)), InverseSqrt(0.25, 4)),
        (WSD(make(0.25), 4, 1, 1, make(0.125)), WSD(0.25, 4, 1, 1, 0.125)),
        (OneCycle(make(0.25), 8, make(0.25), make(2.0), make(4.0)), OneCycle(0.25, 8, 0.25, 2.0, 4.0)),
    ]
    for ours, plain in pairs:
        assert ours == plain
        assert hash(ours) == hash(plain)
        assert [ours(step) for step in range(8)] == [plain(step) for step in range(8)]
    scaler = adamas.LossScaler(make(2.0), make(4.0), make(0.5), whole)  # type: ignore[arg-type]
    assert repr(scaler) == repr(adamas.LossScaler(2.0, 4.0, 0.5, 4))


@both
@pytest.mark.parametrize("name", NO_NUMBERS)
def test_no_numbers(module: Any, name: str) -> None:
    value = NO_NUMBERS[name]
    make: Any = module.AdamW
    for numbers, where in (
        ({"lr": value}, "lr"),
        ({"eps": value}, "eps"),
        ({"betas": (0.5, value)}, r"betas\[1\]"),
        ({"lr": lambda step: value}, r"param_groups\[0\]\['lr'\] \(called with step 0\)"),
    ):
        with pytest.raises(TypeError, match=f"^{where}: expected a .*number"):
            make([np.ones(3)], **numbers).step([np.ones(3)])
    opt = make([np.ones(3)])
    if value is not None:  # which means 1
        with pytest.raises(TypeError, match=r"^grad_scale: expected a finite number > 0"):
            opt.step([np.ones(3)], grad_scale=value)
    with pytest.raises(TypeError, match=r"^Constant: value: expected a finite number >= 0"):
        Constant(value)
    with pytest.raises(TypeError, match=r"^decay: expected a number in"):
        adamas.EMA(value)
    assert opt._engine.completed == 0


@pytest.mark.parametrize(
    ("value", "whole"),
    [
        (3, 3),
        (np.int8(3), 3),
        (np.uint64(2**64 - 1), 2**64 - 1),
        (np.array(3), 3),
        (3.0, None),
        (np.array(3.0), None),
        (True, None),
        (np.array(True), None),
        (np.timedelta64(3), None),
        (Fraction(3), None),
        ("3", None),
    ],
    ids=repr,
)
def test_whole_numbers(value: Any, whole: int | None) -> None:
    assert as_index(value) == whole
    if whole == 3:
        assert adamas.SWA(start=value).start == 3
        opt = adamas.AdamW([np.ones(3, np.float32)], num_threads=value, seed=value)
        assert opt.num_threads == opt._model.formats.seed == 3
    elif whole is None:
        for act in (lambda: adamas.SWA(start=value), lambda: adamas.AdamW([np.ones(3)], seed=value)):
            with pytest.raises(TypeError, match="expected a whole number"):
                act()


def test_out_of_range_of_any_type() -> None:
    for make in (*MAKE.values(), float):
        with pytest.raises(ValueError, match="lr: expected a finite number >= 0"):
            adamas.AdamW([np.ones(3)], lr=make(-1.0))
    for value in (np.array(np.nan), Decimal("NaN"), Decimal("sNaN"), Decimal("1e400"), 10**400, np.array(np.inf)):
        with pytest.raises(ValueError, match="lr: expected a finite number >= 0"):
            adamas.AdamW([np.ones(3)], lr=value)


def test_a_float_is_what_it_stores() -> None:
    class Lies(float):
        def __float__(self) -> float:
            return 7.0

    assert as_real(Lies(0.25)) == 0.25
