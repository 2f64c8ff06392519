"""Formats that do not fit or are not available: a clear error, and nothing changes."""

from __future__ import annotations

from typing import Any

import ml_dtypes
import numpy as np
import pytest
from bits import ones
from child import check_python
from refusing import both

import adamas
from adamas._numerics.formats import StateFormat

BFLOAT16 = np.dtype(ml_dtypes.bfloat16)
HALF = np.ones(3, np.float16)
DOUBLE = np.ones(3)

BAD_OPTIONS: dict[str, tuple[Any, dict[str, Any], type[Exception], str]] = {
    "state_dtype": (ones(3), {"state_dtype": "int2"}, ValueError, "state_dtype: expected None or one of 'float32', "),
    "a dtype that is none of them": (
        ones(3),
        {"state_dtype": np.uint8},
        ValueError,
        f"state_dtype: expected None or one of {', '.join(repr(each.value) for each in StateFormat)}, got 'uint8'",
    ),
    "complex64": (ones(3), {"state_dtype": np.complex64}, ValueError, "state_dtype: expected None or one of"),
    "int": (ones(3), {"state_dtype": int}, ValueError, "state_dtype: expected None or one of"),
    "class": (ones(3), {"state_dtype": dict}, ValueError, "state_dtype: expected None or one of"),
    "another byte order": (ones(3), {"state_dtype": np.dtype(">f4")}, ValueError, "got dtype('>f4')"),
    "array": (ones(3), {"state_dtype": ones(3)}, ValueError, "state_dtype: expected None or one of"),
    "float64 states by type": (
        ones(3),
        {"state_dtype": np.float64},
        ValueError,
        "params[0]: is float32; state_dtype='f",
    ),
    "float64 states": (ones(3), {"state_dtype": "float64"}, ValueError, "params[0]: is float32; state_dtype='float64'"),
    "int8 for float64": (
        DOUBLE,
        {"state_dtype": "int8"},
        ValueError,
        "params[0]: is float64, whose states",
    ),
    "master_weights": (
        ones(3),
        {"master_weights": 1},
        ValueError,
        "master_weights: expected False, True, ",
    ),
    "split of float16": (
        HALF,
        {"master_weights": "split32"},
        ValueError,
        "params[0]: is float16; master_weights='split32' is for bfloat16 parameters alone",
    ),
    "stochastic float16": (
        HALF,
        {"rounding": "stochastic"},
        ValueError,
        "is float16; rounding='stochastic' is",
    ),
    "rounding": (ones(3), {"rounding": "up"}, ValueError, "rounding: expected 'nearest', 'stochastic' or 'kahan', got"),
    "two ways": (ones(3), {"rounding": "kahan", "master_weights": True}, ValueError, "do the same thing"),
    "seed": (ones(3), {"seed": -1}, ValueError, "seed: expected a whole number from 0 to 2**64 - 1, got -1"),
    "seed float": (ones(3), {"seed": 1.0}, TypeError, "seed: expected a whole number"),
    "unknown": (ones(3), {"state_format": "int8"}, TypeError, "state_format: no such hyperparameter or option"),
}


@both
@pytest.mark.parametrize("name", BAD_OPTIONS)
def test_options(module: Any, name: str) -> None:
    param, options, error, message = BAD_OPTIONS[name]
    with pytest.raises(error) as caught:
        module.AdamW([param], **options)
    assert message in str(caught.value)


@both
def test_bfloat16_given_as_its_bits(module: Any) -> None:
    param = np.ones(4, BFLOAT16)
    opt = module.AdamW([param])
    for bits in (np.uint16, np.int16):
        with pytest.raises(TypeError, match=r"the bits of bfloat16 numbers, pass .view\(ml_dtypes.bfloat16"):
            opt.step([param.view(bits)])
        with pytest.raises(TypeError, match="if these are the bits of bfloat16 numbers"):
            module.AdamW([param.view(bits)])
    assert (param == 1).all()


def test_without_ml_dtypes() -> None:
    check_python("""
import sys
sys.modules["ml_dtypes"] = None
import numpy as np, adamas
w = np.ones(4, np.float32)
try:
    adamas.AdamW([w], state_dtype="bfloat16")
except ImportError as error:
    assert str(error) == "bfloat16: needs the package ml_dtypes; install it with: pip install ml_dtypes", error
else:
    raise AssertionError
adamas.AdamW([w], state_dtype="int8").step([w.copy()])
adamas.AdamW([w.astype(np.float16)], master_weights=True).step([w.copy()])
""")


MISMATCHES: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "state_dtype": ({"state_dtype": "int8"}, {}, "formats: saved with state_dtype='int8', this has None"),
    "other codes": ({"state_dtype": "int8"}, {"state_dtype": "int4"}, "saved with state_dtype='int8', this has 'int4'"),
    "master": ({"master_weights": True}, {}, "formats: saved with master_weights=True, this has False"),
    "rounding": (
        {"rounding": "kahan"},
        {"rounding": "stochastic"},
        "saved with rounding='kahan', this has",
    ),
    "seed": ({"rounding": "stochastic", "seed": 1}, {"rounding": "stochastic"}, "saved with seed=1, this has 0"),
}


@both
@pytest.mark.parametrize("name", MISMATCHES)
def test_state_dicts_of_other_formats(module: Any, name: str) -> None:
    saved, own, message = MISMATCHES[name]
    theirs = module.AdamW([np.ones(5, BFLOAT16)], **saved)
    theirs.step([ones(5)])
    param = np.ones(5, BFLOAT16)
    opt = module.AdamW([param], **own)
    with pytest.raises(ValueError, match="does not fit") as caught:
        opt.load_state_dict(theirs.state_dict())
    assert message in str(caught.value)
    assert opt.state["0"]["step"] == 0
    assert not opt.state["0"]["exp_avg"].any()


@both
def test_state_dict_with_another_block_size(module: Any) -> None:
    opt = module.AdamW([ones(1000)], state_dtype="int8")
    saved = opt.state_dict()
    saved["formats"]["block_size"] = 256
    with pytest.raises(ValueError, match="its states are quantised in blocks of 256, here in blocks of 128"):
        opt.load_state_dict(saved)
    saved["formats"]["block_size"] = 128
    saved["state"]["0"]["exp_avg_scale"] = ones(4)
    with pytest.raises(ValueError, match=r"exp_avg_scale'\]: expected float32 of shape \(8,\), got float32"):
        opt.load_state_dict(saved)


def test_state_dict_from_before_there_were_formats() -> None:
    opt = adamas.AdamW([ones(4)])
    opt.step([ones(4)])
    saved = opt.state_dict()
    del saved["formats"]
    adamas.AdamW([ones(4)]).load_state_dict(saved)
    with pytest.raises(ValueError, match="saved with state_dtype=None, this has 'int8'"):
        adamas.AdamW([ones(4)], state_dtype="int8").load_state_dict(saved)


#: Other dtypes that are equal.
EQUAL_DTYPES: dict[str, tuple[Any, ...]] = {"float32": (np.dtype("f4"), np.single), "float64": (float,)}


@both
@pytest.mark.parametrize("name", [each.value for each in StateFormat])
def test_state_dtypes_as_dtypes(module: Any, name: str) -> None:
    param = np.linspace(-1.0, 1.0, 300, dtype=np.float64 if name == "float64" else np.float32)
    named = module.AdamW([param.copy()], state_dtype=name)
    scalar = getattr(ml_dtypes, name, None) or getattr(np, name)
    for dtype in (scalar, np.dtype(scalar), *EQUAL_DTYPES.get(name, ())):
        opt = module.AdamW([param.copy()], state_dtype=dtype)
        named.load_state_dict(module.AdamW([param.copy()], state_dtype=name).state_dict())
        for each in (named, opt):
            each.step([param])
        assert opt.state_dict()["formats"] == named.state_dict()["formats"]
        for key, state in named.state[0].items():
            assert np.array_equal(opt.state[0][key], state), key


@pytest.mark.parametrize("average", [adamas.EMA, adamas.SWA])
def test_dtypes_of_averages(average: Any) -> None:
    assert average(dtype=np.float32) == average(dtype=np.dtype("f4")) == average()
    assert average(dtype=ml_dtypes.bfloat16) == average(dtype=BFLOAT16) == average(dtype="bfloat16")
    assert average(dtype=BFLOAT16).dtype == "bfloat16"
    opt = adamas.AdamW([ones(3)], average=average(dtype=BFLOAT16))
    opt.step([ones(3)])
    assert opt.state[0]["average"].dtype == BFLOAT16
    for wrong in (np.float64, np.float16, np.dtype(">f4"), float, "f4", None, 3):
        with pytest.raises(ValueError, match="dtype: expected 'float32' or 'bfloat16', got"):
            average(dtype=wrong)
