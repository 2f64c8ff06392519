"""Number formats of states and parameters: their names, sizes and dtypes.

The members of the enums are those of the compiled core, by name (``cpp/include/adamas/types.hpp``).
"""

from __future__ import annotations

from enum import Enum
from typing import Any

import numpy as np

#: Elements that share a scale in quantised states.
BLOCK = 128


class StateFormat(Enum):
    """Formats of states; the value is the value of the option ``state_dtype``."""

    FLOAT32 = "float32"
    #: Of float64 parameters, and of them alone.
    FLOAT64 = "float64"
    BFLOAT16 = "bfloat16"
    #: Codes of 8 bits, in blocks of `BLOCK` elements with a float32 scale each.
    INT8 = "int8"
    #: Codes of 4 bits, likewise.
    INT4 = "int4"

    @property
    def bits(self) -> int | None:
        """The size of a code; None if numbers are kept."""
        return _BITS.get(self)

    def dtype(self) -> np.dtype[Any]:
        """Return the dtype of an array of states.

        Raises:
            ImportError: The package ml_dtypes is needed for it and not installed.
        """
        if self.bits is not None:
            return np.dtype(np.uint8)
        return bfloat16() if self is StateFormat.BFLOAT16 else np.dtype(self.value)


_BITS = {StateFormat.INT8: 8, StateFormat.INT4: 4}


class Residue(Enum):
    """What becomes of the part of an updated 16-bit parameter that rounding cuts off."""

    #: Lost: the parameter is rounded to the nearest.
    NONE = "none"
    #: Lost, but the parameter is rounded up or down at random.
    STOCHASTIC = "stochastic"
    #: Kept, itself rounded to 16 bits.
    KAHAN = "kahan"
    #: A float32 parameter is kept.
    MASTER = "master"
    #: The low 16 bits of the float32 number are kept, whose high half the parameter is.
    SPLIT32 = "split32"
    #: The low 8 bits are kept, of a number of 24 bits.
    SPLIT24 = "split24"

    def fits(self, param: np.dtype[Any]) -> bool:
        """Tell whether parameters of a dtype can have it."""
        if self is Residue.NONE or param.itemsize > 2:
            return self is Residue.NONE
        return self not in _OF_BFLOAT16 or is_bfloat16(param)

    def dtype(self, param: np.dtype[Any]) -> np.dtype[Any] | None:
        """Return the dtype of what is kept of a parameter's rounding; None if nothing is."""
        if self is Residue.KAHAN:
            return param
        return np.dtype(_KEPT[self]) if self in _KEPT else None

    @property
    def state(self) -> str | None:
        """The name in ``opt.state`` of what is kept; None if nothing is."""
        return _NAMES.get(self)


_OF_BFLOAT16 = frozenset({Residue.STOCHASTIC, Residue.SPLIT32, Residue.SPLIT24})

_KEPT: dict[Residue, Any] = {Residue.MASTER: np.float32, Residue.SPLIT32: np.uint16, Residue.SPLIT24: np.uint8}

_NAMES = {
    Residue.KAHAN: "compensation",
    Residue.MASTER: "master",
    Residue.SPLIT32: "low_bits",
    Residue.SPLIT24: "low_bits",
}

#: Names of what is kept of the rounding of parameters.
RESIDUE_STATES = frozenset(_NAMES.values())


class RowMode(Enum):
    """What becomes of rows of a matrix that have no gradient in a step; the value is that of the option ``sparse``."""

    #: Nothing: each row counts the steps in which it had one.
    LAZY = "lazy"
    #: What a gradient of zeros would do, made up for when they are needed.
    EXACT = "exact"


def bfloat16() -> np.dtype[Any]:
    """Return the dtype of bfloat16 arrays.

    Raises:
        ImportError: The package ml_dtypes is not installed.
    """
    try:
        import ml_dtypes  # noqa: PLC0415 (only those who use bfloat16 need it)
    except ImportError as error:
        raise ImportError("bfloat16: needs the package ml_dtypes; install it with: pip install ml_dtypes") from error
    dtype: np.dtype[Any] = np.dtype(ml_dtypes.bfloat16)
    return dtype


def is_bfloat16(dtype: np.dtype[Any]) -> bool:
    """Tell whether ``dtype`` is `ml_dtypes.bfloat16`."""
    # NumPy takes microseconds for the name of a dtype, so that is looked at last.
    return dtype.type.__module__ == "ml_dtypes" and dtype.name == "bfloat16"
