"""Number formats of an optimizer, and the error messages for combinations that do not fit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from adamas._inputs.values import any_of, as_index, dtype_name, shown
from adamas._numerics.formats import BLOCK, Residue, StateFormat

#: What becomes of what rounding a parameter to 16 bits cuts off, by (master_weights, rounding).
RESIDUES: dict[tuple[bool | str, str], Residue] = {
    (False, "nearest"): Residue.NONE,
    (True, "nearest"): Residue.MASTER,
    ("split32", "nearest"): Residue.SPLIT32,
    ("split24", "nearest"): Residue.SPLIT24,
    (False, "stochastic"): Residue.STOCHASTIC,
    (False, "kahan"): Residue.KAHAN,
}

STATE_DTYPES = tuple(each.value for each in StateFormat)
MASTER_WEIGHTS = tuple(dict.fromkeys(master_weights for master_weights, _ in RESIDUES))
ROUNDINGS = tuple(dict.fromkeys(rounding for _, rounding in RESIDUES))


def _is_one_of(value: Any, choices: tuple[Any, ...]) -> bool:
    return isinstance(value, bool | str) and value in choices


@dataclass(frozen=True)
class FormatOptions:
    """How an optimizer keeps its numbers: the same for all its parameters, as far as their dtype allows."""

    state_dtype: str | None = None
    master_weights: bool | str = False
    rounding: str = "nearest"
    seed: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "state_dtype", dtype_name(self.state_dtype))
        if self.state_dtype is not None and (
            not isinstance(self.state_dtype, str) or self.state_dtype not in STATE_DTYPES
        ):
            raise ValueError(
                f"state_dtype: expected None or one of {', '.join(map(repr, STATE_DTYPES))}, "
                f"got {shown(self.state_dtype)}"
            )
        for name, choices in (("master_weights", MASTER_WEIGHTS), ("rounding", ROUNDINGS)):
            if not _is_one_of(value := getattr(self, name), choices):
                raise ValueError(f"{name}: expected {any_of(choices)}, got {shown(value)}")
        if self.master_weights and self.rounding != "nearest":
            raise ValueError(
                f"rounding: {self.rounding!r} and master_weights={self.master_weights!r} do the same thing; choose one"
            )
        expected = "a whole number from 0 to 2**64 - 1"
        seed = as_index(self.seed)
        if seed is None:
            raise TypeError(f"seed: expected {expected}, got {shown(self.seed)}")
        if not 0 <= seed < 2**64:
            raise ValueError(f"seed: expected {expected}, got {shown(self.seed)}")
        object.__setattr__(self, "seed", seed)
        if self.state_dtype is not None:
            StateFormat(self.state_dtype).dtype()

    def of(self, dtype: np.dtype[Any], path: str) -> tuple[StateFormat, Residue]:
        """Return the state format and the residue of a parameter.

        Raises:
            ValueError: The optimizer's formats do not go with that dtype.
        """
        if dtype == np.float64:
            if self.state_dtype not in (None, "float64"):
                raise ValueError(
                    f"{path}: is float64, whose states are float64; state_dtype={self.state_dtype!r} is for "
                    "float32, bfloat16 and float16 parameters"
                )
            return StateFormat.FLOAT64, Residue.NONE
        if self.state_dtype == "float64":
            raise ValueError(f"{path}: is {dtype.name}; state_dtype='float64' is for float64 parameters alone")
        state_format = StateFormat(self.state_dtype or "float32")
        if dtype == np.float32:
            return state_format, Residue.NONE
        residue = RESIDUES[self.master_weights, self.rounding]
        if not residue.fits(dtype):
            option = f"master_weights={self.master_weights!r}" if self.master_weights else f"rounding={self.rounding!r}"
            raise ValueError(f"{path}: is {dtype.name}; {option} is for bfloat16 parameters alone")
        return state_format, residue

    def saved(self) -> dict[str, Any]:
        """Describe the formats in a state dict."""
        saved = {
            "state_dtype": self.state_dtype,
            "block_size": BLOCK,
            "master_weights": self.master_weights,
            "rounding": self.rounding,
            "seed": int(self.seed),
        }
        if isinstance(self.master_weights, str):
            # How the parameter that the low bits go with was made; in versions that do not say so, it was cut short.
            saved["low_bits"] = "rounded"
        return saved
