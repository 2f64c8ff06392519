"""Warnings of what 16-bit parameters lose, and of options that change nothing."""

from __future__ import annotations

import functools
import warnings
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from child import run_python
from refusing import both

import adamas
from adamas._inputs import precision as _precision

SINGLE, DOUBLE = np.ones(3, np.float32), np.ones(3)
HALF, BRAIN = np.ones(3, np.float16), np.ones(3, ml_dtypes.bfloat16)


@pytest.fixture(autouse=True)
def _not_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_precision, "_told", [])


def warned(act: Any) -> list[str]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        act()
    for warning in caught:
        assert warning.category is adamas.PrecisionWarning
        assert warning.filename == __file__
    return [str(warning.message) for warning in caught]


WITHOUT_EFFECT: dict[str, tuple[list[Any], dict[str, Any], str]] = {
    "masters of float32": ([SINGLE], {"master_weights": True}, "master_weights=True: changes nothing, since no"),
    "split of float64": (
        [DOUBLE],
        {"master_weights": "split32"},
        "master_weights='split32': changes nothing, since no",
    ),
    "Kahan": ([SINGLE, DOUBLE], {"rounding": "kahan"}, "(they are float32, float64); leave it out"),
    "stochastic": ([SINGLE], {"rounding": "stochastic", "seed": 3}, "rounding='stochastic': changes nothing"),
}

SILENT: dict[str, tuple[list[Any], dict[str, Any]]] = {
    "float32": ([SINGLE], {}),
    "nearest of float32": ([SINGLE], {"rounding": "nearest", "master_weights": False}),
    "one of two": ([SINGLE, BRAIN], {"master_weights": True}),
    "master": ([HALF], {"master_weights": True}),
    "split": ([BRAIN], {"master_weights": "split24"}),
    "Kahan": ([HALF, BRAIN], {"rounding": "kahan"}),
    "stochastic": ([BRAIN], {"rounding": "stochastic"}),
    "accepted": ([BRAIN], {"rounding": "nearest"}),
    "copies": ([SINGLE], {"copy_out": [np.ones(3, np.float16)]}),
    "bfloat16 states": ([SINGLE], {"state_dtype": "bfloat16", "average": adamas.EMA(dtype="bfloat16")}),
}


@both
@pytest.mark.parametrize("name", WITHOUT_EFFECT)
def test_without_effect(module: Any, name: str) -> None:
    params, options, message = WITHOUT_EFFECT[name]
    for _ in range(2):  # each time
        (said,) = warned(lambda: module.AdamW([param.copy() for param in params], **options))
        assert message in said


@both
@pytest.mark.parametrize("name", SILENT)
def test_silent(module: Any, name: str) -> None:
    params, options = SILENT[name]
    assert warned(lambda: module.AdamW([param.copy() for param in params], **options)) == []


@both
def test_lost_updates(module: Any) -> None:
    """Once in a process; and what is warned of is so, and what the warning advises helps."""
    weights = [BRAIN.copy() for _ in range(6)]
    (said,) = warned(lambda: module.AdamW([weights[0]]))
    assert said == (
        "parameters are bfloat16, with 8 significant bits: an update that is smaller than half the distance to the "
        "next such number is lost; to keep it, pass master_weights=True, 'split32' or 'split24', or rounding='kahan' "
        "or 'stochastic'; rounding='nearest' accepts the loss, and says nothing (said once)"
    )
    assert warned(lambda: module.AdamW([weights[0]])) == []
    ways: list[dict[str, Any]] = [{"rounding": "nearest"}, {"master_weights": True}, {"master_weights": "split32"}]
    ways += [{"master_weights": "split24"}, {"rounding": "kahan"}, {"rounding": "stochastic"}]
    for weight, options in zip(weights, ways, strict=True):
        opt = module.AdamW([weight], lr=1e-4, **options)
        for _ in range(100):
            opt.step([np.ones(3, np.float32)])
    assert (weights[0] == 1).all()
    assert all((weight < 1).any() for weight in weights[1:])


@both
def test_lost_updates_of_float16(module: Any) -> None:
    (said,) = warned(lambda: module.AdamW({"a": SINGLE.copy(), "w": HALF.copy()}))
    assert "float16, with 11 significant bits" in said
    assert "pass master_weights=True or rounding='kahan'; rounding='nearest'" in said


def test_once_though_an_arena_makes_two() -> None:
    make = functools.partial(adamas.AdamW, master_weights=True)
    assert len(warned(lambda: adamas.Arena([(3,)], optimizer=make))) == 1


def test_refused_construction_does_not_warn() -> None:
    def act() -> None:
        with pytest.raises(ValueError, match="shares memory"):
            adamas.AdamW([BRAIN, BRAIN])

    assert warned(act) == []


def test_as_an_error_it_is_raised_each_time() -> None:
    program = "import ml_dtypes, numpy, adamas\nadamas.AdamW(numpy.ones(3, ml_dtypes.bfloat16))\n"
    result = run_python("-W", "error", "-c", program)
    assert result.stderr.splitlines()[-1].startswith("adamas.PrecisionWarning: parameters are bfloat16")
    result = run_python("-c", f"import sys; sys.argv = []\n{program * 2}")
    assert result.stderr.count("PrecisionWarning") == 1
    assert "<string>:3: PrecisionWarning" in result.stderr
